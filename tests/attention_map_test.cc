// SPDX-License-Identifier: Apache-2.0
// tinylm as a stack of layers is tinylm, and the numbers of a known head.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "../examples/attention_map/model.h"
#include "../examples/attention_map/summary.h"
#include "../examples/tinylm/model.h"
#include "../examples/tinylm/weights.h"
#include "../examples/tinylm/weights_load.h"
#include "../examples/tinylm/weights_path.h"

namespace {

using fovea::Status;
using tinylm::kHeads;
using tinylm::kLayers;
using tinylm::kVocab;
using tinylm::kWidth;

constexpr char kText[] = "To be, or not to be: that is the question.";
constexpr size_t kCount = sizeof(kText) - 1;

TEST(AttentionMap, AStackOfLayersHasTinylmsBits) {
  static tinylm::WeightsFile file;
  static tinylm::Weights weights;
  ASSERT_EQ(tinylm::LoadWeights(tinylm::kWeightsPath, file, weights), nullptr);
  uint8_t text[kCount];
  std::memcpy(text, kText, kCount);

  using Model = tinylm::Model<64>;
  const auto prefill = std::make_unique<Model::PrefillWorkspace>();
  std::vector<float> expected(kCount * kVocab), logits(expected.size());
  ASSERT_EQ(
      Model::Prefill(weights, text, kCount, *prefill, kCount, expected.data()),
      Status::kOk);

  const auto memory = std::make_unique<attention_map::Memory>();
  ASSERT_EQ(attention_map::Read(weights, text, kCount, *memory), Status::kOk);
  using Output = fovea::Linear<kWidth, kVocab, 64>;
  ASSERT_EQ(Output::Run(weights.embedding, memory->x, kWidth, kCount,
                        logits.data(), kVocab),
            Status::kOk);
  EXPECT_EQ(std::memcmp(logits.data(), expected.data(),
                        logits.size() * sizeof(float)),
            0);

  // Each row is a distribution over what the query sees.
  for (size_t row = 0; row < kLayers * kHeads * kCount; ++row) {
    const float* weights_of_row = memory->maps + row * kCount;
    double sum = 0;
    for (size_t j = 0; j < kCount; ++j) {
      sum += double{weights_of_row[j]};
      if (j > row % kCount) {
        EXPECT_EQ(weights_of_row[j], 0.0f);
      }
    }
    EXPECT_NEAR(sum, 1.0, 1e-5);
  }
}

TEST(AttentionMap, SummaryOfKnownHeads) {
  const unsigned char tokens[] = {'a', 'b', 'a', 'b'};
  const float before[4][4] = {
      {1, 0, 0, 0}, {1, 0, 0, 0}, {0, 1, 0, 0}, {0, 0, 1, 0}};
  attention_map::Summary summary =
      attention_map::Summarise(before[0], tokens, 4);
  EXPECT_EQ(summary.previous, 1.0);
  EXPECT_EQ(summary.entropy, 0.0);
  EXPECT_EQ(summary.distance, 1.0);
  EXPECT_STREQ(summary.LooksAt(), "the token before");

  const float same[4][4] = {
      {1, 0, 0, 0}, {0, 1, 0, 0}, {1, 0, 0, 0}, {0, 1, 0, 0}};
  summary = attention_map::Summarise(same[0], tokens, 4);
  EXPECT_DOUBLE_EQ(summary.same, 2.0 / 3);
  EXPECT_STREQ(summary.LooksAt(), "the same token before");

  const float even[4][4] = {{1, 0, 0, 0},
                            {0.5f, 0.5f, 0, 0},
                            {0.25f, 0.25f, 0.5f, 0},
                            {0.25f, 0.25f, 0.25f, 0.25f}};
  summary = attention_map::Summarise(even[0], tokens, 4);
  EXPECT_DOUBLE_EQ(summary.entropy, (1 + 1.5 + 2) / 3);
  EXPECT_DOUBLE_EQ(summary.first, 0.25);
}

}  // namespace
