// SPDX-License-Identifier: Apache-2.0
// The accuracy that exp2-inl.h states, over every float of its range, and its
// exact points.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdio>
#include <limits>

#include "fovea/kernels/exp2-inl.h"
#include "sweep.h"

namespace {

namespace kernels = fovea::HWY_NAMESPACE;
namespace hn = hwy::HWY_NAMESPACE;
using kernels::Vec;

constexpr float kInf = std::numeric_limits<float>::infinity();

const auto kExp2 = [](Vec x) { return kernels::Exp2(x); };
const auto kExp = [](Vec x) { return kernels::Exp(x); };
const auto kExpNonPositive = [](Vec x) { return kernels::ExpNonPositive(x); };
const auto kTrueExp2 = [](double x) { return std::exp2(x); };
const auto kTrueExp = [](double x) { return std::exp(x); };

float Exp2(float x) {
  return hn::GetLane(kernels::Exp2(hn::Set(kernels::FloatTag(), x)));
}

float Exp(float x) {
  return hn::GetLane(kernels::Exp(hn::Set(kernels::FloatTag(), x)));
}

float ExpNonPositive(float x) {
  return hn::GetLane(kernels::ExpNonPositive(hn::Set(kernels::FloatTag(), x)));
}

// So near 0 the result is 1, and the true value nearer to 1 than to any other
// float: no reference is needed for these 850 million floats.
constexpr float kTiny = 0x1p-26f;

template <class Kernel>
void ExpectOneFromZeroTo(float last, const Kernel& kernel) {
  size_t others = 0;
  sweep::Over(std::copysign(0.0f, last), last, kernel,
              [&](float, float y) { others += y == 1.0f ? 0 : 1; });
  EXPECT_EQ(others, 0u) << last;
}

// What exp2-inl.h states.
constexpr double kExp2Ulps = sweep::MostUlps(0.80, 1.1);
constexpr double kExpUlps = sweep::MostUlps(1.02, 45);

template <class Kernel, class Reference>
void ExpectUlps(float first, float last, double most, const Kernel& kernel,
                const Reference& reference) {
  const sweep::Worst worst = sweep::WorstOver(first, last, kernel, reference);
  EXPECT_LE(worst.ulps, most) << "at " << worst.x;
  std::printf("[%g, %g]: at most %.4f ulp, at %a\n", double{first},
              double{last}, worst.ulps, double{worst.x});
}

TEST(Exp2, WithinItsUlpsAtEveryFloat) {
  ExpectOneFromZeroTo(-kTiny, kExp2);
  ExpectUlps(-kTiny, fovea::kExp2Underflow, kExp2Ulps, kExp2, kTrueExp2);
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
    const float nan = sweep::FloatOf(bits);
    EXPECT_TRUE(std::isnan(Exp2(nan))) << std::hex << bits;
    EXPECT_TRUE(std::isnan(Exp(nan))) << std::hex << bits;
    EXPECT_TRUE(std::isnan(ExpNonPositive(nan))) << std::hex << bits;
  }
}

TEST(Exp, WithinItsUlpsAtEveryFloat) {
  ExpectOneFromZeroTo(-kTiny, kExp);
  ExpectOneFromZeroTo(kTiny, kExp);
  ExpectUlps(-kTiny, -87.0f, kExpUlps, kExp, kTrueExp);
  ExpectUlps(kTiny, 88.0f, kExpUlps, kExp, kTrueExp);
}

TEST(Exp, ClampedAndExactAtZero) {
  EXPECT_EQ(Exp(-1000.0f), Exp(-87.0f));
  EXPECT_EQ(Exp(-kInf), Exp(-87.0f));
  EXPECT_EQ(Exp(kInf), Exp(88.0f));
  EXPECT_EQ(Exp(0.0f), 1.0f);
  EXPECT_EQ(Exp(-0.0f), 1.0f);
}

TEST(ExpNonPositive, WithinItsUlpsAtEveryFloatAndZeroBelowItsBound) {
  ExpectOneFromZeroTo(-kTiny, kExpNonPositive);
  ExpectUlps(-kTiny, kernels::kExpUnderflow, kExpUlps, kExpNonPositive,
             kTrueExp);
  EXPECT_GT(ExpNonPositive(kernels::kExpUnderflow), 0.99f * 0x1p-100f);
  for (const float x : {-69.315f, -87.0f, -100.0f, -1e10f, -3e38f, -kInf}) {
    EXPECT_EQ(ExpNonPositive(x), 0.0f) << x;
  }
}

}  // namespace
