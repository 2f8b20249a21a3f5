// SPDX-License-Identifier: Apache-2.0
#include "fovea/dispatch/softmax.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "fovea/dispatch/softmax.cc"
#include <hwy/foreach_target.h>
// After foreach_target.
#include "fovea/kernels/softmax-inl.h"

HWY_BEFORE_NAMESPACE();
namespace fovea {
namespace HWY_NAMESPACE {
namespace {

void SoftmaxRows(const run_time::SoftmaxProblem& problem) {
  for (size_t row = 0; row < problem.rows; ++row) {
    const uint8_t* mask = problem.mask == nullptr
                              ? nullptr
                              : problem.mask + row * problem.mask_stride;
    const LogitRow logits{problem.x + row * problem.x_stride, mask,
                          problem.count, problem.scale};
    float* y = problem.y + row * problem.y_stride;
    if (problem.logarithm) {
      LogSoftmaxRow(logits, y);
    } else {
      SoftmaxRow(logits, y);
    }
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
HWY_EXPORT(SoftmaxRows);
}  // namespace

void Softmax(const SoftmaxProblem& problem) noexcept {
  HWY_DYNAMIC_DISPATCH(SoftmaxRows)(problem);
}

}  // namespace run_time
}  // namespace fovea
#endif  // HWY_ONCE
