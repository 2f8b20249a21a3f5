// SPDX-License-Identifier: Apache-2.0
#include "fovea/dispatch/linear.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "fovea/dispatch/linear.cc"
#include <hwy/foreach_target.h>
// After foreach_target.
#include "fovea/kernels/linear-inl.h"

HWY_BEFORE_NAMESPACE();
namespace fovea {
namespace HWY_NAMESPACE {
namespace {

void LinearTokens(const run_time::LinearProblem& problem) {
  constexpr size_t kAnyTokens = size_t{1} << 20;
  ApplyLinear<kAnyTokens>(
      {problem.x, problem.x_stride, problem.panels, problem.bias, problem.y,
       problem.y_stride, problem.inputs, problem.outputs},
      problem.tokens);
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
HWY_EXPORT(LinearTokens);
}  // namespace

void Linear(const LinearProblem& problem) noexcept {
  HWY_DYNAMIC_DISPATCH(LinearTokens)(problem);
}

}  // namespace run_time
}  // namespace fovea
#endif  // HWY_ONCE
