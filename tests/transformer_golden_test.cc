// SPDX-License-Identifier: Apache-2.0
// Stacks of encoder and decoder layers against float64 and against their own
// bits; and that a stream of steps gives the bits of one call.

#include <gtest/gtest.h>
#include <stddef.h>
#include <stdint.h>

#include <algorithm>
#include <vector>

#include "fovea/status.h"
#include "fovea/transformer.h"
#include "tests/golden/check.h"
#include "tests/golden/golden.h"
#include "tests/golden/poison.h"
#include "tests/golden/tensor.h"
#include "tests/golden/transformer_model.h"
#include "tests/golden/weights.h"

namespace fovea::golden {
namespace {

enum class Kind : uint8_t { kEncoder, kCausalEncoder, kDecoder, kTransformer };

struct TransformerCase {
  const char* name;
  Kind kind;
  uint16_t width, heads, hidden;
  Activation activation;
  bool pre_norm;
  uint8_t layers, batch;
  uint16_t tokens, memory;
  float width_factor, hidden_factor;
  uint64_t seed;
  Expected expected;
};

#include "tests/golden/transformer.inc"

constexpr NamedHash kFusedHashes[] = {
#include "tests/golden/transformer_hashes_fused.inc"
    {nullptr, 0}};
constexpr NamedHash kUnfusedHashes[] = {
#include "tests/golden/transformer_hashes_unfused.inc"
    {nullptr, 0}};
constexpr CommittedHashes kHashes = {kFusedHashes, kUnfusedHashes};

constexpr size_t kMostTokens = 80;  // of any case

template <size_t width, size_t heads, size_t hidden, Activation activation,
          bool pre_norm, size_t layers, bool causal>
struct GoldenConfig : TransformerConfig {
  static constexpr size_t kModelDim = width, kHeads = heads;
  static constexpr size_t kHeadDim = width / heads;
  static constexpr size_t kMaxQueries = kMostTokens, kMaxKeys = kMostTokens;
  static constexpr size_t kHiddenDim = hidden, kLayers = layers;
  static constexpr Activation kActivation = activation;
  static constexpr bool kPreNorm = pre_norm, kCausal = causal;
};

enum class Way : uint8_t { kOneShot, kInPlace, kSteps, kChunks };

size_t ChunkOf(Way way) { return way == Way::kSteps ? 1 : 7; }

// x and y of a case, and what a stack's call is made of.
struct Tensors {
  Tensor x, y;

  Tensors(const TransformerCase& c, uint64_t tensor, size_t tokens)
      : x(Layout::kPaddedTokens, c.batch, 1, tokens, c.width, 3),
        y(Layout::kPaddedTokens, c.batch, 1, tokens, c.width, 5) {
    const auto values = Values(c.seed, tensor, x.size());
    for (size_t i = 0; i < values.size(); ++i) x[i] = values[i];
  }

  Tensor& output(Way way) { return way == Way::kInPlace ? x : y; }

