// SPDX-License-Identifier: Apache-2.0
// What a port computes instead of the kernels has the kernels' bits: blocks of
// sums (port/float_block.h) and the softmax's loops (port/float_lanes.h).
// Where no port does, there is nothing to test.

#include <gtest/gtest.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <limits>

#include "fovea/kernels/online_softmax-inl.h"

namespace {

namespace kernels = fovea::HWY_NAMESPACE;
namespace hn = hwy::HWY_NAMESPACE;
using kernels::FloatTag;

constexpr size_t kMostSteps = 11;  // two turns of four, and three
constexpr size_t kStride = 24;     // of factors, values and outputs
constexpr size_t kFloats = 64 * kStride;

uint32_t Bits(float x) {
  uint32_t bits;
  memcpy(&bits, &x, sizeof(bits));
  return bits;
}

// Numbers whose sums round, of both signs.
void Fill(float* to, size_t count, uint32_t seed) {
  for (size_t i = 0; i < count; ++i) {
    seed = seed * 1664525u + 1013904223u;
    to[i] = static_cast<float>(static_cast<int32_t>(seed)) * 0x1p-30f;
  }
}

[[maybe_unused]] float FmaOf(float a, float b, float c) {
  const FloatTag d;
  return hn::GetLane(kernels::Fma(hn::Set(d, a), hn::Set(d, b), hn::Set(d, c)));
}

struct Strides {
  size_t row, a_step, b_step;
};

// Runs Block::Sum for all counts and compares each sum with its chain; what
// lies after the sums must stay.
template <class Block, size_t kRows, size_t kColumns>
void ExpectChains(const Strides& strides, float start) {
  static float a[kFloats], b[kFloats];
  Fill(a, kFloats, 1);
  Fill(b, kFloats, 2);
  for (size_t count = 1; count <= kMostSteps; ++count) {
    HWY_ALIGN float sums[kRows * kColumns + 1];
    sums[kRows * kColumns] = 1.5f;
    ASSERT_TRUE(Block::Sum(a, strides.row, strides.a_step, b, strides.b_step,
                           count, start, sums));
    EXPECT_EQ(sums[kRows * kColumns], 1.5f);
    for (size_t i = 0; i < kRows * kColumns; ++i) {
      float sum = start;
      for (size_t k = 0; k < count; ++k) {
        sum = FmaOf(a[i / kColumns * strides.row + k * strides.a_step],
                    b[k * strides.b_step + i % kColumns], sum);
      }
      ASSERT_EQ(Bits(sums[i]), Bits(sum)) << count << " steps, sum " << i;
    }
  }
}

template <class Block, size_t kRows, size_t kColumns>
void ExpectJoined() {
  HWY_ALIGN float sums[kRows * kColumns];
  HWY_ALIGN float correction[kRows];
  static float output[kFloats], before[kFloats];
  Fill(sums, kRows * kColumns, 3);
  Fill(correction, kRows, 4);
  Fill(before, kFloats, 5);
  memcpy(output, before, sizeof(output));
  Block::Join(sums, correction, output, kStride);
  for (size_t i = 0; i < kFloats; ++i) {
    const size_t row = i / kStride, column = i % kStride;
    const bool is_joined = row < kRows && column < kColumns;
    const float expected = is_joined ? FmaOf(before[i], correction[row],
                                             sums[row * kColumns + column])
                                     : before[i];
    ASSERT_EQ(Bits(output[i]), Bits(expected)) << row << ", " << column;
  }
}

template <class Block>
void TestBlocksOf4x4() {
  if constexpr (Block::kExists) {
    constexpr size_t kColumns = Block::kColumns;
    for (const float start : {0.0f, -0.0f}) {
      ExpectChains<Block, 4, kColumns>({kStride, 1, kColumns}, start);
      ExpectChains<Block, 4, kColumns>({kStride, 1, fovea::kPanel}, start);
      ExpectChains<Block, 4, kColumns>({1, kColumns, kStride}, start);
    }
    ExpectJoined<Block, 4, kColumns>();
    float unused[1];
    EXPECT_FALSE(Block::Sum(unused, 2, 3, unused, 4, 1, 0, unused));
    EXPECT_FALSE(Block::Sum(unused, 4, 1, unused, 4, 0, 0, unused));
  }
}

TEST(PortBlock, BlocksOf4x4AreTheChains) {
  TestBlocksOf4x4<kernels::PortBlock<4, 4>>();
}

template <class Block>
void TestBlocksOf1x16() {
  if constexpr (Block::kExists) {
    for (const float start : {0.0f, -0.0f}) {
      ExpectChains<Block, 1, 16>({0, 1, fovea::kPanel}, start);
      ExpectChains<Block, 1, 16>({0, 1, kStride}, start);
    }
    ExpectJoined<Block, 1, 16>();
  }
}

TEST(PortBlock, BlocksOf1x16AreTheChains) {
  TestBlocksOf1x16<kernels::PortBlock<1, 16>>();
}

// Scores from 0 down to below where probabilities are 0, and special ones.
void FillScores(float* scores, size_t count) {
  Fill(scores, count, 6);
  for (size_t i = 0; i < count; ++i) scores[i] *= 70.0f;
  const float inf = std::numeric_limits<float>::infinity();
  scores[count / 2] = -inf;
  scores[count / 3] = -1e30f;
  scores[count - 1] = -0.0f;
}

float Exp2Of(float x) {
  return hn::GetLane(kernels::Exp2(hn::Set(FloatTag(), x)));
}

constexpr size_t kQueries = 4;

// As the kernels do it on one lane, and as the port does.
void ExpectSoftmax(size_t keys) {
  HWY_ALIGN float scores[fovea::kTile * kQueries];
  FillScores(scores, keys * kQueries);
  HWY_ALIGN float expected[fovea::kTile * kQueries];
  memcpy(expected, scores, sizeof(scores));
  HWY_ALIGN float max[kQueries] = {-3e38f, 0.5f, 100.0f, -1.0f};
  HWY_ALIGN float old_max[kQueries];
  memcpy(old_max, max, sizeof(max));
  HWY_ALIGN float sums[kQueries];
  kernels::PortSoftmaxOfQueries(scores, keys, max, sums);
  for (size_t query = 0; query < kQueries; ++query) {
    float most = old_max[query];
    for (size_t key = 0; key < keys; ++key) {
      const float score = expected[key * kQueries + query];
      most = score > most ? score : most;
    }
    EXPECT_EQ(max[query], most);
    HWY_ALIGN float partial[fovea::kPanel] = {};
    for (size_t key = 0; key < keys; ++key) {
      const size_t i = key * kQueries + query;
      const float p = Exp2Of(expected[i] - most);
      ASSERT_EQ(Bits(scores[i]), Bits(p)) << keys << " keys, score " << i;
      partial[key % fovea::kPanel] += p;
    }
    EXPECT_EQ(Bits(sums[query]), Bits(kernels::TreeSum16(partial)));
  }
}

TEST(PortLanes, TheSoftmaxOfQueriesIsTheKernels) {
  if (kernels::kPortLanes == 0) return;
  for (const size_t keys : {1, 3, 16, 17, 33, 64}) ExpectSoftmax(keys);
}

TEST(PortLanes, TheSoftmaxOfARowIsTheKernels) {
  if (kernels::kPortLanes == 0) return;
  HWY_ALIGN float scores[fovea::kTile];
  FillScores(scores, fovea::kTile);
  HWY_ALIGN float p[fovea::kTile];
  memcpy(p, scores, sizeof(scores));
  float max = -1.0f;
  ASSERT_EQ(kernels::PortMaxOfRow(p, fovea::kTile - 1, max), fovea::kTile - 4);
  float most = -1.0f;
  for (size_t i = 0; i < fovea::kTile - 4; ++i) {
    most = scores[i] > most ? scores[i] : most;
  }
  EXPECT_EQ(max, most);
  const float sum = kernels::PortProbabilitiesOfRow(p, fovea::kTile, 80.0f);
  HWY_ALIGN float partial[fovea::kPanel] = {};
  for (size_t i = 0; i < fovea::kTile; ++i) {
    ASSERT_EQ(Bits(p[i]), Bits(Exp2Of(scores[i] - 80.0f))) << i;
    partial[i % fovea::kPanel] += p[i];
  }
  EXPECT_EQ(Bits(sum), Bits(kernels::TreeSum16(partial)));
}

// NaN is no maximum, and stays NaN.
TEST(PortLanes, NanStaysNan) {
  if (kernels::kPortLanes == 0) return;
  HWY_ALIGN float scores[2 * kQueries] = {};
  scores[1] = std::numeric_limits<float>::quiet_NaN();
  HWY_ALIGN float max[kQueries] = {-1.0f, -1.0f, -1.0f, -1.0f};
  HWY_ALIGN float sums[kQueries];
  kernels::PortSoftmaxOfQueries(scores, 2, max, sums);
  EXPECT_EQ(max[1], 0.0f);
  EXPECT_NE(scores[1], scores[1]);
  EXPECT_NE(sums[1], sums[1]);
  EXPECT_EQ(scores[kQueries + 1], 1.0f);
}

TEST(PortLanes, ScalesNeighboursAndApart) {
  if (kernels::kPortLanes == 0) return;
  static float from[kFloats], to[kFloats];
  Fill(from, kFloats, 7);
  for (const size_t step : {size_t{1}, size_t{4}, size_t{7}}) {
    for (float& x : to) x = 1.5f;
    ASSERT_EQ(kernels::PortScale(from, 23, 0.3f, to, step), 20u);
    for (size_t i = 0; i < kFloats; ++i) {
      const bool is_scaled = i % step == 0 && i / step < 20;
      const float expected = is_scaled ? from[i / step] * 0.3f : 1.5f;
      ASSERT_EQ(Bits(to[i]), Bits(expected)) << step << ": " << i;
    }
  }
}

}  // namespace
