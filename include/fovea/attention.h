// SPDX-License-Identifier: Apache-2.0
// Fused scaled dot-product attention with fixed sizes and no allocation:
//
//   out = softmax(scale * q k^T + causal mask) v
//
// as in "Attention Is All You Need" (arXiv 1706.03762), computed tile by tile
// with the online softmax (arXiv 1805.02867, 2205.14135), so that no matrix of
// scores exists.
#ifndef FOVEA_ATTENTION_H_
#define FOVEA_ATTENTION_H_

#include <cstddef>
#include <cstdint>

#include "fovea/check.h"
#include "fovea/config.h"
#include "fovea/kernels/attend-inl.h"
#include "fovea/kv_cache.h"
#include "fovea/status.h"
#include "fovea/target.h"
#include "fovea/view.h"

namespace fovea {

// 1 / sqrt(dim), rounded once.
constexpr float DefaultScale(size_t dim) {
  const double x = static_cast<double>(dim);
  double root = x;  // Newton's iteration falls towards the root
  for (int i = 0; i < 64; ++i) root = 0.5 * (root + x / root);
  return static_cast<float>(1.0 / root);
}

inline namespace FOVEA_TARGET_NAMESPACE {

// All functions are reentrant: calls with different workspaces (and caches)
// may run at once, from an interrupt too.  The bits of the output depend on
// the inputs alone, not on how tokens are split into calls, nor (among targets
// with fused multiply-add) on the target.
template <class Config>
class Attention {
  using R = Resolved<Config>;
  using Shape =
      HWY_NAMESPACE::BlockShape<R::kHeadDim, R::kValueDim, R::kGroup,
                                R::kMaxQueries * R::kGroup, R::kCausal>;

 public:
  using Element = typename Config::Element;

  // Scratch of one call; its contents mean nothing between calls.  sizeof is
  // the RAM cost; it does not grow with kMaxKeys.
  struct alignas(64) Workspace {
    float queries[R::kHeadDim * Shape::kRows];
    float scores[kTile * Shape::kRows];
    float output[Shape::kRows * HWY_NAMESPACE::OutputStride(R::kValueDim)];
    float max[Shape::kRows];
    float next_max[Shape::kRows];
    float sum[Shape::kRows];
    float correction[Shape::kRows];
    float limits[Shape::kRows];
    uint32_t ends[Shape::kRows];
    uint32_t counts[Shape::kRows];
  };

  // The run-time inputs of one call.
  struct Call {
    // [batch][head][query][head_dim], kHeads heads.
    View<const Element> q;
    // [batch][kv_head][key][head_dim] and [batch][kv_head][key][value_dim],
    // kKvHeads heads.  Query head h reads kv head h / (kHeads / kKvHeads).
    // Step appends them to the cache first; Attend ignores them.
    View<const Element> k;
    View<const Element> v;
    // [batch][head][query][value_dim].  May be q itself where the dims and
    // strides are the same; must not overlap k or v otherwise.
    View<Element> out;
    size_t batch = 1;    // 1 or more; Step and Attend: 1
    size_t queries = 0;  // 1 to kMaxQueries
    size_t keys = 0;     // 1 to kMaxKeys; Step and Attend ignore it
    // Position of query 0, counted from key 0; may be negative.  With kCausal,
    // key j is visible to query i iff j <= i + first_position; a query that
    // sees no key gives zeros.  Not read without kCausal, nor by Step (there
    // query 0 is the first token appended).
    ptrdiff_t first_position = 0;
    // Padding, for Run: batch entry b sees its first key_lengths[b] keys alone,
    // 0 to `keys` [batch]; null: all of them.  Step and Attend ignore it.
    const size_t* key_lengths = nullptr;
    // Factor of q . k before the softmax, finite; 0 stands for
    // 1 / sqrt(head_dim).
    float scale = 0;
  };

  // Attends to the k and v of the call.
  //   kNullPointer    q, k, v or out has no data
  //   kZeroCount      batch, queries or keys is 0
  //   kTooManyTokens  queries > kMaxQueries, keys > kMaxKeys, or one of the
  //                   key_lengths > keys
  //   kBadStride      a stride is smaller than its row (see View)
  //   kBadScale       scale is NaN or infinite
  //   kMisaligned     the workspace or a tensor is not aligned
  static Status Run(const Call& call, Workspace& workspace) noexcept {
    FOVEA_RETURN_IF_BAD(CheckRun(call, workspace));
    for (size_t b = 0; b < call.batch; ++b) {
      for (size_t head = 0; head < R::kKvHeads; ++head) {
        HWY_NAMESPACE::AttendHeadGroup<FromTensors>(GroupOf(call, b, head),
                                                    ScratchOf(workspace));
      }
    }
    return Status::kOk;
  }

  // One worker's share of Run: each of `parts` workers calls it with its own
  // `part`, 0 to parts - 1, and its own workspace, at the same time or not.
  // Their outputs are disjoint and together have the bits of Run.  Shares are
  // blocks of queries of some heads, of equal cost (a causal block costs what
  // it sees).  Also kBadPart: part >= parts, or parts > 65536.
  static Status Run(const Call& call, Workspace& workspace, size_t part,
                    size_t parts) noexcept {
    FOVEA_RETURN_IF_BAD(CheckRun(call, workspace));
    constexpr size_t kMaxParts = 65536;  // keeps a share's arithmetic in range
    if (part >= parts || parts > kMaxParts) return Status::kBadPart;
    uint64_t total = 0;
    for (size_t b = 0; b < call.batch; ++b) {
      total += R::kKvHeads * CostOfHead(call, b);
    }
    const Share share{part, parts, total};
    uint64_t before = 0;
    for (size_t b = 0; b < call.batch; ++b) {
      const uint64_t cost_of_head = CostOfHead(call, b);
      for (size_t head = 0; head < R::kKvHeads; ++head) {
        HWY_NAMESPACE::AttendShare<FromTensors>(GroupOf(call, b, head), share,
                                                before, ScratchOf(workspace));
        before += cost_of_head;
      }
    }
    return Status::kOk;
  }

  // Appends the call's k and v (`queries` tokens of each) to the cache, then
  // attends from it: a step of a stream, or a chunk.  Also kCacheFull; then,
  // as with every other error, the cache is as it was.  kUnsupported for
  // batch > 1.
  static Status Step(const Call& call, KvCache<Config>& cache,
                     Workspace& workspace) noexcept {
    FOVEA_RETURN_IF_BAD(Check(call, workspace));
    if (call.batch != 1) return Status::kUnsupported;
    const size_t first = cache.size();
    FOVEA_RETURN_IF_BAD(cache.Append(call.k, call.v, call.queries));
    AttendCache(call, cache, static_cast<ptrdiff_t>(first), workspace);
    return Status::kOk;
  }

  // Attends to the cache without appending.  kZeroCount when it is empty.
  static Status Attend(const Call& call, const KvCache<Config>& cache,
                       Workspace& workspace) noexcept {
    FOVEA_RETURN_IF_BAD(Check(call, workspace));
    if (call.batch != 1) return Status::kUnsupported;
    if (!IsAligned(&cache, alignof(KvCache<Config>))) {
      return Status::kMisaligned;
    }
    if (cache.size() == 0) return Status::kZeroCount;
    AttendCache(call, cache, call.first_position, workspace);
    return Status::kOk;
  }

 private:
  using FromTensors = HWY_NAMESPACE::QueryLanes<Shape>;
  using FromCache = HWY_NAMESPACE::KeyLanes<Shape>;

  static Status CheckRun(const Call& call,
                         const Workspace& workspace) noexcept {
    FOVEA_RETURN_IF_BAD(Check(call, workspace));
    FOVEA_RETURN_IF_BAD(CheckCount(call.keys, R::kMaxKeys));
    const Extent keys{call.batch, R::kKvHeads, call.keys, R::kHeadDim};
    const Extent values{call.batch, R::kKvHeads, call.keys, R::kValueDim};
    FOVEA_RETURN_IF_BAD(CheckView(call.k, keys, true));
    FOVEA_RETURN_IF_BAD(CheckView(call.v, values, true));
    if (call.key_lengths == nullptr) return Status::kOk;
    for (size_t b = 0; b < call.batch; ++b) {
      if (call.key_lengths[b] > call.keys) return Status::kTooManyTokens;
    }
    return Status::kOk;
  }

  // All kv heads of a batch entry cost the same.
  static uint64_t CostOfHead(const Call& call, size_t batch) noexcept {
    return HWY_NAMESPACE::CostOfBlocks<FromTensors>(GroupOf(call, batch, 0));
  }

  // What Run, Step and Attend have in common.
  static Status Check(const Call& call, const Workspace& workspace) noexcept {
    if (!IsAligned(&workspace, alignof(Workspace))) return Status::kMisaligned;
    if (call.batch == 0) return Status::kZeroCount;
    FOVEA_RETURN_IF_BAD(CheckCount(call.queries, R::kMaxQueries));
    const Extent q{call.batch, R::kHeads, call.queries, R::kHeadDim};
    const Extent out{call.batch, R::kHeads, call.queries, R::kValueDim};
    FOVEA_RETURN_IF_BAD(CheckView(call.q, q, true));
    FOVEA_RETURN_IF_BAD(CheckView(call.out, out, false));
    return IsFinite(call.scale) ? Status::kOk : Status::kBadScale;
  }

  static HeadGroup QueriesOf(const Call& call, size_t batch,
                             size_t kv_head) noexcept {
    constexpr float kLog2e = 1.44269504f;
    constexpr float kDefault = DefaultScale(R::kHeadDim);
    const size_t head = kv_head * R::kGroup;
    HeadGroup group{};
    group.q = call.q.Row(batch, head, 0);
    group.q_head_stride = call.q.head_stride;
    group.q_token_stride = call.q.token_stride;
    group.out = call.out.Row(batch, head, 0);
    group.out_head_stride = call.out.head_stride;
    group.out_token_stride = call.out.token_stride;
    group.heads = R::kGroup;
    group.queries = call.queries;
    group.head_dim = R::kHeadDim;
    group.value_dim = R::kValueDim;
    group.scale = (call.scale == 0.0f ? kDefault : call.scale) * kLog2e;
    return group;
  }

  // One kv head of Run.
  static HeadGroup GroupOf(const Call& call, size_t batch,
                           size_t kv_head) noexcept {
    HeadGroup group = QueriesOf(call, batch, kv_head);
    group.k = call.k.Row(batch, kv_head, 0);
    group.k_token_stride = call.k.token_stride;
    group.v = call.v.Row(batch, kv_head, 0);
    group.v_token_stride = call.v.token_stride;
    group.keys = call.key_lengths ? call.key_lengths[batch] : call.keys;
    group.first_position = call.first_position;
    return group;
  }

  static void AttendCache(const Call& call, const KvCache<Config>& cache,
                          ptrdiff_t first_position,
                          Workspace& workspace) noexcept {
    for (size_t head = 0; head < R::kKvHeads; ++head) {
      HeadGroup group = QueriesOf(call, 0, head);
      group.k = cache.KeyPanels(head);
      group.v = cache.ValueRows(head);
      group.v_token_stride = R::kValueDim;
      group.keys = cache.size();
      group.first_position = first_position;
      HWY_NAMESPACE::AttendHeadGroup<FromCache>(group, ScratchOf(workspace));
    }
  }

  static HWY_NAMESPACE::Scratch ScratchOf(Workspace& w) noexcept {
    return {w.queries, w.scores,     w.output, w.max,  w.next_max,
            w.sum,     w.correction, w.limits, w.ends, w.counts};
  }
};

}  // namespace FOVEA_TARGET_NAMESPACE
}  // namespace fovea

#endif  // FOVEA_ATTENTION_H_
