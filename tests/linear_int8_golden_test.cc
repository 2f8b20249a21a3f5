// SPDX-License-Identifier: Apache-2.0
// Linear layers with weights of int8: near float64, the bits of their
// arithmetic in plain C++ and of every target, and what they refuse.

#include <gtest/gtest.h>
#include <stddef.h>
#include <stdint.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <vector>

#include "fovea/attention.h"
#include "fovea/linear_int8.h"
#include "fovea/multi_head.h"
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

// The cases of Linear, and what PyTorch computes of them in float64.
struct LinearCase {
  const char* name;
  uint16_t inputs, outputs, tokens;
  bool has_bias;
  float weight_factor;
  uint64_t seed;
  Expected expected;
};

#include "tests/golden/linear.inc"

struct Layer {
  explicit Layer(const LinearCase& c)
      : inputs(c.inputs),
        outputs(c.outputs),
        weight(Values(c.seed, 1, inputs * outputs, c.weight_factor)),
        bias(c.has_bias ? Values(c.seed, 2, outputs) : std::vector<float>()),
        panels(PackedLinearInt8Bytes(inputs, outputs)),
        scales(PackedLinearInt8Scales(outputs)) {
    EXPECT_EQ(PackLinearInt8(weight.data(), inputs, outputs, panels.data(),
                             scales.data()),
              Status::kOk);
  }
  LinearInt8Weights weights() const {
    return {panels.data(), scales.data(), bias.empty() ? nullptr : bias.data()};
  }

  size_t inputs, outputs;
  std::vector<float> weight, bias;
  std::vector<int8_t> panels;
  std::vector<float> scales;
};

using RunTokens = Status (*)(const LinearInt8Weights&, const Tensor& x,
                             size_t first, size_t tokens, Tensor& y);

template <size_t kInputs, size_t kOutputs>
Status Run(const LinearInt8Weights& weights, const Tensor& x, size_t first,
           size_t tokens, Tensor& y) {
  using Linear = LinearInt8<kInputs, kOutputs>;
  const auto workspace = MakePoisoned<typename Linear::Workspace>();
  const View<const float> in = x.const_view(first);
  const View<float> out = y.view(first);
  return Linear::Run(weights, in.data, in.token_stride, tokens, out.data,
                     out.token_stride, *workspace);
}

// Few sizes of Linear's: each is code of its own.
RunTokens Find(const LinearCase& c) {
#define FOVEA_LINEAR_CONFIG(inputs_, outputs_)        \
  if (c.inputs == inputs_ && c.outputs == outputs_) { \
    return &Run<inputs_, outputs_>;                   \
  }
  FOVEA_LINEAR_CONFIG(1, 1)
  FOVEA_LINEAR_CONFIG(3, 33)
  FOVEA_LINEAR_CONFIG(31, 16)
  FOVEA_LINEAR_CONFIG(33, 20)
  FOVEA_LINEAR_CONFIG(64, 64)
  FOVEA_LINEAR_CONFIG(100, 31)
  FOVEA_LINEAR_CONFIG(512, 100)
  FOVEA_LINEAR_CONFIG(512, 512)
#undef FOVEA_LINEAR_CONFIG
  return nullptr;
}

std::vector<LinearCase> Cases() {
  std::vector<LinearCase> cases;
  for (const LinearCase& c : kLinearCases) {
    if (Find(c) != nullptr) cases.push_back(c);
  }
  return cases;
}

Tensor InputsOf(const LinearCase& c) {
  return PaddedRows(c.tokens, c.inputs, 3,
                    Values(c.seed, 0, size_t{c.tokens} * c.inputs));
}

// The output, computed `at_once` tokens at a time.
std::vector<float> Output(const LinearCase& c, size_t at_once) {
  const Layer layer(c);
  const Tensor x = InputsOf(c);
  Tensor y = PaddedRows(c.tokens, c.outputs, 5);
  for (size_t first = 0; first < c.tokens; first += at_once) {
    const size_t tokens =
        c.tokens - first < at_once ? c.tokens - first : at_once;
    EXPECT_EQ(Find(c)(layer.weights(), x, first, tokens, y), Status::kOk)
        << c.name;
  }
  EXPECT_TRUE(y.PaddingIsUntouched()) << c.name;
  return y.Flat();
}

