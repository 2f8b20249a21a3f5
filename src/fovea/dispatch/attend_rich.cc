// SPDX-License-Identifier: Apache-2.0
#include "fovea/dispatch/attention.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "fovea/dispatch/attend_rich.cc"
#include <hwy/foreach_target.h>
// After foreach_target.
#include "fovea/run_time/attend-inl.h"

HWY_BEFORE_NAMESPACE();
namespace fovea {
namespace HWY_NAMESPACE {
namespace {

void AttendRich(const AttentionProblem& problem, void* workspace) {
  const Scratch scratch = ScratchOf<0>(problem, workspace);
  // Of any number of rows: outputs of every key are for looking at, and a
  // partial is worth its merge where there is much to do.
  const auto attend = [&](auto features) {
    using Shape = RunTimeShape<0, kAnyRows, decltype(features)>;
    AttendProblem<QueryLanes<Shape>, FromTensors>(problem, scratch);
  };
  if (problem.partial.max != nullptr) {
    attend(run_time::PartialFeatures<float>());
  } else if (problem.weights != nullptr || problem.scores != nullptr) {
    attend(run_time::OutputFeatures<float>());
  } else {
    using F = run_time::RichFeatures<float>;
    AttendTensors<RunTimeShape<0, kAnyRows, F>>(problem, scratch);
  }
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
HWY_EXPORT(AttendRich);
}  // namespace

void AttendRich(const AttentionProblem& problem, void* workspace) noexcept {
  HWY_DYNAMIC_DISPATCH(AttendRich)(problem, workspace);
}

}  // namespace run_time
}  // namespace fovea
#endif  // HWY_ONCE