  // From token `first` on.
  template <class Call>
  void Fill(Call& call, Way way, size_t first = 0) {
    call.x = x.const_view(first);
    call.y = output(way).view(first);
  }
};

template <class Encoder>
void RunEncoder(const TransformerCase& c, Parameters& parameters, Way way,
                Tensors& t, size_t tokens) {
  const auto layers = EncoderLayers<Encoder>(parameters);
  const typename Encoder::Weights weights = {layers.data(),
                                             parameters.Norm(kEncoderNorm)};
  typename Encoder::Call call;
  if (way == Way::kOneShot || way == Way::kInPlace) {
    const auto workspace = MakePoisoned<typename Encoder::Workspace>();
    t.Fill(call, way);
    call.batch = c.batch;
    call.tokens = tokens;
    EXPECT_EQ(Encoder::Run(weights, call, *workspace), Status::kOk) << c.name;
    return;
  }
  const auto workspace = MakePoisoned<typename Encoder::StepWorkspace>();
  std::vector<typename Encoder::Cache> caches(Encoder::kLayers);
  for (auto& cache : caches) cache.Clear();
  for (size_t first = 0; first < tokens; first += ChunkOf(way)) {
    t.Fill(call, way, first);
    call.tokens = std::min(ChunkOf(way), tokens - first);
    EXPECT_EQ(Encoder::Step(weights, call, caches.data(), *workspace),
              Status::kOk)
        << c.name;
  }
}

template <class Decoder>
void RunDecoder(const TransformerCase& c, Parameters& parameters, Way way,
                Tensors& t, View<const float> memory) {
  const auto layers = DecoderLayers<Decoder>(parameters);
  const typename Decoder::Weights weights = {layers.data(),
                                             parameters.Norm(kDecoderNorm)};
  typename Decoder::Call call;
  if (way == Way::kOneShot || way == Way::kInPlace) {
    const auto workspace = MakePoisoned<typename Decoder::Workspace>();
    t.Fill(call, way);
    call.batch = c.batch;
    call.tokens = c.tokens;
    call.memory = memory;
    call.memory_tokens = c.memory;
    EXPECT_EQ(Decoder::Run(weights, call, *workspace), Status::kOk) << c.name;
    return;
  }
  const auto workspace = MakePoisoned<typename Decoder::StepWorkspace>();
  std::vector<typename Decoder::Cache> caches(Decoder::kLayers);
  std::vector<typename Decoder::MemoryCache> memories(Decoder::kLayers);
  for (auto& cache : caches) cache.Clear();
  for (auto& cache : memories) cache.Clear();
  EXPECT_EQ(Decoder::CacheMemory(weights, memory, c.memory, memories.data(),
                                 *workspace),
            Status::kOk);
  for (size_t first = 0; first < c.tokens; first += ChunkOf(way)) {
    t.Fill(call, way, first);
    call.tokens = std::min(ChunkOf(way), c.tokens - first);
    EXPECT_EQ(Decoder::Step(weights, call, caches.data(), memories.data(),
                            *workspace),
              Status::kOk)
        << c.name;
  }
}

template <size_t width, size_t heads, size_t hidden, Activation activation,
          bool pre_norm, size_t layers>
std::vector<float> RunConfig(const TransformerCase& c, Way way) {
  using Whole = TransformerEncoder<
      GoldenConfig<width, heads, hidden, activation, pre_norm, layers, false>>;
  using CausalConfig =
      GoldenConfig<width, heads, hidden, activation, pre_norm, layers, true>;
  Parameters parameters(c.seed,
                        {c.width, c.hidden, c.width_factor, c.hidden_factor});
  Tensors memory(c, 1, c.memory);
  Tensors t(c, 0, c.tokens);
  View<const float> encoded = memory.x.const_view();
  switch (c.kind) {
    case Kind::kEncoder:
      RunEncoder<Whole>(c, parameters, way, t, c.tokens);
      break;
    case Kind::kCausalEncoder:
      RunEncoder<TransformerEncoder<CausalConfig>>(c, parameters, way, t,
                                                   c.tokens);
      break;
    case Kind::kTransformer:
      RunEncoder<Whole>(c, parameters, Way::kOneShot, memory, c.memory);
      encoded = memory.y.const_view();
      [[fallthrough]];
    case Kind::kDecoder:
      RunDecoder<TransformerDecoder<CausalConfig>>(c, parameters, way, t,
                                                   encoded);
      break;
  }
  EXPECT_TRUE(t.output(way).PaddingIsUntouched()) << c.name;
  return t.output(way).Flat();
}

std::vector<float> Output(const TransformerCase& c, Way way) {
#define FOVEA_TRANSFORMER_CONFIG(width_, heads_, hidden_, activation_, \
                                 pre_norm_, layers_)                   \
  if (c.width == width_ && c.heads == heads_ && c.hidden == hidden_) { \
    return RunConfig<width_, heads_, hidden_, activation_, pre_norm_,  \
                     layers_>(c, way);                                 \
  }
#include "tests/golden/transformer_configs.inc"
#undef FOVEA_TRANSFORMER_CONFIG
  ADD_FAILURE() << c.name << ": no such configuration";
  return {};
}

TEST(TransformerGolden, IsAsExactAsPyTorchAndHasTheCommittedBits) {
  ExpectGolden(
      "transformer", kTransformerCases, kTransformerExpected, kHashes,
      [](const TransformerCase& c) { return Output(c, Way::kOneShot); });
}

TEST(TransformerGolden, InPlaceGivesTheSameBits) {
  for (const TransformerCase& c : kTransformerCases) {
    ExpectSameBits(c.name, Output(c, Way::kInPlace), Output(c, Way::kOneShot));
  }
}

TEST(TransformerGolden, AStreamGivesTheBitsOfOneCall) {
  for (const TransformerCase& c : kTransformerCases) {
    if (c.kind == Kind::kEncoder || c.batch != 1) continue;
    const std::vector<float> whole = Output(c, Way::kOneShot);
    ExpectSameBits(c.name, Output(c, Way::kSteps), whole);
    ExpectSameBits(c.name, Output(c, Way::kChunks), whole);
  }
}

}  // namespace
}  // namespace fovea::golden