TEST(LinearInt8Golden, IsNearFloat64) {
  double all = 0, size = 0;
  ASSERT_EQ(Cases().size(), 8u);
  for (const LinearCase& c : Cases()) {
    const std::vector<float> y = Output(c, c.tokens);
    double squares = 0, expected = 0;
    for (uint32_t i = 0; i < c.expected.count; ++i) {
      const size_t at = c.expected.first + size_t{i} * c.expected.step;
      const double want = kLinearExpected[c.expected.offset + i];
      squares += (double{y[at]} - want) * (double{y[at]} - want);
      expected += want * want;
    }
    EXPECT_LE(std::sqrt(squares / expected), 0.015) << c.name;
    all += squares, size += expected;
  }
  EXPECT_LE(std::sqrt(all / size), 0.01);
}

// As docs/numerics.md says.
std::vector<float> Reference(const LinearCase& c) {
  const Layer layer(c);
  const std::vector<float> x = Values(c.seed, 0, size_t{c.tokens} * c.inputs);
  std::vector<float> y;
  for (size_t t = 0; t < c.tokens; ++t) {
    const auto row = x.begin() + static_cast<ptrdiff_t>(t * c.inputs);
    const auto token = reference::Quantise({row, row + c.inputs});
    for (size_t o = 0; o < c.outputs; ++o) {
      const auto begin =
          layer.weight.begin() + static_cast<ptrdiff_t>(o * c.inputs);
      const auto weights = reference::Quantise({begin, begin + c.inputs});
      int32_t dot = 0;
      for (size_t i = 0; i < c.inputs; ++i) {
        dot += token.entries[i] * weights.entries[i];
      }
      const float product = static_cast<float>(dot) * token.scale;
      y.push_back(reference::MultiplyAdd(product, weights.scale,
                                         c.has_bias ? layer.bias[o] : 0.0f));
    }
  }
  return y;
}

TEST(LinearInt8Golden, HasTheBitsOfItsArithmetic) {
  Hash hash;
  for (const LinearCase& c : Cases()) {
    const std::vector<float> y = Output(c, c.tokens);
    ExpectSameBits(c.name, y, Reference(c));
    ExpectSameBits(c.name, Output(c, 1), y);
    ExpectSameBits(c.name, Output(c, 5), y);
    hash.Add(y.data(), y.size());
  }
  const uint64_t committed = kHashClass == HashClass::kFused
                                 ? 0x6bfdf29d28f4057au
                                 : 0x73bb3800c704d5b5u;
  EXPECT_EQ(hash.value(), committed);
  ReportHashes("linear_int8", 1, hash.value() == committed);
}

// -------------------------------------------------------------- in the module

struct Module : MultiHeadConfig {
  using WeightElement = int8_t;
  static constexpr size_t kModelDim = 24, kHeads = 2, kHeadDim = 9;
  static constexpr size_t kMaxQueries = 5, kMaxKeys = 5;
  static constexpr bool kCausal = true;
};

struct ModuleLayer {
  ModuleLayer(size_t inputs, size_t outputs, uint64_t tensor)
      : panels(PackedLinearInt8Bytes(inputs, outputs)),
        scales(PackedLinearInt8Scales(outputs)) {
    const std::vector<float> weight = Values(5, tensor, inputs * outputs);
    EXPECT_EQ(PackLinearInt8(weight.data(), inputs, outputs, panels.data(),
                             scales.data()),
              Status::kOk);
  }
  LinearInt8Weights weights() const {
    return {panels.data(), scales.data(), nullptr};
  }
  std::vector<int8_t> panels;
  std::vector<float> scales;
};

