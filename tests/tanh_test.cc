// SPDX-License-Identifier: Apache-2.0
// The accuracy that tanh-inl.h states, and its exact points.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <limits>

#include "fovea/kernels/tanh-inl.h"
#include "sweep.h"

namespace {

namespace kernels = fovea::HWY_NAMESPACE;
namespace hn = hwy::HWY_NAMESPACE;

constexpr float kInf = std::numeric_limits<float>::infinity();

float Tanh(float x) {
  return hn::GetLane(kernels::Tanh(hn::Set(kernels::FloatTag(), x)));
}

// Every float from 2^-13, below which tanh(x) is x, to beyond the first that
// gives 1.
TEST(Tanh, WithinItsUlpsAndOdd) {
  const auto tanh = [](kernels::Vec x) { return kernels::Tanh(x); };
  const sweep::Worst worst = sweep::WorstOver(
      0x1p-13f, 16.0f, tanh, [](double x) { return std::tanh(x); });
  EXPECT_LE(worst.ulps, 3.5) << "at " << worst.x;
  std::printf("at most %.4f ulp, at %a\n", worst.ulps, double{worst.x});
  size_t not_odd = 0;
  sweep::Over(-0x1p-13f, -16.0f, tanh,
              [&](float x, float y) { not_odd += y != -Tanh(-x); });
  EXPECT_EQ(not_odd, 0u);
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
    EXPECT_TRUE(std::isnan(Tanh(sweep::FloatOf(bits)))) << std::hex << bits;
  }
}

}  // namespace
