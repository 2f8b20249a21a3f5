// SPDX-License-Identifier: Apache-2.0
// What turning a row of floats into integers with a scale needs, of keys and
// values in a cache as of queries.
#ifndef FOVEA_QUANTISE_H_
#define FOVEA_QUANTISE_H_

#include <cstddef>
#include <cstdint>

#include "fovea/stored.h"

namespace fovea {

// Adding it to x below 2^22 in magnitude, and subtracting it again, rounds x to
// the nearest integer, ties to even.
constexpr float kRoundingShift = 12582912.0f;  // 1.5 * 2^23

inline int32_t RoundToInt(float x) noexcept {
  return static_cast<int32_t>((x + kRoundingShift) - kRoundingShift);
}

// Rows smaller than this count as zeros, so that no scale is denormal and its
// inverse is finite.
constexpr float kLeastRow = 0x1p-100f;

// The largest magnitude of a row, or kLeastRow; NaN if the row has one: as
// integers, magnitudes have the order of floats, with NaN above infinity.
inline float LargestOf(const float* row, size_t count) noexcept {
  uint32_t most = BitsOfFloat(kLeastRow);
  for (size_t i = 0; i < count; ++i) {
    const uint32_t magnitude = BitsOfFloat(row[i]) & 0x7fffffffu;
    most = magnitude > most ? magnitude : most;
  }
  return FloatOfBits(most);
}

}  // namespace fovea

#endif  // FOVEA_QUANTISE_H_
