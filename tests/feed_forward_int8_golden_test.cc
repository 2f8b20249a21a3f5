// SPDX-License-Identifier: Apache-2.0
// The SwiGLU feed-forward with weights of int8: near float64, the bits of its
// arithmetic in plain C++ and of every target, and what it refuses.

#include <gtest/gtest.h>
#include <stddef.h>
#include <stdint.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "fovea/feed_forward.h"
#include "fovea/status.h"
#include "tests/golden/check.h"
#include "tests/golden/golden.h"
#include "tests/golden/hash_class.h"
#include "tests/golden/poison.h"
#include "tests/golden/tensor.h"
#include "tests/golden/weights.h"
#include "tests/reference/int8_reference.h"

namespace fovea::golden {
namespace {

// The cases of FeedForward, and what PyTorch computes of them in float64.
struct FeedForwardCase {
  const char* name;
  uint16_t width, hidden, tokens;
  float widen_factor, narrow_factor;
  uint64_t seed;
  Expected expected;
};

#include "tests/golden/feed_forward.inc"

using Values32 = std::vector<float>;

constexpr size_t kMostTokens = 64;  // of any case

struct Layer {
  Layer(const FeedForwardCase& c, uint64_t tensor, size_t inputs_arg,
        size_t outputs_arg, float factor)
      : inputs(inputs_arg),
        outputs(outputs_arg),
        weight(Values(c.seed, tensor, inputs * outputs, factor)),
        panels(PackedLinearInt8Bytes(inputs, outputs)),
        scales(PackedLinearInt8Scales(outputs)) {
    EXPECT_EQ(PackLinearInt8(weight.data(), inputs, outputs, panels.data(),
                             scales.data()),
              Status::kOk);
  }
  LinearInt8Weights weights() const {
    return {panels.data(), scales.data(), nullptr};
  }