// MultiHeadAttention is its layers and the attention between them.
TEST(LinearInt8Module, HasTheBitsOfItsParts) {
  using MultiHead = MultiHeadAttention<Module>;
  using Core = Attention<Module>;
  using In = LinearInt8<24, 18, 5>;
  using Out = LinearInt8<18, 24, 5>;
  constexpr size_t kTokens = 5, kRow = 18;
  const ModuleLayer q(24, kRow, 1), k(24, kRow, 2), v(24, kRow, 3);
  const ModuleLayer out(kRow, 24, 4);
  const std::vector<float> x = Values(5, 0, kTokens * 24);
  std::vector<float> y(x.size()), expected(x.size());
  const auto workspace = MakePoisoned<MultiHead::Workspace>();
  MultiHead::Weights weights;
  weights.q = q.weights(), weights.k = k.weights(), weights.v = v.weights();
  weights.out = out.weights();
  MultiHead::Call call;
  call.x = TokenMajor<const float>(x.data(), 1, kTokens, 24);
  call.y = TokenMajor(y.data(), 1, kTokens, 24);
  call.queries = kTokens;
  ASSERT_EQ(MultiHead::Run(weights, call, *workspace), Status::kOk);

  const auto in = MakePoisoned<In::Workspace>();
  std::vector<float> rows[3];
  const ModuleLayer* const layers[] = {&q, &k, &v};
  for (size_t i = 0; i < 3; ++i) {
    rows[i].resize(kTokens * kRow);
    ASSERT_EQ(In::Run(layers[i]->weights(), x.data(), 24, kTokens,
                      rows[i].data(), kRow, *in),
              Status::kOk);
  }
  std::vector<float> heads(kTokens * kRow);
  Core::Call core;
  core.q = TokenMajor<const float>(rows[0].data(), 2, kTokens, 9);
  core.k = TokenMajor<const float>(rows[1].data(), 2, kTokens, 9);
  core.v = TokenMajor<const float>(rows[2].data(), 2, kTokens, 9);
  core.out = TokenMajor(heads.data(), 2, kTokens, 9);
  core.queries = core.keys = kTokens;
  const auto core_workspace = MakePoisoned<Core::Workspace>();
  ASSERT_EQ(Core::Run(core, *core_workspace), Status::kOk);
  const auto last = MakePoisoned<Out::Workspace>();
  ASSERT_EQ(Out::Run(out.weights(), heads.data(), kRow, kTokens,
                     expected.data(), 24, *last),
            Status::kOk);
  EXPECT_EQ(y, expected);

  weights.k.scales = nullptr;
  EXPECT_EQ(MultiHead::Run(weights, call, *workspace), Status::kNullPointer);
}

// ------------------------------------------------------------------ bad input

using Small = LinearInt8<5, 3>;

struct SmallLayer {
  SmallLayer() {
    EXPECT_EQ(PackLinearInt8(weight, 5, 3, panels, scales), Status::kOk);
  }
  Status Run() {
    return Small::Run({panels, scales, nullptr}, x, 5, 2, y, 3, workspace);
  }

  float weight[15] = {1, 2, 3, 4, 5, -1, -2, -3, -4, -5, 0, 0, 0, 0, 0};
  alignas(4) int8_t panels[PackedLinearInt8Bytes(5, 3)];
  float scales[PackedLinearInt8Scales(3)];
  float x[10] = {1, 1, 1, 1, 1, 2, 2, 2, 2, 2};
  float y[6] = {};
  Small::Workspace workspace;
};

TEST(LinearInt8Status, ScalesMustBePositive) {
  for (const float bad : {0.0f, -1.0f, std::nanf(""), HUGE_VALF}) {
    SmallLayer layer;
    layer.scales[2] = bad;
    EXPECT_EQ(layer.Run(), Status::kBadScale);
    EXPECT_EQ(layer.y[0], 0.0f);
  }
}

TEST(LinearInt8Status, WeightsMustBeFinite) {
  for (const float bad : {std::nanf(""), HUGE_VALF, -HUGE_VALF}) {
    SmallLayer layer;
    layer.weight[14] = bad;
    layer.scales[0] = 7;
    EXPECT_EQ(PackLinearInt8(layer.weight, 5, 3, layer.panels, layer.scales),
              Status::kBadScale);
    EXPECT_EQ(layer.scales[0], 7.0f);
  }
}

