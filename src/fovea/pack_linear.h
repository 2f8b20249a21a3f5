// SPDX-License-Identifier: Apache-2.0
// The layout of a linear layer's weights (linear.h).
#ifndef FOVEA_PACK_LINEAR_H_
#define FOVEA_PACK_LINEAR_H_

#include <cstddef>

#include "fovea/kernels/layout.h"
#include "fovea/status.h"

namespace fovea {

// Floats that the packed weights of a layer take.
constexpr size_t PackedLinearFloats(size_t inputs, size_t outputs) {
  return RoundUp(outputs, kPanel) * inputs;
}

// Packs PyTorch's weight [outputs][inputs] into `panels`, which has
// PackedLinearFloats(inputs, outputs) floats and must not overlap `weight`.
// kNullPointer, kZeroCount.
inline Status PackLinear(const float* weight, size_t inputs, size_t outputs,
                         float* panels) noexcept {
  if (weight == nullptr || panels == nullptr) return Status::kNullPointer;
  if (inputs == 0 || outputs == 0) return Status::kZeroCount;
  for (size_t first = 0; first < outputs; first += kPanel) {
    for (size_t i = 0; i < inputs; ++i) {
      for (size_t column = 0; column < kPanel; ++column) {
        const size_t output = first + column;
        *panels++ = output < outputs ? weight[output * inputs + i] : 0.0f;
      }
    }
  }
  return Status::kOk;
}

}  // namespace fovea

#endif  // FOVEA_PACK_LINEAR_H_
