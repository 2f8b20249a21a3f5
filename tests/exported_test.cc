// SPDX-License-Identifier: Apache-2.0
// What examples/export packs from PyTorch computes what PyTorch does.

#include <gtest/gtest.h>
#include <stddef.h>
#include <stdint.h>

#include <cmath>
#include <cstdio>
#include <string>
#include <vector>

#include "fovea/linear_int8.h"
#include "tests/golden/check.h"
#include "tests/golden/exported_attention.h"
#include "tests/golden/exported_decoder.h"
#include "tests/golden/exported_encoder.h"
#include "tests/golden/exported_encoder_file.h"
#include "tests/golden/exported_encoder_int8.h"
#include "tests/golden/exported_encoder_int8_file.h"
#include "tests/golden/golden.h"
#include "tests/golden/golden_path.h"

namespace fovea::golden {
namespace {

struct ExportedCase {
  const char* name;
  uint64_t seed;
  Expected expected;
};

#include "tests/golden/exported.inc"

constexpr size_t kTokens = 7, kMemoryTokens = 5;

std::vector<float> Input(const ExportedCase& c, uint64_t tensor, size_t count) {
  const Stream stream(c.seed, tensor);
  std::vector<float> values(count);
  for (size_t i = 0; i < count; ++i) values[i] = stream[i];
  return values;
}

template <class Module>
std::vector<float> Encode(const typename Module::Weights& weights) {
  static typename Module::Workspace workspace;
  constexpr size_t kWidth = Module::Layer::kModelDim;
  const std::vector<float> x = Input(kExportedCases[0], 0, kTokens * kWidth);
  std::vector<float> y(x.size(), 0.0f);
  typename Module::Call call;
  call.x = TokenMajor(x.data(), 1, kTokens, kWidth);
  call.y = TokenMajor(y.data(), 1, kTokens, kWidth);
  call.tokens = kTokens;
  EXPECT_EQ(Module::Run(weights, call, workspace), Status::kOk);
  return y;
}

TEST(Exported, EncoderIsAsExactAsPyTorch) {
  using Module = exported_encoder::Module;
  ExpectWithinGate("encoder", kExportedCases[0].expected, kExportedExpected,
                   Encode<Module>(exported_encoder::kWeights));
}

// What a module makes of a case's rows and memory; counts(call) says how many
// of each there are.
template <class Module, class Counts>
std::vector<float> Answer(const ExportedCase& c,
                          const typename Module::Weights& weights, size_t width,
                          size_t memory_width, const Counts& counts) {
  static typename Module::Workspace workspace;
  const std::vector<float> x = Input(c, 0, kTokens * width);
  const std::vector<float> memory = Input(c, 1, kMemoryTokens * memory_width);
  std::vector<float> y(x.size(), 0.0f);
  typename Module::Call call;
  call.x = TokenMajor(x.data(), 1, kTokens, width);
  call.y = TokenMajor(y.data(), 1, kTokens, width);
  call.memory = TokenMajor(memory.data(), 1, kMemoryTokens, memory_width);
  counts(call);
  EXPECT_EQ(Module::Run(weights, call, workspace), Status::kOk);
  return y;
}

TEST(Exported, AttentionToAMemoryIsAsExactAsPyTorch) {
  using Module = exported_attention::Module;
  const ExportedCase& c = kExportedCases[1];
  const auto counts = [](Module::Call& call) {
    call.queries = kTokens, call.keys = kMemoryTokens;
  };
  ExpectWithinGate(
      "attention", c.expected, kExportedExpected,
      Answer<Module>(c, exported_attention::kWeights, Module::kModelDim,
                     Module::kMemoryDim, counts));
}

TEST(Exported, DecoderIsAsExactAsPyTorch) {
  using Module = exported_decoder::Module;
  constexpr size_t kWidth = Module::Layer::kModelDim;
  const ExportedCase& c = kExportedCases[2];
  const auto counts = [](Module::Call& call) {
    call.tokens = kTokens, call.memory_tokens = kMemoryTokens;
  };
  ExpectWithinGate(
      "decoder", c.expected, kExportedExpected,
      Answer<Module>(c, exported_decoder::kWeights, kWidth, kWidth, counts));
}

// -------------------------------------------------------------------- int8

// PyTorch's [outputs][inputs] of packed weights.
std::vector<float> Unpacked(const LinearWeights& weights, size_t inputs,
                            size_t outputs) {
  std::vector<float> rows(outputs * inputs);
  for (size_t o = 0; o < outputs; ++o) {
    for (size_t i = 0; i < inputs; ++i) {
      rows[o * inputs + i] =
          weights
              .panels[o / kPanel * kPanel * inputs + i * kPanel + o % kPanel];
    }
  }
  return rows;
}

void ExpectPackedAlike(const LinearWeights& weights,
                       const LinearInt8Weights& exported, size_t inputs,
                       size_t outputs) {
  std::vector<int8_t> panels(PackedLinearInt8Bytes(inputs, outputs));
  std::vector<float> scales(PackedLinearInt8Scales(outputs));
  const std::vector<float> rows = Unpacked(weights, inputs, outputs);
  ASSERT_EQ(PackLinearInt8(rows.data(), inputs, outputs, panels.data(),
                           scales.data()),
            Status::kOk);
  for (size_t i = 0; i < panels.size(); ++i) {
    ASSERT_EQ(exported.panels[i], panels[i]) << i;
  }
  ExpectSameBits(
      "scales",
      std::vector<float>(exported.scales, exported.scales + scales.size()),
      scales);
}

TEST(Exported, Int8IsThatOfPackLinearInt8) {
  using Module = exported_encoder::Module;
  constexpr size_t kWidth = Module::Layer::kModelDim;
  constexpr size_t kHidden = exported_encoder::Config::kHiddenDim;
  for (size_t l = 0; l < Module::kLayers; ++l) {
    const auto& single = exported_encoder::kLayers[l];
    const auto& int8 = exported_encoder_int8::kLayers[l];
    ExpectPackedAlike(single.attention.q, int8.attention.q, kWidth, kWidth);
    ExpectPackedAlike(single.attention.k, int8.attention.k, kWidth, kWidth);
    ExpectPackedAlike(single.attention.v, int8.attention.v, kWidth, kWidth);
    ExpectPackedAlike(single.attention.out, int8.attention.out, kWidth, kWidth);
    ExpectPackedAlike(single.feed_forward.up, int8.feed_forward.up, kWidth,
                      kHidden);
    ExpectPackedAlike(single.feed_forward.down, int8.feed_forward.down, kHidden,
                      kWidth);
  }
}

// The float encoder is PyTorch's, above.
TEST(Exported, Int8IsCloseToFloat) {
  const auto single =
      Encode<exported_encoder::Module>(exported_encoder::kWeights);
  const auto int8 =
      Encode<exported_encoder_int8::Module>(exported_encoder_int8::kWeights);
  double error = 0, sum = 0;
  for (size_t i = 0; i < single.size(); ++i) {
    error += std::fabs(int8[i] - single[i]);
    sum += std::fabs(single[i]);
  }
  EXPECT_GT(error, 0.0);
  EXPECT_LT(error, 0.02 * sum);
}

// ------------------------------------------------------------------- files

struct alignas(64) File {
  unsigned char bytes[exported_encoder_file::kBytes + 64];
};

size_t Read(const std::string& name, File& file) {
  const std::string path = golden::GoldenPath(name + ".bin");
  FILE* stream = std::fopen(path.c_str(), "rb");
  if (stream == nullptr) return 0;
  const size_t size = std::fread(file.bytes, 1, sizeof(file.bytes), stream);
  std::fclose(stream);
  return size;
}

TEST(Exported, WeightsOfAFileGiveTheSameBits) {
  static File file;
  exported_encoder_file::Weights weights;
  ASSERT_EQ(exported_encoder_file::Open(
                file.bytes, Read("exported_encoder_file", file), weights),
            Status::kOk);
  using Module = exported_encoder_file::Module;
  ExpectSameBits("file", Encode<Module>(weights.module),
                 Encode<exported_encoder::Module>(exported_encoder::kWeights));
}

TEST(Exported, Int8WeightsOfAFileGiveTheSameBits) {
  static File file;
  exported_encoder_int8_file::Weights weights;
  ASSERT_EQ(exported_encoder_int8_file::Open(
                file.bytes, Read("exported_encoder_int8_file", file), weights),
            Status::kOk);
  using Module = exported_encoder_int8_file::Module;
  ExpectSameBits(
      "int8 file", Encode<Module>(weights.module),
      Encode<exported_encoder_int8::Module>(exported_encoder_int8::kWeights));
}

TEST(Exported, ADamagedFileChangesNothing) {
  namespace exported = exported_encoder_file;
  static File file;
  const size_t size = Read("exported_encoder_file", file);
  ASSERT_EQ(size, exported::kBytes);
  exported::Weights weights;
  EXPECT_EQ(exported::Open(nullptr, size, weights), Status::kNullPointer);
  EXPECT_EQ(exported::Open(file.bytes + 4, size, weights), Status::kMisaligned);
  EXPECT_EQ(exported::Open(file.bytes, size - 1, weights), Status::kTooShort);
  EXPECT_EQ(exported::Open(file.bytes, size + 1, weights), Status::kBadFormat);
  file.bytes[size / 2] ^= 1;
  EXPECT_EQ(exported::Open(file.bytes, size, weights), Status::kBadFormat);
  EXPECT_EQ(weights.module.layers, nullptr);
  EXPECT_EQ(weights.layers[0].attention.q.panels, nullptr);
}

}  // namespace
}  // namespace fovea::golden
