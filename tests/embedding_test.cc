// SPDX-License-Identifier: Apache-2.0
// Token embeddings and positions, against the formula in double.
#include "fovea/embedding.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

namespace {

using fovea::Status;

constexpr float kUntouched = 12345.0f;
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

TEST(Embedding, CopiesRowsTimesTheScale) {
  using Tokens = fovea::Embedding<19>;
  std::vector<float> table(7 * 19);
  for (size_t i = 0; i < table.size(); ++i) table[i] = 0.1f * float(i) - 3.0f;
  const std::vector<uint32_t> tokens = {6, 0, 3, 6};
  std::vector<float> y(4 * 21, kUntouched);
  ASSERT_EQ(Tokens::Run(table.data(), 7, tokens.data(), 4, 2.5f, y.data(), 21),
            Status::kOk);
  for (size_t t = 0; t < 4; ++t) {
    for (size_t i = 0; i < 19; ++i) {
      EXPECT_EQ(y[t * 21 + i], 2.5f * table[tokens[t] * 19 + i]);
    }
    EXPECT_EQ(y[t * 21 + 19], kUntouched);
  }
}

TEST(Embedding, BadInputWritesNothing) {
  using Tokens = fovea::Embedding<4>;
  const std::vector<float> table(12, 1.0f);
  const std::vector<uint32_t> tokens = {0, 2, 3};
  std::vector<float> y(12, kUntouched);
  const auto run = [&](const float* from, size_t vocabulary,
                       const uint32_t* ids, size_t count, float scale,
                       float* to, size_t stride) {
    return Tokens::Run(from, vocabulary, ids, count, scale, to, stride);
  };
  const float* rows = table.data();
  const uint32_t* ids = tokens.data();
  EXPECT_EQ(run(nullptr, 3, ids, 2, 1, y.data(), 4), Status::kNullPointer);
  EXPECT_EQ(run(rows, 3, nullptr, 2, 1, y.data(), 4), Status::kNullPointer);
  EXPECT_EQ(run(rows, 3, ids, 2, 1, nullptr, 4), Status::kNullPointer);
  EXPECT_EQ(run(rows, 0, ids, 2, 1, y.data(), 4), Status::kZeroCount);
  EXPECT_EQ(run(rows, 3, ids, 0, 1, y.data(), 4), Status::kZeroCount);
  EXPECT_EQ(run(rows, 3, ids, 2, 1, y.data(), 3), Status::kBadStride);
  EXPECT_EQ(run(rows, 3, ids, 2, kNan, y.data(), 4), Status::kBadScale);
  // The last of three tokens is not in the vocabulary.
  EXPECT_EQ(run(rows, 3, ids, 3, 1, y.data(), 4), Status::kBadToken);
  EXPECT_EQ(y, std::vector<float>(12, kUntouched));
  EXPECT_EQ(run(rows, 3, ids, 2, 1, y.data(), 4), Status::kOk);
}

TEST(LearnedPositions, AddsRowsOfTheTable) {
  using Positions = fovea::LearnedPositions<5>;
  std::vector<float> table(10 * 5);
  for (size_t i = 0; i < table.size(); ++i) table[i] = float(i);
  std::vector<float> x(3 * 6, 1.0f);
  ASSERT_EQ(Positions::Add(table.data(), 10, 7, 3, x.data(), 6), Status::kOk);
  for (size_t t = 0; t < 3; ++t) {
    for (size_t i = 0; i < 5; ++i) {
      EXPECT_EQ(x[t * 6 + i], 1.0f + table[(7 + t) * 5 + i]);
    }
    EXPECT_EQ(x[t * 6 + 5], 1.0f);
  }
}

TEST(LearnedPositions, BadInputWritesNothing) {
  using Positions = fovea::LearnedPositions<5>;
  const std::vector<float> table(10 * 5, 1.0f);
  std::vector<float> x(3 * 5, kUntouched);
  const float* rows = table.data();
  EXPECT_EQ(Positions::Add(nullptr, 10, 0, 3, x.data(), 5),
            Status::kNullPointer);
  EXPECT_EQ(Positions::Add(rows, 10, 0, 3, nullptr, 5), Status::kNullPointer);
  EXPECT_EQ(Positions::Add(rows, 10, 0, 0, x.data(), 5), Status::kZeroCount);
  EXPECT_EQ(Positions::Add(rows, 10, 0, 3, x.data(), 4), Status::kBadStride);
  EXPECT_EQ(Positions::Add(rows, 2, 0, 3, x.data(), 5), Status::kTooManyTokens);
  EXPECT_EQ(Positions::Add(rows, 10, 8, 3, x.data(), 5),
            Status::kTooManyTokens);
  EXPECT_EQ(Positions::Add(rows, 10, ~uint64_t{0}, 3, x.data(), 5),
            Status::kTooManyTokens);
  EXPECT_EQ(x, std::vector<float>(15, kUntouched));
}

TEST(SinusoidalPositions, AreThePapers) {
  constexpr size_t kDim = 22;
  constexpr fovea::SinusoidalPositions<kDim> kPositions;
  for (const uint64_t first : {uint64_t{0}, uint64_t{513}, uint64_t{1} << 24}) {
    std::vector<float> x(4 * kDim, 0.0f);
    ASSERT_EQ(kPositions.Add(first, 4, x.data(), kDim), Status::kOk);
    for (size_t t = 0; t < 4; ++t) {
      const double position = static_cast<double>(first + t);
      for (size_t i = 0; i < kDim; i += 2) {
        const double angle =
            position * std::pow(10000.0, -static_cast<double>(i) / kDim);
        EXPECT_NEAR(x[t * kDim + i], std::sin(angle), 2e-7);
        EXPECT_NEAR(x[t * kDim + i + 1], std::cos(angle), 2e-7);
      }
    }
  }
}

TEST(SinusoidalPositions, BadInputWritesNothing) {
  const fovea::SinusoidalPositions<4> positions;
  std::vector<float> x(8, kUntouched);
  EXPECT_EQ(positions.Add(0, 2, nullptr, 4), Status::kNullPointer);
  EXPECT_EQ(positions.Add(0, 0, x.data(), 4), Status::kZeroCount);
  EXPECT_EQ(positions.Add(0, 2, x.data(), 3), Status::kBadStride);
  const fovea::SinusoidalPositions<4> of_bad_base(0.5);
  EXPECT_EQ(of_bad_base.Add(0, 2, x.data(), 4), Status::kBadScale);
  EXPECT_EQ(x, std::vector<float>(8, kUntouched));
}

}  // namespace
