// SPDX-License-Identifier: Apache-2.0
// Lays an AttentionProblem out for the kernels, as Attention<Config> does a
// Call, and finds the body that was compiled for its sizes.
#if defined(FOVEA_RUN_TIME_ATTEND_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FOVEA_RUN_TIME_ATTEND_INL_H_
#undef FOVEA_RUN_TIME_ATTEND_INL_H_
#else
#define FOVEA_RUN_TIME_ATTEND_INL_H_
#endif

#include "fovea/kernels/attend-inl.h"
#include "fovea/run_time/attention_problem.h"
#include "fovea/run_time/run_time_features.h"
#include "fovea/run_time/scratch_room.h"

HWY_BEFORE_NAMESPACE();
namespace fovea {
namespace HWY_NAMESPACE {
namespace {

using run_time::AttentionProblem;

// More rows than any block has: the kernels are those of a prefill.
constexpr size_t kAnyRows = size_t{1} << 16;

// Whether usual head_dims have kernels of their own: not where flash is dear,
// nor on PCs older than 2008.
constexpr bool kHasKernelsOfDim =
    HWY_TARGET != HWY_SCALAR && HWY_TARGET != HWY_SSE2;

template <size_t kDimOr0, size_t kMaxRows, class Features, size_t kGroupOr0 = 0>
using RunTimeShape =
    BlockShape<kDimOr0, kDimOr0, kGroupOr0, kMaxRows, Features>;

// Whether rows turn is known at run time.
template <class Shape>
class QuerySource<Shape, run_time::RunTimeTurner> {
 public:
  explicit HWY_INLINE QuerySource(const GroupOf<Shape>& group)
      : group_(group), turner_(*group.rope) {}

  HWY_INLINE const float* operator()(size_t row, float* room, size_t place) {
    const float* query = QueryRow<Shape>(group_, row);
    return turner_.Turns() ? Turned(query, row, room, place) : query;
  }

 private:
  HWY_NOINLINE const float* Turned(const float* query, size_t row, float* room,
                                   size_t place) {
    const size_t token = TokenOfRow<Shape>(group_, row);
    if (token != token_) turner_.MoveTo(group_.rotary_position + token);
    token_ = token;
    float* turned = room + place * group_.head_dim;
    turner_.Turn(query, group_.head_dim, turned);
    return turned;
  }

  const GroupOf<Shape>& group_;
  size_t token_ = ~size_t{0};  // none yet
  run_time::RunTimeTurner turner_;
};

using run_time::ScratchRoom;

// The scratch of any shape.
HWY_INLINE Scratch TakeScratch(size_t head_dim, size_t value_dim,
                               ScratchRoom& room) {
  using Shape = RunTimeShape<0, kAnyRows, run_time::PlainFeatures<float>>;
  constexpr size_t kRows = Shape::kRows;
  Scratch to{};
  to.queries = room.Take<float>(QueryFloats<Shape>(head_dim));
  to.scores = room.Take<float>(kTile * kRows);
  to.output = room.Take<float>(kRows * OutputStride(value_dim));
  to.max = room.Take<float>(kRows);
  to.next_max = room.Take<float>(kRows);
  to.sum = room.Take<float>(kRows);
  to.correction = room.Take<float>(kRows);
  to.limits = room.Take<float>(kRows);
  to.ends = room.Take<uint32_t>(kRows);
  to.counts = room.Take<uint32_t>(kRows);
  to.visible = room.Take<uint32_t>(2 * kRows);
  to.bias = room.Take<float>(kTile * kRows);
  to.turned = room.Take<float>(kMaxLanes * head_dim);
  to.slopes = room.Take<float>(kRows);
  to.positions = room.Take<int32_t>(kRows);
  return to;
}

HWY_INLINE HWY_MAYBE_UNUSED size_t ScratchBytes(size_t head_dim,
                                                size_t value_dim) {
  ScratchRoom room(nullptr);
  TakeScratch(head_dim, value_dim, room);
  return room.bytes();
}

// With what an int8 cache needs besides.
HWY_INLINE HWY_MAYBE_UNUSED Scratch TakeQuantisedScratch(size_t head_dim,
                                                         size_t value_dim,
                                                         ScratchRoom& room) {
  using Shape = RunTimeShape<0, kAnyRows, run_time::PlainFeatures<int8_t>>;
  constexpr size_t kRows = Shape::kRows;
  constexpr size_t kParts = 2;  // of a query's entry, and of a weight
  Scratch to = TakeScratch(head_dim, value_dim, room);
  to.query_quads =
      room.Take<int32_t>(kParts * kRows * RoundUp(head_dim, 4) / 4);
  to.query_offsets = room.Take<int32_t>(kParts * kRows);
  to.query_scales = room.Take<float>(kRows);
  to.mean_scores = room.Take<float>(kRows * kPanel);
  to.scored_means = room.Take<size_t>(1);
  to.weight_quads = room.Take<int32_t>(kParts * kRows * kTile / 4);
  to.weight_steps = room.Take<float>(kRows);
  return to;
}

HWY_INLINE HWY_MAYBE_UNUSED size_t QuantisedScratchBytes(size_t head_dim,
                                                         size_t value_dim) {
  ScratchRoom room(nullptr);
  TakeQuantisedScratch(head_dim, value_dim, room);
  return room.bytes();
}

// ----------------------------------------------------------- one kv head of it

// A group is laid out once for a batch entry (Set...), and then moved from kv
// head to kv head (Move...), as most of it stays the same.

// From entry `from` on of an array that may be null.
template <class T>
HWY_INLINE T* Moved(T* array, size_t from) {
  return array == nullptr ? nullptr : array + from;
}

template <class T>
HWY_INLINE const T* MovedData(const View<const T>& view, size_t batch,
                              size_t head) {
  return view.data == nullptr ? nullptr : view.Row(batch, head, 0);
}

template <class Group>
HWY_INLINE void SetQueries(const AttentionProblem& problem, Group& group) {
  group.q_head_stride = problem.q.head_stride;
  group.q_token_stride = problem.q.token_stride;
  group.out_head_stride = problem.out.head_stride;
  group.out_token_stride = problem.out.token_stride;
  group.heads = problem.group_heads;
  group.queries = problem.queries;
  group.head_dim = problem.head_dim;
  group.value_dim = problem.value_dim;
  group.scale = problem.softcap == 0.0f ? problem.scale * kLog2e
                                        : problem.scale / problem.softcap;
}

// Where a group's keys and values come from: the call's tensors,
struct FromTensors {
  template <class Features, class Group>
  static HWY_INLINE void Set(const AttentionProblem& problem, Group& group) {
    group.k_token_stride = problem.k.token_stride;
    group.v_token_stride = problem.v.token_stride;
  }

