// SPDX-License-Identifier: Apache-2.0
// The example model with weights and cache of int8: its logits near float64's,
// their bits, and the text that a firmware writes too.

#include <gtest/gtest.h>
#include <stddef.h>
#include <stdint.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "examples/tinylm/model.h"
#include "examples/tinylm/weights_load.h"
#include "examples/tinylm/weights_path.h"
#include "examples/tinylm/weights_quantise.h"
#include "examples/tinylm/writer.h"
#include "fovea/status.h"
#include "tests/golden/check.h"
#include "tests/golden/golden.h"
#include "tests/golden/golden_path.h"
#include "tests/golden/hash_class.h"
#include "tests/golden/poison.h"

namespace fovea::golden {
namespace {

#include "tests/golden/tinylm.inc"

constexpr size_t kTokens = sizeof(kTinylmText) - 1;
constexpr bool kFused = kHashClass == HashClass::kFused;

template <size_t kChunk>
using Model = tinylm::Model<kChunk, int8_t, false, int8_t>;

class TinylmInt8Golden : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto exact = std::make_unique<tinylm::WeightsFile>();
    const char* error = tinylm::LoadFile(tinylm::kWeightsPath, *exact);
    ASSERT_EQ(error, nullptr) << tinylm::kWeightsPath << ": " << error;
    ASSERT_TRUE(tinylm::QuantiseWeights(*exact, *file_));
    tinylm::PointInto(file_->bytes, weights_);
  }

  static const uint8_t* Text() {
    return reinterpret_cast<const uint8_t*>(kTinylmText);
  }

  const tinylm::Int8Weights& weights() const { return weights_; }

  // [token][vocab], kChunk tokens at a time.
  template <size_t kChunk>
  std::vector<float> Stream() const {
    const auto workspace = MakePoisoned<typename Model<kChunk>::Workspace>();
    const auto cache = MakePoisoned<typename Model<kChunk>::Cache>();
    cache->Clear();
    std::vector<float> logits(kTokens * tinylm::kVocab);
    for (size_t at = 0; at < kTokens; at += kChunk) {
      const size_t count = std::min(kChunk, kTokens - at);
      EXPECT_EQ(
          Model<kChunk>::Step(weights_, Text() + at, count, *cache, *workspace,
                              count, logits.data() + at * tinylm::kVocab),
          Status::kOk);
    }
    return logits;
  }

 private:
  std::unique_ptr<tinylm::Int8WeightsFile> file_ =
      std::make_unique<tinylm::Int8WeightsFile>();
  tinylm::Int8Weights weights_{};
};

// The text's mean loss, its first byte left out.
TEST_F(TinylmInt8Golden, HasNearlyTheLossOfFloat64) {
  const std::vector<float> logits = Stream<64>();
  double loss = 0;
  for (size_t t = 0; t + 1 < kTokens; ++t) {
    const float* row = logits.data() + t * tinylm::kVocab;
    double sum = 0;
    for (size_t i = 0; i < tinylm::kVocab; ++i) sum += std::exp(double{row[i]});
    loss += std::log(sum) - double{row[Text()[t + 1]]};
  }
  EXPECT_NEAR(loss / (kTokens - 1), kTinylmLoss, 0.01 * kTinylmLoss);
}

TEST_F(TinylmInt8Golden, HasTheCommittedBitsHoweverItIsCalled) {
  const std::vector<float> logits = Stream<64>();
  ExpectSameBits("token by token", Stream<1>(), logits);
  const uint64_t committed = kFused ? 0xa891035239b7aad7u : 0x5185ef4a9c1e59eeu;
  EXPECT_EQ(HashOf(logits), committed) << HashOf(logits);
  ReportHashes("tinylm_int8", 1, HashOf(logits) == committed);
}

std::string ExpectedText() {
  return ReadGolden(kFused ? "tinylm_int8_text_fused.txt"
                           : "tinylm_int8_text_unfused.txt");
}

TEST_F(TinylmInt8Golden, WritesTheCommittedText) {
  std::string expected = ExpectedText();
  const std::string prompt = "ROMEO:\n";
  ASSERT_EQ(expected.size(), prompt.size() + 400);
  if (kReduced) expected.resize(prompt.size() + 100);
  const auto memory = MakePoisoned<tinylm::WriterMemory<Model<1>>>();
  std::vector<uint8_t> text(expected.size());
  tinylm::Writer<Model<1>> writer(weights(), *memory, text.data(), {1, 0.7f});
  ASSERT_EQ(writer.Begin(prompt.data(), prompt.size()), Status::kOk);
  for (size_t i = prompt.size(); i < expected.size(); ++i) {
    uint8_t token = 0;
    ASSERT_EQ(writer.Next(token), Status::kOk);
    ASSERT_EQ(token, static_cast<uint8_t>(expected[i])) << i;
  }
  EXPECT_EQ(std::string(text.begin(), text.end()), expected);
}

}  // namespace
}  // namespace fovea::golden
