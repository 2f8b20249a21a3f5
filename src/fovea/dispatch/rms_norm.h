// SPDX-License-Identifier: Apache-2.0
#ifndef FOVEA_DISPATCH_RMS_NORM_H_
#define FOVEA_DISPATCH_RMS_NORM_H_

#include "fovea/run_time/row_problems.h"

namespace fovea {
namespace run_time {

// Unchecked.
void RmsNorm(const NormProblem& problem) noexcept;

}  // namespace run_time
}  // namespace fovea

#endif  // FOVEA_DISPATCH_RMS_NORM_H_
