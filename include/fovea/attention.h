// SPDX-License-Identifier: Apache-2.0
// Fused scaled dot-product attention with fixed sizes and no allocation:
//
//   out = softmax(mask(scale * q k^T)) v
//
// as in "Attention Is All You Need" (arXiv 1706.03762), computed tile by tile
// with the online softmax (arXiv 1805.02867, 2205.14135), so that no matrix of
// scores exists.  What changes a score, in this order: softcap, score policy,
// ALiBi, bias, then whatever hides the key (call_options.h, config.h).
#ifndef FOVEA_ATTENTION_H_
#define FOVEA_ATTENTION_H_

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "fovea/block_workspace.h"
#include "fovea/call_options.h"
#include "fovea/check.h"
#include "fovea/check_options.h"
#include "fovea/config.h"
#include "fovea/default_scale.h"
#include "fovea/kernels/attend-inl.h"
#include "fovea/kernels/layout.h"
#include "fovea/kernels/merge-inl.h"
#include "fovea/kv_cache.h"
#include "fovea/ring_place.h"
#include "fovea/rope.h"
#include "fovea/status.h"
#include "fovea/target.h"
#include "fovea/view.h"

namespace fovea {

inline namespace FOVEA_TARGET_NAMESPACE {

// All functions are reentrant: calls with different workspaces (and caches)
// may run at once, from an interrupt too.  The bits of the output depend on
// the inputs alone, not on how tokens are split into calls, nor (among targets
// with fused multiply-add) on the target.
template <class Config>
class Attention {
  using R = Resolved<Config>;
  template <bool kPartial, bool kRing, class Stored>
  using ShapeWith = HWY_NAMESPACE::BlockShape<
      R::kHeadDim, R::kValueDim, R::kGroup, R::kMaxQueries * R::kGroup,
      FeaturesOf<R, kPartial, kRing, Stored, typename RotaryOf<R>::Turner>>;
  using Stored = typename Config::CacheElement;
  static constexpr bool kInt8Keys = R::kArithmetic != Arithmetic::kFloat;
  static constexpr bool kInt8Values = R::kArithmetic == Arithmetic::kInt8;
  using Plain = std::conditional_t<kInt8Keys, int8_t, float>;
  using Shape = ShapeWith<false, false, Plain>;
  using PartialShape = ShapeWith<true, false, Plain>;
  using CacheShape = ShapeWith<false, R::kRing, Stored>;
  static constexpr bool kQuantised = CacheShape::Features::kQuantised;
  using PartialCacheShape = ShapeWith<true, false, Stored>;
  using F = typename Shape::Features;
  template <class AnyF>
  using BlockWorkspaceOf =
      BlockWorkspace<AnyF, HWY_NAMESPACE::QueryFloats<Shape>(R::kHeadDim),
                     HWY_NAMESPACE::OutputStride(R::kValueDim), Shape::kRows,
                     HWY_NAMESPACE::TurnedFloats<Shape>(R::kHeadDim),
                     RoundUp(R::kHeadDim, 4) / 4>;
  using Scratch = HWY_NAMESPACE::Scratch;

  // Of the keys and values that Run quantises.
  struct PlainR : R {
    static constexpr bool kRing = false;
  };
  using PlainLayout = Int8Layout<PlainR>;
  template <class AnyF>
  using WorkspaceOf = typename std::conditional_t<
      kInt8Keys,
      Int8Workspace<BlockWorkspaceOf<AnyF>,
                    PlainLayout::KeysOfHead(R::kMaxKeys),
                    kInt8Values ? PlainLayout::ValuesOfHead(R::kMaxKeys) : 0>,
      BlockWorkspaceOf<AnyF>>;

 public:
  using Element = typename Config::Element;

  // Scratch of one call; its contents mean nothing between calls.  sizeof is
  // the RAM cost; it does not grow with kMaxKeys, but for other kArithmetic
  // than kFloat, where it holds one head's keys (and values) in int8.
  using Workspace = WorkspaceOf<typename CacheShape::Features>;
  using PartialWorkspace = WorkspaceOf<typename PartialCacheShape::Features>;

  // With kRotaryDim: a valid Rope, or the RopeTable of kRotaryPositions.
  using Rotary = typename RotaryOf<R>::Rotary;

  // The run-time inputs of one call, with the members that the config's
  // features add: see CallOptions and RotaryOptions.
  struct Call : CallOptions<R>, RotaryOptions<Rotary> {
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
    // sees no key gives zeros (and an lse of -inf).  kWindow, kAlibi and a
    // ScorePolicy count from it too.  Step ignores it: there query 0 is the
    // first token appended.
    int64_t first_position = 0;
    // Padding, for Run: batch entry b sees its first key_lengths[b] keys alone,
    // 0 to `keys` [batch]; null: all of them.  Step and Attend ignore it.
    const size_t* key_lengths = nullptr;
    // Factor of q . k before the softmax, finite; 0 stands for
    // 1 / sqrt(head_dim).
    float scale = 0;
  };

  // What the keys of a range contribute: the numerator of the softmax times v,
  // and m and l of each row, so that out = numerator / l.
  struct Partial {
    // [batch][head][query][value_dim]; must not overlap the call's tensors.
    View<Element> numerator;
    float* max = nullptr;  // m in base 2, [batch][head][query], dense
    float* sum = nullptr;  // l, likewise
  };

  // Attends to the k and v of the call.
  //   kNullPointer    q, k, v or out has no data
  //   kZeroCount      batch, queries or keys is 0
  //   kTooManyTokens  queries > kMaxQueries, keys > kMaxKeys, one of the
  //                   key_lengths or mask_keys > keys, mask_blocks beyond their
  //                   blocks, or the RopeTable does
  //                   not hold the queries' positions
  //   kBadStride      a stride is smaller than its row (see View)
  //   kBadScale       scale, softcap, a slope or a sink logit is out of range,
  //                   or the rope not valid; with int8 kArithmetic also: an
  //                   entry of k (kInt8: or v), padding apart, is NaN or above
  //                   FLT_MAX / 2
  //   kMisaligned     the workspace or a tensor is not aligned
  static Status Run(const Call& call, Workspace& workspace) noexcept {
    FOVEA_RETURN_IF_BAD(CheckRun(call, workspace));
    const auto group = [&](size_t b, size_t head) {
      return GroupOfTensors<Shape>(call, b, head, workspace);
    };
    WithOrientation<Shape>(call, [&](auto orientation) {
      AttendHeads<decltype(orientation)>(call.batch, group, workspace);
    });
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
    const auto group = [&](size_t b, size_t head) {
      return GroupOfTensors<Shape>(call, b, head, workspace);
    };
    Status status = Status::kOk;
    WithOrientation<Shape>(call, [&](auto orientation) {
      status = RunShare<decltype(orientation)>(call.batch, group, part, parts,
                                               workspace);
    });
    return status;
  }

  // Appends the call's k and v (`queries` tokens of each) to the cache, then
  // attends from it: a step of a stream, or a chunk.  Also kCacheFull; then,
  // as with every other error, the cache is as it was.  kUnsupported for
  // batch > 1.
  static Status Step(const Call& call, KvCache<Config>& cache,
                     Workspace& workspace) noexcept {
    KvCache<Config>* const caches[] = {&cache};
    FOVEA_RETURN_IF_BAD(CheckOneStream(call));
    return Step(call, caches, workspace);
  }

  // A step of several streams: batch entry b of the call is appended to
  // *caches[b], and attends from it.  caches [batch], all different.
  static Status Step(const Call& call, KvCache<Config>* const* caches,
                     Workspace& workspace) noexcept {
    FOVEA_RETURN_IF_BAD(CheckStep(call, caches, workspace));
    for (size_t b = 0; b < call.batch; ++b) {
      // A call of one cache has a batch of 1, which the analyzer forgets.
      // NOLINTNEXTLINE(clang-analyzer-core.CallAndMessage)
      StepStream(call, b, *caches[b], workspace);
    }
    return Status::kOk;
  }

  // Attends to the cache without appending.  kZeroCount when it is empty,
  // kForgotten when it is a ring and what the first query sees has left it.
  static Status Attend(const Call& call, const CacheView<Config>& cache,
                       Workspace& workspace) noexcept {
    FOVEA_RETURN_IF_BAD(CheckAttend(call, cache, workspace));
    AttendCache(call, WholeEntry(call, 0), cache, workspace);
    return Status::kOk;
  }

  // One worker's share of Attend, as of Run.
  static Status Attend(const Call& call, const CacheView<Config>& cache,
                       Workspace& workspace, size_t part,
                       size_t parts) noexcept {
    FOVEA_RETURN_IF_BAD(CheckAttend(call, cache, workspace));
    const auto group = [&](size_t, size_t head) {
      return GroupOfCache<CacheShape>(call, WholeEntry(call, 0), cache, head);
    };
    return RunShare<FromCache<CacheShape>>(1, group, part, parts, workspace);
  }

  // Run over keys [first_key, end_key) alone, unnormalised; the call's out,
  // lse, weights and scores are not written.  Sink logits count in the range
  // that begins with key 0.  Disjoint ranges can be computed by different
  // cores, or lie in different tensors.  Also kZeroCount for an empty range and
  // kTooManyTokens for one that ends after the last key.
  static Status RunPartial(const Call& call, size_t first_key, size_t end_key,
                           const Partial& partial,
                           PartialWorkspace& workspace) noexcept {
    FOVEA_RETURN_IF_BAD(CheckRun(call, workspace));
    FOVEA_RETURN_IF_BAD(
        CheckPartial(call, first_key, end_key, call.keys, partial));
    const auto group = [&](size_t b, size_t head) {
      const auto whole = GroupOfTensors<PartialShape>(call, b, head, workspace);
      return Restricted(whole, partial, b, head, first_key, end_key);
    };
    WithOrientation<PartialShape>(call, [&](auto orientation) {
      AttendHeads<decltype(orientation)>(call.batch, group, workspace);
    });
    return Status::kOk;
  }

  // The same of Attend; not for a ring.
  static Status AttendPartial(const Call& call, const CacheView<Config>& cache,
                              size_t first_key, size_t end_key,
                              const Partial& partial,
                              PartialWorkspace& workspace) noexcept {
    static_assert(!R::kRing, "the keys of a ring have no ranges");
    FOVEA_RETURN_IF_BAD(CheckAttend(call, cache, workspace));
    FOVEA_RETURN_IF_BAD(
        CheckPartial(call, first_key, end_key, cache.size(), partial));
    const auto group = [&](size_t b, size_t head) {
      const auto whole = GroupOfCache<PartialCacheShape>(
          call, WholeEntry(call, 0), cache, head);
      return Restricted(whole, partial, b, head, first_key, end_key);
    };
    AttendHeads<FromCache<PartialCacheShape>>(1, group, workspace);
    return Status::kOk;
  }

  // Merges `count` partials, 1 or more, of the call's queries, in the order of
  // the array (key order, for the bits to be the same), into the call's out and
  // lse; of the call it also reads batch and queries.  This is the one
  // operation whose result depends on how the work was split, by a few
  // roundings: docs/numerics.md.
  static Status MergePartials(const Call& call, const Partial* partials,
                              size_t count) noexcept {
    FOVEA_RETURN_IF_BAD(CheckMerge(call, partials, count));
    for (size_t b = 0; b < call.batch; ++b) {
      for (size_t head = 0; head < R::kHeads; ++head) {
        for (size_t token = 0; token < call.queries; ++token) {
          MergeRow(call, partials, count, b, head, token);
        }
      }
    }
    return Status::kOk;
  }

 private:
  // Where keys and values of int8 come from: quantised before the first query
  // of a head attends, or a cache.
  struct Quantises {
    template <class AnyGroup>
    static void Prepare(const AnyGroup& group) noexcept {
      HWY_NAMESPACE::QuantiseKeys(PlainLayout::Rows(), group.plain_k,
                                  group.plain_k_stride, group.plain_keys,
                                  group.key_store);
      if constexpr (kInt8Values) {
        HWY_NAMESPACE::QuantiseValues(PlainLayout::Rows(), group.plain_v,
                                      group.plain_v_stride, group.plain_keys,
                                      group.value_store);
      }
    }
  };
  struct IsQuantised {
    template <class AnyGroup>
    static void Prepare(const AnyGroup&) noexcept {}
  };

  template <class AnyShape, class Body>
  static void WithOrientation(const Call& call, const Body& body) {
    if constexpr (kInt8Keys) {
      body(HWY_NAMESPACE::Int8KeyLanes<AnyShape, Quantises>());
    } else {
      HWY_NAMESPACE::WithPlainOrientation<AnyShape>(call.queries * R::kGroup,
                                                    body);
    }
  }
  template <class AnyShape>
  using FromCache = std::conditional_t<
      kInt8Keys, HWY_NAMESPACE::Int8KeyLanes<AnyShape, IsQuantised>,
      std::conditional_t<kQuantised, HWY_NAMESPACE::QuantisedKeyLanes<AnyShape>,
                         HWY_NAMESPACE::KeyLanes<AnyShape>>>;
  static constexpr float kLog2e = HWY_NAMESPACE::kLog2e;

  // ------------------------------------------------------------------- checks

  template <class AnyWorkspace>
  static Status CheckRun(const Call& call,
                         const AnyWorkspace& workspace) noexcept {
    FOVEA_RETURN_IF_BAD(CheckCount(call.keys, R::kMaxKeys));
    FOVEA_RETURN_IF_BAD(CheckCall(call, workspace));
    const Extent keys{call.batch, R::kKvHeads, call.keys, R::kHeadDim};
    const Extent values{call.batch, R::kKvHeads, call.keys, R::kValueDim};
    FOVEA_RETURN_IF_BAD(CheckView(call.k, keys, Shares::kBatch));
    FOVEA_RETURN_IF_BAD(CheckView(call.v, values, Shares::kBatch));
    FOVEA_RETURN_IF_BAD(CheckRope(call, call.first_position));
    FOVEA_RETURN_IF_BAD(
        CheckKeyLengths(call.key_lengths, call.batch, call.keys));
    if constexpr (kInt8Keys) FOVEA_RETURN_IF_BAD(CheckEntries(call));
    return CheckOptions<R>(call, call.batch, call.queries, call.keys);
  }

  // Keys that a query may see, and values, must have a scale.
  static Status CheckEntries(const Call& call) noexcept {
    for (size_t b = 0; b < call.batch; ++b) {
      const size_t keys = PlainKeys(call, b);
      for (size_t head = 0; head < R::kKvHeads; ++head) {
        const bool sound =
            HWY_NAMESPACE::AreStorable(
                Length<R::kHeadDim>(), call.k.Row(b, head, 0),
                call.k.token_stride, keys, RoomOfKey(F::kTurns)) &&
            (!kInt8Values || HWY_NAMESPACE::AreStorable(
                                 Length<R::kValueDim>(), call.v.Row(b, head, 0),
                                 call.v.token_stride, keys, kRoomOfValue));
        if (!sound) return Status::kBadScale;
      }
    }
    return Status::kOk;
  }

  // Keys of a batch entry that take part.
  static size_t PlainKeys(const Call& call, size_t batch) noexcept {
    const bool padded = call.key_lengths != nullptr && !F::kEveryKey;
    return padded ? call.key_lengths[batch] : call.keys;
  }

  template <class AnyWorkspace>
  static Status CheckAttend(const Call& call, const CacheView<Config>& cache,
                            const AnyWorkspace& workspace) noexcept {
    FOVEA_RETURN_IF_BAD(cache.Check());
    FOVEA_RETURN_IF_BAD(CheckCall(call, workspace));
    FOVEA_RETURN_IF_BAD(CheckOneStream(call));
    if (cache.size() == 0) return Status::kZeroCount;
    FOVEA_RETURN_IF_BAD(CheckRope(call, call.first_position));
    FOVEA_RETURN_IF_BAD(CheckOptions<R>(call, 1, call.queries, cache.size()));
    return cache.span().Holds(call.first_position) ? Status::kOk
                                                   : Status::kForgotten;
  }

  static Status CheckOneStream(const Call& call) noexcept {
    return call.batch > 1 ? Status::kUnsupported : Status::kOk;
  }

  static Status CheckStep(const Call& call, KvCache<Config>* const* caches,
                          const Workspace& workspace) noexcept {
    FOVEA_RETURN_IF_BAD(CheckArray(caches));
    FOVEA_RETURN_IF_BAD(CheckCall(call, workspace));
    const Extent keys{call.batch, R::kKvHeads, call.queries, R::kHeadDim};
    const Extent values{call.batch, R::kKvHeads, call.queries, R::kValueDim};
    FOVEA_RETURN_IF_BAD(CheckView(call.k, keys, Shares::kBatch));
    FOVEA_RETURN_IF_BAD(CheckView(call.v, values, Shares::kBatch));
    // Their rows are as long as the cache is, and caches differ.
    if ((F::kWeights || F::kHasScores) && call.batch > 1) {
      return Status::kUnsupported;
    }
    for (size_t b = 0; b < call.batch; ++b) {
      if (caches[b] == nullptr) return Status::kNullPointer;
      if (!IsAligned(caches[b], alignof(KvCache<Config>))) {
        return Status::kMisaligned;
      }
      FOVEA_RETURN_IF_BAD(caches[b]->CheckRoom(call.queries));
      FOVEA_RETURN_IF_BAD(
          KvCache<Config>::CheckTokens(call.k, call.v, b, call.queries));
      FOVEA_RETURN_IF_BAD(
          CheckRope(call, static_cast<int64_t>(caches[b]->position())));
      const size_t size = caches[b]->size() + call.queries;
      FOVEA_RETURN_IF_BAD(
          CheckOptions<R>(call, call.batch, call.queries, size));
      for (size_t other = 0; other < b; ++other) {
        if (caches[other] == caches[b]) return Status::kUnsupported;
      }
    }
    return Status::kOk;
  }

  // What all of them have in common.
  template <class AnyWorkspace>
  static Status CheckCall(const Call& call,
                          const AnyWorkspace& workspace) noexcept {
    if (!IsAligned(&workspace, alignof(AnyWorkspace))) {
      return Status::kMisaligned;
    }
    if (call.batch == 0) return Status::kZeroCount;
    FOVEA_RETURN_IF_BAD(CheckCount(call.queries, R::kMaxQueries));
    const Extent q{call.batch, R::kHeads, call.queries, R::kHeadDim};
    const Extent out{call.batch, R::kHeads, call.queries, R::kValueDim};
    FOVEA_RETURN_IF_BAD(CheckView(call.q, q, Shares::kBatch));
    FOVEA_RETURN_IF_BAD(CheckView(call.out, out, Shares::kNothing));
    return IsFinite(call.scale) ? Status::kOk : Status::kBadScale;
  }

  // `position` is that of query 0.
  static Status CheckRope(const Call& call, int64_t position) noexcept {
    if constexpr (F::kTurns) {
      FOVEA_RETURN_IF_BAD(CheckArray(call.rope));
      return call.rope->Check(RotaryPosition(call, position), call.queries);
    }
    return Status::kOk;
  }

  static Status CheckPartial(const Call& call, size_t first_key, size_t end_key,
                             size_t keys, const Partial& partial) noexcept {
    if (first_key >= end_key) return Status::kZeroCount;
    if (end_key > keys) return Status::kTooManyTokens;
    return CheckPartialOutput(call, partial);
  }

  static Status CheckPartialOutput(const Call& call,
                                   const Partial& partial) noexcept {
    const Extent out{call.batch, R::kHeads, call.queries, R::kValueDim};
    FOVEA_RETURN_IF_BAD(CheckView(partial.numerator, out, Shares::kNothing));
    FOVEA_RETURN_IF_BAD(CheckArray(partial.max));
    return CheckArray(partial.sum);
  }

  static Status CheckMerge(const Call& call, const Partial* partials,
                           size_t count) noexcept {
    if (partials == nullptr) return Status::kNullPointer;
    if (count == 0 || call.batch == 0) return Status::kZeroCount;
    FOVEA_RETURN_IF_BAD(CheckCount(call.queries, R::kMaxQueries));
    const Extent out{call.batch, R::kHeads, call.queries, R::kValueDim};
    FOVEA_RETURN_IF_BAD(CheckView(call.out, out, Shares::kNothing));
    if constexpr (F::kLse) FOVEA_RETURN_IF_BAD(CheckOptionalArray(call.lse));
    for (size_t i = 0; i < count; ++i) {
      FOVEA_RETURN_IF_BAD(CheckPartialOutput(call, partials[i]));
    }
    return Status::kOk;
  }

  // ------------------------------------------------------------------- groups

  // Queries of one batch entry that attend together.
  struct Chunk {
    size_t batch;
    size_t first_query;
    size_t queries;
    int64_t first_position;
  };

  // What the query at `position` turns by.
  static uint64_t RotaryPosition(const Call& call, int64_t position) noexcept {
    return call.rotary_position + static_cast<uint64_t>(position);
  }

  static Chunk WholeEntry(const Call& call, size_t batch) noexcept {
    return {batch, 0, call.queries, call.first_position};
  }

  template <class AnyShape>
  static HWY_NAMESPACE::GroupOf<AnyShape> GroupOfQueries(
      const Call& call, const Chunk& chunk, size_t kv_head) noexcept {
    constexpr float kDefault = DefaultScale(R::kHeadDim);
    using AnyF = typename AnyShape::Features;
    const size_t head = kv_head * R::kGroup;
    HWY_NAMESPACE::GroupOf<AnyShape> group;
    group.q = call.q.Row(chunk.batch, head, chunk.first_query);
    group.q_head_stride = call.q.head_stride;
    group.q_token_stride = call.q.token_stride;
    group.out = call.out.Row(chunk.batch, head, chunk.first_query);
    group.out_head_stride = call.out.head_stride;
    group.out_token_stride = call.out.token_stride;
    group.heads = R::kGroup;
    group.queries = chunk.queries;
    group.first_position = NearPosition(chunk.first_position);
    group.head_dim = R::kHeadDim;
    group.value_dim = R::kValueDim;
    const float scale = call.scale == 0.0f ? kDefault : call.scale;
    group.scale = scale * (F::kHasPolicy ? 1.0f : kLog2e);
    if constexpr (F::kSoftcap) {
      if (call.softcap != 0.0f) group.scale = scale / call.softcap;
    }
    if constexpr (F::kHasPolicy) group.first_head = head;
    if constexpr (F::kTurns) {
      group.rope = call.rope;
      group.rotary_position = RotaryPosition(call, chunk.first_position);
    }
    if constexpr (F::kPositions) {
      group.query_position = PositionOfScores(chunk.first_position);
    }
    if constexpr (AnyF::kHasRowOutputs) group.row_head_stride = call.queries;
    return group;
  }

  // What depends on the number of keys.
  template <class AnyShape>
  static void SetKeys(const Call& call, const Chunk& chunk, size_t kv_head,
                      size_t keys, size_t visible_keys,
                      HWY_NAMESPACE::GroupOf<AnyShape>& group) noexcept {
    using AnyF = typename AnyShape::Features;
    const CallRow row{chunk.batch, kv_head * R::kGroup, chunk.first_query};
    static_cast<CallOptions<AnyF>&>(group) =
        OptionsFrom<AnyF, R>(call, row, call.queries, keys);
    group.keys = AnyF::kEveryKey ? keys : visible_keys;
    if constexpr (AnyF::kEveryKey) group.visible_keys = visible_keys;
    if constexpr (AnyF::kWeights || AnyF::kHasScores) group.columns = keys;
  }

  // One kv head of Run.
  template <class AnyShape, class AnyWorkspace>
  static HWY_NAMESPACE::GroupOf<AnyShape> GroupOfTensors(
      const Call& call, size_t batch, size_t kv_head,
      AnyWorkspace& workspace) noexcept {
    const Chunk chunk = WholeEntry(call, batch);
    auto group = GroupOfQueries<AnyShape>(call, chunk, kv_head);
    const float* k = call.k.Row(batch, kv_head, 0);
    const float* v = call.v.Row(batch, kv_head, 0);
    if constexpr (kInt8Keys) {
      group.plain_k = k;
      group.plain_k_stride = call.k.token_stride;
      group.plain_v = v;
      group.plain_v_stride = call.v.token_stride;
      group.plain_keys = PlainKeys(call, batch);
      group.key_store = workspace.KeyStore();
      group.value_store = workspace.ValueStore();
      SetInt8Keys(PlainLayout::Rows(), group.key_store, R::kMaxKeys, group);
      if constexpr (kInt8Values) {
        SetInt8Values(PlainLayout::Rows(), group.value_store, R::kMaxKeys,
                      group);
      } else {
        group.v = v;
        group.v_token_stride = call.v.token_stride;
      }
    } else {
      static_cast<void>(workspace);
      group.k = k;
      group.k_token_stride = call.k.token_stride;
      group.v = v;
      group.v_token_stride = call.v.token_stride;
    }
    const size_t visible =
        call.key_lengths ? call.key_lengths[batch] : call.keys;
    SetKeys<AnyShape>(call, chunk, kv_head, call.keys, visible, group);
    return group;
  }

  template <class AnyShape>
  static HWY_NAMESPACE::GroupOf<AnyShape> GroupOfCache(
      const Call& call, const Chunk& chunk, const CacheView<Config>& cache,
      size_t kv_head) noexcept {
    if constexpr (R::kRing) {
      return GroupOfRing<AnyShape>(call, chunk, cache, kv_head);
    }
    auto group = GroupOfQueries<AnyShape>(call, chunk, kv_head);
    SetCache(cache, kv_head, group);
    SetKeys<AnyShape>(call, chunk, kv_head, cache.size(), cache.size(), group);
    return group;
  }

  template <class AnyGroup>
  static void SetCache(const CacheView<Config>& cache, size_t kv_head,
                       AnyGroup& group) noexcept {
    if constexpr (kInt8Keys) {
      constexpr auto rows = Int8Layout<R>::Rows();
      const int8_t* values = cache.ValueRows(kv_head);
      SetInt8Keys(rows, cache.KeyPanels(kv_head), cache.slots(), group);
      if constexpr (kInt8Values) {
        SetInt8Values(rows, values, cache.slots(), group);
      } else {
        group.v = rows.FloatsAt(values, 0);
        group.v_token_stride = R::kValueDim;
      }
    } else {
      SetPlainCache(cache, kv_head, group);
    }
  }

  template <class AnyGroup>
  static void SetPlainCache(const CacheView<Config>& cache, size_t kv_head,
                            AnyGroup& group) noexcept {
    group.k = cache.KeyPanels(kv_head);
    group.k_token_stride = 0;  // panels
    group.v = cache.ValueRows(kv_head);
    group.v_token_stride = R::kValueDim;
    if constexpr (kQuantised) {
      constexpr auto rows = CacheLayout<R, int8_t>::Rows();
      const size_t slots = cache.slots();
      group.key_scales =
          reinterpret_cast<const float*>(group.k + rows.KeyScales(slots));
      group.means = {
          reinterpret_cast<const float*>(group.k + rows.MeansAt(slots)),
          rows.means.Count(slots), rows.means.Columns(slots)};
      group.value_scales =
          reinterpret_cast<const float*>(group.v + rows.ValueScales(slots));
    }
  }

  template <class AnyShape>
  static HWY_NAMESPACE::GroupOf<AnyShape> GroupOfRing(
      const Call& call, Chunk chunk, const CacheView<Config>& cache,
      size_t kv_head) noexcept {
    using Span = typename CacheView<Config>::Span;
    const RingPlace place = RingPlaceOf<R>(cache.span(), chunk.first_position);
    chunk.first_position -= place.shift;
    auto group = GroupOfQueries<AnyShape>(call, chunk, kv_head);
    if constexpr (F::kTurns) {
      group.rotary_position += static_cast<uint64_t>(place.shift);
    }
    SetCache(cache, kv_head, group);
    SetKeys<AnyShape>(call, chunk, kv_head, place.keys, place.keys, group);
    group.ring_shift = place.slots_earlier;
    group.ring_end = Span::kTokens;
    group.ring_tokens = Span::kRingTokens;
    group.means_earlier = place.means_earlier;
    return group;
  }

  static void StepStream(const Call& call, size_t batch, KvCache<Config>& cache,
                         Workspace& workspace) noexcept {
    for (size_t query = 0; query < call.queries;) {
      const size_t left = call.queries - query;
      size_t queries = left;
      if constexpr (R::kRing) {
        constexpr size_t kMost = KvCache<Config>::Span::kSpare;
        queries = left < kMost ? left : kMost;
      }
      const Chunk chunk{batch, query, queries,
                        static_cast<int64_t>(cache.position())};
      const View<const Element> k = TokensFrom(call.k, batch, query);
      const View<const Element> v = TokensFrom(call.v, batch, query);
      if constexpr (F::kTurns) {
        cache.TakeTurned(k, v, queries, *call.rope, call.rotary_position);
      } else {
        cache.Take(k, v, queries);
      }
      AttendCache(call, chunk, cache, workspace);
      query += queries;
    }
  }

  static View<const Element> TokensFrom(View<const Element> view, size_t batch,
                                        size_t token) noexcept {
    view.data = view.Row(batch, 0, token);
    return view;
  }

  static void AttendCache(const Call& call, const Chunk& chunk,
                          const CacheView<Config>& cache,
                          Workspace& workspace) noexcept {
    const auto group = [&](size_t, size_t head) {
      return GroupOfCache<CacheShape>(call, chunk, cache, head);
    };
    AttendHeads<FromCache<CacheShape>>(1, group, workspace);
  }

  // group(batch, kv_head) gives the pieces of the call.
  template <class Orientation, class MakeGroup, class AnyWorkspace>
  static void AttendHeads(size_t batch, const MakeGroup& group,
                          AnyWorkspace& workspace) noexcept {
    const Scratch scratch = workspace.template Pointers<Scratch>();
    for (size_t b = 0; b < batch; ++b) {
      for (size_t head = 0; head < R::kKvHeads; ++head) {
        HWY_NAMESPACE::AttendHeadGroup<Orientation>(group(b, head), scratch);
      }
    }
  }

  // One worker's share of them.
  template <class Orientation, class MakeGroup>
  static Status RunShare(size_t batch, const MakeGroup& group, size_t part,
                         size_t parts, Workspace& workspace) noexcept {
    constexpr size_t kMaxParts = 65536;  // keeps a share's arithmetic in range
    if (part >= parts || parts > kMaxParts) return Status::kBadPart;
    // All kv heads of a batch entry cost the same.
    const auto cost_of_head = [&](size_t b) {
      return HWY_NAMESPACE::CostOfBlocks<Orientation>(group(b, 0));
    };
    uint64_t total = 0;
    for (size_t b = 0; b < batch; ++b) total += R::kKvHeads * cost_of_head(b);
    if (total == 0) return Status::kOk;  // no batch entry, no work
    const Share share{part, parts, total};
    const Scratch scratch = workspace.template Pointers<Scratch>();
    uint64_t before = 0;
    for (size_t b = 0; b < batch; ++b) {
      const uint64_t cost = cost_of_head(b);
      for (size_t head = 0; head < R::kKvHeads; ++head) {
        HWY_NAMESPACE::AttendShare<Orientation>(group(b, head), share, before,
                                                scratch);
        before += cost;
      }
    }
    return Status::kOk;
  }

  // ----------------------------------------------------------------- partials

  // The group's keys [first_key, end_key) alone, into the partial.
  template <class PartialGroup>
  static PartialGroup Restricted(PartialGroup group, const Partial& partial,
                                 size_t batch, size_t kv_head, size_t first_key,
                                 size_t end_key) noexcept {
    const size_t head = kv_head * R::kGroup;
    const size_t row = (batch * R::kHeads + head) * group.queries;
    group.out = partial.numerator.Row(batch, head, 0);
    group.out_head_stride = partial.numerator.head_stride;
    group.out_token_stride = partial.numerator.token_stride;
    group.max = partial.max + row;
    group.sum = partial.sum + row;
    group.first_key = first_key;
    if (end_key < group.keys) group.keys = end_key;
    return group;
  }

  static void MergeRow(const Call& call, const Partial* partials, size_t count,
                       size_t batch, size_t head, size_t token) noexcept {
    const size_t row = (batch * R::kHeads + head) * call.queries + token;
    HWY_NAMESPACE::RowMerge merge;
    for (size_t i = 0; i < count; ++i) merge.Widen(partials[i].max[row]);
    for (size_t i = 0; i < count; ++i) {
      merge.Add(partials[i].max[row], partials[i].sum[row]);
    }
    float* out = call.out.Row(batch, head, token);
    for (size_t i = 0; i < count; ++i) {
      merge.AddRow(partials[i].max[row],
                   partials[i].numerator.Row(batch, head, token), R::kValueDim,
                   i == 0, out);
    }
    merge.Normalise(R::kValueDim, out);
    if constexpr (F::kLse) {
      if (call.lse) call.lse[row] = merge.Lse();
    }
  }
};

}  // namespace FOVEA_TARGET_NAMESPACE
}  // namespace fovea

#endif  // FOVEA_ATTENTION_H_
