// SPDX-License-Identifier: Apache-2.0
#include "fovea/dispatch/attention.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "fovea/dispatch/attend_bfloat16_cache.cc"
#include <hwy/foreach_target.h>
// After foreach_target.
#include "fovea/run_time/attend-inl.h"

HWY_BEFORE_NAMESPACE();
namespace fovea {
namespace HWY_NAMESPACE {
namespace {

#ifdef FOVEA_SAME_FLOATS
using FOVEA_SAME_FLOATS::AttendBFloat16Cache;
#else

void AttendBFloat16Cache(const AttentionProblem& problem, void* workspace) {
  const Scratch scratch = ScratchOf<0>(problem, workspace);
  const auto attend = [&](auto features) {
    using F = decltype(features);
    AttendCache<RunTimeShape<0, kAnyRows, F>>(problem, scratch);
  };
  if (!problem.is_rich)
    return attend(run_time::PlainFeatures<hwy::bfloat16_t>());
  if (problem.partial.max != nullptr) {
    attend(run_time::PartialFeatures<hwy::bfloat16_t>());
  } else if (problem.weights != nullptr || problem.scores != nullptr) {
    attend(run_time::OutputFeatures<hwy::bfloat16_t>());
  } else {
    attend(run_time::RichFeatures<hwy::bfloat16_t>());
  }
}

#endif  // FOVEA_SAME_FLOATS

}  // namespace
// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace fovea
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace fovea {
namespace run_time {
namespace {
HWY_EXPORT(AttendBFloat16Cache);
}  // namespace

void AttendBFloat16Cache(const AttentionProblem& problem,
                         void* workspace) noexcept {
  HWY_DYNAMIC_DISPATCH(AttendBFloat16Cache)(problem, workspace);
}

}  // namespace run_time
}  // namespace fovea
#endif  // HWY_ONCE
