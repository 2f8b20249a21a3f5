// SPDX-License-Identifier: Apache-2.0
// The accuracy that gelu-inl.h's forms have, and their exact points.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdio>
#include <limits>

#include "fovea/kernels/activation-inl.h"
#include "sweep.h"

namespace {

namespace kernels = fovea::HWY_NAMESPACE;
namespace hn = hwy::HWY_NAMESPACE;
using kernels::FloatTag;
using kernels::Vec;

constexpr float kInf = std::numeric_limits<float>::infinity();

double ExactGelu(double x) { return 0.5 * x * std::erfc(-x / std::sqrt(2.0)); }

double ExactGeluTanh(double x) {
  const double pi = std::acos(-1.0);
  const double u = std::sqrt(2 / pi) * (x + 0.044715 * x * x * x);
  return x / (1 + std::exp(-2 * u));
}

float Gelu(float x) {
  return hn::GetLane(kernels::Gelu(hn::Set(FloatTag(), x)));
}
float GeluTanh(float x) {
  return hn::GetLane(kernels::GeluTanh(hn::Set(FloatTag(), x)));
}
float Relu(float x) {
  return hn::GetLane(kernels::Relu(hn::Set(FloatTag(), x)));
}

template <class Kernel, class Reference>
double WorstUlps(float first, float last, const Kernel& kernel,
                 const Reference& reference) {
  const sweep::Worst worst = sweep::WorstOver(first, last, kernel, reference);
  std::printf("%g to %g: at most %.4f ulp, at %a\n", double{first},
              double{last}, worst.ulps, double{worst.x});
  return worst.ulps;
}

TEST(Gelu, WithinItsUlps) {
  const auto gelu = [](Vec x) { return kernels::Gelu(x); };
  EXPECT_LE(WorstUlps(0x1p-16f, 12.0f, gelu, ExactGelu), 1.7);
  EXPECT_LE(WorstUlps(-0x1p-16f, -11.7f, gelu, ExactGelu),
            sweep::MostUlps(11.0, 110.0));
}

TEST(Gelu, WithTanhWithinItsUlps) {
  const auto gelu = [](Vec x) { return kernels::GeluTanh(x); };
  EXPECT_LE(WorstUlps(0x1p-16f, 12.0f, gelu, ExactGeluTanh), 2.5);
  // Its exponent is cubic in x, and an ulp of 22 is 2^-19 of the result.
  EXPECT_LE(WorstUlps(-0x1p-16f, -4.0f, gelu, ExactGeluTanh), 25.0);
}

TEST(Gelu, ExactPoints) {
  for (float (*gelu)(float) : {Gelu, GeluTanh, Relu}) {
    EXPECT_EQ(gelu(0.0f), 0.0f);
    EXPECT_FALSE(std::signbit(gelu(0.0f)));
    EXPECT_EQ(gelu(kInf), kInf);
    EXPECT_EQ(gelu(-kInf), 0.0f);
    EXPECT_EQ(gelu(-100.0f), 0.0f);
    EXPECT_EQ(gelu(1e30f), 1e30f);
    EXPECT_EQ(gelu(3.4028235e38f), 3.4028235e38f);
    EXPECT_EQ(gelu(-3.4028235e38f), 0.0f);
    for (const uint32_t bits : {0x7fc00000u, 0xffc00000u, 0xffffffffu}) {
      EXPECT_TRUE(std::isnan(gelu(sweep::FloatOf(bits)))) << std::hex << bits;
    }
  }
  EXPECT_EQ(Relu(-3.5f), 0.0f);
  EXPECT_EQ(Relu(3.5f), 3.5f);
}

}  // namespace
