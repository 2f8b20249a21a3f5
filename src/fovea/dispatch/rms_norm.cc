// SPDX-License-Identifier: Apache-2.0
#include "fovea/dispatch/rms_norm.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "fovea/dispatch/rms_norm.cc"
#include <hwy/foreach_target.h>
// After foreach_target.
#include "fovea/kernels/rms_norm-inl.h"

HWY_BEFORE_NAMESPACE();
namespace fovea {
namespace HWY_NAMESPACE {
namespace {

void RmsNormRows(const run_time::NormProblem& problem) {
  for (size_t t = 0; t < problem.tokens; ++t) {
    RmsNormRow(problem.x + t * problem.x_stride, problem.weight, problem.eps,
               problem.dim, problem.y + t * problem.y_stride);
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
HWY_EXPORT(RmsNormRows);
}  // namespace

void RmsNorm(const NormProblem& problem) noexcept {
  HWY_DYNAMIC_DISPATCH(RmsNormRows)(problem);
}

}  // namespace run_time
}  // namespace fovea
#endif  // HWY_ONCE
