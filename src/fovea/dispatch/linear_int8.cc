// SPDX-License-Identifier: Apache-2.0
#include "fovea/dispatch/linear_int8.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "fovea/dispatch/linear_int8.cc"
#include <hwy/foreach_target.h>
// After foreach_target.
#include "fovea/dispatch/int8_targets.h"
#include "fovea/kernels/linear_int8-inl.h"

HWY_BEFORE_NAMESPACE();
namespace fovea {
namespace HWY_NAMESPACE {
namespace {

QuantisedTokens TokensIn(void* workspace, size_t inputs) {
  constexpr size_t kTokens = run_time::kTokensTogether;
  int32_t* const quads = static_cast<int32_t*>(workspace);
  float* const scales =
      reinterpret_cast<float*>(quads + kTokens * (RoundUp(inputs, 4) / 4));
  return {quads, scales, reinterpret_cast<int32_t*>(scales + kTokens)};
}

void LinearInt8Tokens(const run_time::LinearInt8Problem& problem) {
  constexpr size_t kTokens = run_time::kTokensTogether;
  const QuantisedTokens quantised = TokensIn(problem.workspace, problem.inputs);
  for (size_t first = 0; first < problem.tokens; first += kTokens) {
    const size_t count = HWY_MIN(problem.tokens - first, kTokens);
    QuantiseTokens(problem.x + first * problem.x_stride, problem.x_stride,
                   problem.inputs, count, quantised);
    ApplyLinearInt8<kTokens>(
        {problem.panels, problem.scales, problem.bias, problem.inputs,
         problem.outputs, problem.y + first * problem.y_stride,
         problem.y_stride},
        quantised, count);
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

FOVEA_EXPORT_INT8(LinearInt8Tokens);

#ifndef FOVEA_INT8_TARGET

size_t LinearInt8Bytes(size_t inputs) noexcept {
  const size_t quads = RoundUp(inputs, 4) / 4;
  return kTokensTogether * (quads + 2) * sizeof(int32_t);
}

void LinearInt8(const LinearInt8Problem& problem) noexcept {
  FOVEA_DISPATCH_INT8(LinearInt8Tokens)(problem);
}

#endif  // FOVEA_INT8_TARGET

}  // namespace run_time
}  // namespace fovea
#endif  // HWY_ONCE
