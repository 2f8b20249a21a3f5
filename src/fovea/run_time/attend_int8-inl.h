// SPDX-License-Identifier: Apache-2.0
// An AttentionProblem computed in int8, on tensors as on a cache: one kernel
// for both, as the keys and values of tensors are made those of a cache.
#if defined(FOVEA_RUN_TIME_ATTEND_INT8_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FOVEA_RUN_TIME_ATTEND_INT8_INL_H_
#undef FOVEA_RUN_TIME_ATTEND_INT8_INL_H_
#else
#define FOVEA_RUN_TIME_ATTEND_INT8_INL_H_
#endif

#include "fovea/run_time/attend-inl.h"
#include "fovea/run_time/int8_arithmetic.h"

HWY_BEFORE_NAMESPACE();
namespace fovea {
namespace HWY_NAMESPACE {
namespace {

template <Arithmetic kArithmetic>
using Int8RowsOf = run_time::RunTimeInt8Rows<
    std::bool_constant<kArithmetic == Arithmetic::kInt8>>;

// Of one kv head with so many slots.
template <Arithmetic kArithmetic>
HWY_INLINE Int8RowsOf<kArithmetic> RowsOfSlots(size_t head_dim,
                                               size_t value_dim, size_t slots,
                                               const KeyMeans& means) {
  return {
      Length<0>(head_dim), Length<0>(value_dim), Length<0>(slots), means, {}};
}

// Slots for the keys of tensors: whole panels.
HWY_INLINE size_t SlotsOfTensors(size_t keys) { return RoundUp(keys, kPanel); }
HWY_INLINE KeyMeans MeansOfTensors(bool exist) { return {exist, 0, 0}; }

// ------------------------------------------------------------------ workspace

HWY_INLINE HWY_MAYBE_UNUSED Scratch TakeInt8Scratch(size_t head_dim,
                                                    size_t value_dim,
                                                    ScratchRoom& room) {
  using Shape = RunTimeShape<0, kAnyRows, run_time::PlainFeatures<float>>;
  constexpr size_t kRows = Shape::kRows;
  constexpr size_t kParts = 2;  // of a weight
  Scratch to = TakeScratch(head_dim, value_dim, room);
  to.query_quads = room.Take<int32_t>(kRows * RoundUp(head_dim, 4) / 4);
  to.query_offsets = room.Take<int32_t>(kRows);
  to.query_scales = room.Take<float>(kRows);
  to.mean_scores = room.Take<float>(kRows * kPanel);
  to.scored_means = room.Take<size_t>(1);
  to.first_scores = room.Take<float>(kRows * kPanel);
  to.weight_quads = room.Take<int32_t>(kParts * kRows * kTile / 4);
  to.weight_steps = room.Take<float>(kRows);
  to.fine_steps = room.Take<float>(kRows);
  to.has_fine = room.Take<bool>(1);
  to.partials = room.Take<float>(kRows * kPanel);
  return to;
}

// Room for one kv head of the call's tensors.
template <Arithmetic kArithmetic>
HWY_INLINE void TakeStores(AttentionProblem& problem, ScratchRoom& room) {
  const size_t slots = SlotsOfTensors(problem.keys);
  const auto rows = RowsOfSlots<kArithmetic>(
      problem.head_dim, problem.value_dim, slots, MeansOfTensors(true));
  problem.key_store = room.Take<int8_t>(rows.KeysOfHead(slots));
  const size_t values = rows.int8_values ? rows.ValuesOfHead(slots) : 0;
  problem.value_store = room.Take<int8_t>(values);
}

// keys: of tensors, 0 of a cache.
template <Arithmetic kArithmetic>
HWY_INLINE size_t ScratchBytesIn(size_t head_dim, size_t value_dim,
                                 size_t keys) {
  ScratchRoom room(nullptr);
  TakeInt8Scratch(head_dim, value_dim, room);
  AttentionProblem problem{};
  problem.head_dim = head_dim;
  problem.value_dim = value_dim;
  problem.keys = keys;
  if (keys != 0) TakeStores<kArithmetic>(problem, room);
  return room.bytes();
}

// ------------------------------------------------------------ keys and values

// A cache, or tensors, which Quantises makes the same before they are read.
struct FromInt8 {
  template <class Features, class Group>
  static HWY_INLINE void Set(const AttentionProblem& problem, Group& group) {
    group.plain_k_stride = problem.k.token_stride;
    group.plain_v_stride = problem.v.token_stride;
    group.plain_keys = group.keys;
    group.key_store = problem.key_store;
    group.value_store = problem.value_store;
    group.v_token_stride = IsCache(problem) ? problem.value_dim  // floats
                                            : problem.v.token_stride;
    if (IsCache(problem)) {
      SetRing<Features>(problem.cache, group);
    } else if constexpr (Features::kRing) {
      group.ring_begin = SIZE_MAX;
    }
  }

