// SPDX-License-Identifier: Apache-2.0
// Fused attention in integers alone, for cores without a floating-point unit
// and for models of int8 tensors with fixed scales:
//
//   out = softmax(mask(scale * q k^T)) v
//
// tile by tile with the online softmax, as attention.h.  Neither this header
// nor what it calls has a floating-point operation in it, and the bits are the
// same on every target: docs/numerics.md has the arithmetic.  The exponential
// is a table of powers of two with shifts, after IntAttention (arXiv
// 2511.21513); requantisation is that of TensorFlow Lite and CMSIS-NN
// (MultiplyByQuantizedMultiplier, with two roundings).  There are no partials,
// whose bits would depend on the cut.
#ifndef FOVEA_INTEGER_ATTENTION_H_
#define FOVEA_INTEGER_ATTENTION_H_

#include <cstddef>
#include <cstdint>

#include "fovea/cache_span.h"
#include "fovea/call_options.h"
#include "fovea/check.h"
#include "fovea/check_options.h"
#include "fovea/integer_config.h"
#include "fovea/integer_kv_cache.h"
#include "fovea/kernels/integer_attend.h"
#include "fovea/kernels/integer_math.h"
#include "fovea/kernels/layout.h"
#include "fovea/ring_place.h"
#include "fovea/status.h"
#include "fovea/view.h"
#include "port/integer/leaf.h"

namespace fovea {

// All functions are reentrant.  The output depends on the inputs alone, not on
// how tokens are split into calls, nor on the target.
template <class Config, class LeafArg = integer::Leaf>
class IntegerAttention {
  using R = ResolvedInteger<Config>;
  template <bool kCached>
  using Shape = integer::Shape<R, kCached>;
  using Leaf = LeafArg;

 public:
  // Scratch of one call; its contents mean nothing between calls.  sizeof is
  // the RAM cost; it does not grow with kMaxKeys.
  struct Workspace {
    integer::ScratchOf<Leaf, Shape<false>> scratch;
  };

  // The run-time inputs of one call; with kMask also those of options::Mask.
  struct Call : options::Mask<R::kMask> {
    // [batch][head][query][head_dim], kHeads heads.
    View<const int8_t> q;
    // [batch][kv_head][key][head_dim] and [batch][kv_head][key][value_dim],
    // kKvHeads heads.  Query head h reads kv head h / (kHeads / kKvHeads).
    // Step appends them to the cache first; Attend ignores them.
    View<const int8_t> k;
    View<const int8_t> v;
    // [batch][head][query][value_dim].  May be q itself where the dims and
    // strides are the same; must not overlap k or v otherwise.
    View<int8_t> out;
    size_t batch = 1;    // 1 or more; Step and Attend: 1
    size_t queries = 0;  // 1 to kMaxQueries
    size_t keys = 0;     // 1 to kMaxKeys; Step and Attend ignore it
    // Position of query 0, counted from key 0; may be negative.  With kCausal,
    // key j is visible to query i iff j <= i + first_position; a query that
    // sees no key gives zeros: out's zero point.  Step ignores it; Attend to a
    // ring refuses what it no longer holds.
    int64_t first_position = 0;
    // Padding, for Run: batch entry b sees its first key_lengths[b] keys alone,
    // 0 to `keys` [batch]; null: all of them.  Step and Attend ignore it.
    const size_t* key_lengths = nullptr;
    // Of the tensors, one for all calls that share a cache.
    const IntegerScales* scales = nullptr;
  };

  // Attends to the k and v of the call.
  //   kNullPointer    q, k, v or out has no data, or there are no scales
  //   kZeroCount      batch, queries or keys is 0
  //   kTooManyTokens  queries > kMaxQueries, keys > kMaxKeys, one of the
  //                   key_lengths or mask_keys > keys
  //   kBadStride      a stride is smaller than its row (see View)
  //   kBadScale       the scales' output multiplier or shift is out of range
  //   kMisaligned     the workspace or an array is not aligned
  static Status Run(const Call& call, Workspace& workspace) noexcept {
    FOVEA_RETURN_IF_BAD(CheckRun(call, workspace));
    for (size_t b = 0; b < call.batch; ++b) {
      for (size_t head = 0; head < R::kKvHeads; ++head) {
        integer::AttendHeadGroup<Leaf, Shape<false>>(
            GroupOfTensors(call, b, head), workspace.scratch);
      }
    }
    return Status::kOk;
  }

