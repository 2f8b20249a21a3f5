// SPDX-License-Identifier: Apache-2.0
// That the ways to call the module agree, and what it does with bad input.  Its
// results are tested in multi_head_golden_test.cc.
#include "fovea/multi_head.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include "misaligned.h"

namespace {

using fovea::Status;

constexpr size_t kDim = 24;
constexpr size_t kTokens = 40;

struct Plain : fovea::MultiHeadConfig {
  static constexpr size_t kModelDim = kDim, kHeads = 4, kKvHeads = 2;
  static constexpr size_t kHeadDim = 8;
  static constexpr size_t kMaxQueries = kTokens, kMaxKeys = kTokens;
  static constexpr bool kCausal = true;
};

struct Rotary : Plain {
  static constexpr size_t kRotaryDim = 8;
};

// A decoder that takes a few tokens at a time, and attends to a memory.
struct Cross : fovea::MultiHeadConfig {
  static constexpr size_t kModelDim = kDim, kHeads = 4, kHeadDim = 8;
  static constexpr size_t kMemoryDim = 20;
  static constexpr size_t kMaxQueries = 3, kMaxKeys = kTokens;
};

std::vector<float> Waves(size_t count, float step) {
  std::vector<float> values(count);
  for (size_t i = 0; i < count; ++i) {
    values[i] = 0.5f * std::sin(static_cast<float>(i) * step);
  }
  return values;
}

template <class Config>
struct Module {
  using MultiHead = fovea::MultiHeadAttention<Config>;

  std::vector<float> storage[4];
  std::vector<float> bias = Waves(64, 0.3f);
  fovea::Rope<8> rope{};
  typename MultiHead::Weights weights;

  Module() {
    weights.q = Pack(0, MultiHead::kModelDim, MultiHead::kQueryRow);
    weights.k = Pack(1, MultiHead::kMemoryDim, MultiHead::kKeyRow);
    weights.v = Pack(2, MultiHead::kMemoryDim, MultiHead::kValueRow);
    weights.out = Pack(3, MultiHead::kOutputRow, MultiHead::kModelDim);
    weights.rope = &rope;
  }

