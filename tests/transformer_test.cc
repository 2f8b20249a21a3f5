// SPDX-License-Identifier: Apache-2.0
// That a layer is what its parts are by hand, what a stack gives on request,
// and what both do with bad input.  Their results are tested in
// transformer_golden_test.cc.
#include "fovea/transformer.h"

#include <gtest/gtest.h>

#include <cmath>
#include <deque>
#include <memory>
#include <vector>

namespace {

using fovea::Status;

constexpr float kUntouched = 12345.0f;
constexpr size_t kDim = 24, kTokens = 20, kMemory = 17, kLayers = 2;

// As Llama's: normed by RMS before each branch, gated, rotary, grouped heads.
struct Llama : fovea::TransformerConfig {
  static constexpr size_t kModelDim = kDim, kHeads = 4, kKvHeads = 2;
  static constexpr size_t kHeadDim = 8, kRotaryDim = 8;
  static constexpr size_t kMaxQueries = kTokens, kMaxKeys = kTokens;
  static constexpr size_t kHiddenDim = 40;
  static constexpr fovea::NormKind kNorm = fovea::NormKind::kRmsNorm;
  static constexpr fovea::Activation kActivation = fovea::Activation::kSwiGlu;
  static constexpr bool kCausal = true, kPreNorm = true;
};

// With everything that a stack can give, and a memory of another width.
struct Shown : fovea::TransformerConfig {
  static constexpr size_t kModelDim = kDim, kMemoryDim = 15;
  static constexpr size_t kHeads = 4, kHeadDim = 8;
  static constexpr size_t kMaxQueries = kTokens, kMaxKeys = kTokens;
  static constexpr size_t kMaxMemory = kMemory, kLayers = ::kLayers;
  static constexpr size_t kHiddenDim = 40;
  static constexpr bool kCausal = true, kWeights = true, kLse = true;
};
struct ShownEncoder : Shown {
  static constexpr size_t kMemoryDim = 0;
};

std::vector<float> Waves(size_t count, float step) {
  std::vector<float> values(count);
  for (size_t i = 0; i < count; ++i) {
    values[i] = 0.4f * std::sin(static_cast<float>(i + 1) * step);
  }
  return values;
}

// Makes weights and keeps them.
class Source {
 public:
  fovea::LinearWeights Linear(size_t inputs, size_t outputs) {
    const auto weight = Waves(inputs * outputs, step_ += 0.013f);
    kept_.emplace_back(fovea::PackedLinearFloats(inputs, outputs));
    float* panels = kept_.back().data();
    EXPECT_EQ(fovea::PackLinear(weight.data(), inputs, outputs, panels),
              Status::kOk);
    return {panels, nullptr};
  }

  fovea::NormWeights Norm() {
    kept_.push_back(Waves(kDim, step_ += 0.013f));
    for (float& value : kept_.back()) value += 1.0f;
    return {kept_.back().data(), nullptr, 1e-5f};
  }

  template <class Attention>
  typename Attention::Weights Attend() {
    typename Attention::Weights weights;
    weights.q = Linear(Attention::kModelDim, Attention::kQueryRow);
    weights.k = Linear(Attention::kMemoryDim, Attention::kKeyRow);
    weights.v = Linear(Attention::kMemoryDim, Attention::kValueRow);
    weights.out = Linear(Attention::kOutputRow, Attention::kModelDim);
    return weights;
  }

