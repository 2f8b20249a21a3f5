// SPDX-License-Identifier: Apache-2.0
// The arithmetic of integer attention, element by element: docs/numerics.md has
// it in words.  Every target gives these bits, whatever instructions it takes.
#ifndef FOVEA_KERNELS_INTEGER_MATH_H_
#define FOVEA_KERNELS_INTEGER_MATH_H_

#include <cstddef>
#include <cstdint>

#include "fovea/kernels/layout.h"

namespace fovea {
namespace integer {
namespace {  // compiled for the including file's instruction set alone

// The weight of a row's largest score.  As two bytes, rounded and signed, it
// still has 127 for its upper one.
constexpr int32_t kMostWeight = 32639;

// kMostWeight * 2^(-i / 64), rounded.  Steps of 1/64 octave are off by 0.3 % in
// the root mean square, beside the 1.4 to 2.5 % that int8 costs by itself; 32
// steps would be by 0.6 %.
constexpr size_t kSteps = 64;
alignas(4) constexpr uint16_t kPowers[kSteps] = {
    32639, 32287, 31940, 31596, 31255, 30919, 30585, 30256, 29930, 29608, 29289,
    28973, 28661, 28352, 28047, 27745, 27446, 27150, 26858, 26569, 26282, 25999,
    25719, 25442, 25168, 24897, 24629, 24364, 24101, 23841, 23585, 23331, 23079,
    22831, 22585, 22341, 22101, 21863, 21627, 21394, 21164, 20936, 20710, 20487,
    20266, 20048, 19832, 19619, 19407, 19198, 18991, 18787, 18584, 18384, 18186,
    17990, 17797, 17605, 17415, 17228, 17042, 16858, 16677, 16497,
};

// Distances of 32 octaves and more count as this one, where weights are 0.
constexpr uint32_t kFarthest = 32 * kSteps - 1;

// A product with a value is shifted by so much before it joins the output.
constexpr int kOutputShift = 9;

// What a score is scaled by.
struct ScoreScale {
  uint32_t multiplier;  // see IntegerScales
  uint32_t half;        // half a step, in scores times 128
};

inline ScoreScale ScoreScaleOf(uint32_t multiplier) noexcept {
  constexpr uint32_t kHalf = uint32_t{1} << 31, kMost = uint32_t{1} << 24;
  return {multiplier, multiplier < 128 ? kMost : kHalf / multiplier};
}

// How many steps a score lies below the row's largest, rounded.
inline uint32_t StepsBelow(int32_t most, int32_t score,
                           const ScoreScale& scale) noexcept {
  const uint32_t distance =
      static_cast<uint32_t>(most) - static_cast<uint32_t>(score);
  const uint64_t product =
      uint64_t{(distance << 7) + scale.half} * scale.multiplier;
  const uint32_t steps = static_cast<uint32_t>(product >> 32);
  return steps < kFarthest ? steps : kFarthest;
}

// kMostWeight * 2^(16 - steps / 64), below 2^31.
constexpr uint32_t PowerOf(uint32_t steps) noexcept {
  return (uint32_t{kPowers[steps % kSteps]} << 16) >> (steps / kSteps);
}

// The weight of a key, 0 to kMostWeight.
constexpr int32_t WeightOf(uint32_t steps) noexcept {
  return static_cast<int32_t>((PowerOf(steps) + 0x8000) >> 16);
}

// What a row is multiplied by when its maximum rises by so many steps, times
// 2^31: powers are 1 / 256 less than that.
inline int32_t CorrectionOf(uint32_t steps) noexcept {
  const uint32_t power = PowerOf(steps);
  return static_cast<int32_t>(power + (power >> 8));
}

// a * b * 2^-31, to nearest, halves upwards: SaturatingRoundingDoublingHighMul
// of gemmlowp and arm_nn_doubling_high_mult of CMSIS-NN, for b >= 0.
inline int32_t MultiplyHigh(int32_t a, int32_t b) noexcept {
  const int64_t product = int64_t{a} * b + (int64_t{1} << 30);
  return static_cast<int32_t>(product >> 31);
}

// x * 2^-shift, to nearest, halves away from 0; shift 1 to 31, |x| < 2^30:
// RoundingDivideByPOT and arm_nn_divide_by_power_of_two.
inline int32_t DivideByPower(int32_t x, int32_t shift) noexcept {
  const int32_t half = int32_t{1} << (shift - 1);
  return (x + (x >> 31) + half) >> shift;
}

// What turns a row's output into int8: shift to the left, multiply, shift to
// the right.
struct RowScale {
  int32_t left;        // 0 to 15
  int32_t multiplier;  // of 2^-31
  int32_t right;       // 1 to 31
};

inline int32_t LeadingZeros(uint32_t x) noexcept {  // x > 0
  return __builtin_clzl(static_cast<unsigned long>(x)) -
         static_cast<int32_t>(8 * (sizeof(unsigned long) - 4));
}

// output_multiplier * 2^(output_shift - 31) * 2^kOutputShift / sum, for a sum
// from kMostWeight to 2^30 - 1.  An output is at most about half of its row's
// sum, so shifted to the left as that is it stays below 2^30.
inline RowScale RowScaleOf(int32_t sum, int32_t output_multiplier,
                           int32_t output_shift) noexcept {
  const int32_t zeros = LeadingZeros(static_cast<uint32_t>(sum));
  const uint32_t normal = static_cast<uint32_t>(sum) << zeros;
  const uint32_t divisor = (normal >> 16) + (normal >> 15 & 1);
  const uint32_t inverse = ((uint32_t{1} << 31) + divisor / 2) / divisor;
  const int64_t product = int64_t{output_multiplier} * inverse;
  const int32_t right = 20 - output_shift;
  return {zeros - 2, static_cast<int32_t>(product >> 16),
          right < 31 ? right : 31};
}

// MultiplyByQuantizedMultiplier, the zero point and the range of int8.
template <class Leaf>
int8_t Requantise(int32_t output, const RowScale& scale,
                  int32_t zero) noexcept {
  const int32_t high =
      Leaf::MultiplyOutput(output, scale.left, scale.multiplier);
  return Leaf::Clamp(DivideByPower(high, scale.right) + zero);
}

inline int8_t ClampToInt8(int32_t x) noexcept {
  return static_cast<int8_t>(x < -128 ? -128 : x > 127 ? 127 : x);
}

// ------------------------------------------------------------- why 32 bits do

constexpr int64_t kInt32 = int64_t{1} << 31;
// q less its zero point, times k, over the largest head_dim; twice that is the
// largest distance, which is taken times 128 and leaves room for half
// a step.
constexpr int64_t kMostScore = int64_t{255} * 128 * 256;
static_assert(2 * kMostScore * 128 + (int64_t{1} << 24) < 2 * kInt32,
              "distances fit 32 bits without a sign");
// A tile's weights times v less its zero point, and half a unit of the shift.
constexpr int64_t kMostProduct =
    int64_t{kTile} * kMostWeight * 255 + (int64_t{1} << (kOutputShift - 1));
static_assert(kMostProduct < kInt32, "a tile's products fit 32 bits");
constexpr int64_t MostSum(int64_t keys) { return keys * (kMostWeight + 1); }
// Of a row whose weights add up to `sum`, after so many keys: each tile may
// round by 1/2, and so may each correction.
constexpr int64_t MostOutput(int64_t sum, int64_t keys) {
  const int64_t tiles = (keys + int64_t{kTile} - 1) / int64_t{kTile};
  return (sum * 255 >> kOutputShift) + 1 + tiles;
}

}  // namespace
}  // namespace integer
}  // namespace fovea

#endif  // FOVEA_KERNELS_INTEGER_MATH_H_
