// SPDX-License-Identifier: Apache-2.0
#ifndef FOVEA_C_PACKED_BYTES_H_
#define FOVEA_C_PACKED_BYTES_H_

#include <cstddef>
#include <cstdint>

#include "fovea/c/struct_in.h"
#include "fovea/check.h"
#include "fovea/kernels/layout.h"
#include "fovea/status.h"

namespace fovea {
namespace c {

// Bytes of the packed weights of a layer of int8, which has four bytes an
// output besides; 0 where it is no layer, or does not fit.
template <size_t kMostInputs>
size_t PackedBytes(size_t inputs, size_t outputs) noexcept {
  size_t bytes = 0;
  const bool fits =
      inputs != 0 && inputs <= kMostInputs && outputs != 0 &&
      outputs <= SIZE_MAX / 4 - kPanel &&
      Multiply(RoundUp(outputs, kPanel), RoundUp(inputs, 4), bytes);
  return fits ? bytes : 0;
}

template <size_t kMostInputs>
Status CheckPackedSizes(size_t inputs, size_t outputs) noexcept {
  if (outputs == 0) return Status::kZeroCount;
  FOVEA_RETURN_IF_BAD(CheckCount(inputs, kMostInputs));
  return PackedBytes<kMostInputs>(inputs, outputs) != 0 ? Status::kOk
                                                        : Status::kUnsupported;
}

}  // namespace c
}  // namespace fovea

#endif  // FOVEA_C_PACKED_BYTES_H_