  size_t inputs, outputs;
  Values32 weight;
  std::vector<int8_t> panels;
  Values32 scales;
};

struct Layers {
  explicit Layers(const FeedForwardCase& c)
      : gate(c, 1, c.width, c.hidden, c.widen_factor),
        up(c, 2, c.width, c.hidden, c.widen_factor),
        down(c, 3, c.hidden, c.width, c.narrow_factor) {}
  Layer gate, up, down;
};

Values32 InputsOf(const FeedForwardCase& c) {
  return Values(c.seed, 0, size_t{c.tokens} * c.width);
}

template <size_t kWidth, size_t kHidden, size_t kMaxTokens>
Values32 RunLayer(const FeedForwardCase& c, bool in_place) {
  using Block =
      FeedForward<kWidth, kHidden, kMaxTokens, Activation::kSwiGlu, int8_t>;
  const Layers layers(c);
  const typename Block::Weights weights = {
      layers.gate.weights(), layers.up.weights(), layers.down.weights()};
  Tensor x = PaddedRows(c.tokens, c.width, 3, InputsOf(c));
  Tensor y = PaddedRows(c.tokens, c.width, 5);
  Tensor& written = in_place ? x : y;
  const auto workspace = MakePoisoned<typename Block::Workspace>();
  for (size_t first = 0; first < c.tokens; first += kMaxTokens) {
    const View<const float> in = x.const_view(first);
    const View<float> out = written.view(first);
    EXPECT_EQ(Block::Run(weights, in.data, in.token_stride,
                         std::min(kMaxTokens, c.tokens - first), out.data,
                         out.token_stride, *workspace),
              Status::kOk)
        << c.name;
  }
  EXPECT_TRUE(written.PaddingIsUntouched()) << c.name;
  return written.Flat();
}

enum class Way : uint8_t { kAtOnce, kInPlace, kTokenByToken };

template <size_t kWidth, size_t kHidden>
Values32 RunWay(const FeedForwardCase& c, Way way) {
  return way == Way::kTokenByToken
             ? RunLayer<kWidth, kHidden, 1>(c, false)
             : RunLayer<kWidth, kHidden, kMostTokens>(c, way == Way::kInPlace);
}

using RunAnyWay = Values32 (*)(const FeedForwardCase&, Way);

// Few sizes of FeedForward's: each is code of its own.
RunAnyWay Find(const FeedForwardCase& c) {
  if (c.width == 16 && c.hidden == 40) return &RunWay<16, 40>;
  if (c.width == 48 && c.hidden == 128) return &RunWay<48, 128>;
  if (c.width == 128 && c.hidden == 384) return &RunWay<128, 384>;
  return nullptr;
}

std::vector<FeedForwardCase> Cases() {
  std::vector<FeedForwardCase> cases;
  for (const FeedForwardCase& c : kFeedForwardCases) {
    if (Find(c) != nullptr) cases.push_back(c);
  }
  return cases;
}

TEST(FeedForwardInt8Golden, IsNearFloat64) {
  double all = 0, size = 0;
  ASSERT_GE(Cases().size(), 3u);
  for (const FeedForwardCase& c : Cases()) {
    const Values32 y = Find(c)(c, Way::kAtOnce);
    double squares = 0, expected = 0;
    for (uint32_t i = 0; i < c.expected.count; ++i) {
      const size_t at = c.expected.first + size_t{i} * c.expected.step;
      const double want = kFeedForwardExpected[c.expected.offset + i];
      squares += (double{y[at]} - want) * (double{y[at]} - want);
      expected += want * want;
    }
    EXPECT_LE(std::sqrt(squares / expected), 0.03) << c.name;
    all += squares, size += expected;
  }
  EXPECT_LE(std::sqrt(all / size), 0.02);
}

// As docs/numerics.md says.
float Silu(float x) {
  using reference::MultiplyAdd;
  const float clamped = std::clamp(-x, -87.0f, 88.0f);
  const float log2e = 0x1.715476p0f, shift = 12582912.0f + 127.0f;
  const float rounded = MultiplyAdd(clamped, log2e, shift);
  const float f = MultiplyAdd(clamped, 0x1.4ae0c0p-26f,
                              MultiplyAdd(clamped, log2e, shift - rounded));
  float p = 0x1.416b54p-13f;
  for (const float c : {0x1.5f0830p-10f, 0x1.3b2de0p-7f, 0x1.c6af7cp-5f,
                        0x1.ebfbdcp-3f, 0x1.62e430p-1f, 1.0f}) {
    p = MultiplyAdd(p, f, c);
  }
  const float power = std::ldexp(p, static_cast<int>(rounded - shift));
  return x / (1.0f + power);
}

Values32 ApplyReference(const Layer& layer, const Values32& x) {
  Values32 y;
  for (size_t t = 0; t < x.size() / layer.inputs; ++t) {
    const auto row = x.begin() + static_cast<ptrdiff_t>(t * layer.inputs);
    const auto token =
        reference::Quantise({row, row + static_cast<ptrdiff_t>(layer.inputs)});
    for (size_t o = 0; o < layer.outputs; ++o) {
      const auto begin =
          layer.weight.begin() + static_cast<ptrdiff_t>(o * layer.inputs);
      const auto weights = reference::Quantise(
          {begin, begin + static_cast<ptrdiff_t>(layer.inputs)});
      int32_t dot = 0;
      for (size_t i = 0; i < layer.inputs; ++i) {
        dot += token.entries[i] * weights.entries[i];
      }
      y.push_back(reference::MultiplyAdd(static_cast<float>(dot) * token.scale,
                                         weights.scale, 0.0f));
    }
  }
  return y;
}

Values32 Reference(const FeedForwardCase& c) {
  const Layers layers(c);
  Values32 hidden = ApplyReference(layers.gate, InputsOf(c));
  const Values32 up = ApplyReference(layers.up, InputsOf(c));
  for (size_t i = 0; i < up.size(); ++i) hidden[i] = Silu(hidden[i]) * up[i];
  return ApplyReference(layers.down, hidden);
}

TEST(FeedForwardInt8Golden, HasTheBitsOfItsArithmetic) {
  Hash hash;
  for (const FeedForwardCase& c : Cases()) {
    const Values32 y = Find(c)(c, Way::kAtOnce);
    ExpectSameBits(c.name, y, Reference(c));
    ExpectSameBits(c.name, Find(c)(c, Way::kInPlace), y);
    ExpectSameBits(c.name, Find(c)(c, Way::kTokenByToken), y);
    hash.Add(y.data(), y.size());
  }
  const uint64_t committed = kHashClass == HashClass::kFused
                                 ? 0x9237a4808d699ae8u
                                 : 0x521423add8778107u;
  EXPECT_EQ(hash.value(), committed) << hash.value();
  ReportHashes("feed_forward_int8", 1, hash.value() == committed);
}

template <Activation kActivation>
void ExpectActivationOfItsParts() {
  constexpr size_t kWidth = 16, kHidden = 40, kTokens = 3;
  using Block = FeedForward<kWidth, kHidden, kTokens, kActivation, int8_t>;
  const FeedForwardCase c = Cases().front();
  ASSERT_EQ(c.width, kWidth);
  ASSERT_EQ(c.hidden, kHidden);
  const Layers layers(c);
  const Values32 x = Values(c.seed, 0, kTokens * kWidth);
  Values32 y(x.size());
  const auto workspace = MakePoisoned<typename Block::Workspace>();
  ASSERT_EQ(Block::Run({layers.up.weights(), layers.down.weights()}, x.data(),
                       kWidth, kTokens, y.data(), kWidth, *workspace),
            Status::kOk);
  Values32 hidden = ApplyReference(layers.up, x);
  for (float& h : hidden) h = std::max(h, 0.0f);
  ExpectSameBits("relu", y, ApplyReference(layers.down, hidden));
}

TEST(FeedForwardInt8, WithoutAGateToo) {
  ExpectActivationOfItsParts<Activation::kRelu>();
}

TEST(FeedForwardInt8, BadWeightsWriteNothing) {
  using Block = FeedForward<16, 40, 2, Activation::kSwiGlu, int8_t>;
  const FeedForwardCase c = Cases().front();
  const Layers layers(c);
  const Block::Weights good = {layers.gate.weights(), layers.up.weights(),
                               layers.down.weights()};
  const Values32 x(32, 1.0f), untouched(32, 7.0f), scales(48, 0.0f);
  Values32 y = untouched;
  const auto workspace = MakePoisoned<Block::Workspace>();
  using Member = LinearInt8Weights Block::Weights::*;
  for (const Member member :
       {&Block::Weights::gate, &Block::Weights::up, &Block::Weights::down}) {
    const auto run = [&](const Block::Weights& weights) {
      return Block::Run(weights, x.data(), 16, 2, y.data(), 16, *workspace);
    };
    Block::Weights weights = good;
    (weights.*member).panels = nullptr;
    EXPECT_EQ(run(weights), Status::kNullPointer);
    weights = good;
    (weights.*member).scales = scales.data();
    EXPECT_EQ(run(weights), Status::kBadScale);
    weights = good;
    (weights.*member).panels += 1;
    EXPECT_EQ(run(weights), Status::kMisaligned);
    EXPECT_EQ(y, untouched);
  }
}

}  // namespace
}  // namespace fovea::golden
