// SPDX-License-Identifier: Apache-2.0
// The accuracy that tanh-inl.h states, and its exact points.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>

#include "fovea/kernels/tanh-inl.h"

namespace {

namespace kernels = fovea::HWY_NAMESPACE;
namespace hn = hwy::HWY_NAMESPACE;

constexpr float kInf = std::numeric_limits<float>::infinity();

float Tanh(float x) {
  return hn::GetLane(kernels::Tanh(hn::Set(kernels::FloatTag(), x)));
}

float FromBits(uint32_t bits) {
  float x;
  std::memcpy(&x, &bits, sizeof(x));
  return x;
}

double Ulps(float got, double want) {
  const float rounded = static_cast<float>(want);
  const double ulp =
      static_cast<double>(std::nextafter(rounded, kInf)) - rounded;
  return std::fabs(got - want) / ulp;
}

// Every 61st float from 2^-40 to 16: each exponent with 137 thousand of them.
TEST(Tanh, WithinItsBoundAndOdd) {
  double worst = 0;
  float where = 0;
  for (uint32_t bits = 0x2b800000u; bits < 0x41800000u; bits += 61) {
    const float x = FromBits(bits);
    const double error = Ulps(Tanh(x), std::tanh(double{x}));
    if (error > worst) worst = error, where = x;
    ASSERT_EQ(Tanh(-x), -Tanh(x)) << x;
  }
  EXPECT_LE(worst, 3.5) << "at " << where;
  RecordProperty("worst_ulp", std::to_string(worst));
}

TEST(Tanh, SmallNumbersAreThemselves) {
  for (const float x : {0x1p-13f, 0x1.8p-20f, 0x1p-60f, 0x1p-120f}) {
    EXPECT_NEAR(Tanh(x), x, x * 0x1p-23f) << x;
  }
  EXPECT_EQ(Tanh(0.0f), 0.0f);
  EXPECT_FALSE(std::signbit(Tanh(0.0f)));
  EXPECT_TRUE(std::signbit(Tanh(-0.0f)));
}

TEST(Tanh, LargeNumbersAreOne) {
  for (const float x :
       {9.1f, 15.0f, 20.0f, 21.0f, 1e10f, 3.4028235e38f, kInf}) {
    EXPECT_EQ(Tanh(x), 1.0f) << x;
    EXPECT_EQ(Tanh(-x), -1.0f) << x;
  }
}

TEST(Tanh, NanStaysNan) {
  for (const uint32_t bits : {0x7fc00000u, 0xffc00000u, 0xffffffffu}) {
    EXPECT_TRUE(std::isnan(Tanh(FromBits(bits)))) << std::hex << bits;
  }
}

}  // namespace