  template <class Features, class Group>
  static HWY_INLINE void Move(const AttentionProblem& problem, size_t batch,
                              size_t kv_head, Group& group) {
    if (IsCache(problem)) {
      MoveInCache<Features>(problem, kv_head, group);
    } else {
      MoveInTensors<Features>(problem, batch, kv_head, group);
    }
  }

 private:
  static HWY_INLINE bool IsCache(const AttentionProblem& problem) {
    return problem.cache.keys != nullptr;
  }

  template <class Features, class Group>
  static HWY_INLINE void MoveInCache(const AttentionProblem& problem,
                                     size_t kv_head, Group& group) {
    const run_time::CacheArrays& cache = problem.cache;
    const auto rows = RowsOfSlots<Features::kArithmetic>(
        problem.head_dim, problem.value_dim, cache.slots, cache.key_means);
    const auto* keys = static_cast<const int8_t*>(cache.keys);
    const auto* values = static_cast<const int8_t*>(cache.values) +
                         kv_head * cache.values_of_head;
    SetInt8Keys(rows, keys + kv_head * cache.keys_of_head, cache.slots, group);
    if constexpr (Features::kInt8Values) {
      SetInt8Values(rows, values, cache.slots, group);
    } else {
      group.v = rows.FloatsAt(values, 0);
    }
    group.plain_k = nullptr;
  }

  template <class Features, class Group>
  static HWY_INLINE void MoveInTensors(const AttentionProblem& problem,
                                       size_t batch, size_t kv_head,
                                       Group& group) {
    const size_t slots = SlotsOfTensors(problem.keys);
    const auto rows = RowsOfSlots<Features::kArithmetic>(
        problem.head_dim, problem.value_dim, slots,
        MeansOfTensors(!problem.raw_keys));
    SetInt8Keys(rows, problem.key_store, slots, group);
    group.plain_k = problem.k.Row(batch, kv_head, 0);
    group.plain_v = problem.v.Row(batch, kv_head, 0);
    if constexpr (Features::kInt8Values) {
      SetInt8Values(rows, problem.value_store, slots, group);
    } else {
      group.v = group.plain_v;
    }
  }
};

// One kv head, once for all features.
template <class Rows>
HWY_NOINLINE void QuantiseHead(const Rows& rows,
                               const group_options::Int8Keys<true>& group) {
  QuantiseKeys(rows, group.plain_k, group.plain_k_stride, group.plain_keys,
               group.key_store);
  if (!rows.int8_values) return;
  QuantiseValues(rows, group.plain_v, group.plain_v_stride, group.plain_keys,
                 group.value_store);
}

template <Arithmetic kArithmetic>
struct Quantises {
  template <class Group>
  static HWY_INLINE void Prepare(const Group& group) {
    if (group.plain_k == nullptr) return;
    QuantiseHead(RowsOfSlots<kArithmetic>(
                     group.head_dim, group.value_dim, group.channel_stride,
                     MeansOfTensors(group.means.count != 0)),
                 group);
  }
};

// --------------------------------------------------------------- all heads

template <class Features>
HWY_INLINE void AttendInt8With(const AttentionProblem& problem,
                               const Scratch& scratch) {
  using Shape = RunTimeShape<0, kAnyRows, Features>;
  AttendProblem<Int8KeyLanes<Shape, Quantises<Features::kArithmetic>>,
                FromInt8>(problem, scratch);
}

template <Arithmetic kArithmetic>
HWY_INLINE void AttendInInt8(AttentionProblem problem, void* workspace) {
  ScratchRoom room(workspace);
  const Scratch scratch =
      TakeInt8Scratch(problem.head_dim, problem.value_dim, room);
  if (problem.cache.keys == nullptr) TakeStores<kArithmetic>(problem, room);
  if (problem.is_rich) {
    AttendInt8With<run_time::EveryFeature<int8_t, kArithmetic>>(problem,
                                                                scratch);
  } else {
    AttendInt8With<run_time::PlainFeatures<int8_t, kArithmetic>>(problem,
                                                                 scratch);
  }
}

}  // namespace
// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace fovea
HWY_AFTER_NAMESPACE();

#endif  // FOVEA_RUN_TIME_ATTEND_INT8_INL_H_
