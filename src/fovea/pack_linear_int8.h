// SPDX-License-Identifier: Apache-2.0
// The packed weights of a linear layer of int8.
#ifndef FOVEA_PACK_LINEAR_INT8_H_
#define FOVEA_PACK_LINEAR_INT8_H_

#include <cstddef>
#include <cstdint>

#include "fovea/check.h"
#include "fovea/kernels/layout.h"
#include "fovea/quantise.h"
#include "fovea/status.h"

namespace fovea {

// Inputs of a layer: no sum of so many products overflows, x86's unsigned
// factors up to 255 included.
constexpr size_t kMostInt8Inputs = 65536;
static_assert(int64_t{kMostInt8Inputs} * 255 * 128 <= INT32_MAX,
              "sums of int8 products fit");

// Bytes of the panels, and floats of the scales.
constexpr size_t PackedLinearInt8Bytes(size_t inputs, size_t outputs) {
  return RoundUp(outputs, kPanel) * RoundUp(inputs, 4);
}
constexpr size_t PackedLinearInt8Scales(size_t outputs) {
  return RoundUp(outputs, kPanel);
}

// Packs PyTorch's weight [outputs][inputs]: row o has the scale max|w| / 127
// (of a row below 2^-100: of that), entries are rounded to nearest even.
//   panels  PackedLinearInt8Bytes(inputs, outputs) bytes
//   scales  PackedLinearInt8Scales(outputs) floats
// None may overlap.  kNullPointer, kZeroCount, kTooManyTokens (more than
// kMostInt8Inputs), kBadScale (a weight is NaN or infinite; nothing is
// written).
inline Status PackLinearInt8(const float* weight, size_t inputs, size_t outputs,
                             int8_t* panels, float* scales) noexcept {
  if (weight == nullptr || panels == nullptr || scales == nullptr) {
    return Status::kNullPointer;
  }
  if (inputs == 0 || outputs == 0) return Status::kZeroCount;
  if (inputs > kMostInt8Inputs) return Status::kTooManyTokens;
  for (size_t o = 0; o < outputs; ++o) {
    if (!IsFinite(LargestOf(weight + o * inputs, inputs))) {
      return Status::kBadScale;
    }
  }
  const size_t padded = RoundUp(inputs, 4);
  for (size_t o = 0; o < RoundUp(outputs, kPanel); ++o) {
    int8_t* to = panels + o / kPanel * kPanel * padded + o % kPanel * 4;
    const float* row = weight + o * inputs;
    const float most = o < outputs ? LargestOf(row, inputs) : 127.0f;
    const float inverse = 127.0f / most;
    scales[o] = most / 127.0f;
    for (size_t i = 0; i < padded; ++i) {
      const bool is_weight = o < outputs && i < inputs;
      const float x = is_weight ? row[i] * inverse : 0.0f;
      to[i / 4 * 4 * kPanel + i % 4] = static_cast<int8_t>(RoundToInt(x));
    }
  }
  return Status::kOk;
}

}  // namespace fovea

#endif  // FOVEA_PACK_LINEAR_INT8_H_
