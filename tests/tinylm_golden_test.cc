// SPDX-License-Identifier: Apache-2.0
// The example model's logits against float64 and against their own bits: all of
// the library's float pieces in one program.

#include <gtest/gtest.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "examples/tinylm/model.h"
#include "examples/tinylm/weights_load.h"
#include "examples/tinylm/weights_path.h"
#include "examples/tinylm/writer.h"
#include "fovea/status.h"
#include "tests/golden/check.h"
#include "tests/golden/golden.h"
#include "tests/golden/golden_path.h"
#include "tests/golden/poison.h"

namespace fovea::golden {
namespace {

#include "tests/golden/tinylm.inc"

constexpr NamedHash kFusedHashes[] = {
#include "tests/golden/tinylm_hashes_fused.inc"
    {nullptr, 0}};
constexpr NamedHash kUnfusedHashes[] = {
#include "tests/golden/tinylm_hashes_unfused.inc"
    {nullptr, 0}};
constexpr CommittedHashes kHashes = {kFusedHashes, kUnfusedHashes};

constexpr size_t kTokens = sizeof(kTinylmText) - 1;

class TinylmGolden : public ::testing::Test {
 protected:
  void SetUp() override {
    const char* error =
        tinylm::LoadWeights(tinylm::kWeightsPath, *file_, weights_);
    ASSERT_EQ(error, nullptr) << tinylm::kWeightsPath << ": " << error;
    uint64_t checksum;
    memcpy(&checksum, file_->bytes + 24, sizeof(checksum));
    ASSERT_EQ(checksum, kTinylmChecksum)
        << "the logits are of other weights: generate.py --tinylm";
  }

  static const uint8_t* Text() {
    return reinterpret_cast<const uint8_t*>(kTinylmText);
  }

  const tinylm::Weights& weights() const { return weights_; }

  // [token][vocab], the whole text at once.
  std::vector<float> Prefill() const {
    using Model = tinylm::Model<kTokens>;
    const auto workspace = MakePoisoned<Model::PrefillWorkspace>();
    std::vector<float> logits(kTokens * tinylm::kVocab);
    EXPECT_EQ(Model::Prefill(weights_, Text(), kTokens, *workspace, kTokens,
                             logits.data()),
              Status::kOk);
    return logits;
  }

  // The same in a stream, kChunk tokens at a time.
  template <size_t kChunk>
  std::vector<float> Stream() const {
    using Model = tinylm::Model<kChunk>;
    const auto workspace = MakePoisoned<typename Model::Workspace>();
    const auto cache = MakePoisoned<typename Model::Cache>();
    cache->Clear();
    std::vector<float> logits(kTokens * tinylm::kVocab);
    for (size_t at = 0; at < kTokens; at += kChunk) {
      const size_t count = std::min(kChunk, kTokens - at);
      EXPECT_EQ(Model::Step(weights_, Text() + at, count, *cache, *workspace,
                            count, logits.data() + at * tinylm::kVocab),
                Status::kOk);
    }
    return logits;
  }

 private:
  std::unique_ptr<tinylm::WeightsFile> file_ =
      std::make_unique<tinylm::WeightsFile>();
  tinylm::Weights weights_{};
};

TEST_F(TinylmGolden, IsAsExactAsPyTorchAndHasTheCommittedBits) {
  const std::vector<float> logits = Prefill();
  ExpectWithinGate("logits", kTinylmLogits, kTinylmExpected, logits);
  HashLog hashes("tinylm", kHashes);
  hashes.Add("logits", HashOf(logits));
  hashes.Finish();
}

// The mean loss of the text's bytes but the first, in nats.
TEST_F(TinylmGolden, HasTheLossOfFloat64) {
  const std::vector<float> logits = Prefill();
  double loss = 0;
  for (size_t t = 0; t + 1 < kTokens; ++t) {
    const float* row = logits.data() + t * tinylm::kVocab;
    const double max = *std::max_element(row, row + tinylm::kVocab);
    double sum = 0;
    for (size_t i = 0; i < tinylm::kVocab; ++i) sum += std::exp(row[i] - max);
    loss += max + std::log(sum) - double{row[Text()[t + 1]]};
  }
  EXPECT_NEAR(loss / (kTokens - 1), kTinylmLoss, 1e-6);
}

TEST_F(TinylmGolden, AStreamGivesTheBitsOfOneCall) {
  const std::vector<float> whole = Prefill();
  ExpectSameBits("token by token", Stream<1>(), whole);
  ExpectSameBits("in chunks", Stream<23>(), whole);
}

// That of float64, with the same draws: generate.py.
std::string ExpectedText() { return ReadGolden("tinylm_text.txt"); }

TEST_F(TinylmGolden, WritesTheTextOfFloat64) {
  using Model = tinylm::Model<1>;
  const std::string expected = ExpectedText();
  const std::string prompt = "ROMEO:\n";
  ASSERT_EQ(expected.size(), prompt.size() + 400);
  const auto memory = MakePoisoned<tinylm::WriterMemory<Model>>();
  std::vector<uint8_t> text(expected.size());
  tinylm::Writer<Model> writer(weights(), *memory, text.data(), {1, 0.7f});
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
