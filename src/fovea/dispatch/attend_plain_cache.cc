// SPDX-License-Identifier: Apache-2.0
#include "fovea/dispatch/attention.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "fovea/dispatch/attend_plain_cache.cc"
#include <hwy/foreach_target.h>
// After foreach_target.
#include "fovea/run_time/attend-inl.h"

HWY_BEFORE_NAMESPACE();
namespace fovea {
namespace HWY_NAMESPACE {
namespace {

// Whether every kv head has a lone row, which sees all of its keys.
bool IsLone(const AttentionProblem& problem) {
  const int64_t keys = static_cast<int64_t>(problem.keys);
  return problem.queries * problem.heads == problem.kv_heads &&
         problem.lse == nullptr &&
         (!problem.causal || problem.first_position >= keys - 1);
}

void AttendPlainCache(const AttentionProblem& problem, void* workspace) {
  using Lone = run_time::LoneFeatures<float>;
  using F = run_time::PlainFeatures<float>;
  WithDim(problem, [&](auto dim) {
    constexpr size_t kDim = dim.value;
    const Scratch scratch = ScratchOf<kDim>(problem, workspace);
    if (IsLone(problem)) {
      AttendCache<RunTimeShape<kDim, 1, Lone, 1>>(problem, scratch);
    } else {
      AttendCache<RunTimeShape<kDim, kAnyRows, F>>(problem, scratch);
    }
  });
}

}  // namespace
// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace fovea
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace fovea {
namespace run_time {
namespace {
HWY_EXPORT(AttendPlainCache);
}  // namespace

void AttendPlainCache(const AttentionProblem& problem,
                      void* workspace) noexcept {
  HWY_DYNAMIC_DISPATCH(AttendPlainCache)(problem, workspace);
}

}  // namespace run_time
}  // namespace fovea
#endif  // HWY_ONCE