 private:
  float step_ = 0.1f;
  std::deque<std::vector<float>> kept_;
};

fovea::View<float> Rows(std::vector<float>& rows, size_t dim) {
  return {rows.data(), rows.size(), rows.size(), dim};
}

TEST(EncoderLayer, IsItsPartsByHand) {
  using Layer = fovea::EncoderLayer<Llama>;
  const fovea::Rope<8> rope;
  Source source;
  Layer::Weights weights;
  weights.attention = source.Attend<Layer::SelfAttention>();
  weights.attention.rope = &rope;
  weights.attention_norm = source.Norm();
  weights.feed_forward.gate = source.Linear(kDim, 40);
  weights.feed_forward.up = source.Linear(kDim, 40);
  weights.feed_forward.down = source.Linear(40, kDim);
  weights.feed_forward_norm = source.Norm();

  std::vector<float> x = Waves(kTokens * kDim, 0.37f), y(x.size());
  const auto workspace = std::make_unique<Layer::Workspace>();
  Layer::Call call;
  call.x = Rows(x, kDim);
  call.y = Rows(y, kDim);
  call.tokens = kTokens;
  call.rotary_position = 5;
  ASSERT_EQ(Layer::Run(weights, call, *workspace), Status::kOk);

  std::vector<float> hand = x, branch(x.size());
  using Norm = fovea::RmsNorm<kDim>;
  const auto norm = [&](const fovea::NormWeights& w) {
    ASSERT_EQ(Norm::Run(hand.data(), kDim, kTokens, w.weight, w.eps,
                        branch.data(), kDim),
              Status::kOk);
  };
  const auto add = [&] {
    for (size_t i = 0; i < hand.size(); ++i) hand[i] += branch[i];
  };
  norm(weights.attention_norm);
  Layer::SelfAttention::Call attention;
  attention.x = Rows(branch, kDim);
  attention.y = Rows(branch, kDim);
  attention.queries = kTokens;
  attention.rotary_position = 5;
  const auto room = std::make_unique<Layer::SelfAttention::Workspace>();
  ASSERT_EQ(Layer::SelfAttention::Run(weights.attention, attention, *room),
            Status::kOk);
  add();
  norm(weights.feed_forward_norm);
  const auto hidden = std::make_unique<Layer::Hidden::Workspace>();
  ASSERT_EQ(Layer::Hidden::Run(weights.feed_forward, branch.data(), kDim,
                               kTokens, branch.data(), kDim, *hidden),
            Status::kOk);
  add();
  EXPECT_EQ(y, hand);
}

struct Model {
  using Encoder = fovea::TransformerEncoder<ShownEncoder>;
  using Decoder = fovea::TransformerDecoder<Shown>;

  Source source;
  std::vector<Encoder::Layer::Weights> encoder_layers;
  std::vector<Decoder::Layer::Weights> decoder_layers;
  Encoder::Weights encoder;
  Decoder::Weights decoder;
  std::vector<float> x = Waves(kTokens * kDim, 0.37f);
  std::vector<float> memory = Waves(kMemory * 15, 0.61f);
  std::vector<float> y = std::vector<float>(x.size(), kUntouched);

  Model() {
    for (size_t l = 0; l < kLayers; ++l) {
      Encoder::Layer::Weights e;
      e.attention = source.Attend<Encoder::Layer::SelfAttention>();
      e.attention_norm = source.Norm();
      e.feed_forward = {source.Linear(kDim, 40), source.Linear(40, kDim)};
      e.feed_forward_norm = source.Norm();
      encoder_layers.push_back(e);
      Decoder::Layer::Weights d;
      d.self_attention = source.Attend<Decoder::Layer::SelfAttention>();
      d.self_attention_norm = source.Norm();
      d.cross_attention = source.Attend<Decoder::Layer::CrossAttention>();
      d.cross_attention_norm = source.Norm();
      d.feed_forward = {source.Linear(kDim, 40), source.Linear(40, kDim)};
      d.feed_forward_norm = source.Norm();
      decoder_layers.push_back(d);
    }
    encoder = {encoder_layers.data(), {}};
    decoder = {decoder_layers.data(), source.Norm()};
  }