  // One worker's share of Run: each of `parts` workers calls it with its own
  // `part`, 0 to parts - 1, and its own workspace, at the same time or not.
  // Their outputs are disjoint and together have the bits of Run.  Also
  // kBadPart: part >= parts, or parts > 65536.
  static Status Run(const Call& call, Workspace& workspace, size_t part,
                    size_t parts) noexcept {
    FOVEA_RETURN_IF_BAD(CheckRun(call, workspace));
    return RunShare<Shape<false>>(
        call.batch,
        [&](size_t b, size_t head) { return GroupOfTensors(call, b, head); },
        part, parts, workspace.scratch);
  }

  // Appends the call's k and v (`queries` tokens of each) to the cache, then
  // attends from it: a step of a stream, or a chunk.  Also kCacheFull; then,
  // as with every other error, the cache is as it was.  kUnsupported for
  // batch > 1.  A ring takes the tokens a few at a time, no more than leave it
  // what the first of them sees.
  static Status Step(const Call& call, IntegerKvCache<Config>& cache,
                     Workspace& workspace) noexcept {
    FOVEA_RETURN_IF_BAD(CheckOneStream(call, workspace));
    FOVEA_RETURN_IF_BAD(cache.CheckAppend(call.k, call.v, call.queries));
    FOVEA_RETURN_IF_BAD(CheckMaskOf(call, 1, cache.size() + call.queries));
    if constexpr (R::kRing) {
      StepRing(call, cache, workspace);
    } else {
      const auto position = static_cast<int64_t>(cache.position());
      cache.Take(call.k, call.v, call.queries);
      AttendCache(call, {0, 0, call.queries, position}, cache, workspace);
    }
    return Status::kOk;
  }

  // Attends to the cache without appending.  kZeroCount when it is empty,
  // kForgotten when a ring no longer holds what query 0 sees.
  static Status Attend(const Call& call, const IntegerKvCache<Config>& cache,
                       Workspace& workspace) noexcept {
    FOVEA_RETURN_IF_BAD(CheckAttend(call, cache, workspace));
    AttendCache(call, WholeEntry(call, 0), cache, workspace);
    return Status::kOk;
  }

  // One worker's share of Attend, as of Run.
  static Status Attend(const Call& call, const IntegerKvCache<Config>& cache,
                       Workspace& workspace, size_t part,
                       size_t parts) noexcept {
    FOVEA_RETURN_IF_BAD(CheckAttend(call, cache, workspace));
    const auto group = [&](size_t, size_t head) {
      return GroupOfCache(call, WholeEntry(call, 0), cache, head);
    };
    return RunShare<Shape<true>>(1, group, part, parts, workspace.scratch);
  }

 private:
  // See RowScaleOf.
  static constexpr int64_t kMostKeys =
      R::kRing && R::kMaxKeys < R::kWindow + R::kSinks ? R::kWindow + R::kSinks
                                                       : R::kMaxKeys;
  static_assert(integer::MostSum(kMostKeys) < (1 << 30),
                "sums of weights fit 30 bits");
  static_assert(integer::MostOutput(integer::MostSum(kMostKeys), kMostKeys) <
                    (1 << 30),
                "outputs fit 30 bits");
  static_assert(integer::MostOutput(integer::kMostWeight + 1, kMostKeys) <
                    (1 << 15),
                "and so do those of a small sum, 15 bits to the left");

  // ------------------------------------------------------------------- checks

