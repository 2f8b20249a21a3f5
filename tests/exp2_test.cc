// SPDX-License-Identifier: Apache-2.0
// The accuracy that exp2-inl.h states, and its exact points.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>

#include "fovea/kernels/exp2-inl.h"

namespace {

namespace kernels = fovea::HWY_NAMESPACE;
namespace hn = hwy::HWY_NAMESPACE;

constexpr float kInf = std::numeric_limits<float>::infinity();

float Exp2(float x) {
  return hn::GetLane(kernels::Exp2(hn::Set(kernels::FloatTag(), x)));
}

float Exp(float x) {
  return hn::GetLane(kernels::Exp(hn::Set(kernels::FloatTag(), x)));
}

// Distance in units of the last place of the correctly rounded float.
double Ulps(float got, double want) {
  const float rounded = static_cast<float>(want);
  const double ulp =
      static_cast<double>(std::nextafter(rounded, kInf)) - rounded;
  return std::fabs(got - want) / ulp;
}

TEST(Exp2, WithinOneUlp) {
  double worst = 0;
  for (double x = 0; x > -100; x -= 1.0 / 8192) {
    const float in = static_cast<float>(x);
    worst = std::fmax(worst, Ulps(Exp2(in), std::exp2(double{in})));
  }
  EXPECT_LE(worst, 1.0);
}

TEST(Exp2, ExactAtIntegers) {
  for (int n = 0; n >= -100; --n) {
    EXPECT_EQ(Exp2(static_cast<float>(n)), std::ldexp(1.0f, n)) << n;
  }
}

TEST(Exp2, ExactlyZeroBelowItsBound) {
  for (const float x : {-100.001f, -126.0f, -150.0f, -1e10f, -3e38f, -kInf}) {
    EXPECT_EQ(Exp2(x), 0.0f) << x;
  }
}

TEST(Exp2, NanOfAnyPayloadStaysNan) {
  for (const uint32_t bits :
       {0x7fc00000u, 0xffc00000u, 0xffffffffu, 0x7fffffffu, 0x7fc001ffu}) {
    float nan;
    std::memcpy(&nan, &bits, sizeof(nan));
    EXPECT_TRUE(std::isnan(Exp2(nan))) << std::hex << bits;
    EXPECT_TRUE(std::isnan(Exp(nan))) << std::hex << bits;
  }
}

TEST(Exp, WithinTwoUlpAndClamped) {
  double worst = 0;
  for (double x = -87; x < 88; x += 1.0 / 4096) {
    const float in = static_cast<float>(x);
    worst = std::fmax(worst, Ulps(Exp(in), std::exp(double{in})));
  }
  EXPECT_LE(worst, 2.0);
  EXPECT_EQ(Exp(-1000.0f), Exp(-87.0f));
  EXPECT_EQ(Exp(kInf), Exp(88.0f));
  EXPECT_EQ(Exp(0.0f), 1.0f);
}

}  // namespace
