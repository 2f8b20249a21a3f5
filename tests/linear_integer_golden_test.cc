// SPDX-License-Identifier: Apache-2.0
// Linear layers in integers: near float64, every bit of their arithmetic in
// plain C++, the ends of all ranges, and what they refuse.  Their hashes are in
// integer_hashes.h.

#include <gtest/gtest.h>
#include <stddef.h>
#include <stdint.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <memory>
#include <vector>

#include "fovea/linear_integer.h"
#include "fovea/linear_integer_pack.h"
#include "fovea/status.h"
#include "integer_streams.h"
#include "tests/golden/check.h"
#include "tests/golden/golden.h"
#include "tests/golden/weights.h"
#include "tests/reference/linear_integer_reference.h"

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

// The range of a tensor, in 2^bits steps of which half are below its zero point
// less `off`.
Quantisation QuantisationOf(double most, int bits, int32_t off) {
  return {most / (std::ldexp(1, bits - 1) - 1 - std::abs(off)), off};
}

struct Layer {
  Layer(const LinearCase& c, const Quantisation& in, const Quantisation& out)
      : weight(
            Values(c.seed, 1, size_t{c.inputs} * c.outputs, c.weight_factor)),
        real_bias(c.has_bias ? Values(c.seed, 2, c.outputs)
                             : std::vector<float>()),
        panels(PackedLinearIntegerBytes(c.inputs, c.outputs), int8_t{99}),
        multipliers(c.outputs),
        bias(c.outputs),
        shifts(c.outputs) {
    RealLinear real;
    real.weight = weight.data();
    real.bias = c.has_bias ? real_bias.data() : nullptr;
    real.inputs = c.inputs, real.outputs = c.outputs;
    real.x = in, real.y = out;
    EXPECT_EQ(PackLinearInteger(real, {panels.data(), multipliers.data(),
                                       shifts.data(), bias.data()}),
              Status::kOk)
        << c.name;
    weights = {panels.data(),
               multipliers.data(),
               shifts.data(),
               c.has_bias ? bias.data() : nullptr,
               static_cast<int8_t>(in.zero_point),
               static_cast<int8_t>(out.zero_point)};
  }

  std::vector<float> weight, real_bias;
  std::vector<int8_t> panels;
  std::vector<int32_t> multipliers, bias;
  std::vector<int8_t> shifts;
  LinearIntegerWeights weights;
};

std::vector<int8_t> Quantised(const std::vector<float>& x,
                              const Quantisation& by) {
  std::vector<int8_t> to;
  for (const float value : x) {
    to.push_back(static_cast<int8_t>(std::lround(double{value} / by.scale) +
                                     by.zero_point));
  }
  return to;
}

template <class Output>
using RunLayer = Status (*)(const LinearIntegerWeights&, const int8_t*, size_t,
                            size_t, Output*, size_t);

// Few sizes of Linear's: each is code of its own.
template <class Output>
RunLayer<Output> Find(const LinearCase& c) {
#define FOVEA_LINEAR_CONFIG(inputs_, outputs_)             \
  if (c.inputs == inputs_ && c.outputs == outputs_) {      \
    return &LinearInteger<inputs_, outputs_, Output>::Run; \
  }
  FOVEA_LINEAR_CONFIG(1, 1)
  FOVEA_LINEAR_CONFIG(3, 33)
  FOVEA_LINEAR_CONFIG(33, 20)
  FOVEA_LINEAR_CONFIG(64, 64)
  FOVEA_LINEAR_CONFIG(100, 31)
  FOVEA_LINEAR_CONFIG(512, 100)
#undef FOVEA_LINEAR_CONFIG
  return nullptr;
}

// The root mean square of a case's error over that of its output.
template <class Output>
double RelativeError(const LinearCase& c, int32_t zero) {
  constexpr int kBits = 8 * sizeof(Output);
  const std::vector<float> x = Values(c.seed, 0, size_t{c.tokens} * c.inputs);
  float most = 0;
  for (const float value : x) most = std::max(most, std::fabs(value));
  const Quantisation in = QuantisationOf(double{most}, 8, zero);
  // Outputs between the samples may be larger; the range says by how much.
  const Quantisation out =
      QuantisationOf(1.02 * c.expected.max_abs, kBits, -zero);
  const Layer layer(c, in, out);
  const std::vector<int8_t> entries = Quantised(x, in);
  std::vector<Output> y(size_t{c.tokens} * c.outputs);
  EXPECT_EQ(Find<Output>(c)(layer.weights, entries.data(), c.inputs, c.tokens,
                            y.data(), c.outputs),
            Status::kOk)
      << c.name;
  double squares = 0, size = 0;
  for (uint32_t i = 0; i < c.expected.count; ++i) {
    const size_t at = c.expected.first + size_t{i} * c.expected.step;
    const double want = kLinearExpected[c.expected.offset + i];
    const double got = (y[at] - out.zero_point) * out.scale;
    squares += (got - want) * (got - want);
    size += want * want;
  }
  return std::sqrt(squares / size);
}