  template <class Features, class Group>
  static HWY_INLINE void Move(const AttentionProblem& problem, size_t batch,
                              size_t kv_head, Group& group) {
    group.k = problem.k.Row(batch, kv_head, 0);
    group.v = problem.v.Row(batch, kv_head, 0);
  }
};

template <class Features, class Group>
HWY_INLINE void SetRing(const run_time::CacheArrays& cache, Group& group) {
  if constexpr (Features::kRing) {
    group.ring_begin = cache.ring_begin;
    group.ring_shift = cache.ring_shift;
    group.ring_end = cache.ring_end;
    group.ring_tokens = cache.ring_tokens;
    group.means_earlier = cache.means_earlier;
  }
}

// or a cache.
struct FromCache {
  template <class Features, class Group>
  static HWY_INLINE void Set(const AttentionProblem& problem, Group& group) {
    const run_time::CacheArrays& cache = problem.cache;
    group.k_token_stride = 0;  // panels
    group.v_token_stride = problem.value_dim;
    if constexpr (Features::kQuantised) {
      group.means.count = cache.key_means.Count(cache.slots);
      group.means.columns = cache.key_means.Columns(cache.slots);
    }
    SetRing<Features>(cache, group);
  }

  template <class Features, class Group>
  static HWY_INLINE void Move(const AttentionProblem& problem, size_t /*batch*/,
                              size_t kv_head, Group& group) {
    using Stored = typename Features::Stored;
    const run_time::CacheArrays& cache = problem.cache;
    group.k =
        static_cast<const Stored*>(cache.keys) + kv_head * cache.keys_of_head;
    group.v = static_cast<const Stored*>(cache.values) +
              kv_head * cache.values_of_head;
    if constexpr (Features::kQuantised) {
      const auto floats = [](const int8_t* head, size_t offset) {
        return reinterpret_cast<const float*>(head + offset);
      };
      group.key_scales = floats(group.k, cache.key_scales);
      group.means.data = floats(group.k, cache.means);
      group.value_scales = floats(group.v, cache.value_scales);
    }
  }
};

// The options that only EveryFeature has.
template <class Group>
HWY_INLINE void SetOptions(const AttentionProblem& problem, Group& group) {
  constexpr ptrdiff_t kEverything = ptrdiff_t{1} << 29;
  group.causal = problem.causal;
  group.window = problem.window == 0
                     ? kEverything
                     : static_cast<ptrdiff_t>(HWY_MIN(problem.window, kFar));
  group.sinks = static_cast<ptrdiff_t>(HWY_MIN(problem.sinks, kFar));
  group.query_position = PositionOfScores(problem.first_position);
  group.mask = problem.mask;
  group.bias = problem.bias;
  group.mask_keys = problem.mask_keys;
  group.block_mask = problem.block_mask;
  group.mask_blocks = problem.mask_blocks;
  group.softcap = problem.softcap;
  group.rope = &problem.rotary;
  group.rotary_position = problem.rotary_position;
}

template <class Group>
HWY_INLINE void MoveOptions(const AttentionProblem& problem, size_t batch,
                            size_t head, Group& group) {
  group.mask.data = MovedData(problem.mask, batch, head);
  group.bias.data = MovedData(problem.bias, batch, head);
  group.block_mask.data = MovedData(problem.block_mask, batch, head);
  group.alibi_slopes = Moved(problem.alibi_slopes, head);
  group.sink_logits = Moved(problem.sink_logits, head);
}

template <class Features, class Group>
HWY_INLINE void SetOutputs(const AttentionProblem& problem, Group& group) {
  if constexpr (Features::kHasRowOutputs) {
    group.row_head_stride = problem.head_stride;
  }
  if constexpr (Features::kWeights) group.columns = problem.keys;
  if constexpr (Features::kPartial) {
    const bool is_partial = problem.partial.max != nullptr;
    group.first_key = problem.partial.first_key;
    if (is_partial && problem.partial.end_key < group.keys) {
      group.keys = problem.partial.end_key;
      if constexpr (Features::kEveryKey) group.visible_keys = group.keys;
    }
  }
}

template <class Features, class Group>
HWY_INLINE void MoveOutputs(const AttentionProblem& problem, size_t batch,
                            size_t head, Group& group) {
  const size_t row = (batch * problem.heads + head) * problem.head_stride;
  if constexpr (Features::kLse) group.lse = Moved(problem.lse, row);
  if constexpr (Features::kWeights) {
    group.weights = Moved(problem.weights, row * problem.keys);
    group.scores = Moved(problem.scores, row * problem.keys);
  }
  if constexpr (Features::kPartial) {
    group.max = Moved(problem.partial.max, row);
    group.sum = Moved(problem.partial.sum, row);
  }
}

// The keys that the kernels are told of; visible_keys those that padding
// leaves.
template <class Shape>
HWY_INLINE void SetKeys(const AttentionProblem& problem, size_t batch,
                        GroupOf<Shape>& group) {
  using F = typename Shape::Features;
  const size_t visible =
      problem.key_lengths ? problem.key_lengths[batch] : problem.keys;
  if constexpr (F::kRunTimeStage) group.score_stage = problem.score_stage;
  group.keys = WantsEveryKey<Shape>(group) ? problem.keys : visible;
  if constexpr (F::kEveryKey) group.visible_keys = visible;
}

template <class Shape, class Source>
HWY_INLINE void SetGroup(const AttentionProblem& problem, size_t batch,
                         GroupOf<Shape>& group) {
  using F = typename Shape::Features;
  SetQueries(problem, group);
  SetKeys<Shape>(problem, batch, group);
  Source::template Set<F>(problem, group);
  group.first_position = NearPosition(problem.first_position);
  if constexpr (F::kRunTimeSpan) {
    SetOptions(problem, group);
  } else if (F::kCausal && !problem.causal) {
    group.first_position = kFar;
  }
  SetOutputs<F>(problem, group);
}

template <class Shape, class Source>
HWY_INLINE void MoveGroup(const AttentionProblem& problem, size_t batch,
                          size_t kv_head, GroupOf<Shape>& group) {
  using F = typename Shape::Features;
  const size_t head = kv_head * problem.group_heads;
  group.q = problem.q.Row(batch, head, 0);
  group.out = problem.out.Row(batch, head, 0);
  Source::template Move<F>(problem, batch, kv_head, group);
  if constexpr (F::kRunTimeSpan) MoveOptions(problem, batch, head, group);
  MoveOutputs<F>(problem, batch, head, group);
}

// ------------------------------------------------------------- all heads of it

// The blocks of one kv head that fall into the share, or all where there is
// none: one loop, as a second copy of the kernel would double the library.
template <class Orientation>
HWY_NOINLINE void AttendBlocks(
    const GroupOf<typename Orientation::Shape>& group, const Share* share,
    uint64_t before, const Scratch& scratch) {
  const size_t blocks = BlockCount<Orientation>(group);
  bool prepared = false;
  for (size_t block = 0; block < blocks; ++block) {
    if (share != nullptr) {
      const uint64_t cost = BlockCost<Orientation>(group, block);
      const bool is_ours = share->Has(before, cost);
      before += cost;
      if (!is_ours) continue;
    }
    if (!prepared) Orientation::Prepare(group);
    prepared = true;
    AttendBlock<Orientation>(group, RowsOfBlock<Orientation>(group, block),
                             scratch);
  }
}

template <class Orientation, class Source>
HWY_NOINLINE void AttendProblem(const AttentionProblem& problem,
                                const Scratch& scratch) {
  using Shape = typename Orientation::Shape;
  GroupOf<Shape> group;
  // All kv heads of a batch entry cost the same.
  const auto cost_of_head = [&](size_t b) {
    SetGroup<Shape, Source>(problem, b, group);
    MoveGroup<Shape, Source>(problem, b, 0, group);
    return CostOfBlocks<Orientation>(group);
  };
  Share share{problem.part, problem.parts, 0};
  const Share* const of = problem.parts > 1 ? &share : nullptr;
  for (size_t b = 0; of != nullptr && b < problem.batch; ++b) {
    share.total += problem.kv_heads * cost_of_head(b);
  }
  uint64_t before = 0;
  for (size_t b = 0; b < problem.batch; ++b) {
    const uint64_t cost = of != nullptr ? cost_of_head(b) : 0;
    SetGroup<Shape, Source>(problem, b, group);
    for (size_t head = 0; head < problem.kv_heads; ++head) {
      MoveGroup<Shape, Source>(problem, b, head, group);
      AttendBlocks<Orientation>(group, of, before, scratch);
      before += cost;
    }
  }
}

template <class Shape>
HWY_INLINE void AttendTensors(const AttentionProblem& problem,
                              const Scratch& scratch) {
  const size_t rows = problem.queries * problem.group_heads;
  WithPlainOrientation<Shape>(rows, [&](auto orientation) {
    AttendProblem<decltype(orientation), FromTensors>(problem, scratch);
  });
}

template <class Shape>
HWY_INLINE void AttendCache(const AttentionProblem& problem,
                            const Scratch& scratch) {
  using F = typename Shape::Features;
  using Orientation =
      std::conditional_t<F::kQuantised, QuantisedKeyLanes<Shape>,
                         KeyLanes<Shape>>;
  AttendProblem<Orientation, FromCache>(problem, scratch);
}

// Calls body(constant) with the head_dim, as a constant where it has kernels of
// its own.
template <class Body>
HWY_INLINE void WithDim(const AttentionProblem& problem, const Body& body) {
  const size_t dim = problem.head_dim;
  if constexpr (kHasKernelsOfDim) {
    if (dim != problem.value_dim) return body(Constant<0>());
    if (dim == 16) return body(Constant<16>());
    if (dim == 32) return body(Constant<32>());
    if (dim == 64) return body(Constant<64>());
    if (dim == 80) return body(Constant<80>());
    if (dim == 96) return body(Constant<96>());
    if (dim == 128) return body(Constant<128>());
    if (dim == 256) return body(Constant<256>());
  }
  static_cast<void>(dim);
  body(Constant<0>());
}

// Where WithDim found a constant, so is every offset.
template <size_t kDimOr0>
HWY_INLINE Scratch ScratchOf(const AttentionProblem& problem, void* workspace) {
  ScratchRoom room(workspace);
  if constexpr (kDimOr0 != 0) return TakeScratch(kDimOr0, kDimOr0, room);
  return TakeScratch(problem.head_dim, problem.value_dim, room);
}

template <class Features>
HWY_INLINE void AttendCacheWith(const AttentionProblem& problem,
                                const Scratch& scratch) {
  AttendCache<RunTimeShape<0, kAnyRows, Features>>(problem, scratch);
}

// A cache of Element with every option.
template <class Element>
HWY_INLINE void AttendRichCache(const AttentionProblem& problem,
                                const Scratch& scratch) {
  AttendCacheWith<run_time::EveryFeature<Element>>(problem, scratch);
}

// A cache of other elements than float, whatever the call asks for.
template <class Element>
HWY_INLINE void AttendSmallCache(const AttentionProblem& problem,
                                 const Scratch& scratch) {
  if (problem.is_rich) return AttendRichCache<Element>(problem, scratch);
  AttendCacheWith<run_time::PlainFeatures<Element>>(problem, scratch);
}

}  // namespace
// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace fovea
HWY_AFTER_NAMESPACE();

#endif  // FOVEA_RUN_TIME_ATTEND_INL_H_