TEST(LinearInt8Status, EveryPointerAndCountIsChecked) {
  SmallLayer l;
  EXPECT_EQ(l.Run(), Status::kOk);
  EXPECT_NEAR(l.y[0], 15, 0.1f);
  EXPECT_NEAR(l.y[4], -30, 0.2f);
  EXPECT_EQ(l.y[5], 0.0f);
  const LinearInt8Weights w{l.panels, l.scales, nullptr};
  const auto run = [&](LinearInt8Weights weights, const float* x, size_t stride,
                       size_t tokens, float* y) {
    return Small::Run(weights, x, stride, tokens, y, 3, l.workspace);
  };
  EXPECT_EQ(run({nullptr, l.scales, nullptr}, l.x, 5, 2, l.y),
            Status::kNullPointer);
  EXPECT_EQ(run({l.panels, nullptr, nullptr}, l.x, 5, 2, l.y),
            Status::kNullPointer);
  EXPECT_EQ(run(w, nullptr, 5, 2, l.y), Status::kNullPointer);
  EXPECT_EQ(run(w, l.x, 5, 2, nullptr), Status::kNullPointer);
  EXPECT_EQ(run(w, l.x, 5, 0, l.y), Status::kZeroCount);
  EXPECT_EQ(run(w, l.x, 4, 2, l.y), Status::kBadStride);
  EXPECT_EQ(run({l.panels + 1, l.scales, nullptr}, l.x, 5, 2, l.y),
            Status::kMisaligned);
  EXPECT_EQ(PackLinearInt8(nullptr, 5, 3, l.panels, l.scales),
            Status::kNullPointer);
  EXPECT_EQ(PackLinearInt8(l.weight, 0, 3, l.panels, l.scales),
            Status::kZeroCount);
  EXPECT_EQ(
      PackLinearInt8(l.weight, kMostInt8Inputs + 1, 3, l.panels, l.scales),
      Status::kTooManyTokens);
}

TEST(LinearInt8Status, ANanTokenGivesNanAlone) {
  SmallLayer layer;
  layer.x[3] = std::numeric_limits<float>::quiet_NaN();
  ASSERT_EQ(layer.Run(), Status::kOk);
  for (size_t i = 0; i < 6; ++i) EXPECT_EQ(std::isnan(layer.y[i]), i < 3) << i;
}

TEST(LinearInt8Status, OneOfManyTokensGivesNanAloneToo) {
  SmallLayer layer;
  constexpr size_t kTokens = 41, kNan = 5, kInfinite = 37;
  std::vector<float> x(kTokens * 5, 0.5f), y(kTokens * 3);
  x[kNan * 5] = std::numeric_limits<float>::quiet_NaN();
  x[kInfinite * 5 + 4] = -std::numeric_limits<float>::infinity();
  ASSERT_EQ(Small::Run({layer.panels, layer.scales, nullptr}, x.data(), 5,
                       kTokens, y.data(), 3, layer.workspace),
            Status::kOk);
  for (size_t i = 0; i < y.size(); ++i) {
    const bool bad = i / 3 == kNan || i / 3 == kInfinite;
    EXPECT_EQ(std::isnan(y[i]), bad) << i;
  }
}

// The most inputs there are, every product of the same sign and as large as
// can be: bytes of -128 are no weights that PackLinearInt8 makes.
TEST(LinearInt8Extremes, NoSumOverflows) {
  using Large = LinearInt8<kMostInt8Inputs, 1, 1>;
  const std::vector<float> scales(kPanel, 1.0f);
  int8_t most = 127;
  for (const float sign : {1.0f, 1.0f, -1.0f, -1.0f}) {
    most = most == -128 ? 127 : -128;
    const std::vector<int8_t> panels(PackedLinearInt8Bytes(kMostInt8Inputs, 1),
                                     most);
    const std::vector<float> x(kMostInt8Inputs, sign);
    const auto workspace = MakePoisoned<Large::Workspace>();
    float y = 0;
    ASSERT_EQ(Large::Run({panels.data(), scales.data(), nullptr}, x.data(),
                         kMostInt8Inputs, 1, &y, 1, *workspace),
              Status::kOk);
    EXPECT_NEAR(y, sign * 65536 * static_cast<float>(most), 16);
  }
}

}  // namespace
}  // namespace fovea::golden