  template <class Call>
  void Fill(Call& call) {
    call.x = Rows(x, kDim);
    call.y = Rows(y, kDim);
    call.tokens = kTokens;
  }
  Encoder::Call EncoderCall() {
    Encoder::Call call;
    Fill(call);
    return call;
  }
  Decoder::Call DecoderCall() {
    Decoder::Call call;
    Fill(call);
    call.memory = Rows(memory, 15);
    call.memory_tokens = kMemory;
    return call;
  }
  bool IsUntouched() const {
    return y == std::vector<float>(y.size(), kUntouched);
  }
};

double Sum(const std::vector<float>& values) {
  double sum = 0;
  for (const float value : values) sum += double{value};
  return sum;
}

// Each row of weights adds up to 1, and each layer writes its own.
TEST(Transformer, GivesEveryLayersWeights) {
  Model m;
  const auto workspace = std::make_unique<Model::Decoder::Workspace>();
  const size_t rows = kLayers * Shown::kHeads * kTokens;
  std::vector<float> weights(rows * kTokens), memory_weights(rows * kMemory);
  std::vector<float> lse(rows, kUntouched);
  Model::Decoder::Call call = m.DecoderCall();
  call.weights = weights.data();
  call.memory_weights = memory_weights.data();
  call.lse = lse.data();
  ASSERT_EQ(Model::Decoder::Run(m.decoder, call, *workspace), Status::kOk);
  EXPECT_NEAR(Sum(weights), double(rows), 1e-3);
  EXPECT_NEAR(Sum(memory_weights), double(rows), 1e-3);
  for (const float value : lse) EXPECT_NE(value, kUntouched);
  // Layer 1 looks elsewhere than layer 0.
  const size_t half = weights.size() / 2;
  EXPECT_FALSE(std::equal(weights.begin(), weights.begin() + half,
                          weights.begin() + half));

  // The same of steps, whose rows are as long as the stream.
  const auto step_workspace = std::make_unique<Model::Decoder::StepWorkspace>();
  std::vector<Model::Decoder::Cache> caches(kLayers);
  std::vector<Model::Decoder::MemoryCache> memories(kLayers);
  for (auto& cache : caches) cache.Clear();
  for (auto& cache : memories) cache.Clear();
  ASSERT_EQ(Model::Decoder::CacheMemory(m.decoder, Rows(m.memory, 15), kMemory,
                                        memories.data(), *step_workspace),
            Status::kOk);
  const std::vector<float> whole = m.y;
  for (size_t t = 0; t < kTokens; ++t) {
    Model::Decoder::Call step = m.DecoderCall();
    step.x.data += t * kDim;
    step.y.data += t * kDim;
    step.tokens = 1;
    std::vector<float> row(kLayers * Shown::kHeads * (t + 1));
    std::vector<float> memory_row(kLayers * Shown::kHeads * kMemory);
    step.weights = row.data();
    step.memory_weights = memory_row.data();
    ASSERT_EQ(Model::Decoder::Step(m.decoder, step, caches.data(),
                                   memories.data(), *step_workspace),
              Status::kOk);
    for (size_t h = 0; h < kLayers * Shown::kHeads; ++h) {
      for (size_t j = 0; j <= t; ++j) {
        EXPECT_EQ(row[h * (t + 1) + j],
                  weights[(h * kTokens + t) * kTokens + j]);
      }
      for (size_t j = 0; j < kMemory; ++j) {
        EXPECT_EQ(memory_row[h * kMemory + j],
                  memory_weights[(h * kTokens + t) * kMemory + j]);
      }
    }
  }
  EXPECT_EQ(m.y, whole);
}

TEST(Transformer, EncoderRefusesBadInputAndWritesNothing) {
  using Encoder = Model::Encoder;
  Model m;
  const auto workspace = std::make_unique<Encoder::Workspace>();
  const auto run = [&](const Encoder::Weights& weights,
                       const Encoder::Call& call) {
    const Status status = Encoder::Run(weights, call, *workspace);
    EXPECT_TRUE(m.IsUntouched());
    return status;
  };
  Encoder::Call call = m.EncoderCall();
  EXPECT_EQ(run({}, call), Status::kNullPointer);
  call.x.data = nullptr;
  EXPECT_EQ(run(m.encoder, call), Status::kNullPointer);
  call = m.EncoderCall();
  call.tokens = kTokens + 1;
  EXPECT_EQ(run(m.encoder, call), Status::kTooManyTokens);
  call.tokens = 0;
  EXPECT_EQ(run(m.encoder, call), Status::kZeroCount);
  call = m.EncoderCall();
  call.batch = 0;
  EXPECT_EQ(run(m.encoder, call), Status::kZeroCount);
  call = m.EncoderCall();
  call.x.token_stride = kDim - 1;
  EXPECT_EQ(run(m.encoder, call), Status::kBadStride);
  // In place, but not in step.
  call = m.EncoderCall();
  call.x.data = m.y.data();
  call.x.token_stride = kDim + 1;
  EXPECT_EQ(run(m.encoder, call), Status::kBadStride);
  call = m.EncoderCall();
  const size_t too_long = kTokens + 1;
  call.key_lengths = &too_long;
  EXPECT_EQ(run(m.encoder, call), Status::kTooManyTokens);

  // Of the last layer: the first must not have written.
  call = m.EncoderCall();
  auto last = m.encoder_layers.back();
  m.encoder_layers.back().feed_forward.down.panels = nullptr;
  EXPECT_EQ(run(m.encoder, call), Status::kNullPointer);
  m.encoder_layers.back() = last;
  m.encoder_layers.back().feed_forward_norm.eps = -1;
  EXPECT_EQ(run(m.encoder, call), Status::kBadScale);
  m.encoder_layers.back() = last;
  Encoder::Weights weights = m.encoder;
  weights.norm = m.source.Norm();
  weights.norm.eps = -1;
  EXPECT_EQ(run(weights, call), Status::kBadScale);
}

TEST(Transformer, DecoderRefusesBadInputAndWritesNothing) {
  using Decoder = Model::Decoder;
  Model m;
  const auto workspace = std::make_unique<Decoder::Workspace>();
  const auto run = [&](const Decoder::Call& call) {
    const Status status = Decoder::Run(m.decoder, call, *workspace);
    EXPECT_TRUE(m.IsUntouched());
    return status;
  };
  Decoder::Call call = m.DecoderCall();
  call.memory.data = nullptr;
  EXPECT_EQ(run(call), Status::kNullPointer);
  call = m.DecoderCall();
  call.memory_tokens = 0;
  EXPECT_EQ(run(call), Status::kZeroCount);
  call.memory_tokens = kMemory + 1;
  EXPECT_EQ(run(call), Status::kTooManyTokens);
  call = m.DecoderCall();
  const size_t too_long = kMemory + 1;
  call.memory_lengths = &too_long;
  EXPECT_EQ(run(call), Status::kTooManyTokens);
  call = m.DecoderCall();
  m.decoder_layers.back().cross_attention.v.panels = nullptr;
  EXPECT_EQ(run(call), Status::kNullPointer);
}

TEST(Transformer, AStepThatFailsLeavesEveryCacheAsItWas) {
  using Decoder = Model::Decoder;
  Model m;
  const auto workspace = std::make_unique<Decoder::StepWorkspace>();
  std::vector<Decoder::Cache> caches(kLayers);
  std::vector<Decoder::MemoryCache> memories(kLayers);
  for (auto& cache : caches) cache.Clear();
  for (auto& cache : memories) cache.Clear();
  const Decoder::Call call = m.DecoderCall();
  const auto step = [&] {
    return Decoder::Step(m.decoder, call, caches.data(), memories.data(),
                         *workspace);
  };
  EXPECT_EQ(step(), Status::kZeroCount);  // no memory yet
  const auto remember = [&](size_t tokens) {
    return Decoder::CacheMemory(m.decoder, Rows(m.memory, 15), tokens,
                                memories.data(), *workspace);
  };
  EXPECT_EQ(remember(0), Status::kZeroCount);
  EXPECT_EQ(remember(memories[0].capacity() + 1), Status::kCacheFull);
  ASSERT_EQ(remember(kMemory), Status::kOk);
  // A cache of the last layer that has no room: the first must not be touched.
  ASSERT_EQ(step(), Status::kOk);
  ASSERT_EQ(caches[0].Truncate(kTokens), Status::kOk);
  const std::vector<float> before = m.y;
  EXPECT_EQ(step(), Status::kCacheFull);
  EXPECT_EQ(m.y, before);
  EXPECT_EQ(caches[0].size(), 0u);
  EXPECT_EQ(
      Decoder::Step(m.decoder, call, nullptr, memories.data(), *workspace),
      Status::kNullPointer);
}

}  // namespace
