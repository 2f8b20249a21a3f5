// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "fovea/c/attention_call.h"
#include "fovea/c/cache_buffer.h"
#include "fovea/c/status_out.h"
#include "fovea/cache_span.h"
#include "fovea/check.h"
#include "fovea/dispatch/attention.h"
#include "fovea/dispatch/int8.h"
#include "fovea/fovea.h"
#include "fovea/ring_place.h"

namespace fovea {
namespace c {
namespace {

// A cache is computed with as it is laid out for.
Status CheckSameArithmetic(const fovea_cache& cache,
                           const fovea_attention& call) noexcept {
  const bool same = call.arithmetic != nullptr
                        ? call.arithmetic->element == cache.element
                        : cache.element <= FOVEA_INT8;
  return same ? Status::kOk : Status::kUnsupported;
}

// Whether they are a cache and a call of its shape, of any batch.
Status CheckBoth(const fovea_cache* cache,
                 const fovea_attention* call) noexcept {
  FOVEA_RETURN_IF_BAD(CheckCache(cache));
  FOVEA_RETURN_IF_BAD(CheckShape(call));
  FOVEA_RETURN_IF_BAD(CheckSameShape(*cache, *call));
  return CheckSameArithmetic(*cache, *call);
}

Status CheckOneStream(const fovea_attention& call) noexcept {
  return call.batch == 1 ? Status::kOk : Status::kUnsupported;
}

// The keys of a ring have no end: nothing may have a column for each of them.
Status CheckRing(const fovea_cache& cache,
                 const fovea_attention& call) noexcept {
  const bool good = call.causal != 0 && call.window == cache.window &&
                    call.sinks == cache.sinks && call.mask.data == nullptr &&
                    call.bias.data == nullptr &&
                    call.block_mask.data == nullptr && !HasMatrix(call);
  return good || !IsRing(cache) ? Status::kOk : Status::kUnsupported;
}

Status CheckAttend(const fovea_cache* cache, const fovea_attention* call,
                   bool is_partial) noexcept {
  FOVEA_RETURN_IF_BAD(CheckBoth(cache, call));
  FOVEA_RETURN_IF_BAD(CheckOneStream(*call));
  FOVEA_RETURN_IF_BAD(CheckRing(*cache, *call));
  const size_t size = SizeOf(*cache);
  if (size == 0) return Status::kZeroCount;
  if (!cache->place.Holds(call->first_position, SizesOf(*cache))) {
    return Status::kForgotten;
  }
  return CheckCall(*call, Reads::kCache, size, WorkspaceBytes(*cache),
                   is_partial);
}

// Queries of a call that attend together.
struct Chunk {
  size_t first_query;
  size_t queries;
  int64_t first_position;
};

void SetChunk(const Chunk& chunk,
              run_time::AttentionProblem& problem) noexcept {
  const size_t query = chunk.first_query;
  problem.q.data += query * problem.q.token_stride;
  problem.out.data += query * problem.out.token_stride;
  if (problem.lse != nullptr) problem.lse += query;
  problem.queries = chunk.queries;
  // Modulo 2^64, whatever the call's own position was.
  problem.rotary_position += static_cast<uint64_t>(chunk.first_position) -
                             static_cast<uint64_t>(problem.first_position);
  problem.first_position = chunk.first_position;
}

void SetArrays(const fovea_cache& cache, run_time::CacheArrays& to) noexcept {
  const size_t slots = static_cast<size_t>(cache.capacity);
  WithElement(cache, [&](const auto& arrays) {
    to.keys = arrays.Keys(ArraysOf(cache), slots, 0);
    to.values = arrays.Values(ArraysOf(cache), slots, 0);
    to.keys_of_head = arrays.KeysOfHead(slots);
    to.values_of_head = arrays.ValuesOfHead(slots);
    using Rows = typename std::decay_t<decltype(arrays)>::Rows;
    if constexpr (std::is_same<Rows, RunTimeQuantisedRows>::value) {
      to.key_scales = arrays.rows.KeyScales(slots);
      to.means = arrays.rows.MeansAt(slots);
      to.value_scales = arrays.rows.ValueScales(slots);
    }
  });
  to.slots = slots;
  to.key_means = MeansOf(cache);
  to.ring_begin = SIZE_MAX;
}

// Where the tiles that the queries see lie, and the positions as the kernels
// count them: see RingShift.
void SetRing(const fovea_cache& cache,
             run_time::AttentionProblem& problem) noexcept {
  const RingSizes sizes = SizesOf(cache);
  const RingPlace place = PlaceInRing(cache, problem.first_position);
  problem.first_position -= place.shift;
  problem.keys = place.keys;
  run_time::CacheArrays& to = problem.cache;
  to.ring_begin = sizes.sink_tokens;
  to.ring_shift = place.slots_earlier;
  to.ring_end = sizes.Tokens();
  to.ring_tokens = sizes.ring_tokens;
  to.means_earlier = place.means_earlier;
}

run_time::AttentionProblem ProblemOfCache(const fovea_cache& cache,
                                          const fovea_attention& call,
                                          const Chunk& chunk,
                                          bool is_partial) noexcept {
  auto problem = ProblemOf(call, SizeOf(cache), is_partial);
  problem.key_lengths = nullptr;
  SetChunk(chunk, problem);
  SetArrays(cache, problem.cache);
  if (IsRing(cache)) SetRing(cache, problem);
  return problem;
}

fovea_input From(fovea_input tokens, size_t first) noexcept {
  tokens.data += first * tokens.token_stride;
  return tokens;
}

Chunk WholeCall(const fovea_attention& call) noexcept {
  return {0, call.queries, call.first_position};
}

void AttendFrom(const fovea_cache& cache, const fovea_attention& call,
                const run_time::AttentionProblem& problem) noexcept {
  void* const workspace = call.workspace;
  if (call.arithmetic != nullptr) {
    return call.arithmetic->attend(problem, workspace);
  }
  switch (cache.element) {
    case FOVEA_BFLOAT16:
      return run_time::AttendBFloat16Cache(problem, workspace);
    case FOVEA_FLOAT16:
      return run_time::AttendFloat16Cache(problem, workspace);
    case FOVEA_INT8:
      return run_time::AttendInt8Cache(problem, workspace);
    default:
      return problem.is_rich ? run_time::AttendFloatCache(problem, workspace)
                             : run_time::AttendPlainCache(problem, workspace);
  }
}

Status Attend(const fovea_cache* cache, const fovea_attention* call) noexcept {
  FOVEA_RETURN_IF_BAD(CheckAttend(cache, call, false));
  const Chunk chunk = WholeCall(*call);
  AttendFrom(*cache, *call, ProblemOfCache(*cache, *call, chunk, false));
  return Status::kOk;
}

Status AttendPartial(const fovea_cache* cache, const fovea_attention* call,
                     size_t first_key, size_t end_key,
                     const fovea_partial* to) noexcept {
  FOVEA_RETURN_IF_BAD(CheckAttend(cache, call, true));
  if (IsRing(*cache)) return Status::kUnsupported;
  FOVEA_RETURN_IF_BAD(CheckRange(first_key, end_key, SizeOf(*cache)));
  FOVEA_RETURN_IF_BAD(CheckPartial(to, *call));
  auto problem = ProblemOfCache(*cache, *call, WholeCall(*call), true);
  SetPartial(*to, first_key, end_key, problem);
  AttendFrom(*cache, *call, problem);
  return Status::kOk;
}

Status Step(fovea_cache* cache, const fovea_attention* call) noexcept {
  FOVEA_RETURN_IF_BAD(CheckStep(cache, call));
  FOVEA_RETURN_IF_BAD(CheckEntries(*cache, call->k, call->v, call->queries,
                                   call->rotary != nullptr));
  StepChecked(*cache, *call);
  return Status::kOk;
}

}  // namespace

size_t WorkspaceBytes(const fovea_cache& cache) noexcept {
  switch (cache.element) {
    case FOVEA_INT8:
      return run_time::Int8WorkspaceBytes(cache.head_dim, cache.value_dim);
    case kInt8ScoresElement:
      return run_time::Int8ScoresBytes(cache.head_dim, cache.value_dim, 0);
    case kInt8Element:
      return run_time::Int8Bytes(cache.head_dim, cache.value_dim, 0);
    default:
      return run_time::WorkspaceBytes(cache.head_dim, cache.value_dim);
  }
}

Status CheckStep(const fovea_cache* cache,
                 const fovea_attention* call) noexcept {
  FOVEA_RETURN_IF_BAD(CheckStreamsStep(cache, call));
  return CheckOneStream(*call);
}

Status CheckStreamsStep(const fovea_cache* cache,
                        const fovea_attention* call) noexcept {
  FOVEA_RETURN_IF_BAD(CheckBoth(cache, call));
  FOVEA_RETURN_IF_BAD(CheckRing(*cache, *call));
  if (call->parts > 1) return Status::kUnsupported;  // each would append
  const size_t tokens = call->queries;
  FOVEA_RETURN_IF_BAD(CheckAppend(*cache, call->k, call->v, tokens));
  const size_t size = SizeOf(*cache);
  return CheckCall(*call, Reads::kTokens, size + tokens, WorkspaceBytes(*cache),
                   false);
}

// A ring takes no more at once than the first of them leaves alone.
void StepChecked(fovea_cache& cache, const fovea_attention& call) noexcept {
  const size_t most = IsRing(cache) ? cache.spare : call.queries;
  for (size_t query = 0; query < call.queries;) {
    const Chunk chunk{query, std::min(call.queries - query, most),
                      static_cast<int64_t>(cache.place.position)};
    Append(cache, From(call.k, query), From(call.v, query), chunk.queries,
           call.rotary);
    AttendFrom(cache, call, ProblemOfCache(cache, call, chunk, false));
    query += chunk.queries;
  }
}

}  // namespace c
}  // namespace fovea

extern "C" size_t fovea_cache_workspace_bytes(const fovea_cache* cache) {
  return fovea::c::CheckCache(cache) == fovea::Status::kOk
             ? fovea::c::WorkspaceBytes(*cache)
             : 0;
}

extern "C" fovea_status fovea_cache_attend(const fovea_cache* cache,
                                           const fovea_attention* call) {
  return fovea::c::Out(fovea::c::Attend(cache, call));
}

extern "C" fovea_status fovea_cache_attend_partial(
    const fovea_cache* cache, const fovea_attention* call, size_t first_key,
    size_t end_key, const fovea_partial* partial) {
  return fovea::c::Out(
      fovea::c::AttendPartial(cache, call, first_key, end_key, partial));
}

extern "C" fovea_status fovea_cache_step(fovea_cache* cache,
                                         const fovea_attention* call) {
  return fovea::c::Out(fovea::c::Step(cache, call));
}