TEST(LinearIntegerGolden, IsNearFloat64) {
  size_t cases = 0;
  for (const LinearCase& c : kLinearCases) {
    if (Find<int8_t>(c) == nullptr) continue;
    ++cases;
    for (const int32_t zero : {0, 5}) {
      EXPECT_LE(RelativeError<int16_t>(c, zero), 0.02) << c.name;
      EXPECT_LE(RelativeError<int8_t>(c, zero), 0.025) << c.name;
    }
  }
  EXPECT_GE(cases, 6u);
}

template <class Problem>
void ExpectReference(uint32_t seed) {
  const auto problem = std::make_unique<Problem>();
  problem->Fill(seed);
  EXPECT_NE(problem->HashOfOutputs(), 0u);
  using Output = std::decay_t<decltype(problem->y[0])>;
  using Limits = std::numeric_limits<Output>;
  constexpr size_t kInputs = Problem::kInputs;
  const auto& w = problem->weights;
  size_t inside = 0;
  for (size_t t = 0; t < Problem::kTokens; ++t) {
    for (size_t o = 0; o < Problem::kOutputs; ++o) {
      const reference::IntegerOutput of = {
          w.bias[o],     w.multipliers[o], w.shifts[o],  w.input_zero,
          w.output_zero, Limits::min(),    Limits::max()};
      const auto weight = [&](size_t i) {
        return w.panels[o / 16 * 16 * ((kInputs + 3) / 4 * 4) + i / 4 * 64 +
                        o % 16 * 4 + i % 4];
      };
      const auto x = [&](size_t i) { return problem->x[t * kInputs + i]; };
      const int64_t expected = reference::LinearInteger(of, kInputs, weight, x);
      const Output got = problem->y[t * Problem::kOutputs + o];
      ASSERT_EQ(got, expected) << seed << ": " << t << ", " << o;
      inside += got != Limits::min() && got != Limits::max();
    }
  }
  // Most are not clamped.
  EXPECT_GE(inside, Problem::kTokens * Problem::kOutputs / 2);
}

TEST(LinearIntegerGolden, HasTheBitsOfTheReference) {
  for (uint32_t seed = 1; seed < 40; ++seed) {
    ExpectReference<integer_streams::OddLinear>(seed);
    ExpectReference<integer_streams::WideLinear>(seed);
  }
}

// The most inputs there are, all of them as large as can be, and the largest
// bias with them.
TEST(LinearInteger, HoldsItsSumsAtTheExtremes) {
  constexpr size_t kInputs = kMostIntegerInputs;
  for (const int sign : {1, -1}) {
    const std::vector<int8_t> panels(PackedLinearIntegerBytes(kInputs, 1),
                                     int8_t{-128});
    const std::vector<int8_t> x(kInputs, sign < 0 ? 127 : -128);
    const int32_t multiplier = 1 << 30, bias = sign * kMostIntegerBias;
    for (const int8_t shift : {-14, -13, 0, 30}) {
      const LinearIntegerWeights weights = {
          panels.data(),
          &multiplier,
          &shift,
          &bias,
          static_cast<int8_t>(sign < 0 ? -128 : 127),
          0};
      int16_t y = 0;
      ASSERT_EQ((LinearInteger<kInputs, 1, int16_t>::Run(weights, x.data(),
                                                         kInputs, 1, &y, 1)),
                Status::kOk);
      // (2^15 * 255 * 128 + 2^30) / 2^(1 - shift), about 2^31 / 2^15 and so on.
      const double exact =
          sign * (0x1p22 * 255 + 0x1p30) * std::ldexp(0.5, shift);
      const double most = sign < 0 ? -32768 : 32767;
      EXPECT_EQ(y, std::fabs(exact) > 32768 ? most : std::round(exact))
          << static_cast<int>(shift);
    }
  }
}

// A panel of any bytes, padding included, times a token that is not aligned.
template <class Leaf>
std::vector<int32_t> SumsOf(const std::vector<int32_t>& panel,
                            const std::vector<int8_t>& x, int32_t zero) {
  std::vector<int32_t> sums(kPanel + 1);
  for (size_t o = 0; o <= kPanel; ++o) sums[o] = static_cast<int32_t>(o) - 7;
  Leaf::AddPanel(reinterpret_cast<const int8_t*>(panel.data()),
                 Leaf::TokenOf(x.data() + 1, x.size() - 1, zero), sums.data());
  return sums;
}

