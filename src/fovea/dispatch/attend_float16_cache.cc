// SPDX-License-Identifier: Apache-2.0
#include "fovea/dispatch/attention.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "fovea/dispatch/attend_float16_cache.cc"
#include <hwy/foreach_target.h>
// After foreach_target.
#include "fovea/run_time/attend-inl.h"

HWY_BEFORE_NAMESPACE();
namespace fovea {
namespace HWY_NAMESPACE {
namespace {

void AttendFloat16Cache(const AttentionProblem& problem, void* workspace) {
  AttendSmallCache<hwy::float16_t>(problem, ScratchOf<0>(problem, workspace));
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
HWY_EXPORT(AttendFloat16Cache);
}  // namespace

void AttendFloat16Cache(const AttentionProblem& problem,
                        void* workspace) noexcept {
  HWY_DYNAMIC_DISPATCH(AttendFloat16Cache)(problem, workspace);
}

}  // namespace run_time
}  // namespace fovea
#endif  // HWY_ONCE
