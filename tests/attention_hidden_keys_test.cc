// SPDX-License-Identifier: Apache-2.0
// What holds for every attention feature, alone and together: hidden keys leave
// no trace, NaN in visible ones does, and outputs beside `out` do not change
// it.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <type_traits>
#include <vector>

#include "features_problem.h"
#include "golden/reduced.h"

namespace fovea {
namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInf = std::numeric_limits<float>::infinity();

template <class Config>
class AttentionHiddenKeys : public ::testing::Test {};
// Every kind of hiding at once where compiling takes long.
using AllConfigs = std::conditional_t<
    golden::kReduced, ::testing::Types<Additive, EveryCausal, EveryFull>,
    ::testing::Types<Boolean, Additive, CausalWindow, CausalSinks, Window,
                     Policy, EveryCausal, EveryFull>>;
TYPED_TEST_SUITE(AttentionHiddenKeys, AllConfigs);

// ------------------------------------------------------------- hidden keys

// Tokens inside a panel, at a tile's edges, a run of them, and the last.
const std::vector<std::vector<size_t>> kPoisoned = {
    {0}, {1, 15}, {17, 63, 64}, {64, 70, 80, 95, 96}, {100, 129}};

template <class Config>
bool SeesAny(const reference::CallReference<Config>& call, size_t row,
             const std::vector<size_t>& tokens) {
  for (const size_t token : tokens) {
    if (call.Masked(0, row / kTokens, row % kTokens, token) !=
        reference::kHidden) {
      return true;
    }
  }
  return false;
}

template <class Config>
void ExpectSameRow(const Problem<Config>& p, const Problem<Config>& clean,
                   size_t row) {
  constexpr size_t kDim = Problem<Config>::R::kValueDim;
  EXPECT_TRUE(SameBits(p.OutRow(row), clean.OutRow(row), kDim)) << row;
  EXPECT_TRUE(SameBits(&p.lse[row], &clean.lse[row], 1)) << row;
  EXPECT_TRUE(SameBits(&p.weights[row * kTokens], &clean.weights[row * kTokens],
                       kTokens))
      << row;
}

// A row that sees none of the poisoned keys has the bits of the clean call; one
// that sees a NaN gives NaN.
template <class Config>
void ExpectPoisonShowsOnlyWhereSeen(float poison, ProblemWay way) {
  Problem<Config> clean;
  ASSERT_EQ(clean.Go(way), Status::kOk);
  for (const std::vector<size_t>& tokens : kPoisoned) {
    Problem<Config> p;
    for (const size_t token : tokens) {
      for (size_t head = 0; head < Config::kKvHeads; ++head) {
        std::fill_n(p.KeyRow(head, token), Problem<Config>::R::kHeadDim,
                    poison);
        std::fill_n(p.ValueRow(head, token), Problem<Config>::R::kValueDim,
                    poison);
      }
    }
    ASSERT_EQ(p.Go(way), Status::kOk);
    for (size_t row = 0; row < Problem<Config>::kRows; ++row) {
      if (!SeesAny(clean.Reference(), row, tokens)) {
        ExpectSameRow(p, clean, row);
      } else if (std::isnan(poison)) {
        ExpectNanRow(p, row);
      }
      if (::testing::Test::HasFailure()) {
        FAIL() << "way " << static_cast<int>(way) << ", poison " << poison
               << ", tokens from " << tokens[0] << ", row " << row;
      }
    }
  }
}

TYPED_TEST(AttentionHiddenKeys, PoisonShowsOnlyWhereItIsSeen) {
  for (const float poison : {kNan, kInf, -kInf}) {
    for (const ProblemWay way : kAllWays) {
      ExpectPoisonShowsOnlyWhereSeen<TypeParam>(poison, way);
    }
  }
}

TYPED_TEST(AttentionHiddenKeys, PaddingIsNotRead) {
  const size_t length = 77;
  Problem<TypeParam> clean, p;
  clean.call.key_lengths = p.call.key_lengths = &length;
  for (size_t head = 0; head < TypeParam::kKvHeads; ++head) {
    for (size_t token = length; token < kTokens; ++token) {
      p.KeyRow(head, token)[3] = p.ValueRow(head, token)[3] = kNan;
    }
  }
  ASSERT_EQ(clean.Go(), Status::kOk);
  ASSERT_EQ(p.Go(), Status::kOk);
  EXPECT_TRUE(SameBits(p.out, clean.out));
  EXPECT_TRUE(SameBits(p.lse, clean.lse));
  EXPECT_TRUE(SameBits(p.weights, clean.weights));
}

TYPED_TEST(AttentionHiddenKeys, HiddenKeysWeighExactlyNothing) {
  for (const ProblemWay way : kAllWays) {
    Problem<TypeParam> p;
    ASSERT_EQ(p.Go(way), Status::kOk);
    const auto reference = p.Reference();
    for (size_t i = 0; i < p.weights.size(); ++i) {
      const size_t row = i / kTokens;
      if (reference.Masked(0, row / kTokens, row % kTokens, i % kTokens) ==
          reference::kHidden) {
        ASSERT_EQ(golden::BitsOf(p.weights[i]), 0u) << i;
      }
    }
  }
}

// Weights and the sink's share add up to 1.
TYPED_TEST(AttentionHiddenKeys, WeightsAreThoseOfTheReference) {
  Problem<TypeParam> p;
  ASSERT_EQ(p.Go(), Status::kOk);
  const reference::AttentionResult expected = p.Reference().Run();
  for (size_t i = 0; i < p.weights.size(); ++i) {
    ASSERT_NEAR(p.weights[i], expected.weights[i], 2e-6) << i;
  }
  for (size_t i = 0; i < p.out.size(); ++i) {
    ASSERT_NEAR(p.out[i], expected.out[i], 4e-6) << i;
  }
}

// The same features with no outputs beside `out`.
template <class Config>
struct Bare : Config {
  static constexpr bool kLse = false, kWeights = false;
  static constexpr ScoreStage kScores = ScoreStage::kNone;
};

TYPED_TEST(AttentionHiddenKeys, OutputsBesideOutDoNotChangeIt) {
  for (const ProblemWay way : kAllWays) {
    Problem<TypeParam> all, lse, none;
    Problem<Bare<TypeParam>> bare;
    lse.call.weights = none.call.weights = nullptr;
    none.call.lse = nullptr;
    if constexpr (TypeParam::kScores != ScoreStage::kNone) {
      lse.call.scores = none.call.scores = nullptr;
    }
    ASSERT_EQ(all.Go(way), Status::kOk);
    ASSERT_EQ(lse.Go(way), Status::kOk);
    ASSERT_EQ(none.Go(way), Status::kOk);
    ASSERT_EQ(bare.Go(way), Status::kOk);
    EXPECT_TRUE(SameBits(lse.out, all.out));
    EXPECT_TRUE(SameBits(lse.lse, all.lse));
    EXPECT_TRUE(SameBits(none.out, all.out));
    EXPECT_TRUE(SameBits(bare.out, all.out));
    for (const float value : none.lse) ASSERT_EQ(value, kUntouched);
    for (const float value : none.weights) ASSERT_EQ(value, kUntouched);
  }
}

TEST(AttentionParts, BadOnesOfAnAttendWriteNothing) {
  using Attention = fovea::Attention<EveryCausal>;
  Problem<EveryCausal> p;
  const auto workspace = golden::MakePoisoned<Attention::Workspace>();
  const auto cache = golden::MakePoisoned<KvCache<EveryCausal>>();
  cache->Clear();
  EXPECT_EQ(Attention::Attend(p.call, *cache, *workspace, 0, 2),
            Status::kZeroCount);
  ASSERT_EQ(cache->Append(p.call.k, p.call.v, 10), Status::kOk);
  p.call.keys = 10;
  EXPECT_EQ(Attention::Attend(p.call, *cache, *workspace, 0, 0),
            Status::kBadPart);
  EXPECT_EQ(Attention::Attend(p.call, *cache, *workspace, 2, 2),
            Status::kBadPart);
  EXPECT_EQ(Attention::Attend(p.call, *cache, *workspace, 0, 65537),
            Status::kBadPart);
  EXPECT_TRUE(p.Untouched());
}

}  // namespace
}  // namespace fovea
