// SPDX-License-Identifier: Apache-2.0
#ifndef FOVEA_C_PACKED_FLOATS_H_
#define FOVEA_C_PACKED_FLOATS_H_

#include <cstddef>
#include <cstdint>

#include "fovea/c/struct_in.h"
#include "fovea/kernels/layout.h"
#include "fovea/pack_linear.h"

namespace fovea {
namespace c {

// Floats of a layer's packed weights; 0 where the bytes of it do not fit.
inline size_t PackedFloats(size_t inputs, size_t outputs) noexcept {
  size_t bytes = 0;
  const bool fits = outputs <= SIZE_MAX - kPanel &&
                    Multiply(RoundUp(outputs, kPanel), inputs, bytes) &&
                    Multiply(bytes, sizeof(float), bytes);
  return fits ? PackedLinearFloats(inputs, outputs) : 0;
}

}  // namespace c
}  // namespace fovea

#endif  // FOVEA_C_PACKED_FLOATS_H_
