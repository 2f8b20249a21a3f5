// SPDX-License-Identifier: Apache-2.0
// The example model in integers alone: its loss near float64's, its bits, which
// are the same on every target, and the text that a firmware writes too.

#include <gtest/gtest.h>
#include <stddef.h>
#include <stdint.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "examples/tinylm/integer_model.h"
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
#include "tests/golden/tinylm_integer.inc"

constexpr size_t kTokens = sizeof(kTinylmText) - 1;

using tinylm::IntegerModel;
using tinylm::kVocab;
using Logits = std::vector<int16_t>;

class TinylmIntegerGolden : public ::testing::Test {
 protected:
  void SetUp() override {
    const char* error =
        tinylm::LoadIntegerWeights(tinylm::kIntegerWeightsPath, *file_);
    ASSERT_EQ(error, nullptr) << tinylm::kIntegerWeightsPath << ": " << error;
  }

  static const uint8_t* Text() {
    return reinterpret_cast<const uint8_t*>(kTinylmText);
  }

  const tinylm::IntegerFile& weights() const { return *file_; }
  tinylm::IntegerFile& file() { return *file_; }

  // [token][vocab], kChunk tokens at a time.
  template <size_t kChunk>
  Logits Stream() const {
    using Model = IntegerModel<kChunk>;
    const auto workspace = MakePoisoned<typename Model::Workspace>();
    const auto cache = MakePoisoned<typename Model::Cache>();
    cache->Clear();
    Logits logits(kTokens * kVocab);
    for (size_t at = 0; at < kTokens; at += kChunk) {
      const size_t count = std::min(kChunk, kTokens - at);
      EXPECT_EQ(Model::Step(*file_, Text() + at, count, *cache, *workspace,
                            count, logits.data() + at * kVocab),
                Status::kOk);
    }
    return logits;
  }

 private:
  std::unique_ptr<tinylm::IntegerFile> file_ =
      std::make_unique<tinylm::IntegerFile>();
};

// The text's mean loss, its first byte left out.
TEST_F(TinylmIntegerGolden, HasNearlyTheLossOfFloat64) {
  const Logits logits = Stream<64>();
  double loss = 0;
  for (size_t t = 0; t + 1 < kTokens; ++t) {
    const auto logit = [&](size_t i) {
      return std::ldexp(logits[t * kVocab + i], -tinylm::kLogitBits);
    };
    double sum = 0;
    for (size_t i = 0; i < kVocab; ++i) sum += std::exp(logit(i));
    loss += std::log(sum) - logit(Text()[t + 1]);
  }
  EXPECT_NEAR(loss / (kTokens - 1), kTinylmLoss, 0.01 * kTinylmLoss);
}

// As integers in NumPy give them: generate.py.
TEST_F(TinylmIntegerGolden, HasNumPysBitsHoweverItIsCalled) {
  const Logits logits = Stream<64>();
  EXPECT_EQ(Stream<1>(), logits);
  EXPECT_EQ(Stream<23>(), logits);
  Hash hash;
  for (const int16_t logit : logits) {
    const float exact = logit;
    hash.Add(&exact, 1);
  }
  EXPECT_EQ(hash.value(), kTinylmIntegerHash) << hash.value();
  ReportHashes("tinylm_integer", 1, hash.value() == kTinylmIntegerHash);
}

std::string ExpectedText() { return ReadGolden("tinylm_integer_text.txt"); }

TEST_F(TinylmIntegerGolden, WritesNumPysText) {
  using Model = IntegerModel<4>;
  std::string expected = ExpectedText();
  const std::string prompt = "ROMEO:\n";
  ASSERT_EQ(expected.size(), prompt.size() + 400);
  if (kReduced) expected.resize(prompt.size() + 100);
  const auto memory = MakePoisoned<tinylm::WriterMemory<Model>>();
  std::vector<uint8_t> text(expected.size());
  tinylm::Writer<Model> writer(weights(), *memory, text.data(),
                               {1, tinylm::IntegerSampler::OctavesOf(0.7)});
  ASSERT_EQ(writer.Begin(prompt.data(), prompt.size()), Status::kOk);
  for (size_t i = prompt.size(); i < expected.size(); ++i) {
    uint8_t token = 0;
    ASSERT_EQ(writer.Next(token), Status::kOk);
    ASSERT_EQ(token, static_cast<uint8_t>(expected[i])) << i;
  }
  EXPECT_EQ(std::string(text.begin(), text.end()), expected);
}

TEST_F(TinylmIntegerGolden, DamageIsNoticed) {
  const auto error = [&](size_t size = sizeof(tinylm::IntegerFile)) {
    const char* found = tinylm::CheckIntegerWeights(file(), size);
    return std::string(found == nullptr ? "" : found);
  };
  EXPECT_EQ(error(), "");
  EXPECT_EQ(error(100), "truncated: shorter than its header");
  EXPECT_EQ(error(sizeof(tinylm::IntegerFile) - 4), "wrong size");
  const auto flipped = [&](size_t at) {
    auto* byte = reinterpret_cast<unsigned char*>(&file()) + at;
    *byte ^= 1;
    const std::string found = error();
    *byte ^= 1;
    return found;
  };
  EXPECT_EQ(flipped(0), "not a tinylm weights file (wrong magic)");
  EXPECT_EQ(flipped(8), "its weights are not integers");
  EXPECT_EQ(flipped(16), "wrong size");
  EXPECT_EQ(flipped(36), "made for another model shape");
  EXPECT_EQ(flipped(24), "corrupt (checksum differs)");
  EXPECT_EQ(flipped(sizeof(tinylm::IntegerFile) - 1),
            "corrupt (checksum differs)");
  EXPECT_EQ(error(), "");
}

TEST_F(TinylmIntegerGolden, AFullContextRefusesAndKeepsEverything) {
  using Model = IntegerModel<4>;
  const auto workspace = MakePoisoned<Model::Workspace>();
  const auto cache = MakePoisoned<Model::Cache>();
  cache->Clear();
  const auto step = [&](size_t count) {
    return Model::Step(weights(), Text(), count, *cache, *workspace, 0,
                       nullptr);
  };
  for (size_t t = 0; t + 4 <= tinylm::kContext; t += 4) {
    ASSERT_EQ(step(4), Status::kOk);
  }
  EXPECT_EQ(step(1), Status::kCacheFull);
  EXPECT_EQ(step(0), Status::kZeroCount);
  EXPECT_EQ(step(5), Status::kTooManyTokens);
  EXPECT_EQ(cache->size(), tinylm::kContext);
}

}  // namespace
}  // namespace fovea::golden
