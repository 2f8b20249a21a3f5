// SPDX-License-Identifier: Apache-2.0
// Floats as a cache stores them.  Rounding is to nearest, ties to even, and
// done in integers: the same on every target, with or without native support.
#ifndef FOVEA_STORED_H_
#define FOVEA_STORED_H_

#include <hwy/base.h>

#include <cstdint>
#include <cstring>

namespace fovea {

inline uint32_t BitsOfFloat(float x) noexcept {
  uint32_t bits;
  std::memcpy(&bits, &x, sizeof(bits));
  return bits;
}

// The upper half of a float; finite values too large round to infinity, NaN
// stays NaN.
inline uint16_t BitsOfBFloat16(float x) noexcept {
  const uint32_t bits = BitsOfFloat(x);
  if ((bits & 0x7fffffffu) > 0x7f800000u) {
    return static_cast<uint16_t>((bits >> 16) | 0x40u);  // quiet
  }
  const uint32_t odd = (bits >> 16) & 1u;
  return static_cast<uint16_t>((bits + 0x7fffu + odd) >> 16);
}

// IEEE binary16: from 65520 on infinity, below 2^-14 with fewer bits, NaN stays
// NaN.
inline uint16_t BitsOfFloat16(float x) noexcept {
  const uint32_t bits = BitsOfFloat(x);
  const uint32_t sign = (bits >> 16) & 0x8000u;
  const uint32_t magnitude = bits & 0x7fffffffu;
  uint32_t half;
  if (magnitude > 0x7f800000u) {
    half = 0x7e00u | ((magnitude >> 13) & 0x1ffu);
  } else if (magnitude >= 0x47800000u) {  // 2^16 and more
    half = 0x7c00u;
  } else if (magnitude >= 0x38800000u) {  // 2^-14 and more
    const uint32_t rebiased = magnitude - (112u << 23);
    half = (rebiased + 0xfffu + ((rebiased >> 13) & 1u)) >> 13;
  } else if (magnitude > 0x33000000u) {  // more than half of the least
    const uint32_t shift = 126u - (magnitude >> 23);  // 14 to 24
    const uint32_t mantissa = (magnitude & 0x7fffffu) | 0x800000u;
    const uint32_t kept = mantissa >> shift;
    const uint32_t rest = mantissa - (kept << shift);
    const uint32_t middle = 1u << (shift - 1);
    half = kept + (rest > middle || (rest == middle && (kept & 1u) != 0));
  } else {
    half = 0;
  }
  return static_cast<uint16_t>(sign | half);
}

inline void Store(float x, float& to) noexcept { to = x; }
inline void Store(float x, hwy::bfloat16_t& to) noexcept {
  const uint16_t bits = BitsOfBFloat16(x);
  std::memcpy(&to, &bits, sizeof(bits));
}
inline void Store(float x, hwy::float16_t& to) noexcept {
  const uint16_t bits = BitsOfFloat16(x);
  std::memcpy(&to, &bits, sizeof(bits));
}

}  // namespace fovea

#endif  // FOVEA_STORED_H_
