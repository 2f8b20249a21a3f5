// SPDX-License-Identifier: Apache-2.0
// The accuracy that log2-inl.h states, and its exact points.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdio>
#include <limits>

#include "fovea/kernels/log2-inl.h"
#include "sweep.h"

namespace {

namespace kernels = fovea::HWY_NAMESPACE;
namespace hn = hwy::HWY_NAMESPACE;

constexpr float kInf = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

float Log2(float x) {
  return hn::GetLane(kernels::Log2(hn::Set(kernels::FloatTag(), x)));
}

// What log2-inl.h states.
constexpr double kMostUlps = sweep::MostUlps(0.98, 2);

void ExpectUlps(float first, float last) {
  const sweep::Worst worst = sweep::WorstOver(
      first, last, [](kernels::Vec x) { return kernels::Log2(x); },
      [](double x) { return std::log2(x); });
  EXPECT_LE(worst.ulps, kMostUlps) << "at " << worst.x;
  std::printf("[%g, %g]: at most %.4f ulp, at %a\n", double{first},
              double{last}, worst.ulps, double{worst.x});
}

// Every float near 1, where the result is small and its error must be too.
TEST(Log2, WithinItsUlpsAtEveryFloatFromAHalfToFour) { ExpectUlps(0.5f, 4.0f); }

// Elsewhere x = 2^e * m gives e + log2(m), and a longer e leaves less of the
// error of log2(m), which the test above measured: a sample of each binade.
TEST(Log2, WithinItsUlpsFromBinadeToBinade) {
  for (int e = -126; e < 127; ++e) {
    for (int i = 0; i < 20000; ++i) {
      const float x = std::ldexp(1.0f + static_cast<float>(i) * 0x1.a3p-15f, e);
      ASSERT_LE(sweep::Ulps(Log2(x), std::log2(double{x})), kMostUlps) << x;
    }
  }
}

TEST(Log2, ExactAtPowersOfTwo) {
  for (int e = -126; e <= 127; ++e) {
    EXPECT_EQ(Log2(std::ldexp(1.0f, e)), static_cast<float>(e));
  }
  EXPECT_FALSE(std::signbit(Log2(1.0f)));
}

TEST(Log2, SpecialValues) {
  EXPECT_EQ(Log2(0.0f), -kInf);
  EXPECT_EQ(Log2(-0.0f), -kInf);
  EXPECT_EQ(Log2(kInf), kInf);
  EXPECT_TRUE(std::isnan(Log2(kNan)));
  EXPECT_TRUE(std::isnan(Log2(-kNan)));
  EXPECT_TRUE(std::isnan(Log2(-1.0f)));
  EXPECT_TRUE(std::isnan(Log2(-kInf)));
}

}  // namespace
