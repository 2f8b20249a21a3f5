// SPDX-License-Identifier: Apache-2.0
// Makes the integers of IntegerScales from real scales: on the host, or in a
// constant expression, so that no float reaches the firmware.
//
//   constexpr fovea::QuantisedScales kReal = {{0.031, 3}, {0.028, 0},
//                                             {0.024, -1}, {0.011, 0}};
//   constexpr fovea::IntegerScales kScales =
//       fovea::IntegerScalesOf<32>(kReal);  // does not compile if it is bad
#ifndef FOVEA_INTEGER_SCALES_H_
#define FOVEA_INTEGER_SCALES_H_

#include <cstddef>
#include <cstdint>

#include "fovea/check.h"
#include "fovea/integer_config.h"
#include "fovea/status.h"

namespace fovea {

// real = scale * (integer - zero_point), as TensorFlow Lite's specification of
// 8-bit quantisation has it.
struct Quantisation {
  double scale = 0;        // finite, above 0
  int32_t zero_point = 0;  // -128 to 127
};

// The scales of a model, as real numbers.
struct QuantisedScales {
  Quantisation q, k, v, out;  // the zero point of k has no effect
  double softmax_scale = 0;   // finite, above 0; 0: 1 / sqrt(head_dim)
};

namespace integer_scales {

constexpr double kLog2e = 1.44269504088896340736;

// 1 / sqrt(dim), by Newton's iteration.
constexpr double DefaultScale(size_t dim) noexcept {
  const double x = static_cast<double>(dim);
  double root = x;
  for (int i = 0; i < 64; ++i) root = 0.5 * (root + x / root);
  return 1.0 / root;
}

// NaN, the infinities, 0 and negative numbers fail.
constexpr bool IsScale(double scale) noexcept {
  return scale > 0 && scale - scale == 0;
}

constexpr bool IsSound(const Quantisation& of) noexcept {
  return IsScale(of.scale) && of.zero_point >= -128 && of.zero_point <= 127;
}

// ratio = multiplier * 2^(shift - 31), rounded to nearest, the multiplier from
// 2^30 to 2^31 - 1; for a ratio that is finite and above 0.
constexpr void MultiplierOf(double ratio, int32_t& multiplier,
                            int32_t& shift) noexcept {
  shift = 0;
  for (; ratio >= 1; ratio *= 0.5) ++shift;
  for (; ratio < 0.5; ratio *= 2) --shift;
  const double scaled = ratio * 0x1p31 + 0.5;
  int64_t rounded = static_cast<int64_t>(scaled);
  if (rounded == int64_t{1} << 31) {
    rounded /= 2;
    ++shift;
  }
  multiplier = static_cast<int32_t>(rounded);
}

}  // namespace integer_scales

//   real      of the tensors, as a converted model has them
//   head_dim  1 to 256, for the default softmax scale
//   scales    written only when the Status is kOk
// kBadScale: a scale is 0, negative, infinite or NaN, a zero point is out of
// range, or a multiplier would be: a score that changes by 2 octaves or more
// for a product of 1, or a scale_v / scale_out below 2^-32, or of 2^19 or more.
constexpr Status MakeIntegerScales(const QuantisedScales& real, size_t head_dim,
                                   IntegerScales& scales) noexcept {
  namespace is = integer_scales;
  if (!is::IsSound(real.q) || !is::IsSound(real.k) || !is::IsSound(real.v) ||
      !is::IsSound(real.out) || head_dim < 1 || head_dim > 256) {
    return Status::kBadScale;
  }
  const bool given = real.softmax_scale != 0;
  if (given && !is::IsScale(real.softmax_scale)) return Status::kBadScale;
  const double softmax_scale =
      given ? real.softmax_scale : is::DefaultScale(head_dim);
  const double octaves =
      real.q.scale * real.k.scale * softmax_scale * is::kLog2e;
  const double multiplier = octaves * 0x1p31 + 0.5;
  if (!(multiplier < 0x1p32)) return Status::kBadScale;

  const double ratio = real.v.scale / real.out.scale;
  if (!(ratio >= 0x1p-32 && ratio < 0x1p19)) return Status::kBadScale;
  int32_t rounded = 0, shift = 0;
  is::MultiplierOf(ratio, rounded, shift);
  if (shift > 19) return Status::kBadScale;

  scales.score_multiplier = static_cast<uint32_t>(multiplier);
  scales.output_multiplier = rounded;
  scales.output_shift = shift;
  scales.query_zero = static_cast<int8_t>(real.q.zero_point);
  scales.value_zero = static_cast<int8_t>(real.v.zero_point);
  scales.output_zero = static_cast<int8_t>(real.out.zero_point);
  return Status::kOk;
}

// The same in a constant expression, which bad scales are none of.  At run time
// bad ones give an output_multiplier of 0, which every call refuses.
template <size_t kHeadDim>
constexpr IntegerScales IntegerScalesOf(const QuantisedScales& real) {
  IntegerScales scales;
  const bool good = MakeIntegerScales(real, kHeadDim, scales) == Status::kOk;
  // Not a constant where they are bad: 1 / 0 is none.
  return good ? scales : IntegerScales{0, 0 / static_cast<int32_t>(good)};
}

}  // namespace fovea

#endif  // FOVEA_INTEGER_SCALES_H_