  static Status CheckRun(const Call& call,
                         const Workspace& workspace) noexcept {
    FOVEA_RETURN_IF_BAD(CheckCall(call, workspace));
    FOVEA_RETURN_IF_BAD(CheckCount(call.keys, R::kMaxKeys));
    FOVEA_RETURN_IF_BAD(
        CheckView(call.k, {call.batch, R::kKvHeads, call.keys, R::kHeadDim},
                  Shares::kBatch));
    FOVEA_RETURN_IF_BAD(
        CheckView(call.v, {call.batch, R::kKvHeads, call.keys, R::kValueDim},
                  Shares::kBatch));
    FOVEA_RETURN_IF_BAD(
        CheckKeyLengths(call.key_lengths, call.batch, call.keys));
    return CheckMaskOf(call, call.batch, call.keys);
  }

  static Status CheckAttend(const Call& call,
                            const IntegerKvCache<Config>& cache,
                            const Workspace& workspace) noexcept {
    FOVEA_RETURN_IF_BAD(CheckOneStream(call, workspace));
    if (!IsAligned(&cache, alignof(IntegerKvCache<Config>))) {
      return Status::kMisaligned;
    }
    if (cache.size() == 0) return Status::kZeroCount;
    FOVEA_RETURN_IF_BAD(CheckMaskOf(call, 1, cache.size()));
    return cache.span().Holds(call.first_position) ? Status::kOk
                                                   : Status::kForgotten;
  }

  static Status CheckOneStream(const Call& call,
                               const Workspace& workspace) noexcept {
    FOVEA_RETURN_IF_BAD(CheckCall(call, workspace));
    return call.batch > 1 ? Status::kUnsupported : Status::kOk;
  }

  // What all of them have in common.
  static Status CheckCall(const Call& call,
                          const Workspace& workspace) noexcept {
    if (!IsAligned(&workspace, alignof(Workspace))) return Status::kMisaligned;
    if (call.batch == 0) return Status::kZeroCount;
    FOVEA_RETURN_IF_BAD(CheckCount(call.queries, R::kMaxQueries));
    FOVEA_RETURN_IF_BAD(
        CheckView(call.q, {call.batch, R::kHeads, call.queries, R::kHeadDim},
                  Shares::kBatch));
    FOVEA_RETURN_IF_BAD(
        CheckView(call.out, {call.batch, R::kHeads, call.queries, R::kValueDim},
                  Shares::kNothing));
    FOVEA_RETURN_IF_BAD(CheckArray(call.scales));
    const IntegerScales& scales = *call.scales;
    const bool good = scales.output_multiplier >= 1 << 30 &&
                      scales.output_shift >= -31 && scales.output_shift <= 19;
    return good ? Status::kOk : Status::kBadScale;
  }

