// SPDX-License-Identifier: Apache-2.0
// What masks, windows, softcap, ALiBi, sink logits, policies and the outputs
// beside `out` do with bad input, hidden keys and special values.  Their
// results are tested in attention_features_golden_test.cc.

#include <gtest/gtest.h>

#include <algorithm>
#include <cfloat>
#include <cmath>
#include <limits>
#include <vector>

#include "features_problem.h"

namespace fovea {
namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInf = std::numeric_limits<float>::infinity();

// ------------------------------------------------- rows that see nothing

void ExpectPlusZeros(const float* values, size_t count) {
  for (size_t i = 0; i < count; ++i) {
    EXPECT_EQ(golden::BitsOf(values[i]), 0u) << i;
  }
}

template <class Config>
void ExpectEmptyRow(const Problem<Config>& p, size_t row) {
  ExpectPlusZeros(p.OutRow(row), Problem<Config>::R::kValueDim);
  ExpectPlusZeros(&p.weights[row * kTokens], kTokens);
  EXPECT_EQ(p.lse[row], -kInf);
}

template <class Config>
void RowsThatSeeNothingAreEmpty() {
  for (const ProblemWay way : kAllWays) {
    Problem<Config> p;
    ASSERT_EQ(p.Go(way), Status::kOk);
    for (size_t row = 0; row < p.kRows; ++row) {
      const size_t query = row % kTokens;
      if (query >= 40 && query < 50) ExpectEmptyRow(p, row);
    }
  }
}

TEST(AttentionEmptyRows, OfABooleanMask) {
  RowsThatSeeNothingAreEmpty<Boolean>();
}
TEST(AttentionEmptyRows, OfAnAdditiveMask) {
  RowsThatSeeNothingAreEmpty<Additive>();
}

TEST(AttentionEmptyRows, BeforeTheFirstKey) {
  for (const ProblemWay way : {ProblemWay::kRun, ProblemWay::kAttend}) {
    Problem<CausalSinks> p;
    p.call.first_position = -66;
    ASSERT_EQ(p.Go(way), Status::kOk);
    for (size_t row = 0; row < p.kRows; ++row) {
      if (row % kTokens < 66) ExpectEmptyRow(p, row);
    }
    EXPECT_TRUE(std::isfinite(p.lse[66]));
  }
}

TEST(AttentionEmptyRows, BehindTheWindow) {
  Problem<CausalWindow> p;
  p.call.first_position = 100;  // query 49 sees the last key alone
  ASSERT_EQ(p.Go(), Status::kOk);
  EXPECT_TRUE(SameBits(p.OutRow(48), p.ValueRow(0, 129), 12));
  for (size_t query = 49; query < kTokens; ++query) ExpectEmptyRow(p, query);
}

TEST(AttentionEmptyRows, WithASinkLogitHaveItsLse) {
  for (const ProblemWay way : kAllWays) {
    Problem<BooleanSinkLogits> p;
    ASSERT_EQ(p.Go(way), Status::kOk);
    for (size_t head = 0; head < 4; ++head) {
      const size_t row = head * kTokens + 45;
      ExpectPlusZeros(p.OutRow(row), 12);
      ExpectPlusZeros(&p.weights[row * kTokens], kTokens);
      EXPECT_NEAR(p.lse[row], p.sinks[head], 3e-7) << head;
    }
  }
}

TEST(AttentionSinkLogits, MinusInfinityIsNone) {
  Problem<BooleanSinkLogits> p, none;
  std::fill(p.sinks.begin(), p.sinks.end(), -kInf);
  none.call.sink_logits = nullptr;
  ASSERT_EQ(p.Go(), Status::kOk);
  ASSERT_EQ(none.Go(), Status::kOk);
  EXPECT_TRUE(SameBits(p.out, none.out));
  EXPECT_TRUE(SameBits(p.lse, none.lse));
  EXPECT_TRUE(SameBits(p.weights, none.weights));
}

// Of slopes and sink logits: half of a float's, so that it fits in base 2 too.
constexpr float kLargest = FLT_MAX / 2;

// A sink far above every score takes all; far below, it takes nothing.
TEST(AttentionSinkLogits, ExtremesAreNoSpecialCase) {
  for (const float sink : {kLargest, 1e30f, 1000.0f}) {
    Problem<SinkLogits> p;
    std::fill(p.sinks.begin(), p.sinks.end(), sink);
    ASSERT_EQ(p.Go(), Status::kOk);
    for (const float value : p.out) ASSERT_EQ(value, 0.0f) << sink;
    for (const float weight : p.weights) ASSERT_EQ(weight, 0.0f) << sink;
  }
  Problem<SinkLogits> none;
  none.call.sink_logits = nullptr;
  ASSERT_EQ(none.Go(), Status::kOk);
  for (const float sink : {-kLargest, -1e30f, -1000.0f}) {
    Problem<SinkLogits> p;
    std::fill(p.sinks.begin(), p.sinks.end(), sink);
    ASSERT_EQ(p.Go(), Status::kOk);
    EXPECT_TRUE(SameBits(p.out, none.out)) << sink;
    EXPECT_TRUE(SameBits(p.lse, none.lse)) << sink;
  }
}

// ---------------------------------------------------------- special values

template <class Config>
void ExpectNearReference(const Problem<Config>& p, double relative,
                         double absolute) {
  const reference::AttentionResult expected = p.Reference().Run();
  for (size_t i = 0; i < p.out.size(); ++i) {
    const double tolerance = relative * std::fabs(expected.out[i]) + absolute;
    ASSERT_NEAR(p.out[i], expected.out[i], tolerance) << i;
  }
  for (size_t i = 0; i < p.weights.size(); ++i) {
    ASSERT_NEAR(p.weights[i], expected.weights[i], 2e-6) << i;
  }
}

// The lowest float is a number: what many models put into masks instead of -inf
// (finfo.min).  Beside other keys it hides; a row of it alone is uniform, as in
// PyTorch, since the scores vanish beside it.
TEST(AttentionBias, TheLowestFloatHidesBesideOthersAndIsUniformAlone) {
  for (const float lowest : {-FLT_MAX, -3e38f, -1e30f}) {
    for (const ProblemWay way : kAllWays) {
      Problem<Additive> p;
      for (float& bias : p.bias) {
        if (bias == -kInf) bias = lowest;
      }
      ASSERT_EQ(p.Go(way), Status::kOk);
      ExpectNearReference(p, 0, 4e-6);
      const size_t row = 45;  // of nothing but the lowest
      for (size_t j = 0; j < kTokens; ++j) {
        EXPECT_NEAR(p.weights[row * kTokens + j], 1.0 / kTokens, 1e-8);
      }
      EXPECT_TRUE(std::isfinite(p.lse[row]));
      EXPECT_LT(p.lse[row], 0.5f * lowest);
    }
  }
}

TEST(AttentionBias, TheLowestFloatIsNoMinusInfinity) {
  Problem<Additive> p;
  const size_t query = 20, key = 7;
  std::fill_n(&p.bias[query * kTokens], kTokens, -kInf);
  p.bias[query * kTokens + key] = -FLT_MAX;  // the only key left
  ASSERT_EQ(p.Go(), Status::kOk);
  EXPECT_TRUE(SameBits(p.OutRow(query), p.ValueRow(0, key), 12));
  EXPECT_EQ(p.weights[query * kTokens + key], 1.0f);
}

TEST(AttentionBias, TheLargestFloatTakesAll) {
  for (const ProblemWay way : kAllWays) {
    Problem<Additive> p;
    const size_t query = 20;
    p.bias[query * kTokens + 5] = FLT_MAX;
    p.bias[(query + 1) * kTokens + 5] = FLT_MAX;
    p.bias[(query + 1) * kTokens + 128] = FLT_MAX;
    ASSERT_EQ(p.Go(way), Status::kOk);
    ExpectNearReference(p, 0, 4e-6);
    EXPECT_EQ(p.weights[query * kTokens + 5], 1.0f);
    EXPECT_EQ(p.weights[(query + 1) * kTokens + 5], 0.5f);
    EXPECT_EQ(p.weights[(query + 1) * kTokens + 128], 0.5f);
  }
}

TEST(AttentionBias, DenormalsAndMinusZeroAreZero) {
  Problem<Additive> zero;
  std::fill(zero.bias.begin(), zero.bias.end(), 0.0f);
  ASSERT_EQ(zero.Go(), Status::kOk);
  for (const float bias : {-0.0f, FLT_MIN / 4, -FLT_MIN / 4,
                           std::numeric_limits<float>::denorm_min()}) {
    Problem<Additive> p;
    std::fill(p.bias.begin(), p.bias.end(), bias);
    ASSERT_EQ(p.Go(), Status::kOk);
    EXPECT_TRUE(SameBits(p.out, zero.out)) << bias;
    EXPECT_TRUE(SameBits(p.lse, zero.lse)) << bias;
  }
}

TEST(AttentionBias, NanStaysNan) {
  for (const ProblemWay way : kAllWays) {
    Problem<Additive> p;
    p.bias[20 * kTokens + 5] = kNan;
    ASSERT_EQ(p.Go(way), Status::kOk);
    for (size_t row = 0; row < p.kRows; ++row) {
      if (row % kTokens == 20) {
        ExpectNanRow(p, row);
      } else {
        ASSERT_FALSE(std::isnan(p.OutRow(row)[0])) << row;
      }
    }
  }
}

// Zeros of either sign and denormals in q and k make scores of 0.
TEST(AttentionSpecialValues, TinyQueriesAndKeysGiveMeans) {
  for (const float tiny : {-0.0f, 1e-30f, FLT_MIN / 4, -FLT_MIN / 1024}) {
    Problem<Alibi> p;
    std::fill(p.slopes.begin(), p.slopes.end(), 0.0f);
    std::fill(p.q.begin(), p.q.end(), tiny);
    std::fill(p.k.begin(), p.k.end(), -tiny);
    ASSERT_EQ(p.Go(), Status::kOk);
    ExpectNearReference(p, 0, 2e-6);
  }
}

TEST(AttentionSpecialValues, TinyValuesStayTiny) {
  Problem<Causal> p;
  for (float& value : p.v) value *= FLT_MIN / 8;
  ASSERT_EQ(p.Go(), Status::kOk);
  // Some targets flush denormals.
  ExpectNearReference(p, 0, FLT_MIN);
}

// The output is divided by l at the end: values are exact up to FLT_MAX / keys,
// and may overflow beyond.
TEST(AttentionSpecialValues, LargeValuesDoNotOverflow) {
  Problem<Causal> p;
  for (float& value : p.v) value = std::copysign(FLT_MAX / kTokens, value);
  ASSERT_EQ(p.Go(), Status::kOk);
  ExpectNearReference(p, 1e-5, 1e-6 * FLT_MAX / kTokens);
}

// Products up to FLT_MAX / head_dim: one key takes all, and nothing is NaN.
TEST(AttentionSpecialValues, LargeQueriesAndKeysPickOneKey) {
  Problem<Causal> p;
  for (float& value : p.q) value = value < 0 ? -1e18f : 1e18f;
  for (float& value : p.k) value *= 4e17f;
  ASSERT_EQ(p.Go(), Status::kOk);
  ExpectNearReference(p, 1e-6, 1e-6);
}

TEST(AttentionSpecialValues, TheLargestKeyAgainstATinyQuery) {
  Problem<Causal> p;
  for (float& value : p.q) value *= 1e-38f;
  for (float& value : p.k) value = std::copysign(FLT_MAX, value);
  ASSERT_EQ(p.Go(), Status::kOk);
  ExpectNearReference(p, 0, 1e-5);
}

// ------------------------------------------------------------- softcap

TEST(AttentionSoftcap, ScoresBeyondItSaturate) {
  Problem<Softcap> p;
  p.call.softcap = 0.5f;
  p.call.scale = 1e6f;
  ASSERT_EQ(p.Go(), Status::kOk);
  ExpectNearReference(p, 0, 4e-6);
}

TEST(AttentionSoftcap, AHugeOneChangesNothingMuch) {
  for (const float softcap : {1e10f, 0x1p60f}) {
    Problem<Softcap> p;
    p.call.softcap = softcap;
    ASSERT_EQ(p.Go(), Status::kOk);
    ExpectNearReference(p, 0, 4e-6);
  }
}

TEST(AttentionSoftcap, ATinyOneGivesMeans) {
  for (const float softcap : {1e-10f, 0x1p-60f}) {
    Problem<Softcap> p;
    p.call.softcap = softcap;
    ASSERT_EQ(p.Go(), Status::kOk);
    ExpectNearReference(p, 0, 4e-6);
  }
}

TEST(AttentionSoftcap, OutOfRangeIsRefused) {
  for (const float softcap : {0x1p61f, FLT_MAX, 0x1p-61f, FLT_MIN / 4}) {
    Problem<Softcap> p;
    p.call.softcap = softcap;
    EXPECT_EQ(p.Go(), Status::kBadScale) << softcap;
  }
}

// ------------------------------------------------------- masks in memory

// The same mask for each batch, head and query: copied out, or by stride 0.
TEST(AttentionMaskView, StridesOfZeroShareTheMask) {
  Problem<Boolean> dense, shared;
  std::vector<uint8_t> row(dense.mask.begin(), dense.mask.begin() + kTokens);
  std::vector<uint8_t> copies;
  for (size_t i = 0; i < 4 * kTokens; ++i) {
    copies.insert(copies.end(), row.begin(), row.end());
  }
  dense.call.mask =
      HeadMajor<const uint8_t>(copies.data(), 4, kTokens, kTokens);
  shared.call.mask = {row.data(), 0, 0, 0};
  ASSERT_EQ(dense.Go(), Status::kOk);
  ASSERT_EQ(shared.Go(), Status::kOk);
  EXPECT_TRUE(SameBits(shared.out, dense.out));
  EXPECT_TRUE(SameBits(shared.weights, dense.weights));
  ExpectNearReference(shared, 0, 4e-6);
}

TEST(AttentionMaskView, EachHeadHasItsOwn) {
  Problem<Boolean> p;
  std::vector<uint8_t> masks(4 * kTokens);  // head h sees keys of its residue
  for (size_t i = 0; i < masks.size(); ++i) {
    masks[i] = i % kTokens % 4 == i / kTokens;
  }
  p.call.mask = {masks.data(), 0, kTokens, 0};
  for (const ProblemWay way : kAllWays) {
    ASSERT_EQ(p.Go(way), Status::kOk);
    ExpectNearReference(p, 0, 4e-6);
  }
}

TEST(AttentionMaskView, AnyByteButZeroIsVisible) {
  Problem<Boolean> one, many;
  for (size_t i = 0; i < many.mask.size(); ++i) {
    if (many.mask[i]) many.mask[i] = static_cast<uint8_t>(1 + i % 255);
  }
  for (const ProblemWay way : kAllWays) {
    ASSERT_EQ(one.Go(way), Status::kOk);
    ASSERT_EQ(many.Go(way), Status::kOk);
    EXPECT_TRUE(SameBits(many.out, one.out));
    ExpectNearReference(many, 0, 4e-6);
  }
}

// A mask of fewer columns hides the keys beyond, and is not read beyond: what
// follows its last row here is the heap's.
template <class Config, class T>
void ExpectAShortMaskHidesTheRest(T hidden,
                                  std::vector<T> Problem<Config>::* of,
                                  View<const T> Problem<Config>::Call::* view) {
  for (const size_t columns : {size_t{1}, size_t{16}, size_t{63}, size_t{64},
                               size_t{65}, size_t{129}}) {
    for (const ProblemWay way : kAllWays) {
      Problem<Config> full, cut;
      std::vector<T> short_mask;
      for (size_t i = 0; i < kTokens * kTokens; ++i) {
        if (i % kTokens < columns) {
          short_mask.push_back((cut.*of)[i]);
        } else {
          (full.*of)[i] = hidden;
        }
      }
      const std::unique_ptr<T[]> exact(new T[short_mask.size()]);
      std::copy(short_mask.begin(), short_mask.end(), exact.get());
      cut.call.*view = {exact.get(), 0, 0, columns};
      cut.call.mask_keys = columns;
      ASSERT_EQ(full.Go(way), Status::kOk);
      ASSERT_EQ(cut.Go(way), Status::kOk);
      EXPECT_TRUE(SameBits(cut.out, full.out)) << columns;
      EXPECT_TRUE(SameBits(cut.lse, full.lse)) << columns;
      EXPECT_TRUE(SameBits(cut.weights, full.weights)) << columns;
      ExpectNearReference(cut, 0, 4e-6);
    }
  }
}

TEST(AttentionMaskView, AShortBooleanMaskHidesTheRest) {
  ExpectAShortMaskHidesTheRest<Boolean, uint8_t>(0, &Problem<Boolean>::mask,
                                                 &Problem<Boolean>::Call::mask);
}

TEST(AttentionMaskView, AShortBiasHidesTheRest) {
  ExpectAShortMaskHidesTheRest<Additive, float>(-kInf, &Problem<Additive>::bias,
                                                &Problem<Additive>::Call::bias);
}

// ------------------------------------------------------------ far positions

TEST(AttentionWindow, FarOffsets) {
  constexpr ptrdiff_t kLeast = std::numeric_limits<ptrdiff_t>::min();
  constexpr ptrdiff_t kMost = std::numeric_limits<ptrdiff_t>::max();
  for (const ptrdiff_t first : {kLeast, kLeast + 1, ptrdiff_t{-1000000},
                                kMost - ptrdiff_t{kTokens}, kMost}) {
    Problem<CausalWindow> causal;
    Problem<Window> full;
    causal.call.first_position = full.call.first_position = first;
    ASSERT_EQ(causal.Go(), Status::kOk);
    ASSERT_EQ(full.Go(), Status::kOk);
    for (const float value : causal.out) ASSERT_EQ(value, 0.0f) << first;
    for (const float value : full.out) ASSERT_EQ(value, 0.0f) << first;
  }
  // Far behind the window the sinks alone are left.
  Problem<CausalSinks> sinks, few;
  sinks.call.first_position = kMost;
  few.call.first_position = 1000;
  ASSERT_EQ(sinks.Go(), Status::kOk);
  ASSERT_EQ(few.Go(), Status::kOk);
  EXPECT_TRUE(SameBits(sinks.out, few.out));
  EXPECT_GT(std::fabs(sinks.out[0]), 0.0f);
}

TEST(AttentionAlibi, FarOffsetsShiftEveryScoreAlike) {
  // Beyond all keys the distances of a row differ by what they did before.
  Problem<Alibi> p;
  p.call.first_position = 100000;
  ASSERT_EQ(p.Go(), Status::kOk);
  const reference::AttentionResult expected = p.Reference().Run();
  for (size_t i = 0; i < p.out.size(); ++i) {
    // Scores reach 50000, where an ulp is 2^-8.
    ASSERT_NEAR(p.out[i], expected.out[i], 4 * 0x1p-8) << i;
  }
}

// ------------------------------------------------------------------ status

template <class Config, class Spoil>
void ExpectRefused(Status expected, const Spoil& spoil) {
  for (const ProblemWay way : kAllWays) {
    Problem<Config> p;
    spoil(p);
    EXPECT_EQ(p.Go(way), expected) << static_cast<int>(way);
    EXPECT_TRUE(p.Untouched()) << static_cast<int>(way);
  }
}

TEST(AttentionFeaturesStatus, BadSoftcap) {
  for (const float softcap : {kNan, kInf, -kInf, -1.0f, -FLT_MIN}) {
    ExpectRefused<EveryFull>(Status::kBadScale,
                             [&](auto& p) { p.call.softcap = softcap; });
  }
}

TEST(AttentionFeaturesStatus, BadSlope) {
  for (size_t head = 0; head < 4; ++head) {
    for (const float slope : {kNan, kInf, -kInf, FLT_MAX}) {
      ExpectRefused<EveryCausal>(Status::kBadScale,
                                 [&](auto& p) { p.slopes[head] = slope; });
    }
  }
}

TEST(AttentionFeaturesStatus, BadSinkLogit) {
  for (size_t head = 0; head < 4; ++head) {
    for (const float sink : {kNan, kInf, FLT_MAX, -FLT_MAX}) {
      ExpectRefused<EveryCausal>(Status::kBadScale,
                                 [&](auto& p) { p.sinks[head] = sink; });
    }
  }
}

TEST(AttentionFeaturesStatus, BadMaskStrides) {
  for (const size_t stride : {size_t{1}, kTokens - 1}) {
    ExpectRefused<Boolean>(Status::kBadStride,
                           [&](auto& p) { p.call.mask.token_stride = stride; });
    ExpectRefused<Boolean>(Status::kBadStride,
                           [&](auto& p) { p.call.mask.head_stride = stride; });
    ExpectRefused<Additive>(Status::kBadStride, [&](auto& p) {
      p.call.bias.token_stride = stride;
    });
    ExpectRefused<Additive>(Status::kBadStride,
                            [&](auto& p) { p.call.bias.head_stride = stride; });
  }
}

TEST(AttentionFeaturesStatus, BadMaskBatchStride) {
  Problem<Boolean> p;
  p.call.batch = 2;
  p.call.out.batch_stride = p.out.size();  // refused before it is written
  p.call.mask.batch_stride = kTokens - 1;
  EXPECT_EQ(p.Go(), Status::kBadStride);
  EXPECT_TRUE(p.Untouched());
}

TEST(AttentionFeaturesStatus, MaskStridesOfSingleEntriesAreNotRead) {
  Problem<Boolean> p;
  p.call.queries = 1;
  p.call.mask.token_stride = 1;
  p.call.mask.batch_stride = 1;
  EXPECT_EQ(p.Go(), Status::kOk);
}

// The mask's columns are what a stride must step over, not the keys.
TEST(AttentionFeaturesStatus, AMaskStrideMayBeShorterThanTheKeys) {
  Problem<Boolean> p;
  p.call.mask_keys = 50;
  p.call.mask.token_stride = 50;
  EXPECT_EQ(p.Go(), Status::kOk);
  ExpectRefused<Boolean>(Status::kBadStride, [](auto& bad) {
    bad.call.mask_keys = 50;
    bad.call.mask.token_stride = 49;
  });
}

TEST(AttentionFeaturesStatus, TooManyMaskKeys) {
  for (const size_t keys : {kTokens + 1, std::numeric_limits<size_t>::max()}) {
    ExpectRefused<Boolean>(Status::kTooManyTokens, [&](auto& p) {
      p.call.mask_keys = keys;
      p.call.mask.token_stride = keys;
    });
    ExpectRefused<Additive>(Status::kTooManyTokens, [&](auto& p) {
      p.call.mask_keys = keys;
      p.call.bias.token_stride = keys;
    });
  }
}

TEST(AttentionFeaturesStatus, MisalignedBias) {
  std::vector<char> bytes(kTokens * kTokens * sizeof(float) + 1);
  ExpectRefused<Additive>(Status::kMisaligned, [&](auto& p) {
    p.call.bias.data = reinterpret_cast<const float*>(bytes.data() + 1);
  });
}

// Of a step's mask the columns are the keys held and appended.
TEST(AttentionFeaturesStatus, AStepRefusedLeavesTheCacheAsItWas) {
  using Attention = fovea::Attention<Boolean>;
  Problem<Boolean> p;
  const auto workspace = golden::MakePoisoned<Attention::Workspace>();
  const auto cache = golden::MakePoisoned<KvCache<Boolean>>();
  cache->Clear();
  ASSERT_EQ(cache->Append(p.call.k, p.call.v, 10), Status::kOk);
  p.call.queries = 3;
  p.call.mask_keys = 14;
  EXPECT_EQ(Attention::Step(p.call, *cache, *workspace),
            Status::kTooManyTokens);
  EXPECT_EQ(cache->size(), 10u);
  EXPECT_TRUE(p.Untouched());
  p.call.mask_keys = 13;
  EXPECT_EQ(Attention::Step(p.call, *cache, *workspace), Status::kOk);
  EXPECT_EQ(cache->size(), 13u);
}

}  // namespace
}  // namespace fovea
