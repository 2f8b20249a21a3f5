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

// A lone row has kernels of its own: it is most of what a decode does.
void AttendPlainCache(const AttentionProblem& problem, void* workspace) {
  using F = run_time::PlainFeatures<float>;
  const Scratch scratch = ScratchOf(problem, workspace);
  WithDim(problem, [&](auto dim) {
    if (problem.queries * problem.heads == problem.kv_heads) {
      AttendCache<RunTimeShape<dim.value, 1, F, 1>>(problem, scratch);
    } else {
      AttendCache<RunTimeShape<dim.value, kAnyRows, F>>(problem, scratch);
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
