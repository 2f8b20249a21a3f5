// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <cstdint>

#include "fovea/c/integer_cache_buffer.h"
#include "fovea/c/integer_call.h"
#include "fovea/c/status_out.h"
#include "fovea/cache_span.h"
#include "fovea/check.h"
#include "fovea/dispatch/integer_attention.h"
#include "fovea/fovea.h"

namespace fovea {
namespace c {
namespace {

// The keys of a ring have no end: no mask has a column for each of them.
Status CheckRing(const fovea_integer_cache& cache,
                 const fovea_integer_attention& call) noexcept {
  const bool good = call.causal != 0 && call.window == cache.window &&
                    call.sinks == cache.sinks && call.mask.data == nullptr;
  return good || !IsRing(cache) ? Status::kOk : Status::kUnsupported;
}

// Whether they are a cache and a call that it can take.
Status CheckBoth(const fovea_integer_cache* cache,
                 const fovea_integer_attention* call) noexcept {
  FOVEA_RETURN_IF_BAD(CheckCache(cache));
  FOVEA_RETURN_IF_BAD(CheckShape(call));
  FOVEA_RETURN_IF_BAD(CheckSameShape(*cache, *call));
  if (call->batch != 1) return Status::kUnsupported;
  return CheckRing(*cache, *call);
}

Status CheckAttend(const fovea_integer_cache* cache,
                   const fovea_integer_attention* call) noexcept {
  FOVEA_RETURN_IF_BAD(CheckBoth(cache, call));
  const size_t size = SizeOf(*cache);
  if (size == 0) return Status::kZeroCount;
  if (!cache->place.Holds(call->first_position, SizesOf(*cache))) {
    return Status::kForgotten;
  }
  return CheckCall(*call, Reads::kCache, size);
}

Status CheckStep(const fovea_integer_cache* cache,
                 const fovea_integer_attention* call) noexcept {
  FOVEA_RETURN_IF_BAD(CheckBoth(cache, call));
  if (call->parts > 1) return Status::kUnsupported;  // each would append
  const size_t tokens = call->queries;
  FOVEA_RETURN_IF_BAD(
      CheckTokens(*cache, ViewOf(call->k), ViewOf(call->v), tokens));
  return CheckCall(*call, Reads::kTokens, SizeOf(*cache) + tokens);
}

// Queries of a call that attend together.
struct Chunk {
  size_t first_query;
  size_t queries;
  int64_t first_position;
};

template <class T>
View<T> TokensFrom(View<T> view, size_t token) noexcept {
  view.data += token * view.token_stride;
  return view;
}

// Where the tiles that the queries see lie, and the positions as the kernels
// count them: see RingPlace.
void SetRing(const fovea_integer_cache& cache,
             run_time::IntegerProblem& problem) noexcept {
  const RingPlace place = PlaceInRing(cache, problem.first_position);
  problem.first_position -= place.shift;
  problem.keys = place.keys;
  problem.cache.slots_earlier = place.slots_earlier;
}

void AttendChunk(const fovea_integer_cache& cache,
                 const fovea_integer_attention& call,
                 const Chunk& chunk) noexcept {
  auto problem = ProblemOf(call, SizeOf(cache));
  problem.key_lengths = nullptr;
  problem.q = TokensFrom(problem.q, chunk.first_query);
  problem.out = TokensFrom(problem.out, chunk.first_query);
  problem.queries = chunk.queries;
  problem.first_position = chunk.first_position;
  const IntegerArrays arrays = LayoutOf(cache);
  const size_t slots = static_cast<size_t>(cache.capacity);
  problem.cache = {arrays.Keys(ArraysOf(cache), slots, 0),
                   arrays.Values(ArraysOf(cache), slots, 0),
                   arrays.KeysOfHead(slots),
                   arrays.ValuesOfHead(slots),
                   SizesOf(cache),
                   0};
  if (IsRing(cache)) SetRing(cache, problem);
  run_time::AttendIntegerCache(problem, call.workspace);
}

Status Attend(const fovea_integer_cache* cache,
              const fovea_integer_attention* call) noexcept {
  FOVEA_RETURN_IF_BAD(CheckAttend(cache, call));
  AttendChunk(*cache, *call, {0, call->queries, call->first_position});
  return Status::kOk;
}

// A ring takes no more at once than the first of them leaves alone.
Status Step(fovea_integer_cache* cache,
            const fovea_integer_attention* call) noexcept {
  FOVEA_RETURN_IF_BAD(CheckStep(cache, call));
  const size_t most = IsRing(*cache) ? cache->spare : call->queries;
  for (size_t query = 0; query < call->queries;) {
    const size_t left = call->queries - query;
    const Chunk chunk{query, left < most ? left : most,
                      static_cast<int64_t>(cache->place.position)};
    Append(*cache, TokensFrom(ViewOf(call->k), query),
           TokensFrom(ViewOf(call->v), query), chunk.queries);
    AttendChunk(*cache, *call, chunk);
    query += chunk.queries;
  }
  return Status::kOk;
}

}  // namespace
}  // namespace c
}  // namespace fovea

extern "C" fovea_status fovea_integer_cache_step(
    fovea_integer_cache* cache, const fovea_integer_attention* call) {
  return fovea::c::Out(fovea::c::Step(cache, call));
}

extern "C" fovea_status fovea_integer_cache_attend(
    const fovea_integer_cache* cache, const fovea_integer_attention* call) {
  return fovea::c::Out(fovea::c::Attend(cache, call));
}