 private:
  fovea::LinearWeights Pack(size_t which, size_t inputs, size_t outputs) {
    const auto weight =
        Waves(inputs * outputs, 0.9f + 0.1f * static_cast<float>(which));
    storage[which].resize(fovea::PackedLinearFloats(inputs, outputs));
    EXPECT_EQ(fovea::PackLinear(weight.data(), inputs, outputs,
                                storage[which].data()),
              Status::kOk);
    return {storage[which].data(), bias.data()};
  }
};

fovea::View<const float> RowsOf(const std::vector<float>& x, size_t tokens,
                                size_t dim, size_t first = 0) {
  return fovea::TokenMajor(x.data() + first * dim, 1, tokens, dim);
}

template <class Config>
void StreamingIsOneRun() {
  using MultiHead = fovea::MultiHeadAttention<Config>;
  const Module<Config> module;
  const auto x = Waves(kTokens * kDim, 0.61f);
  std::vector<float> whole(x.size()), streamed(x.size());
  static typename MultiHead::Workspace workspace;
  static typename MultiHead::StepWorkspace step_workspace;
  static fovea::KvCache<Config> cache;
  typename MultiHead::Call call;
  call.x = RowsOf(x, kTokens, kDim);
  call.y = fovea::TokenMajor(whole.data(), 1, kTokens, kDim);
  call.queries = kTokens;
  ASSERT_EQ(MultiHead::Run(module.weights, call, workspace), Status::kOk);
  for (const size_t chunk : {size_t{1}, size_t{7}, size_t{40}}) {
    cache.Clear();
    for (size_t t = 0; t < kTokens; t += chunk) {
      const size_t tokens = chunk < kTokens - t ? chunk : kTokens - t;
      call.x = RowsOf(x, tokens, kDim, t);
      call.y = fovea::TokenMajor(streamed.data() + t * kDim, 1, tokens, kDim);
      call.queries = tokens;
      ASSERT_EQ(MultiHead::Step(module.weights, call, cache, step_workspace),
                Status::kOk);
    }
    EXPECT_EQ(streamed, whole) << chunk;
  }
}

TEST(MultiHead, StreamingHasTheBitsOfOneRun) { StreamingIsOneRun<Plain>(); }
TEST(MultiHead, SoWithRotaryPositions) { StreamingIsOneRun<Rotary>(); }

TEST(MultiHead, OutputMayBeTheInput) {
  using MultiHead = fovea::MultiHeadAttention<Plain>;
  const Module<Plain> module;
  auto x = Waves(kTokens * kDim, 0.61f);
  std::vector<float> y(x.size());
  static MultiHead::Workspace workspace;
  MultiHead::Call call;
  call.x = RowsOf(x, kTokens, kDim);
  call.y = fovea::TokenMajor(y.data(), 1, kTokens, kDim);
  call.queries = kTokens;
  ASSERT_EQ(MultiHead::Run(module.weights, call, workspace), Status::kOk);
  call.y = fovea::TokenMajor(x.data(), 1, kTokens, kDim);
  ASSERT_EQ(MultiHead::Run(module.weights, call, workspace), Status::kOk);
  EXPECT_EQ(x, y);
}

TEST(MultiHead, CachedMemoryHasTheBitsOfCrossAttention) {
  using MultiHead = fovea::MultiHeadAttention<Cross>;
  const Module<Cross> module;
  const auto x = Waves(3 * kDim, 0.61f);
  const auto memory = Waves(kTokens * 20, 0.43f);
  std::vector<float> direct(x.size()), cached(x.size());
  static MultiHead::Workspace workspace;
  static MultiHead::StepWorkspace step_workspace;
  static fovea::KvCache<Cross> cache;
  cache.Clear();
  MultiHead::Call call;
  call.x = RowsOf(x, 3, kDim);
  call.memory = RowsOf(memory, kTokens, 20);
  call.y = fovea::TokenMajor(direct.data(), 1, 3, kDim);
  call.queries = 3;
  call.keys = kTokens;
  ASSERT_EQ(MultiHead::Run(module.weights, call, workspace), Status::kOk);
  ASSERT_EQ(MultiHead::AppendMemory(module.weights, call.memory, kTokens, cache,
                                    step_workspace),
            Status::kOk);
  call.y = fovea::TokenMajor(cached.data(), 1, 3, kDim);
  ASSERT_EQ(MultiHead::Attend(module.weights, call, cache, step_workspace),
            Status::kOk);
  EXPECT_EQ(cached, direct);
  // Full: nothing more goes in.
  EXPECT_EQ(MultiHead::AppendMemory(module.weights, call.memory, 1, cache,
                                    step_workspace),
            Status::kCacheFull);
  EXPECT_EQ(cache.size(), kTokens);
  // Self-attention has no meaning where the memory has another width.
  call.memory = {};
  EXPECT_EQ(MultiHead::Run(module.weights, call, workspace),
            Status::kUnsupported);
}

TEST(MultiHead, BadInputWritesNothing) {
  using MultiHead = fovea::MultiHeadAttention<Rotary>;
  using Call = MultiHead::Call;
  using Weights = MultiHead::Weights;
  const Module<Rotary> module;
  const auto x = Waves(kTokens * kDim, 0.61f);
  static MultiHead::Workspace workspace;
  static fovea::KvCache<Rotary> cache;
  cache.Clear();
  std::vector<float> y(x.size(), -1.0f);
  const auto untouched = y;
  const auto expect = [&](Status status, const auto& spoil) {
    Weights weights = module.weights;
    Call call;
    call.x = RowsOf(x, kTokens, kDim);
    call.y = fovea::TokenMajor(y.data(), 1, kTokens, kDim);
    call.queries = kTokens;
    spoil(weights, call);
    EXPECT_EQ(MultiHead::Run(weights, call, workspace), status);
    EXPECT_EQ(MultiHead::Step(weights, call, cache, workspace), status);
    EXPECT_EQ(y, untouched) << fovea::Name(status);
    EXPECT_EQ(cache.size(), 0u) << fovea::Name(status);
  };
  expect(Status::kNullPointer, [](Weights&, Call& c) { c.x.data = nullptr; });
  expect(Status::kNullPointer, [](Weights&, Call& c) { c.y.data = nullptr; });
  expect(Status::kNullPointer, [](Weights& w, Call&) { w.q.panels = nullptr; });
  expect(Status::kNullPointer, [](Weights& w, Call&) { w.k.panels = nullptr; });
  expect(Status::kNullPointer, [](Weights& w, Call&) { w.v.panels = nullptr; });
  expect(Status::kNullPointer,
         [](Weights& w, Call&) { w.out.panels = nullptr; });
  expect(Status::kNullPointer, [](Weights& w, Call&) { w.rope = nullptr; });
  const fovea::Rope<8> no_rope(0.0);
  expect(Status::kBadScale, [&](Weights& w, Call&) { w.rope = &no_rope; });
  expect(Status::kZeroCount, [](Weights&, Call& c) { c.queries = 0; });
  expect(Status::kZeroCount, [](Weights&, Call& c) { c.batch = 0; });
  expect(Status::kTooManyTokens,
         [](Weights&, Call& c) { c.queries = kTokens + 1; });
  expect(Status::kBadStride,
         [](Weights&, Call& c) { c.x.token_stride = kDim - 1; });
  expect(Status::kBadStride,
         [](Weights&, Call& c) { c.y.token_stride = kDim - 1; });
  expect(Status::kBadScale, [](Weights&, Call& c) {
    c.scale = std::numeric_limits<float>::infinity();
  });
  Call call;
  call.x = RowsOf(x, 1, kDim);
  call.y = fovea::TokenMajor(y.data(), 1, 1, kDim);
  call.queries = 1;
  Misaligned<MultiHead::Workspace> misaligned;
  EXPECT_EQ(MultiHead::Run(module.weights, call, misaligned.Get()),
            Status::kMisaligned);
  Misaligned<fovea::KvCache<Rotary>> bad_cache;
  EXPECT_EQ(MultiHead::Step(module.weights, call, bad_cache.Get(), workspace),
            Status::kMisaligned);
  // A memory has no rotary positions.
  call.memory = call.x;
  call.keys = 1;
  EXPECT_EQ(MultiHead::Run(module.weights, call, workspace),
            Status::kUnsupported);
  EXPECT_EQ(y, untouched);
}

TEST(MultiHead, FullCacheRefusesAndKeepsEverything) {
  using MultiHead = fovea::MultiHeadAttention<Rotary>;
  const Module<Rotary> module;
  const auto x = Waves(kTokens * kDim, 0.61f);
  std::vector<float> y(x.size());
  static MultiHead::StepWorkspace workspace;
  static fovea::KvCache<Rotary> cache;
  cache.Clear();
  MultiHead::Call call;
  call.x = RowsOf(x, 39, kDim);
  call.y = fovea::TokenMajor(y.data(), 1, 39, kDim);
  call.queries = 39;
  ASSERT_EQ(MultiHead::Step(module.weights, call, cache, workspace),
            Status::kOk);
  const auto before = y;
  call.queries = 2;
  EXPECT_EQ(MultiHead::Step(module.weights, call, cache, workspace),
            Status::kCacheFull);
  EXPECT_EQ(cache.size(), 39u);
  EXPECT_EQ(y, before);
}

// The options of Attention reach it, each batch entry with its own.
struct Featured : Plain {
  static constexpr fovea::MaskKind kMask = fovea::MaskKind::kBoolean;
  static constexpr bool kLse = true, kWeights = true;
};

struct FeaturedRun {
  static constexpr size_t kTokensOfRun = 9, kBatch = 2;
  static constexpr size_t kScores = 4 * kTokensOfRun * kTokensOfRun;
  using MultiHead = fovea::MultiHeadAttention<Featured>;

