// SPDX-License-Identifier: Apache-2.0
#include "fovea/dispatch/attention.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "fovea/dispatch/attend_int8_cache.cc"
#include <hwy/foreach_target.h>
// After foreach_target.
#include "fovea/run_time/attend-inl.h"

HWY_BEFORE_NAMESPACE();
namespace fovea {
namespace HWY_NAMESPACE {
namespace {

// Integer products: no other target's kernels would do.
void AttendInt8Cache(const AttentionProblem& problem, void* workspace) {
  ScratchRoom room(workspace);
  AttendSmallCache<int8_t>(
      problem, TakeQuantisedScratch(problem.head_dim, problem.value_dim, room));
}

size_t Int8ScratchBytes(size_t head_dim, size_t value_dim) {
  return QuantisedScratchBytes(head_dim, value_dim);
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
HWY_EXPORT(AttendInt8Cache);
HWY_EXPORT(Int8ScratchBytes);
}  // namespace

void AttendInt8Cache(const AttentionProblem& problem,
                     void* workspace) noexcept {
  HWY_DYNAMIC_DISPATCH(AttendInt8Cache)(problem, workspace);
}

size_t Int8WorkspaceBytes(size_t head_dim, size_t value_dim) noexcept {
  return HWY_DYNAMIC_DISPATCH(Int8ScratchBytes)(head_dim, value_dim);
}

}  // namespace run_time
}  // namespace fovea
#endif  // HWY_ONCE
