// SPDX-License-Identifier: Apache-2.0
#ifndef FOVEA_DISPATCH_LINEAR_H_
#define FOVEA_DISPATCH_LINEAR_H_

#include "fovea/run_time/row_problems.h"

namespace fovea {
namespace run_time {

// Unchecked.
void Linear(const LinearProblem& problem) noexcept;

}  // namespace run_time
}  // namespace fovea

#endif  // FOVEA_DISPATCH_LINEAR_H_