TEST(LinearInteger, ItsLeafHasTheSumsOfThePlainOne) {
  integer_streams::Bytes bytes(1);
  const auto byte = [&] { return static_cast<int8_t>(bytes.Next()); };
  for (size_t inputs = 1; inputs <= 300; inputs += inputs < 70 ? 1 : 23) {
    std::vector<int32_t> panel((inputs + 3) / 4 * kPanel);
    std::vector<int8_t> x(inputs + 1);
    for (const int8_t zero : {int8_t{0}, int8_t{-128}, int8_t{127}, byte()}) {
      for (const int fill : {0, 1, 2}) {  // any, and the ends of the range
        const auto next = [&] {
          return fill == 0 ? byte() : fill == 1 ? int8_t{-128} : int8_t{127};
        };
        for (auto& word : panel) {
          const int8_t four[4] = {next(), next(), next(), next()};
          std::memcpy(&word, four, sizeof(word));
        }
        for (auto& entry : x) entry = next();
        ASSERT_EQ(SumsOf<integer::LinearLeaf>(panel, x, zero),
                  SumsOf<integer::PlainLinearLeaf>(panel, x, zero))
            << inputs << " inputs, zero " << int{zero} << ", " << fill;
      }
    }
  }
}

// What becomes of a panel's sums, and the entry after them.
template <class Leaf, class Output>
std::vector<Output> StoredOf(const std::vector<int32_t>& sums,
                             const integer::LinearArgs& args, size_t first) {
  std::vector<Output> y(args.outputs + 1, Output{99});
  Leaf::Store(sums.data(), args, first, args.outputs - first, y.data());
  return y;
}

TEST(LinearInteger, ItsLeafStoresWhatThePlainOneDoes) {
  integer_streams::Bytes bytes(2);
  const auto word = [&] {
    uint32_t of = 0;
    for (int i = 0; i < 4; ++i) of = of << 8 | uint8_t(bytes.Next());
    return of;
  };
  constexpr int32_t kMost = std::numeric_limits<int32_t>::max();
  for (int round = 0; round < 2000; ++round) {
    const size_t first = word() % 3, count = 1 + word() % kPanel;
    std::vector<int32_t> sums(kPanel), multipliers(first + count);
    std::vector<int8_t> shifts(first + count);
    for (int32_t& sum : sums) {
      // Any size of sum, since rounding happens at small ones.
      sum = static_cast<int32_t>(word()) >> (word() % 31);
      if (word() % 16 == 0) sum = word() % 2 ? kMost : -kMost - 1;
    }
    for (size_t o = 0; o < first + count; ++o) {
      multipliers[o] = static_cast<int32_t>(1u << 30 | word() >> 2);
      shifts[o] = static_cast<int8_t>(static_cast<int>(word() % 62) - 31);
    }
    integer::LinearArgs args{};
    args.multipliers = multipliers.data(), args.shifts = shifts.data();
    args.output_zero = static_cast<int8_t>(bytes.Next());
    args.outputs = first + count;
    using Leaf = integer::LinearLeaf;
    using Plain = integer::PlainLinearLeaf;
    ASSERT_EQ((StoredOf<Leaf, int8_t>(sums, args, first)),
              (StoredOf<Plain, int8_t>(sums, args, first)));
    ASSERT_EQ((StoredOf<Leaf, int16_t>(sums, args, first)),
              (StoredOf<Plain, int16_t>(sums, args, first)));
  }
}

struct Small {
  static constexpr size_t kInputs = 5, kOutputs = 3;
  Status Run(const LinearIntegerWeights& weights, size_t stride = kInputs,
             size_t tokens = 2) {
    return LinearInteger<kInputs, kOutputs>::Run(weights, x, stride, tokens, y,
                                                 kOutputs);
  }
  alignas(4) int8_t panels[16 * 8] = {};
  int32_t multipliers[kOutputs] = {1 << 30, 1 << 30, 1 << 30};
  int8_t shifts[kOutputs] = {};
  int32_t bias[kOutputs] = {};
  int8_t x[2 * kInputs] = {};
  int8_t y[2 * kOutputs] = {7, 7, 7, 7, 7, 7};
  LinearIntegerWeights good = {panels, multipliers, shifts, bias, 0, 0};
};

