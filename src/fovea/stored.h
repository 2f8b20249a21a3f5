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

inline float FloatOfBits(uint32_t bits) noexcept {
  float x;
  std::memcpy(&x, &bits, sizeof(x));
  return x;
}

// The upper half of a float; finite values too large round to infinity, NaN
// stays NaN.  Without branches, for a compiler to take many at once.
inline uint16_t BitsOfBFloat16(float x) noexcept {
  const uint32_t bits = BitsOfFloat(x);
  const uint32_t quiet = (bits >> 16) | 0x40u;
  const uint32_t odd = (bits >> 16) & 1u;
  const uint32_t rounded = (bits + 0x7fffu + odd) >> 16;
  const bool is_nan = (bits & 0x7fffffffu) > 0x7f800000u;
  return static_cast<uint16_t>(is_nan ? quiet : rounded);
}

// IEEE binary16: from 65520 on infinity, below 2^-14 with fewer bits, NaN stays
// NaN.  All cases at once, as above; later ones overrule.
inline uint16_t BitsOfFloat16(float x) noexcept {
  const uint32_t bits = BitsOfFloat(x);
  const uint32_t sign = (bits >> 16) & 0x8000u;
  const uint32_t magnitude = bits & 0x7fffffffu;
  // An ulp of 1/2 is the least binary16: the sum is rounded as it has to be.
  const uint32_t small =
      BitsOfFloat(FloatOfBits(magnitude) + 0.5f) - BitsOfFloat(0.5f);
  const uint32_t odd = (magnitude >> 13) & 1u;
  const uint32_t normal = (magnitude - (112u << 23) + 0xfffu + odd) >> 13;
  const uint32_t nan = 0x7e00u | ((magnitude >> 13) & 0x1ffu);
  uint32_t half = magnitude < 0x38800000u ? small : normal;  // 2^-14
  half = magnitude >= 0x47800000u ? 0x7c00u : half;          // 2^16
  half = magnitude > 0x7f800000u ? nan : half;
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
