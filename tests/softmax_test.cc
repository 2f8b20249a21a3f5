// SPDX-License-Identifier: Apache-2.0
#include "fovea/softmax.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

namespace {

using fovea::Status;
constexpr float kInf = std::numeric_limits<float>::infinity();

std::vector<float> Waves(size_t count) {
  std::vector<float> x(count);
  for (size_t i = 0; i < count; ++i) {
    x[i] = 9.0f * std::sin(static_cast<float>(i) * 0.7f);
  }
  return x;
}

// Scores reach 13.5, so the rounding of a score, of the largest one and of
// log2(e) moves a probability by up to 3 * 13.5 * 2^-24 of itself, and the sum
// by as much again.
constexpr double kTolerance = 6 * 13.5 * 0x1p-24;

TEST(Softmax, MatchesDoubleAtEveryLength) {
  for (size_t count = 1; count <= 70; ++count) {
    for (const float scale : {1.0f, 0.25f, -1.5f}) {
      const auto x = Waves(count);
      std::vector<float> y(count);
      ASSERT_EQ(fovea::Softmax(x.data(), count, scale, y.data()), Status::kOk);
      double max = -1e300, sum = 0;
      for (const float v : x) max = std::fmax(max, double{scale} * v);
      for (const float v : x) sum += std::exp(double{scale} * v - max);
      for (size_t i = 0; i < count; ++i) {
        const double want = std::exp(double{scale} * x[i] - max) / sum;
        EXPECT_NEAR(y[i], want, kTolerance * want) << count << " " << i;
      }
    }
  }
}

TEST(Softmax, InPlaceGivesTheSameBits) {
  auto x = Waves(37);
  std::vector<float> y(37);
  ASSERT_EQ(fovea::Softmax(x.data(), 37, 1.0f, y.data()), Status::kOk);
  ASSERT_EQ(fovea::Softmax(x.data(), 37, 1.0f, x.data()), Status::kOk);
  EXPECT_EQ(x, y);
}

TEST(Softmax, MinusInfinityGetsNothing) {
  float x[3] = {1.0f, -kInf, 1.0f};
  ASSERT_EQ(fovea::Softmax(x, 3, 1.0f, x), Status::kOk);
  EXPECT_EQ(x[0], 0.5f);
  EXPECT_EQ(x[1], 0.0f);
  EXPECT_EQ(x[2], 0.5f);
  float none[2] = {-kInf, -kInf};
  ASSERT_EQ(fovea::Softmax(none, 2, 1.0f, none), Status::kOk);
  EXPECT_EQ(none[0], 0.0f);
  EXPECT_EQ(none[1], 0.0f);
}

TEST(Softmax, BadInput) {
  float x[2] = {1.0f, 2.0f};
  EXPECT_EQ(fovea::Softmax(nullptr, 2, 1.0f, x), Status::kNullPointer);
  EXPECT_EQ(fovea::Softmax(x, 2, 1.0f, nullptr), Status::kNullPointer);
  EXPECT_EQ(fovea::Softmax(x, 0, 1.0f, x), Status::kZeroCount);
  EXPECT_EQ(fovea::Softmax(x, 2, kInf, x), Status::kBadScale);
  EXPECT_EQ(x[0], 1.0f);
  EXPECT_EQ(x[1], 2.0f);
}

}  // namespace
