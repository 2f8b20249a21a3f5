// SPDX-License-Identifier: Apache-2.0
#include <type_traits>

#include "fovea/c/attention_call.h"
#include "fovea/c/cache_buffer.h"
#include "fovea/c/status_out.h"
#include "fovea/check.h"
#include "fovea/dispatch/attention.h"
#include "fovea/fovea.h"

namespace fovea {
namespace c {
namespace {

Status CheckSameShape(const fovea_cache& cache,
                      const fovea_attention& call) noexcept {
  const bool same = call.kv_heads == cache.kv_heads &&
                    call.head_dim == cache.head_dim &&
                    call.value_dim == cache.value_dim && call.batch == 1;
  return same ? Status::kOk : Status::kUnsupported;
}

// Whether they are a cache and a call of its shape.
Status CheckBoth(const fovea_cache* cache,
                 const fovea_attention* call) noexcept {
  FOVEA_RETURN_IF_BAD(CheckCache(cache));
  FOVEA_RETURN_IF_BAD(CheckShape(call));
  return CheckSameShape(*cache, *call);
}

Status CheckAttend(const fovea_cache* cache, const fovea_attention* call,
                   bool is_partial) noexcept {
  FOVEA_RETURN_IF_BAD(CheckBoth(cache, call));
  const size_t size = static_cast<size_t>(cache->size);
  if (size == 0) return Status::kZeroCount;
  return CheckCall(*call, Reads::kCache, size, WorkspaceBytes(*cache),
                   is_partial);
}

run_time::AttentionProblem ProblemOfCache(const fovea_cache& cache,
                                          const fovea_attention& call,
                                          bool is_partial) noexcept {
  const size_t slots = static_cast<size_t>(cache.capacity);
  auto problem = ProblemOf(call, static_cast<size_t>(cache.size), is_partial);
  problem.key_lengths = nullptr;
  WithElement(cache, [&](const auto& arrays) {
    problem.cache.keys = arrays.Keys(ArraysOf(cache), slots, 0);
    problem.cache.values = arrays.Values(ArraysOf(cache), slots, 0);
    problem.cache.keys_of_head = arrays.KeysOfHead(slots);
    problem.cache.values_of_head = arrays.ValuesOfHead(slots);
    if constexpr (std::decay_t<decltype(arrays)>::kQuantised) {
      problem.cache.key_scales = arrays.rows.KeyScales(slots);
      problem.cache.means = arrays.rows.MeansAt(slots);
      problem.cache.value_scales = arrays.rows.ValueScales(slots);
      problem.cache.mean_count = cache.mean_count;
    }
  });
  return problem;
}

void AttendFrom(const fovea_cache& cache,
                const run_time::AttentionProblem& problem,
                void* workspace) noexcept {
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
  AttendFrom(*cache, ProblemOfCache(*cache, *call, false), call->workspace);
  return Status::kOk;
}

Status AttendPartial(const fovea_cache* cache, const fovea_attention* call,
                     size_t first_key, size_t end_key,
                     const fovea_partial* to) noexcept {
  FOVEA_RETURN_IF_BAD(CheckAttend(cache, call, true));
  FOVEA_RETURN_IF_BAD(
      CheckRange(first_key, end_key, static_cast<size_t>(cache->size)));
  FOVEA_RETURN_IF_BAD(CheckPartial(to, *call));
  auto problem = ProblemOfCache(*cache, *call, true);
  SetPartial(*to, first_key, end_key, problem);
  AttendFrom(*cache, problem, call->workspace);
  return Status::kOk;
}

Status Step(fovea_cache* cache, const fovea_attention* call) noexcept {
  FOVEA_RETURN_IF_BAD(CheckStep(cache, call));
  FOVEA_RETURN_IF_BAD(CheckEntries(*cache, call->k, call->v, call->queries));
  StepChecked(*cache, *call);
  return Status::kOk;
}

}  // namespace

size_t WorkspaceBytes(const fovea_cache& cache) noexcept {
  return cache.element == FOVEA_INT8
             ? run_time::Int8WorkspaceBytes(cache.head_dim, cache.value_dim)
             : run_time::WorkspaceBytes(cache.head_dim, cache.value_dim);
}

Status CheckStep(const fovea_cache* cache,
                 const fovea_attention* call) noexcept {
  FOVEA_RETURN_IF_BAD(CheckBoth(cache, call));
  if (call->parts > 1) return Status::kUnsupported;  // each would append
  const size_t tokens = call->queries;
  FOVEA_RETURN_IF_BAD(CheckAppend(*cache, call->k, call->v, tokens));
  const size_t size = static_cast<size_t>(cache->size);
  return CheckCall(*call, Reads::kTokens, size + tokens, WorkspaceBytes(*cache),
                   false);
}

void StepChecked(fovea_cache& cache, const fovea_attention& call) noexcept {
  const int64_t position = static_cast<int64_t>(cache.size);
  Append(cache, call.k, call.v, call.queries);
  auto problem = ProblemOfCache(cache, call, false);
  problem.first_position = position;
  AttendFrom(cache, problem, call.workspace);
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
