// SPDX-License-Identifier: Apache-2.0
// What turning a row of floats into integers with a scale needs, of keys and
// values in a cache as of queries.
#ifndef FOVEA_QUANTISE_H_
#define FOVEA_QUANTISE_H_

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "fovea/check.h"
#include "fovea/stored.h"

namespace fovea {

// Adding it to x below 2^22 in magnitude rounds x to the nearest integer, ties
// to even, which then is what the sum's bits exceed the shift's by.
constexpr float kRoundingShift = 12582912.0f;  // 1.5 * 2^23
constexpr int32_t kRoundingShiftBits = 0x4b400000;

// (Subtracting the shift again and converting was one instruction more, and
// clang's vectors of it stop QEMU 7.2 at an assertion on RISC-V.)
inline int32_t RoundToInt(float x) noexcept {
  const float sum = x + kRoundingShift;
  int32_t bits;
  std::memcpy(&bits, &sum, sizeof(bits));
  return bits - kRoundingShiftBits;
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

// row / scale, rounded, from -127 to 127; returns the scale.
inline float QuantiseRow(const float* row, size_t count, int8_t* to) noexcept {
  const float most = LargestOf(row, count);
  const float inverse = 127.0f / most;
  for (size_t i = 0; i < count; ++i) {
    to[i] = static_cast<int8_t>(RoundToInt(row[i] * inverse));
  }
  return most / 127.0f;
}

// Whether a row can be stored: finite, and FLT_MAX / room at most, so that what
// is computed of it is finite too.
inline bool IsStorable(const float* row, size_t count, float room) noexcept {
  return IsFinite(room * LargestOf(row, count));
}

}  // namespace fovea

#endif  // FOVEA_QUANTISE_H_
