// SPDX-License-Identifier: Apache-2.0
// Attention as users of CMSIS-NN compose it: an int8 matrix product, softmax_s8
// and another int8 matrix product.  After the published arithmetic (gemmlowp's
// fixed point, of which CMSIS-NN's functions give the bits).
#ifndef FOVEA_TESTS_REFERENCE_SOFTMAX_S8_H_
#define FOVEA_TESTS_REFERENCE_SOFTMAX_S8_H_

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace fovea::reference::s8 {

// a * b / 2^31, rounded; a and b may not both be INT32_MIN.
inline int32_t High(int32_t a, int32_t b) {
  return static_cast<int32_t>((int64_t{a} * b + (int64_t{1} << 30)) >> 31);
}

inline int32_t Halve(int32_t x, int32_t times) {
  const int64_t half = times == 0 ? 0 : int64_t{1} << (times - 1);
  const int64_t magnitude = (std::abs(int64_t{x}) + half) >> times;
  return static_cast<int32_t>(x < 0 ? -magnitude : magnitude);
}

struct Multiplier {
  int32_t mantissa, exponent;
};

inline Multiplier MultiplierOf(double real) {
  int exponent;
  const double mantissa = std::frexp(real, &exponent);
  int64_t rounded = std::llround(mantissa * 0x1p31);
  if (rounded == int64_t{1} << 31) rounded /= 2, ++exponent;
  return {static_cast<int32_t>(rounded), exponent};
}

inline int32_t Multiply(int32_t x, const Multiplier& by) {
  const int32_t left = std::max<int32_t>(by.exponent, 0),
                right = left - by.exponent;
  return Halve(
      High(static_cast<int32_t>(x * (int64_t{1} << left)), by.mantissa),
      std::min<int32_t>(right, 31));
}

inline int8_t ToInt8(int32_t x) {
  return static_cast<int8_t>(std::clamp<int32_t>(x, -128, 127));
}

// e^x of x <= 0 with 5 integer bits, as a fraction of 2^31: a quarter's
// remainder by a polynomial, then a factor for each bit.
inline int32_t ExpOfNegative(int32_t x) {
  constexpr int32_t kQuarter = 1 << 24;
  const int32_t remainder = (x & (kQuarter - 1)) - kQuarter;
  const int32_t t = remainder * 32 + (1 << 28);  // plus 1/8
  constexpr int32_t kExpOfEighth = 1895147668, kThird = 715827883;
  const int32_t t2 = High(t, t), t3 = High(t2, t), t4 = High(t2, t2);
  const int32_t tail = High(Halve(t4, 2) + t3, kThird) + t2;
  int32_t y = kExpOfEighth + High(kExpOfEighth, t + Halve(tail, 1));
  constexpr int32_t kFactors[] = {1672461947, 1302514674, 790015084, 290630308,
                                  39332535,   720401,     242};
  const int32_t quarters = remainder - x;
  for (int i = 0; i < 7; ++i) {
    if (quarters & (kQuarter << i)) y = High(y, kFactors[i]);
  }
  return x == 0 ? INT32_MAX : y;
}

// 1 / (1 + x) for x from 0 to 1 as a fraction of 2^31.
inline int32_t OneOverOnePlus(int32_t x) {
  const int64_t sum = int64_t{x} + INT32_MAX;
  const int32_t half = static_cast<int32_t>((sum + (sum >= 0 ? 1 : -1)) / 2);
  int32_t y = 1515870810 + High(half, -1010580540);
  for (int i = 0; i < 3; ++i) {
    const int32_t left = (1 << 29) - High(half, y);
    const int64_t step = int64_t{High(y, left)} * 4;
    y += static_cast<int32_t>(std::clamp<int64_t>(step, INT32_MIN, INT32_MAX));
  }
  const int64_t twice = int64_t{y} * 2;
  return static_cast<int32_t>(std::min<int64_t>(twice, INT32_MAX));
}

// Probabilities with a scale of 1/256 and a zero point of -128.
inline std::vector<int8_t> Softmax(const std::vector<int8_t>& row,
                                   double scale) {
  constexpr int kIntegerBits = 5, kSumBits = 12;
  const Multiplier by =
      MultiplierOf(std::min(scale * (1 << (31 - kIntegerBits)), 0x1p31 - 1));
  const int32_t least = -static_cast<int32_t>(
      std::floor(31.0 * (1 << (31 - kIntegerBits)) / std::exp2(by.exponent)));
  const int32_t most = *std::max_element(row.begin(), row.end());
  const auto exp_of = [&](int32_t difference) {
    const int64_t shifted =
        difference * (int64_t{1} << std::max<int32_t>(by.exponent, 0));
    return ExpOfNegative(High(static_cast<int32_t>(shifted), by.mantissa));
  };
  int32_t sum = 0;
  for (const int8_t x : row) {
    if (x - most >= least) sum += Halve(exp_of(x - most), kSumBits);
  }
  const int headroom = __builtin_clz(static_cast<unsigned>(sum));
  const int32_t scaled = OneOverOnePlus(static_cast<int32_t>(
      (static_cast<uint32_t>(sum) << headroom) - (uint32_t{1} << 31)));
  std::vector<int8_t> out;
  for (const int8_t x : row) {
    int32_t y = -128;
    if (x - most >= least) {
      y += Halve(High(scaled, exp_of(x - most)), kSumBits - headroom + 23);
    }
    out.push_back(ToInt8(y));
  }
  return out;
}

}  // namespace fovea::reference::s8

#endif  // FOVEA_TESTS_REFERENCE_SOFTMAX_S8_H_
