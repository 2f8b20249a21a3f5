// SPDX-License-Identifier: Apache-2.0
// What a call of attention leaves out is off, and the scores that it asks for
// are those of their stage.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "features_problem.h"
#include "golden/reduced.h"

namespace fovea {
namespace {

// ------------------------------------------------- what a call leaves out

template <class Off, MaskKind mask>
struct Switchable : Off {
  static constexpr MaskKind kMask = mask;
  static constexpr bool kSoftcap = true, kAlibi = true, kSinkLogits = true;
  static constexpr ScoreStage kScores = ScoreStage::kMasked;
};

template <class Off, MaskKind mask>
void NullOptionsAreOff() {
  for (const ProblemWay way : kAllWays) {
    Problem<Off> plain;
    Problem<Switchable<Off, mask>> off;
    if constexpr (mask == MaskKind::kBoolean) off.call.mask = {};
    if constexpr (mask == MaskKind::kAdditive) off.call.bias = {};
    off.call.softcap = 0;
    off.call.alibi_slopes = off.call.sink_logits = nullptr;
    off.call.scores = nullptr;
    ASSERT_EQ(plain.Go(way), Status::kOk);
    ASSERT_EQ(off.Go(way), Status::kOk);
    EXPECT_TRUE(SameBits(off.out, plain.out));
    EXPECT_TRUE(SameBits(off.lse, plain.lse));
    EXPECT_TRUE(SameBits(off.weights, plain.weights));
  }
}

TEST(AttentionOptions, NullIsOff) {
  if constexpr (!golden::kReduced) {
    NullOptionsAreOff<Plain, MaskKind::kBoolean>();
  }
  NullOptionsAreOff<Causal, MaskKind::kAdditive>();
}

// A window as wide as the stream, and a mask that shows all, change no bit.
struct WideWindow : Causal {
  static constexpr size_t kWindow = kTokens;
};

TEST(AttentionOptions, WhatHidesNothingChangesNothing) {
  for (const ProblemWay way : kAllWays) {
    Problem<Causal> plain;
    Problem<WideWindow> window;
    ASSERT_EQ(plain.Go(way), Status::kOk);
    ASSERT_EQ(window.Go(way), Status::kOk);
    EXPECT_TRUE(SameBits(window.out, plain.out));
    Problem<Plain> full;
    Problem<Boolean> boolean;
    Problem<Additive> additive;
    std::fill(boolean.mask.begin(), boolean.mask.end(), uint8_t{1});
    std::fill(additive.bias.begin(), additive.bias.end(), 0.0f);
    ASSERT_EQ(full.Go(way), Status::kOk);
    ASSERT_EQ(boolean.Go(way), Status::kOk);
    ASSERT_EQ(additive.Go(way), Status::kOk);
    EXPECT_TRUE(SameBits(boolean.out, full.out));
    EXPECT_TRUE(SameBits(additive.out, full.out));
  }
}

// ------------------------------------------------------------------ scores

template <class Base, ScoreStage stage>
struct WithScores : Base {
  static constexpr ScoreStage kScores = stage;
};

// Every key has its score, hidden or not, but at the stage kMasked, where a
// hidden key's is -inf.
template <class Config>
void ExpectScoresOfTheReference() {
  for (const ProblemWay way : kAllWays) {
    Problem<Config> p;
    ASSERT_EQ(p.Go(way), Status::kOk);
    const auto reference = p.Reference();
    for (size_t i = 0; i < p.scores.size(); ++i) {
      const size_t row = i / kTokens;
      const double expected =
          reference.Stage(0, row / kTokens, row % kTokens, i % kTokens);
      if (expected == reference::kHidden) {
        ASSERT_EQ(p.scores[i], -HUGE_VALF) << i;
      } else {
        ASSERT_NEAR(p.scores[i], expected, 1e-5) << i;
      }
    }
  }
}

TEST(AttentionScores, ScaledAreOfEveryKey) {
  ExpectScoresOfTheReference<WithScores<EveryCausal, ScoreStage::kScaled>>();
  if constexpr (!golden::kReduced) {
    ExpectScoresOfTheReference<WithScores<CausalWindow, ScoreStage::kScaled>>();
  }
}

TEST(AttentionScores, SoftcappedAreOfEveryKey) {
  if constexpr (!golden::kReduced) {
    ExpectScoresOfTheReference<
        WithScores<EveryCausal, ScoreStage::kSoftcapped>>();
  }
  ExpectScoresOfTheReference<EveryFull>();
}

TEST(AttentionScores, MaskedAreMinusInfinityWhereHidden) {
  if constexpr (!golden::kReduced) {
    ExpectScoresOfTheReference<EveryCausal>();
  }
  ExpectScoresOfTheReference<WithScores<EveryFull, ScoreStage::kMasked>>();
}

}  // namespace
}  // namespace fovea
