// SPDX-License-Identifier: Apache-2.0
// tinylm's weights file under damage, and its streaming against a prefill.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <string>
#include <type_traits>
#include <vector>

#include "../examples/tinylm/model.h"
#include "../examples/tinylm/sampler.h"
#include "../examples/tinylm/weights_load.h"
#include "../examples/tinylm/weights_path.h"
#include "../examples/tinylm/weights_quantise.h"
#include "fovea/stored.h"

namespace {

using fovea::Status;
using tinylm::kVocab;
using tinylm::WeightsFile;

std::vector<unsigned char> ReadFile() {
  std::vector<unsigned char> bytes(tinylm::kFileBytes + 1);
  std::FILE* file = std::fopen(tinylm::kWeightsPath, "rb");
  if (file == nullptr) return {};
  bytes.resize(std::fread(bytes.data(), 1, bytes.size(), file));
  std::fclose(file);
  return bytes;
}

// What LoadWeights says of a file with these bytes; empty if it is good.
std::string Load(const std::vector<unsigned char>& bytes) {
  const std::string path = testing::TempDir() + "fovea_tinylm_test.bin";
  std::FILE* file = std::fopen(path.c_str(), "wb");
  if (file == nullptr) return "cannot write the test's file";
  std::fwrite(bytes.data(), 1, bytes.size(), file);
  std::fclose(file);
  static WeightsFile storage;
  static tinylm::Weights weights;
  const char* error = tinylm::LoadWeights(path.c_str(), storage, weights);
  std::remove(path.c_str());
  return error == nullptr ? "" : error;
}

TEST(TinylmWeights, TheCommittedFileIsGood) {
  const auto bytes = ReadFile();
  ASSERT_EQ(bytes.size(), tinylm::kFileBytes);
  EXPECT_LE(bytes.size(), size_t{4} << 20);
  EXPECT_EQ(Load(bytes), "");
  static WeightsFile storage;
  static tinylm::Weights weights;
  ASSERT_EQ(tinylm::LoadWeights(tinylm::kWeightsPath, storage, weights),
            nullptr);
  EXPECT_LE(weights.held_out_loss, 1.65);
  char note[64];
  std::snprintf(note, sizeof(note), "held-out loss %.4f nats per byte",
                weights.held_out_loss);
  EXPECT_STREQ(reinterpret_cast<const char*>(bytes.data() + 80), note);
}

TEST(TinylmWeights, EveryTruncationIsNoticed) {
  const auto bytes = ReadFile();
  ASSERT_FALSE(bytes.empty());
  for (const size_t size :
       {size_t{0}, size_t{1}, size_t{127}, size_t{128}, size_t{100000},
        bytes.size() - 4, bytes.size() - 1}) {
    const std::vector<unsigned char> cut(bytes.begin(), bytes.begin() + size);
    EXPECT_EQ(Load(cut).rfind("truncated", 0), 0u) << size << " " << Load(cut);
  }
}

TEST(TinylmWeights, EveryDamageIsNoticed) {
  const auto good = ReadFile();
  ASSERT_FALSE(good.empty());
  const auto flipped = [&](size_t at) {
    auto bytes = good;
    bytes[at] ^= 0x10;
    return Load(bytes);
  };
  EXPECT_EQ(flipped(0), "not a tinylm weights file (wrong magic)");
  EXPECT_EQ(flipped(8), "unknown version");
  EXPECT_EQ(flipped(12), "made for another model shape");
  EXPECT_EQ(flipped(16), "wrong size");
  EXPECT_EQ(flipped(24), "corrupt (checksum differs)");
  for (size_t at = 32; at < 72; at += 4) {
    EXPECT_EQ(flipped(at), "made for another model shape") << at;
  }
  for (const size_t at : {size_t{72}, size_t{80}, size_t{128}, size_t{1234567},
                          good.size() - 1}) {
    EXPECT_EQ(flipped(at), "corrupt (checksum differs)") << at;
  }
  auto longer = good;
  longer.push_back(0);
  EXPECT_EQ(Load(longer), "wrong size");
}

TEST(TinylmWeights, AMissingFileIsNoticed) {
  static WeightsFile storage;
  static tinylm::Weights weights;
  EXPECT_STREQ(tinylm::LoadWeights("/nowhere/at.all", storage, weights),
               "cannot be opened");
}

// The bytes with tensors of float16, as pack_weights.py makes them, but rounded
// here.
std::vector<unsigned char> Float16Of(const std::vector<unsigned char>& bytes) {
  std::vector<unsigned char> packed(tinylm::kFloat16FileBytes);
  std::memcpy(packed.data(), bytes.data(), tinylm::kHeaderBytes);
  const size_t count = (bytes.size() - tinylm::kHeaderBytes) / sizeof(float);
  for (size_t i = 0; i < count; ++i) {
    float value;
    std::memcpy(&value, bytes.data() + tinylm::kHeaderBytes + 4 * i, 4);
    const uint16_t half = fovea::BitsOfFloat16(value);
    std::memcpy(packed.data() + tinylm::kHeaderBytes + 2 * i, &half, 2);
  }
  const uint32_t version = 2;
  const uint64_t size = packed.size(), cleared = 0;
  std::memcpy(packed.data() + 8, &version, sizeof(version));
  std::memcpy(packed.data() + 16, &size, sizeof(size));
  std::memcpy(packed.data() + 24, &cleared, sizeof(cleared));
  uint64_t checksum = 0xcbf29ce484222325;
  for (size_t at = 0; at < packed.size(); at += 4) {
    uint32_t word;
    std::memcpy(&word, packed.data() + at, sizeof(word));
    checksum = (checksum ^ word) * 0x100000001b3;
  }
  std::memcpy(packed.data() + 24, &checksum, sizeof(checksum));
  return packed;
}

TEST(TinylmWeights, Float16IsExpandedWhereItIsLoaded) {
  const auto bytes = ReadFile();
  ASSERT_EQ(bytes.size(), tinylm::kFileBytes);
  const auto packed = Float16Of(bytes);
  EXPECT_EQ(Load(packed), "");

  static WeightsFile whole, expanded;
  static tinylm::Weights weights, rounded;
  std::memcpy(whole.bytes, bytes.data(), bytes.size());
  std::memcpy(expanded.bytes, packed.data(), packed.size());
  ASSERT_EQ(tinylm::UseWeights(whole, bytes.size(), weights), nullptr);
  ASSERT_EQ(tinylm::UseWeights(expanded, packed.size(), rounded), nullptr);
  const auto* exact =
      reinterpret_cast<const float*>(whole.bytes + tinylm::kHeaderBytes);
  const auto* near =
      reinterpret_cast<const float*>(expanded.bytes + tinylm::kHeaderBytes);
  EXPECT_EQ(rounded.embedding.panels, near);
  const size_t count = (bytes.size() - tinylm::kHeaderBytes) / sizeof(float);
  for (size_t i = 0; i < count; ++i) {
    // Half an ulp of float16, of a normal number or below.
    const float bound = std::fmax(std::fabs(exact[i]) * 0x1p-11f, 0x1p-25f);
    ASSERT_LE(std::fabs(exact[i] - near[i]), bound) << i;
  }
}

TEST(TinylmWeights, DamageOfFloat16IsNoticed) {
  const auto packed = Float16Of(ReadFile());
  auto bytes = packed;
  bytes.back() ^= 1;
  EXPECT_EQ(Load(bytes), "corrupt (checksum differs)");
  bytes = packed;
  bytes.pop_back();
  EXPECT_EQ(Load(bytes), "truncated");
  bytes = packed;
  bytes.push_back(0);
  EXPECT_EQ(Load(bytes), "wrong size");
}

// ----------------------------------------------------------- weights of int8

// The committed weights, as they are or quantised.
template <class Element>
const tinylm::WeightsIn<Element>& CommittedWeights() {
  static WeightsFile storage;
  static tinylm::Weights weights;
  EXPECT_EQ(tinylm::LoadWeights(tinylm::kWeightsPath, storage, weights),
            nullptr);
  if constexpr (std::is_same_v<Element, float>) {
    return weights;
  } else {
    static tinylm::Int8WeightsFile int8_storage;
    static tinylm::Int8Weights int8_weights;
    EXPECT_TRUE(tinylm::QuantiseWeights(storage, int8_storage));
    tinylm::PointInto(int8_storage.bytes, int8_weights);
    return int8_weights;
  }
}

std::vector<unsigned char> Int8File() {
  static WeightsFile storage;
  static tinylm::Weights weights;
  static tinylm::Int8WeightsFile file;
  EXPECT_EQ(tinylm::LoadWeights(tinylm::kWeightsPath, storage, weights),
            nullptr);
  EXPECT_TRUE(tinylm::QuantiseWeights(storage, file));
  return {file.bytes, file.bytes + tinylm::kInt8FileBytes};
}

// pack_weights_test.py has the same checksum, of the file that a firmware has.
TEST(TinylmInt8Weights, TheFileIsThatOfTheExporter) {
  const auto bytes = Int8File();
  EXPECT_EQ(tinylm::CheckWeights(bytes.data(), bytes.size()), nullptr);
  uint64_t checksum;
  std::memcpy(&checksum, bytes.data() + 24, sizeof(checksum));
  EXPECT_EQ(checksum, 0x64ade53adbae47c0u);
  EXPECT_LE(bytes.size(), tinylm::kFileBytes * 26 / 100);
}

TEST(TinylmInt8Weights, TheirFileIsNoFileOfFloats) {
  auto bytes = Int8File();
  EXPECT_EQ(Load(bytes), "its weights are int8, not floats");
  bytes.back() ^= 1;
  EXPECT_EQ(Load(bytes), "corrupt (checksum differs)");
  bytes.pop_back();
  EXPECT_EQ(Load(bytes), "truncated");
}

TEST(TinylmInt8Weights, AWeightThatIsNotFiniteIsNoticed) {
  static WeightsFile storage;
  static tinylm::Int8WeightsFile file;
  static tinylm::Weights weights;
  ASSERT_EQ(tinylm::LoadWeights(tinylm::kWeightsPath, storage, weights),
            nullptr);
  const float bad = HUGE_VALF;
  std::memcpy(storage.bytes + tinylm::kHeaderBytes, &bad, sizeof(bad));
  EXPECT_FALSE(tinylm::QuantiseWeights(storage, file));
}

TEST(TinylmInt8Weights, AnEmbeddingIsNearThatOfFloat) {
  const auto& exact = CommittedWeights<float>();
  const auto& quantised = CommittedWeights<int8_t>();
  for (size_t t = 0; t < kVocab; ++t) {
    const uint8_t token = static_cast<uint8_t>(t);
    float x[tinylm::kWidth], y[tinylm::kWidth];
    tinylm::Embed(exact, &token, 1, x);
    tinylm::Embed(quantised, &token, 1, y);
    const float bound = 0.5001f * quantised.embedding.scales[t];
    for (size_t i = 0; i < tinylm::kWidth; ++i) {
      ASSERT_LE(std::fabs(x[i] - y[i]), bound) << t << ", " << i;
    }
  }
}

// ------------------------------------------------------------------ the model

template <class Element>
void ExpectChunksAndStepsHaveThePrefillsBits() {
  using Model = tinylm::Model<tinylm::kContext, float, false, Element>;
  const auto& weights = CommittedWeights<Element>();
  constexpr size_t kCount = 150;
  uint8_t text[kCount];
  for (size_t i = 0; i < kCount; ++i) {
    text[i] = static_cast<uint8_t>("To be, or not to be: "[i % 21]);
  }
  static typename Model::PrefillWorkspace prefill;
  static typename Model::Workspace workspace;
  static typename Model::Cache cache;
  std::vector<float> whole(kCount * kVocab), streamed(kCount * kVocab);
  ASSERT_EQ(
      Model::Prefill(weights, text, kCount, prefill, kCount, whole.data()),
      Status::kOk);
  for (const size_t chunk : {size_t{1}, size_t{13}, size_t{150}}) {
    cache.Clear();
    for (size_t t = 0; t < kCount; t += chunk) {
      const size_t n = chunk < kCount - t ? chunk : kCount - t;
      ASSERT_EQ(Model::Step(weights, text + t, n, cache, workspace, n,
                            streamed.data() + t * kVocab),
                Status::kOk);
    }
    EXPECT_EQ(std::memcmp(whole.data(), streamed.data(),
                          whole.size() * sizeof(float)),
              0)
        << chunk;
  }
}

TEST(Tinylm, ChunksAndStepsHaveThePrefillsBits) {
  ExpectChunksAndStepsHaveThePrefillsBits<float>();
}

TEST(TinylmInt8Weights, ChunksAndStepsHaveThePrefillsBits) {
  ExpectChunksAndStepsHaveThePrefillsBits<int8_t>();
}

TEST(Tinylm, AFullContextRefusesAndKeepsEverything) {
  using Model = tinylm::Model<4>;
  static WeightsFile storage;
  static tinylm::Weights weights;
  ASSERT_EQ(tinylm::LoadWeights(tinylm::kWeightsPath, storage, weights),
            nullptr);
  static Model::Workspace workspace;
  static Model::Cache cache;
  cache.Clear();
  const uint8_t text[4] = {'a', 'b', 'c', 'd'};
  for (size_t t = 0; t + 4 <= tinylm::kContext; t += 4) {
    ASSERT_EQ(Model::Step(weights, text, 4, cache, workspace, 0, nullptr),
              Status::kOk);
  }
  EXPECT_EQ(Model::Step(weights, text, 1, cache, workspace, 0, nullptr),
            Status::kCacheFull);
  EXPECT_EQ(cache.size(), tinylm::kContext);
}

// -log p of the text's bytes after the first, in nats a byte.
template <class Model>
double Loss(const std::string& text) {
  const auto& weights = CommittedWeights<typename Model::WeightElement>();
  static typename Model::Workspace workspace;
  static typename Model::Cache cache;
  cache.Clear();
  const auto* bytes = reinterpret_cast<const uint8_t*>(text.data());
  std::vector<float> logits(text.size() * kVocab);
  EXPECT_EQ(Model::Step(weights, bytes, text.size(), cache, workspace,
                        text.size(), logits.data()),
            Status::kOk);
  double total = 0;
  for (size_t t = 0; t + 1 < text.size(); ++t) {
    const float* row = logits.data() + t * kVocab;
    double sum = 0;
    for (size_t i = 0; i < kVocab; ++i) sum += std::exp(double{row[i]});
    total += std::log(sum) - double{row[bytes[t + 1]]};
  }
  return total / static_cast<double>(text.size() - 1);
}

TEST(TinylmCaches, ThatStoreLessKeepTheLoss) {
  const std::string text =
      "HAMLET:\nTo be, or not to be, that is the question:\n"
      "Whether 'tis nobler in the mind to suffer\n"
      "The slings and arrows of outrageous fortune,\n"
      "Or to take arms against a sea of troubles\n"
      "And by opposing end them.\n";
  const double loss = Loss<tinylm::Model<256>>(text);
  EXPECT_LT(loss, 2.0);
  const double bfloat16 = Loss<tinylm::Model<256, hwy::bfloat16_t>>(text);
  const double float16 = Loss<tinylm::Model<256, hwy::float16_t>>(text);
  const double int8 = Loss<tinylm::Model<256, int8_t>>(text);
  for (const double other : {bfloat16, float16, int8}) {
    EXPECT_NEAR(other, loss, 0.005 * loss);
    EXPECT_NE(other, loss);
  }
  const double int8_weights =
      Loss<tinylm::Model<256, float, false, int8_t>>(text);
  const double all_int8 = Loss<tinylm::Model<256, int8_t, false, int8_t>>(text);
  for (const double other : {int8_weights, all_int8}) {
    EXPECT_NEAR(other, loss, 0.01 * loss);
    EXPECT_NE(other, loss);
  }
}

// Longer than the window, in memory that does not grow.
TEST(TinylmCaches, AnEndlessStreamHasTheBitsOfChunks) {
  using Model = tinylm::Model<256, int8_t, true>;
  static WeightsFile storage;
  static tinylm::Weights weights;
  ASSERT_EQ(tinylm::LoadWeights(tinylm::kWeightsPath, storage, weights),
            nullptr);
  static Model::Workspace workspace;
  static Model::Cache cache;
  constexpr size_t kCount = 700;
  std::vector<uint8_t> text(kCount);
  for (size_t i = 0; i < kCount; ++i) {
    text[i] = static_cast<uint8_t>("The rest is silence.\n"[i * i % 21]);
  }
  std::vector<float> logits[2];
  for (const size_t chunk : {size_t{1}, size_t{256}}) {
    std::vector<float>& to = logits[chunk > 1];
    to.resize(kCount * kVocab);
    cache.Clear();
    for (size_t t = 0; t < kCount; t += chunk) {
      const size_t n = chunk < kCount - t ? chunk : kCount - t;
      ASSERT_EQ(Model::Step(weights, text.data() + t, n, cache, workspace, n,
                            to.data() + t * kVocab),
                Status::kOk);
    }
  }
  EXPECT_EQ(std::memcmp(logits[0].data(), logits[1].data(),
                        logits[0].size() * sizeof(float)),
            0);
}

TEST(TinylmSampler, DrawsByProbabilityAndSeed) {
  size_t counts[2] = {};
  tinylm::Sampler sampler(7, 1.0f), twin(7, 1.0f);
  for (int i = 0; i < 4000; ++i) {
    float logits[kVocab], again[kVocab];
    for (size_t v = 0; v < kVocab; ++v) logits[v] = -100.0f;
    logits['a'] = 1.0986123f;  // three times as likely
    logits['b'] = 0.0f;
    std::memcpy(again, logits, sizeof(again));
    const uint8_t token = sampler.Draw(logits);
    ASSERT_EQ(twin.Draw(again), token);
    ASSERT_TRUE(token == 'a' || token == 'b');
    ++counts[token == 'b'];
  }
  EXPECT_NEAR(static_cast<double>(counts[0]), 3000, 100);
}

}  // namespace
