// SPDX-License-Identifier: Apache-2.0
// The stream of the page examples/web: tinylm's own text, and bad input.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>

#include "../examples/tinylm/model.h"
#include "../examples/tinylm/weights_load.h"
#include "../examples/tinylm/weights_path.h"
#include "../examples/tinylm/writer.h"
#include "../examples/web/stream.h"

namespace {

using fovea::Status;
using tinylm::kContext;

constexpr char kPrompt[] = "ROMEO:\n";
constexpr size_t kPromptBytes = sizeof(kPrompt) - 1;
constexpr uint64_t kSeed = 3;
constexpr float kTemperature = 0.7f;

const uint8_t* Bytes(const char* text) {
  return reinterpret_cast<const uint8_t*>(text);
}

class WebStream : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(tinylm::LoadWeights(tinylm::kWeightsPath, memory_->file,
                                  memory_->weights),
              nullptr);
  }

  Status Begin(const char* prompt, float temperature = kTemperature) {
    return stream_.Begin(Bytes(prompt), std::strlen(prompt), kSeed,
                         temperature);
  }
  void WriteUntil(size_t size) {
    while (stream_.size() < size || stream_.read() < stream_.size()) {
      ASSERT_EQ(stream_.Advance(), Status::kOk);
    }
  }
  std::string Text() const {
    return {reinterpret_cast<const char*>(memory_->text), stream_.size()};
  }

  std::unique_ptr<web::Memory> memory_ = std::make_unique<web::Memory>();
  web::Stream stream_{*memory_};
};

// What the program tinylm writes.
std::string TinylmsText(const tinylm::Weights& weights, size_t size) {
  using Model = tinylm::Model<kContext>;
  const auto memory = std::make_unique<tinylm::WriterMemory<Model>>();
  std::string text(size, '\0');
  tinylm::Writer<Model> writer(weights, *memory,
                               reinterpret_cast<uint8_t*>(text.data()),
                               {kSeed, kTemperature});
  EXPECT_EQ(writer.Begin(kPrompt, kPromptBytes), Status::kOk);
  uint8_t token = 0;
  while (writer.end() < size) EXPECT_EQ(writer.Next(token), Status::kOk);
  return text;
}

TEST_F(WebStream, WritesTinylmsText) {
  ASSERT_EQ(Begin(kPrompt), Status::kOk);
  constexpr size_t kSize = kContext + kContext / 2 + 50;  // over two ends
  WriteUntil(kSize);
  EXPECT_EQ(Text(), TinylmsText(memory_->weights, kSize));
  EXPECT_EQ(stream_.begin(), kContext);
  EXPECT_EQ(stream_.read(), kSize);
  // The same again, from its beginning.
  const std::string text = Text();
  ASSERT_EQ(Begin(kPrompt), Status::kOk);
  WriteUntil(kSize);
  EXPECT_EQ(Text(), text);
}

TEST_F(WebStream, EveryRowOfEveryMapIsADistribution) {
  ASSERT_EQ(Begin(kPrompt), Status::kOk);
  WriteUntil(kContext + 20);
  for (const auto& layer : memory_->maps) {
    for (const auto& head : layer) {
      for (size_t row = 0; row < stream_.read() - stream_.begin(); ++row) {
        double sum = 0;
        for (size_t key = 0; key <= row; ++key) {
          EXPECT_GE(head[row][key], 0.0f);
          sum += double{head[row][key]};
        }
        ASSERT_NEAR(sum, 1.0, 1e-5) << row;
      }
    }
  }
}

TEST_F(WebStream, BadInputChangesNothing) {
  EXPECT_EQ(stream_.Advance(), Status::kZeroCount);
  ASSERT_EQ(Begin(kPrompt), Status::kOk);
  WriteUntil(20);
  const std::string text = Text();
  EXPECT_EQ(Begin(""), Status::kZeroCount);
  EXPECT_EQ(Begin(std::string(kContext, 'x').c_str()), Status::kTooManyTokens);
  for (const float bad : {0.0f, -1.0f, 10.5f, std::nanf("")}) {
    EXPECT_EQ(Begin("x", bad), Status::kBadScale);
  }
  EXPECT_EQ(Text(), text);
  WriteUntil(60);
  EXPECT_EQ(Text(), TinylmsText(memory_->weights, 60));
  EXPECT_EQ(Begin(std::string(kContext - 1, 'x').c_str()), Status::kOk);
}

TEST_F(WebStream, AFullTextIsRefused) {
  ASSERT_EQ(Begin(kPrompt), Status::kOk);
  WriteUntil(web::kMostText);
  const std::string text = Text();
  EXPECT_EQ(stream_.Advance(), Status::kTooManyTokens);
  EXPECT_EQ(Text(), text);
}

}  // namespace
