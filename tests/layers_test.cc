// SPDX-License-Identifier: Apache-2.0
// What the layers around attention (Linear, RmsNorm, Rope, FeedForward) do with
// bad input.  Their results are tested in the golden tests.
#include <gtest/gtest.h>

#include <limits>
#include <type_traits>
#include <utility>
#include <vector>

#include "fovea/feed_forward.h"
#include "fovea/linear.h"
#include "fovea/rms_norm.h"
#include "fovea/rope.h"
#include "misaligned.h"

namespace {

using fovea::Status;

constexpr float kUntouched = 12345.0f;
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

std::vector<float> Blank(size_t count) {
  return std::vector<float>(count, kUntouched);
}

TEST(PackLinear, PadsTheLastPanelWithZeros) {
  const float weight[3 * 2] = {1, 2, 3, 4, 5, 6};  // [out 3][in 2]
  auto panels = Blank(fovea::PackedLinearFloats(2, 3));
  ASSERT_EQ(panels.size(), 32u);
  ASSERT_EQ(fovea::PackLinear(weight, 2, 3, panels.data()), Status::kOk);
  for (size_t in = 0; in < 2; ++in) {
    for (size_t out = 0; out < 16; ++out) {
      EXPECT_EQ(panels[in * 16 + out], out < 3 ? weight[out * 2 + in] : 0.0f);
    }
  }
}

TEST(PackLinear, BadInput) {
  auto panels = Blank(32);
  const float weight[6] = {};
  EXPECT_EQ(fovea::PackLinear(nullptr, 2, 3, panels.data()),
            Status::kNullPointer);
  EXPECT_EQ(fovea::PackLinear(weight, 2, 3, nullptr), Status::kNullPointer);
  EXPECT_EQ(fovea::PackLinear(weight, 0, 3, panels.data()), Status::kZeroCount);
  EXPECT_EQ(fovea::PackLinear(weight, 2, 0, panels.data()), Status::kZeroCount);
  EXPECT_EQ(panels, Blank(32));
}

TEST(Linear, BadInputWritesNothing) {
  using Layer = fovea::Linear<5, 7, 4>;
  const std::vector<float> panels(fovea::PackedLinearFloats(5, 7), 1.0f);
  const fovea::LinearWeights weights{panels.data(), nullptr};
  const std::vector<float> x(20, 1.0f);
  auto y = Blank(28);
  EXPECT_EQ(Layer::Run({}, x.data(), 5, 4, y.data(), 7), Status::kNullPointer);
  EXPECT_EQ(Layer::Run(weights, nullptr, 5, 4, y.data(), 7),
            Status::kNullPointer);
  EXPECT_EQ(Layer::Run(weights, x.data(), 5, 4, nullptr, 7),
            Status::kNullPointer);
  EXPECT_EQ(Layer::Run(weights, x.data(), 5, 0, y.data(), 7),
            Status::kZeroCount);
  EXPECT_EQ(Layer::Run(weights, x.data(), 5, 5, y.data(), 7),
            Status::kTooManyTokens);
  EXPECT_EQ(Layer::Run(weights, x.data(), 4, 4, y.data(), 7),
            Status::kBadStride);
  EXPECT_EQ(Layer::Run(weights, x.data(), 5, 4, y.data(), 6),
            Status::kBadStride);
  EXPECT_EQ(y, Blank(28));
  EXPECT_EQ(Layer::Run(weights, x.data(), 5, 4, y.data(), 7), Status::kOk);
}

TEST(Linear, WritesItsOutputsAlone) {
  using Layer = fovea::Linear<3, 17, 4>;
  const std::vector<float> panels(fovea::PackedLinearFloats(3, 17), 1.0f);
  const std::vector<float> bias(17, 0.5f);
  const std::vector<float> x(9, 1.0f);
  auto y = Blank(3 * 20);
  ASSERT_EQ(
      Layer::Run({panels.data(), bias.data()}, x.data(), 3, 3, y.data(), 20),
      Status::kOk);
  for (size_t i = 0; i < y.size(); ++i) {
    EXPECT_EQ(y[i], i % 20 < 17 ? 3.5f : kUntouched) << i;
  }
}

TEST(RmsNorm, BadInputWritesNothing) {
  using Norm = fovea::RmsNorm<6>;
  const std::vector<float> x(12, 1.0f), weight(6, 1.0f);
  auto y = Blank(12);
  EXPECT_EQ(Norm::Run(nullptr, 6, 2, weight.data(), 1e-5f, y.data(), 6),
            Status::kNullPointer);
  EXPECT_EQ(Norm::Run(x.data(), 6, 2, nullptr, 1e-5f, y.data(), 6),
            Status::kNullPointer);
  EXPECT_EQ(Norm::Run(x.data(), 6, 2, weight.data(), 1e-5f, nullptr, 6),
            Status::kNullPointer);
  EXPECT_EQ(Norm::Run(x.data(), 6, 0, weight.data(), 1e-5f, y.data(), 6),
            Status::kZeroCount);
  EXPECT_EQ(Norm::Run(x.data(), 5, 2, weight.data(), 1e-5f, y.data(), 6),
            Status::kBadStride);
  EXPECT_EQ(Norm::Run(x.data(), 6, 2, weight.data(), kNan, y.data(), 6),
            Status::kBadScale);
  EXPECT_EQ(Norm::Run(x.data(), 6, 2, weight.data(), -1.0f, y.data(), 6),
            Status::kBadScale);
  EXPECT_EQ(y, Blank(12));
}

TEST(RmsNorm, InPlaceGivesTheSameBits) {
  using Norm = fovea::RmsNorm<21>;
  std::vector<float> x(21), weight(21), y(21);
  for (size_t i = 0; i < 21; ++i) {
    x[i] = static_cast<float>(i) - 7.3f;
    weight[i] = 1.0f + 0.1f * static_cast<float>(i);
  }
  ASSERT_EQ(Norm::Run(x.data(), 21, 1, weight.data(), 1e-5f, y.data(), 21),
            Status::kOk);
  ASSERT_EQ(Norm::Run(x.data(), 21, 1, weight.data(), 1e-5f, x.data(), 21),
            Status::kOk);
  EXPECT_EQ(x, y);
}

TEST(Rope, BadInputWritesNothing) {
  static constexpr fovea::Rope<8> kRope;
  auto x = Blank(64);
  const auto view = fovea::TokenMajor(x.data(), 2, 4, 8);
  const auto pairs = fovea::RopePairs::kHalfSplit;
  EXPECT_EQ(kRope.Apply({}, 2, 4, 0, pairs), Status::kNullPointer);
  EXPECT_EQ(kRope.Apply(view, 0, 4, 0, pairs), Status::kZeroCount);
  EXPECT_EQ(kRope.Apply(view, 2, 0, 0, pairs), Status::kZeroCount);
  auto narrow = view;
  narrow.head_stride = 7;
  EXPECT_EQ(kRope.Apply(narrow, 2, 4, 0, pairs), Status::kBadStride);
  EXPECT_EQ(x, Blank(64));
}

using fovea::RopeOptions;
using fovea::RopeScaling;

constexpr double kHuge = std::numeric_limits<double>::infinity();
constexpr double kNoNumber = std::numeric_limits<double>::quiet_NaN();

constexpr RopeOptions kBadRopes[] = {
    {1.0},
    {-10000.0},
    {1.1e18},
    {kHuge},
    {kNoNumber},
    {10000.0, RopeScaling::kLinear, 0.999},
    {10000.0, RopeScaling::kNtk, -2.0},
    {10000.0, RopeScaling::kNtk, kHuge},
    {10000.0, RopeScaling::kLinear, kNoNumber},
    {10000.0, RopeScaling::kNone, 2.0},
    {10000.0, static_cast<RopeScaling>(3), 2.0},
};
constexpr RopeOptions kGoodRopes[] = {
    {1.000001},
    {1e18},
    {10000.0, RopeScaling::kLinear, 1e18},
    {1e18, RopeScaling::kNtk, 1e18},
};

// Whether a constexpr Rope of options[kIndex] compiles.
template <const RopeOptions* kOptions, size_t kIndex,
          bool = fovea::Rope<8>(kOptions[kIndex]).IsValid()>
constexpr bool IsConstant(int) {
  return true;
}
template <const RopeOptions* kOptions, size_t kIndex>
constexpr bool IsConstant(...) {
  return false;
}
template <const RopeOptions* kOptions, size_t... kIndex>
constexpr size_t ConstantRopes(std::index_sequence<kIndex...>) {
  return (size_t{IsConstant<kOptions, kIndex>(0)} + ...);
}

TEST(Rope, InvalidOptionsDoNotCompileAsAConstant) {
  EXPECT_EQ(ConstantRopes<kBadRopes>(std::make_index_sequence<11>()), 0u);
  EXPECT_EQ(ConstantRopes<kGoodRopes>(std::make_index_sequence<4>()), 4u);
}

TEST(Rope, InvalidOptionsAtRunTimeTurnNothing) {
  for (const RopeOptions& options : kBadRopes) {
    EXPECT_FALSE(options.AreValid());
    const fovea::Rope<8> rope(options);
    EXPECT_FALSE(rope.IsValid());
    auto x = Blank(8);
    EXPECT_EQ(
        rope.Apply({x.data(), 8, 8, 8}, 1, 1, 5, fovea::RopePairs::kHalfSplit),
        Status::kBadScale);
    EXPECT_EQ(x, Blank(8));
  }
  for (const RopeOptions& options : kGoodRopes) {
    EXPECT_TRUE(options.AreValid());
    EXPECT_TRUE(fovea::Rope<8>(options).IsValid());
  }
}

TEST(Rope, FactorOneGivesTheBitsOfNoScaling) {
  static constexpr fovea::Rope<64> kPlain(10000.0);
  static constexpr fovea::Rope<64> kLinear(
      RopeOptions{10000.0, RopeScaling::kLinear, 1.0});
  static constexpr fovea::Rope<64> kNtk(
      RopeOptions{10000.0, RopeScaling::kNtk, 1.0});
  // So large a position shows every bit of the rates.
  for (const uint64_t position : {uint64_t{1}, uint64_t{1} << 32}) {
    for (size_t pair = 0; pair < 32; ++pair) {
      const uint32_t phase = kPlain.PhaseAt(position, pair);
      EXPECT_EQ(kLinear.PhaseAt(position, pair), phase);
      EXPECT_EQ(kNtk.PhaseAt(position, pair), phase);
    }
  }
}

TEST(Rope, PositionZeroChangesNothing) {
  static constexpr fovea::Rope<6> kRope;
  for (const auto pairs :
       {fovea::RopePairs::kHalfSplit, fovea::RopePairs::kInterleaved}) {
    float x[8] = {1, -2, 3, -4, 5, -6, 7, -8};
    const float before[8] = {1, -2, 3, -4, 5, -6, 7, -8};
    ASSERT_EQ(kRope.Apply({x, 8, 8, 8}, 1, 1, 0, pairs), Status::kOk);
    for (size_t i = 0; i < 8; ++i) EXPECT_EQ(x[i], before[i]);
  }
}

TEST(Rope, TurnsTheFirstDimsAlone) {
  static constexpr fovea::Rope<4> kRope;
  float x[6] = {1, 2, 3, 4, 5, 6};
  ASSERT_EQ(kRope.Apply({x, 6, 6, 6}, 1, 1, 3, fovea::RopePairs::kHalfSplit),
            Status::kOk);
  EXPECT_NE(x[0], 1.0f);
  EXPECT_EQ(x[4], 5.0f);
  EXPECT_EQ(x[5], 6.0f);
}

using Table = fovea::RopeTable<8, 4>;
static_assert(std::is_trivially_default_constructible_v<Table> &&
                  std::is_trivially_copyable_v<Table>,
              "no code runs to make a table");
static_assert(sizeof(Table) == 8 + 8 * 4 * fovea::Rope<8>::kPaddedPairs,
              "as rope.h says");

TEST(RopeTable, HoldsWhatItWasFilledWithAlone) {
  static constexpr fovea::Rope<8> kRope;
  static Table table;
  for (const uint64_t position : {0, 1, 3}) {
    EXPECT_FALSE(table.Holds(position)) << "before it is filled";
  }
  // The second fill replaces the first.
  for (const uint64_t first : {uint64_t{0}, uint64_t{101}}) {
    ASSERT_EQ(table.Fill(kRope, first), Status::kOk);
    EXPECT_FALSE(table.Holds(first - 1));
    EXPECT_FALSE(table.Holds(first + 4));
    EXPECT_TRUE(table.Holds(first, 4));
    EXPECT_FALSE(table.Holds(first, 5));
    EXPECT_TRUE(table.Holds(first + 3, 1));
    EXPECT_FALSE(table.Holds(first + 3, 2));
    for (uint64_t position = first; position < first + 4; ++position) {
      fovea::Rope<8>::Angles angles;
      kRope.AnglesAt(position, angles);
      const auto& held = table.AnglesAt(position);
      for (size_t pair = 0; pair < 4; ++pair) {
        EXPECT_EQ(held.sin[pair], angles.sin[pair]) << position;
        EXPECT_EQ(held.cos[pair], angles.cos[pair]) << position;
      }
    }
  }
}

TEST(RopeTable, BadInputWritesNothing) {
  static constexpr fovea::Rope<8> kRope;
  static Table table;
  auto x = Blank(64);
  const auto view = fovea::TokenMajor(x.data(), 2, 4, 8);
  const auto pairs = fovea::RopePairs::kHalfSplit;
  EXPECT_EQ(table.Apply(view, 2, 4, 0, pairs), Status::kTooManyTokens);
  ASSERT_EQ(table.Fill(kRope, 10), Status::kOk);
  EXPECT_EQ(table.Fill(fovea::Rope<8>(1.0), 20), Status::kBadScale);
  EXPECT_TRUE(table.Holds(10, 4));
  EXPECT_EQ(table.Apply(view, 2, 4, 11, pairs), Status::kTooManyTokens);
  EXPECT_EQ(table.Apply(view, 2, 4, 9, pairs), Status::kTooManyTokens);
  EXPECT_EQ(table.Apply({}, 2, 4, 10, pairs), Status::kNullPointer);
  EXPECT_EQ(table.Apply(view, 0, 4, 10, pairs), Status::kZeroCount);
  EXPECT_EQ(table.Apply(view, 2, 0, 10, pairs), Status::kZeroCount);
  auto narrow = view;
  narrow.head_stride = 7;
  EXPECT_EQ(table.Apply(narrow, 2, 4, 10, pairs), Status::kBadStride);
  EXPECT_EQ(x, Blank(64));
}

// Lengths on both sides of a whole vector, of 16 lanes at most.
template <size_t kDim>
void ExpectOutOfPlaceGivesTheSameBits(fovea::RopePairs pairs) {
  using Rope = fovea::Rope<kDim>;
  static constexpr Rope kRope;
  typename Rope::Angles angles;
  kRope.AnglesAt(12345, angles);
  std::vector<float> row(kDim + 3);
  for (size_t i = 0; i < row.size(); ++i) {
    row[i] = 1.5f - static_cast<float>(i);
  }
  const std::vector<float> from = row;
  auto to = Blank(kDim + 3);
  Rope::Rotate(from.data(), to.data(), angles, pairs);
  Rope::Rotate(row.data(), row.data(), angles, pairs);
  for (size_t i = 0; i < row.size(); ++i) {
    EXPECT_EQ(to[i], i < kDim ? row[i] : kUntouched) << kDim << ", " << i;
  }
  EXPECT_NE(row[0], from[0]);
}

TEST(Rope, OutOfPlaceGivesTheSameBitsAndNoMore) {
  for (const auto pairs :
       {fovea::RopePairs::kHalfSplit, fovea::RopePairs::kInterleaved}) {
    ExpectOutOfPlaceGivesTheSameBits<2>(pairs);
    ExpectOutOfPlaceGivesTheSameBits<10>(pairs);
    ExpectOutOfPlaceGivesTheSameBits<32>(pairs);
    ExpectOutOfPlaceGivesTheSameBits<38>(pairs);
    ExpectOutOfPlaceGivesTheSameBits<80>(pairs);
  }
}

TEST(FeedForward, BadInputWritesNothing) {
  using Block = fovea::FeedForward<4, 8, 2>;
  const std::vector<float> panels(fovea::PackedLinearFloats(8, 16), 0.1f);
  const fovea::LinearWeights layer{panels.data(), nullptr};
  const Block::Weights weights{layer, layer, layer};
  const std::vector<float> x(8, 1.0f);
  auto y = Blank(8);
  static Block::Workspace workspace;
  for (int which = 0; which < 3; ++which) {
    auto missing = weights;
    if (which == 0) missing.gate = {};
    if (which == 1) missing.up = {};
    if (which == 2) missing.down = {};
    EXPECT_EQ(Block::Run(missing, x.data(), 4, 2, y.data(), 4, workspace),
              Status::kNullPointer);
  }
  EXPECT_EQ(Block::Run(weights, nullptr, 4, 2, y.data(), 4, workspace),
            Status::kNullPointer);
  EXPECT_EQ(Block::Run(weights, x.data(), 4, 2, nullptr, 4, workspace),
            Status::kNullPointer);
  EXPECT_EQ(Block::Run(weights, x.data(), 4, 0, y.data(), 4, workspace),
            Status::kZeroCount);
  EXPECT_EQ(Block::Run(weights, x.data(), 4, 3, y.data(), 4, workspace),
            Status::kTooManyTokens);
  EXPECT_EQ(Block::Run(weights, x.data(), 3, 2, y.data(), 4, workspace),
            Status::kBadStride);
  Misaligned<Block::Workspace> misaligned;
  EXPECT_EQ(Block::Run(weights, x.data(), 4, 2, y.data(), 4, misaligned.Get()),
            Status::kMisaligned);
  EXPECT_EQ(y, Blank(8));
}

}  // namespace
