// SPDX-License-Identifier: Apache-2.0
// Linear layers in integers on the best target of this CPU, or on the one that
// was chosen.
#ifndef FOVEA_DISPATCH_LINEAR_INTEGER_H_
#define FOVEA_DISPATCH_LINEAR_INTEGER_H_

#include <cstddef>
#include <cstdint>

namespace fovea {
namespace run_time {

// Members as of fovea_linear_integer.
struct LinearIntegerProblem {
  const int8_t* x;
  size_t x_stride;
  int8_t* y;
  int16_t* y16;  // where y is null
  size_t y_stride;
  size_t tokens, inputs, outputs;
  const int8_t* panels;
  const int32_t* bias;
  const int32_t* multipliers;
  const int8_t* shifts;
  int32_t x_zero, y_zero;
};

// Unchecked.
void LinearInteger(const LinearIntegerProblem& problem) noexcept;

}  // namespace run_time
}  // namespace fovea

#endif  // FOVEA_DISPATCH_LINEAR_INTEGER_H_
