// SPDX-License-Identifier: Apache-2.0
#ifndef FOVEA_DISPATCH_ROPE_H_
#define FOVEA_DISPATCH_ROPE_H_

#include <cstddef>
#include <cstdint>

#include "fovea/run_time/row_problems.h"

namespace fovea {
namespace run_time {

// Unchecked.
void Rotate(const RotateProblem& problem) noexcept;

// As fovea_turner has them.
void AnglesAt(const uint64_t* rates, size_t pairs, uint64_t position,
              float* cos, float* sin) noexcept;
void RotateRow(float* row, size_t pairs, bool interleaved, const float* cos,
               const float* sin) noexcept;

}  // namespace run_time
}  // namespace fovea

#endif  // FOVEA_DISPATCH_ROPE_H_
