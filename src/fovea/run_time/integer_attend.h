// SPDX-License-Identifier: Apache-2.0
// Lays an IntegerProblem out for the kernels, as IntegerAttention<Config> does
// a Call.  Between the leaf's pieces nothing is worth a target of its own.
#ifndef FOVEA_RUN_TIME_INTEGER_ATTEND_H_
#define FOVEA_RUN_TIME_INTEGER_ATTEND_H_

#include <cstddef>
#include <cstdint>

#include "fovea/cache_layout.h"
#include "fovea/kernels/integer_attend.h"
#include "fovea/run_time/integer_problem.h"
#include "fovea/run_time/scratch_room.h"

namespace fovea {
namespace integer {
namespace {

using run_time::IntegerProblem;
using run_time::ScratchRoom;

template <class Leaf>
using RunTimeScratch = ScratchOf<Leaf, RunTimeShape<false>>;

// For blocks of so many rows.
template <class Leaf>
RunTimeScratch<Leaf> TakeScratch(size_t head_dim, size_t value_dim, size_t rows,
                                 ScratchRoom& room) noexcept {
  const size_t most = rows < kMostRows ? rows : kMostRows;
  RunTimeScratch<Leaf> to{};
  to.leaf.head_dim = head_dim, to.leaf.value_dim = value_dim;
  to.scores = room.Take<int32_t[kTile]>(most);
  to.rows = room.Take<RowState>(most);
  to.output = {room.Take<int32_t>(to.leaf.Take(most, room)), value_dim};
  return to;
}

template <class Leaf>
size_t RunTimeBytes(size_t head_dim, size_t value_dim, size_t rows) noexcept {
  ScratchRoom room(nullptr);
  TakeScratch<Leaf>(head_dim, value_dim, rows, room);
  return room.bytes();
}

inline RunTimeGroup GroupOfProblem(const IntegerProblem& problem, size_t batch,
                                   size_t kv_head) noexcept {
  RunTimeGroup group{};
  group.heads = problem.group_heads;
  const size_t head = kv_head * group.heads;
  group.q = problem.q.Row(batch, head, 0);
  group.q_head_stride = problem.q.head_stride;
  group.q_token_stride = problem.q.token_stride;
  group.out = problem.out.Row(batch, head, 0);
  group.out_head_stride = problem.out.head_stride;
  group.out_token_stride = problem.out.token_stride;
  group.queries = problem.queries;
  group.key_count =
      problem.key_lengths ? problem.key_lengths[batch] : problem.keys;
  group.first_position = NearPosition(problem.first_position);
  group.scales = &problem.scales;
  group.mask = problem.mask;
  if (group.mask.data) group.mask.data = problem.mask.Row(batch, head, 0);
  group.mask_keys = problem.mask_keys;
  group.head_dim = problem.head_dim;
  group.value_dim = problem.value_dim;
  group.causal = problem.causal;
  group.window = problem.window == 0 ? kEverything
                                     : static_cast<ptrdiff_t>(problem.window);
  group.sinks = static_cast<ptrdiff_t>(problem.sinks);
  return group;
}

// `kv_head` of a cache or of tensors.
template <bool kCached>
RunTimeGroup GroupOfHead(const IntegerProblem& problem, size_t batch,
                         size_t kv_head) noexcept {
  RunTimeGroup group = GroupOfProblem(problem, batch, kv_head);
  if (kCached) {
    const run_time::IntegerArrays& cache = problem.cache;
    group.keys = cache.keys + kv_head * cache.keys_of_head;
    group.values = cache.values + kv_head * cache.values_of_head;
    group.storage = cache.storage;
    group.slots_earlier = cache.slots_earlier;
  } else {
    group.keys = problem.k.Row(batch, kv_head, 0);
    group.key_stride = problem.k.token_stride;
    group.values = problem.v.Row(batch, kv_head, 0);
    group.value_stride = problem.v.token_stride;
  }
  return group;
}

// One worker's share, as of IntegerAttention::Run: with one part, all of it.
template <class Leaf, bool kCached>
void AttendShareOf(const IntegerProblem& problem,
                   RunTimeScratch<Leaf>& scratch) noexcept {
  using S = RunTimeShape<kCached>;
  Share share{problem.part, problem.parts, 0};
  const bool is_whole = problem.parts == 1;
  // All kv heads of a batch entry cost the same.
  const auto cost_of_head = [&](size_t b) {
    return is_whole ? 1 : CostOfBlocks<S>(GroupOfHead<kCached>(problem, b, 0));
  };
  for (size_t b = 0; !is_whole && b < problem.batch; ++b) {
    share.total += problem.kv_heads * cost_of_head(b);
  }
  uint64_t before = 0;
  for (size_t b = 0; b < problem.batch; ++b) {
    const uint64_t cost = cost_of_head(b);
    for (size_t head = 0; head < problem.kv_heads; ++head) {
      const RunTimeGroup group = GroupOfHead<kCached>(problem, b, head);
      if (is_whole) {
        AttendHeadGroup<Leaf, S>(group, scratch);
      } else {
        AttendShare<Leaf, S>(group, share, before, scratch);
      }
      before += cost;
    }
  }
}

template <class Leaf, bool kCached>
void AttendProblem(const IntegerProblem& problem, void* workspace) noexcept {
  ScratchRoom room(workspace);
  const size_t rows = problem.group_heads * problem.queries;
  auto scratch =
      TakeScratch<Leaf>(problem.head_dim, problem.value_dim, rows, room);
  AttendShareOf<Leaf, kCached>(problem, scratch);
}

}  // namespace
}  // namespace integer
}  // namespace fovea

#endif  // FOVEA_RUN_TIME_INTEGER_ATTEND_H_