  static Status CheckMaskOf(const Call& call, size_t batch,
                            size_t keys) noexcept {
    if constexpr (R::kMask == MaskKind::kBoolean) {
      return CheckMask(call.mask, call.mask_keys,
                       {batch, R::kHeads, call.queries, keys});
    }
    static_cast<void>(call);
    static_cast<void>(batch);
    static_cast<void>(keys);
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

  static Chunk WholeEntry(const Call& call, size_t batch) noexcept {
    return {batch, 0, call.queries, call.first_position};
  }

  static View<const int8_t> TokensFrom(View<const int8_t> view,
                                       size_t token) noexcept {
    view.data += token * view.token_stride;
    return view;
  }

  static integer::Group GroupOf(const Call& call, const Chunk& chunk,
                                size_t kv_head, size_t keys) noexcept {
    const size_t head = kv_head * R::kGroup;
    integer::Group group{};
    group.q = call.q.Row(chunk.batch, head, chunk.first_query);
    group.q_head_stride = call.q.head_stride;
    group.q_token_stride = call.q.token_stride;
    group.out = call.out.Row(chunk.batch, head, chunk.first_query);
    group.out_head_stride = call.out.head_stride;
    group.out_token_stride = call.out.token_stride;
    group.queries = chunk.queries;
    group.key_count = keys;
    group.first_position = NearPosition(chunk.first_position);
    group.scales = call.scales;
    if constexpr (R::kMask == MaskKind::kBoolean) {
      group.mask = call.mask;
      if (call.mask.data) group.mask.data = call.mask.Row(chunk.batch, head, 0);
      group.mask_keys = call.mask_keys;
    }
    return group;
  }

  static integer::Group GroupOfTensors(const Call& call, size_t batch,
                                       size_t kv_head) noexcept {
    const size_t keys = call.key_lengths ? call.key_lengths[batch] : call.keys;
    auto group = GroupOf(call, WholeEntry(call, batch), kv_head, keys);
    if (group.mask_keys == 0) group.mask_keys = call.keys;
    group.keys = call.k.Row(batch, kv_head, 0);
    group.key_stride = call.k.token_stride;
    group.values = call.v.Row(batch, kv_head, 0);
    group.value_stride = call.v.token_stride;
    return group;
  }

  static integer::GroupOf<Shape<true>> GroupOfCache(
      const Call& call, Chunk chunk, const IntegerKvCache<Config>& cache,
      size_t kv_head) noexcept {
    integer::GroupOf<Shape<true>> group;
    if constexpr (R::kRing) {
      const RingPlace place =
          RingPlaceOf<R>(cache.span(), chunk.first_position);
      chunk.first_position -= place.shift;
      static_cast<integer::Group&>(group) =
          GroupOf(call, chunk, kv_head, place.keys);
      group.slots_earlier = place.slots_earlier;
    } else {
      group = GroupOf(call, chunk, kv_head, cache.size());
    }
    if (group.mask_keys == 0) group.mask_keys = group.key_count;
    group.keys = cache.KeyPanels(kv_head);
    group.values = cache.ValueQuads(kv_head);
    return group;
  }

  // As many tokens at once as leave the ring what the first of them sees.
  static void StepRing(const Call& call, IntegerKvCache<Config>& cache,
                       Workspace& workspace) noexcept {
    constexpr size_t kMost = CacheSpan<R, true>::kSpare;
    for (size_t query = 0; query < call.queries;) {
      const size_t left = call.queries - query;
      const size_t queries = left < kMost ? left : kMost;
      const auto position = static_cast<int64_t>(cache.position());
      cache.Take(TokensFrom(call.k, query), TokensFrom(call.v, query), queries);
      AttendCache(call, {0, query, queries, position}, cache, workspace);
      query += queries;
    }
  }

  static void AttendCache(const Call& call, const Chunk& chunk,
                          const IntegerKvCache<Config>& cache,
                          Workspace& workspace) noexcept {
    for (size_t head = 0; head < R::kKvHeads; ++head) {
      integer::AttendHeadGroup<Leaf, Shape<true>>(
          GroupOfCache(call, chunk, cache, head), workspace.scratch);
    }
  }

  template <class S, class MakeGroup, class AnyScratch>
  static Status RunShare(size_t batch, const MakeGroup& group, size_t part,
                         size_t parts, AnyScratch& scratch) noexcept {
    constexpr size_t kMaxParts = 65536;  // keeps a share's arithmetic in range
    if (part >= parts || parts > kMaxParts) return Status::kBadPart;
    // All kv heads of a batch entry cost the same.
    uint64_t total = 0;
    for (size_t b = 0; b < batch; ++b) {
      total += R::kKvHeads * integer::CostOfBlocks<S>(group(b, 0));
    }
    const Share share{part, parts, total};
    uint64_t before = 0;
    for (size_t b = 0; b < batch; ++b) {
      const uint64_t cost = integer::CostOfBlocks<S>(group(b, 0));
      for (size_t head = 0; head < R::kKvHeads; ++head) {
        integer::AttendShare<Leaf, S>(group(b, head), share, before, scratch);
        before += cost;
      }
    }
    return Status::kOk;
  }
};

}  // namespace fovea

#endif  // FOVEA_INTEGER_ATTENTION_H_
