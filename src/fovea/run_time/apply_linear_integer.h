// SPDX-License-Identifier: Apache-2.0
// A LinearIntegerProblem, token by token.
#ifndef FOVEA_RUN_TIME_APPLY_LINEAR_INTEGER_H_
#define FOVEA_RUN_TIME_APPLY_LINEAR_INTEGER_H_

#include <cstddef>

#include "fovea/dispatch/linear_integer.h"
#include "fovea/kernels/linear_integer.h"

namespace fovea {
namespace integer {
namespace {

// Between the leaf's products nothing is worth a target of its own.
template <class Leaf, class Output>
void ApplyTo(Output* y, const run_time::LinearIntegerProblem& problem) {
  const LinearArgs args{problem.panels, problem.bias,   problem.multipliers,
                        problem.shifts, problem.x_zero, problem.y_zero,
                        problem.inputs, problem.outputs};
  for (size_t token = 0; token < problem.tokens; ++token) {
    ApplyLinear<Leaf>(args, problem.x + token * problem.x_stride,
                      y + token * problem.y_stride);
  }
}

template <class Leaf>
void ApplyProblem(const run_time::LinearIntegerProblem& problem) {
  if (problem.y != nullptr) {
    ApplyTo<Leaf>(problem.y, problem);
  } else {
    ApplyTo<Leaf>(problem.y16, problem);
  }
}

}  // namespace
}  // namespace integer
}  // namespace fovea

#endif  // FOVEA_RUN_TIME_APPLY_LINEAR_INTEGER_H_
