// SPDX-License-Identifier: Apache-2.0
// What stands between the linear layers and attention of tinylm in integers:
// norm, rotary positions, SwiGLU's gate.
#ifndef FOVEA_EXAMPLES_TINYLM_INTEGER_LAYERS_H_
#define FOVEA_EXAMPLES_TINYLM_INTEGER_LAYERS_H_

#include <cstddef>
#include <cstdint>
#include <limits>

#include "fovea/kernels/linear_integer.h"
#include "integer_weights.h"

namespace tinylm {

// The largest integer whose square is at most x.
inline uint32_t SquareRoot(uint64_t x) {
  uint64_t root = 0;
  for (uint64_t bit = uint64_t{1} << 31; bit != 0; bit >>= 1) {
    if ((root + bit) * (root + bit) <= x) root += bit;
  }
  return static_cast<uint32_t>(root);
}

// x * 2^-kBits, to nearest, halves upwards.
template <int kBits>
int64_t Rounded(int64_t x) {
  return (x + (int64_t{1} << (kBits - 1))) >> kBits;
}

template <class Output>
Output Clamped(int64_t x) {
  constexpr int64_t kMost = std::numeric_limits<Output>::max();
  return static_cast<Output>(x > kMost        ? kMost
                             : x < -kMost - 1 ? -kMost - 1
                                              : x);
}

// RMSNorm of one token of the residual stream.
inline void Normalise(const int32_t* x, const IntegerNorm& norm, int8_t* y) {
  constexpr uint64_t kEps = 3;  // 1e-5 in steps, squared
  static_assert(kResidualBits == 9 && kWidth == 128, "kEps and the mean");
  uint64_t sum = 0;
  for (size_t i = 0; i < kWidth; ++i) {
    sum += static_cast<uint64_t>(int64_t{x[i]} * x[i]);
  }
  // Times 2^8, and its inverse times 2^36.
  const uint32_t root = SquareRoot((sum / kWidth + kEps) << 16);
  const int64_t inverse = static_cast<int64_t>((uint64_t{1} << 44) / root);
  for (size_t i = 0; i < kWidth; ++i) {
    const int64_t unit = Rounded<18>(x[i] * inverse);  // times 2^18
    y[i] = Clamped<int8_t>(Rounded<18 + kNormBits>(unit * norm.weights[i]));
  }
}

// One head of queries or keys at its position, 16 bits to 8.
inline void TurnHead(const int16_t* x, const Turn* turns, int8_t* y) {
  constexpr size_t kHalf = kHeadDim / 2;
  constexpr int kShift = kSineBits + 8;
  for (size_t i = 0; i < kHalf; ++i) {
    const int64_t low = x[i], high = x[i + kHalf];
    const Turn& turn = turns[i];
    y[i] =
        Clamped<int8_t>(Rounded<kShift>(low * turn.cosine - high * turn.sine));
    y[i + kHalf] =
        Clamped<int8_t>(Rounded<kShift>(low * turn.sine + high * turn.cosine));
  }
}

// Between the steps of the table, along a straight line.
inline int32_t Silu(const int16_t* table, int16_t x) {
  constexpr int kBits = 7;
  static_assert(kSiluSteps << kBits == 1 << 16, "the table covers int16");
  const int32_t from_least = int32_t{x} + 32768;
  const int32_t at = from_least >> kBits, rest = from_least & 127;
  const int32_t rise = table[at + 1] - table[at];
  return table[at] + static_cast<int32_t>(Rounded<kBits>(rise * rest));
}

// silu(gate) * up.
inline void Gate(const int16_t* gate, const int16_t* up, size_t count,
                 const int16_t* silu, const IntegerLayer& layer, int8_t* y) {
  for (size_t i = 0; i < count; ++i) {
    y[i] = fovea::integer::ClampTo<int8_t>(
        fovea::integer::Rescale(Silu(silu, gate[i]) * up[i],
                                layer.hidden_multiplier, layer.hidden_shift),
        0);
  }
}

}  // namespace tinylm

#endif  // FOVEA_EXAMPLES_TINYLM_INTEGER_LAYERS_H_