TEST(LinearIntegerStatus, BadInputWritesNothing) {
  Small s;
  const auto refuses = [&](Status status, const auto& change) {
    LinearIntegerWeights weights = s.good;
    change(weights);
    EXPECT_EQ(s.Run(weights), status);
    EXPECT_EQ(s.y[0], 7);
  };
  refuses(Status::kNullPointer, [](auto& w) { w.panels = nullptr; });
  refuses(Status::kNullPointer, [](auto& w) { w.multipliers = nullptr; });
  refuses(Status::kNullPointer, [](auto& w) { w.shifts = nullptr; });
  refuses(Status::kMisaligned, [](auto& w) { ++w.panels; });
  for (const int32_t bad : {(1 << 30) - 1, 0, -1}) {
    s.multipliers[2] = bad;
    refuses(Status::kBadScale, [](auto&) {});
  }
  s.multipliers[2] = 1 << 30;
  for (const int8_t bad : {-32, 31}) {
    s.shifts[1] = bad;
    refuses(Status::kBadScale, [](auto&) {});
  }
  s.shifts[1] = 0;
  for (const int32_t bad : {kMostIntegerBias + 1, -kMostIntegerBias - 1}) {
    s.bias[0] = bad;
    refuses(Status::kBadScale, [](auto&) {});
  }
  s.bias[0] = 0;
  EXPECT_EQ(s.Run(s.good, 4), Status::kBadStride);
  EXPECT_EQ(s.Run(s.good, 5, 0), Status::kZeroCount);
  EXPECT_EQ(s.y[0], 7);
  s.good.bias = nullptr;
  EXPECT_EQ(s.Run(s.good), Status::kOk);
  EXPECT_EQ(s.y[5], 0);
}

// Of reals that lie between two integers.
TEST(LinearIntegerPack, RoundsToTheNearest) {
  int8_t panels[PackedLinearIntegerBytes(1, 1)], shift;
  int32_t multiplier, bias;
  const float weight = 127.0f;  // an entry is worth 1
  const struct {
    float real;
    int32_t rounded;
  } kBiases[] = {{2.4f, 2}, {2.5f, 3}, {2.6f, 3}, {-2.4f, -2}, {-2.5f, -3}};
  for (const auto& of : kBiases) {
    ASSERT_EQ(PackLinearInteger({&weight, &of.real, 1, 1, {1, 0}, {3, 0}},
                                {panels, &multiplier, &shift, &bias}),
              Status::kOk);
    EXPECT_EQ(bias, of.rounded) << of.real;
    EXPECT_EQ(panels[0], 127);
    EXPECT_EQ(multiplier, 1431655765);  // 2/3 of 2^31, 1431655765.33
    EXPECT_EQ(shift, -1);
  }
}

TEST(LinearIntegerStatus, WhatDoesNotFitIsNotPacked) {
  Small s;
  float weight[15] = {1, 2, 3, 4, 5, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1};
  float bias[3] = {1, 2, 3};
  const RealLinear good = {weight, bias, 5, 3, {0.1, 3}, {0.1, -3}};
  const PackedLinearInteger to = {s.panels, s.multipliers, s.shifts, s.bias};
  const auto refuses = [&](Status status, const auto& change) {
    RealLinear real = good;
    PackedLinearInteger at = to;
    change(real, at);
    EXPECT_EQ(PackLinearInteger(real, at), status);
  };
  refuses(Status::kOk, [](auto&, auto&) {});
  // The row of zeros gives its bias.
  EXPECT_EQ(s.Run(s.good), Status::kOk);
  EXPECT_EQ(s.y[1], 20 - 0);
  refuses(Status::kNullPointer, [](auto& r, auto&) { r.weight = nullptr; });
  refuses(Status::kNullPointer, [](auto&, auto& t) { t.panels = nullptr; });
  refuses(Status::kNullPointer,
          [](auto&, auto& t) { t.multipliers = nullptr; });
  refuses(Status::kNullPointer, [](auto&, auto& t) { t.shifts = nullptr; });
  refuses(Status::kNullPointer, [](auto&, auto& t) { t.bias = nullptr; });
  refuses(Status::kZeroCount, [](auto& r, auto&) { r.inputs = 0; });
  refuses(Status::kZeroCount, [](auto& r, auto&) { r.outputs = 0; });
  refuses(Status::kTooManyTokens,
          [](auto& r, auto&) { r.inputs = kMostIntegerInputs + 1; });
  for (const double scale :
       {0.0, -1.0, std::numeric_limits<double>::infinity(), std::nan("")}) {
    refuses(Status::kBadScale, [&](auto& r, auto&) { r.x.scale = scale; });
    refuses(Status::kBadScale, [&](auto& r, auto&) { r.y.scale = scale; });
  }
  for (const int32_t zero : {-129, 128}) {
    refuses(Status::kBadScale, [&](auto& r, auto&) { r.x.zero_point = zero; });
    refuses(Status::kBadScale, [&](auto& r, auto&) { r.y.zero_point = zero; });
  }
  refuses(Status::kBadScale, [](auto& r, auto&) { r.y.scale = 1e12; });
  refuses(Status::kBadScale, [](auto& r, auto&) { r.y.scale = 1e-12; });
  bias[0] = 1e9f;
  refuses(Status::kBadScale, [](auto&, auto&) {});
  bias[0] = 1;
  weight[4] = HUGE_VALF;
  refuses(Status::kBadScale, [](auto&, auto&) {});
}

}  // namespace
}  // namespace fovea::golden
