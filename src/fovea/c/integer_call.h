// SPDX-License-Identifier: Apache-2.0
// What fovea_integer_attention says, checked, as the kernels take it.
#ifndef FOVEA_C_INTEGER_CALL_H_
#define FOVEA_C_INTEGER_CALL_H_

#include <cstddef>

#include "fovea/c/call_checks.h"
#include "fovea/fovea.h"
#include "fovea/run_time/integer_problem.h"
#include "fovea/status.h"

namespace fovea {
namespace c {

// Whether it is a call, and has a shape.
Status CheckShape(const fovea_integer_attention* call) noexcept;

// Everything else of it, once its shape is known to be good; `keys` are those
// that it attends to.
Status CheckCall(const fovea_integer_attention& call, Reads reads,
                 size_t keys) noexcept;

// Of a call that was checked.
run_time::IntegerProblem ProblemOf(const fovea_integer_attention& call,
                                   size_t keys) noexcept;

}  // namespace c
}  // namespace fovea

#endif  // FOVEA_C_INTEGER_CALL_H_
