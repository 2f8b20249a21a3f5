// SPDX-License-Identifier: Apache-2.0
#include "fovea/dispatch/attention.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "fovea/dispatch/attend_int8_cache.cc"
#include <hwy/foreach_target.h>
// After foreach_target.
#include "fovea/dispatch/int8_targets.h"
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

size_t Int8CacheScratchBytes(size_t head_dim, size_t value_dim) {
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

FOVEA_EXPORT_INT8(AttendInt8Cache);
FOVEA_EXPORT_INT8(Int8CacheScratchBytes);

#ifndef FOVEA_INT8_TARGET

void AttendInt8Cache(const AttentionProblem& problem,
                     void* workspace) noexcept {
  FOVEA_DISPATCH_INT8(AttendInt8Cache)(problem, workspace);
}

size_t Int8WorkspaceBytes(size_t head_dim, size_t value_dim) noexcept {
  return FOVEA_DISPATCH_INT8(Int8CacheScratchBytes)(head_dim, value_dim);
}

#endif  // FOVEA_INT8_TARGET

}  // namespace run_time
}  // namespace fovea
#endif  // HWY_ONCE