  std::vector<float> x = Waves(kBatch * kTokensOfRun * kDim, 0.61f);
  std::vector<float> y = std::vector<float>(x.size(), 7.0f);
  std::vector<float> lse = std::vector<float>(kBatch * 4 * kTokensOfRun);
  std::vector<float> weights = std::vector<float>(kBatch * kScores);
  std::vector<uint8_t> mask =
      std::vector<uint8_t>(kBatch * kTokensOfRun * kTokensOfRun);
  size_t key_lengths[kBatch] = {9, 5};
  MultiHead::Workspace workspace;
  MultiHead::Call call;

  FeaturedRun() {
    for (size_t i = 0; i < mask.size(); ++i) mask[i] = i * 7 % 5 != 0;
    call.x = fovea::TokenMajor<const float>(x.data(), 1, kTokensOfRun, kDim);
    call.y = fovea::TokenMajor(y.data(), 1, kTokensOfRun, kDim);
    call.batch = kBatch;
    call.queries = kTokensOfRun;
    call.key_lengths = key_lengths;
    call.mask = {mask.data(), kTokensOfRun * kTokensOfRun, 0, kTokensOfRun};
    call.lse = lse.data();
    call.weights = weights.data();
  }
};

TEST(MultiHead, BatchEntriesHaveTheirOwnOptions) {
  const Module<Featured> module;
  FeaturedRun both;
  ASSERT_EQ(
      FeaturedRun::MultiHead::Run(module.weights, both.call, both.workspace),
      Status::kOk);
  FeaturedRun one;  // the second entry alone
  one.call.batch = 1;
  one.call.x.data = one.x.data() + one.x.size() / 2;
  one.call.key_lengths = one.key_lengths + 1;
  one.call.mask.data = one.mask.data() + one.mask.size() / 2;
  ASSERT_EQ(
      FeaturedRun::MultiHead::Run(module.weights, one.call, one.workspace),
      Status::kOk);
  const auto second_half = [](const std::vector<float>& all) {
    return std::vector<float>(all.begin() + all.size() / 2, all.end());
  };
  const auto first_half = [](const std::vector<float>& all) {
    return std::vector<float>(all.begin(), all.begin() + all.size() / 2);
  };
  EXPECT_EQ(first_half(one.y), second_half(both.y));
  EXPECT_EQ(first_half(one.lse), second_half(both.lse));
  EXPECT_EQ(first_half(one.weights), second_half(both.weights));
  // What the mask, causality or padding hides weighs nothing; the rest adds up.
  constexpr size_t kN = FeaturedRun::kTokensOfRun;
  for (size_t row = 0; row < both.lse.size(); ++row) {
    const size_t entry = row / (4 * kN), token = row % kN;
    double sum = 0;
    bool any = false;
    for (size_t key = 0; key < kN; ++key) {
      const float weight = both.weights[row * kN + key];
      const bool visible = key <= token && key < both.key_lengths[entry] &&
                           both.mask[(entry * kN + token) * kN + key] != 0;
      EXPECT_EQ(weight > 0, visible) << row << " " << key;
      any = any || visible;
      sum += weight;
    }
    EXPECT_NEAR(sum, any ? 1 : 0, 1e-6) << row;
  }
}

TEST(MultiHead, BadOptionsWriteNothing) {
  const Module<Featured> module;
  for (int which = 0; which < 3; ++which) {
    FeaturedRun run;
    Status want = Status::kTooManyTokens;
    if (which == 0) run.key_lengths[1] = 10;
    if (which == 1) run.call.mask_keys = 10;
    if (which == 2) run.call.mask.token_stride = 8, want = Status::kBadStride;
    EXPECT_EQ(
        FeaturedRun::MultiHead::Run(module.weights, run.call, run.workspace),
        want)
        << which;
    for (const float value : run.y) ASSERT_EQ(value, 7.0f) << which;
  }
}

}  // namespace
