// SPDX-License-Identifier: Apache-2.0
// Partials: what ranges of the keys contribute, and their sum.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <type_traits>
#include <vector>

#include "features_problem.h"
#include "tests/golden/reduced.h"

namespace fovea {
namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

using Full = ProblemConfig;

template <class Config>
class AttentionPartial : public ::testing::Test {};
using AllConfigs =
    std::conditional_t<golden::kReduced, ::testing::Types<EveryCausal>,
                       ::testing::Types<Full, Causal, Boolean, SinkLogits,
                                        CausalSinks, EveryCausal, EveryFull>>;
TYPED_TEST_SUITE(AttentionPartial, AllConfigs);

struct Range {
  size_t first, end;
};

// The partials of some ranges of one problem's keys, and the memory they lie
// in.
template <class Config>
class Partials {
  using R = Resolved<Config>;
  using Attention = fovea::Attention<Config>;
  using Partial = typename Attention::Partial;
  using Call = typename Attention::Call;

 public:
  Partials() : cache_(golden::MakePoisoned<KvCache<Config>>()) {
    cache_->Clear();
  }

  // RunPartial, or AttendPartial from a cache.
  Status Add(const Call& call, const Range& range, bool cached) {
    Store store;
    const Partial partial = ViewOf(store);
    const auto workspace =
        golden::MakePoisoned<typename Attention::PartialWorkspace>();
    Status status;
    if (cached) {
      if (cache_->size() == 0) {
        status = cache_->Append(call.k, call.v, call.keys);
        if (status != Status::kOk) return status;
      }
      status = Attention::AttendPartial(call, *cache_, range.first, range.end,
                                        partial, *workspace);
    } else {
      status = Attention::RunPartial(call, range.first, range.end, partial,
                                     *workspace);
    }
    stores_.push_back(std::move(store));
    return status;
  }

  Status Merge(const Call& call) {
    std::vector<Partial> views;
    for (Store& store : stores_) views.push_back(ViewOf(store));
    return Attention::MergePartials(call, views.data(), views.size());
  }

  bool SameBitsAs(const Partials& other) const {
    for (size_t i = 0; i < stores_.size(); ++i) {
      if (!SameBits(stores_[i].out, other.stores_[i].out) ||
          !SameBits(stores_[i].max, other.stores_[i].max) ||
          !SameBits(stores_[i].sum, other.stores_[i].sum)) {
        return false;
      }
    }
    return stores_.size() == other.stores_.size();
  }

  bool Untouched() const {
    for (const Store& store : stores_) {
      for (const auto* values : {&store.out, &store.max, &store.sum}) {
        for (const float value : *values) {
          if (value != kUntouched) return false;
        }
      }
    }
    return true;
  }

 private:
  static constexpr size_t kRows = Problem<Config>::kRows;

  struct Store {
    std::vector<float> out =
        std::vector<float>(kRows * R::kValueDim, kUntouched);
    std::vector<float> max = std::vector<float>(kRows, kUntouched);
    std::vector<float> sum = std::vector<float>(kRows, kUntouched);
  };

  static Partial ViewOf(Store& store) {
    Partial partial;
    partial.numerator =
        HeadMajor(store.out.data(), R::kHeads, kTokens, R::kValueDim);
    partial.max = store.max.data();
    partial.sum = store.sum.data();
    return partial;
  }

  std::unique_ptr<KvCache<Config>> cache_;
  std::vector<Store> stores_;
};

template <class Config>
void RunRanges(Problem<Config>& p, const std::vector<Range>& ranges,
               bool cached) {
  Partials<Config> partials;
  auto call = p.call;
  call.weights = nullptr;
  call.lse = nullptr;
  for (const Range& range : ranges) {
    ASSERT_EQ(partials.Add(call, range, cached), Status::kOk);
  }
  ASSERT_EQ(partials.Merge(p.call), Status::kOk);
}

TYPED_TEST(AttentionPartial, OneOfAllKeysHasTheBitsOfRun) {
  for (const bool cached : {false, true}) {
    Problem<TypeParam> whole, p;
    ASSERT_EQ(whole.Go(), Status::kOk);
    RunRanges(p, {{0, kTokens}}, cached);
    EXPECT_TRUE(SameBits(p.out, whole.out));
    EXPECT_TRUE(SameBits(p.lse, whole.lse));
  }
}

// Disjoint ranges that cover all keys, cut anywhere.
std::vector<Range> RandomRanges(uint64_t seed) {
  std::vector<size_t> cuts = {0, kTokens};
  for (size_t i = 0; i < 1 + seed % 5; ++i) {
    cuts.push_back(golden::Mix64(seed * 16 + i) % kTokens);
  }
  std::sort(cuts.begin(), cuts.end());
  cuts.erase(std::unique(cuts.begin(), cuts.end()), cuts.end());
  std::vector<Range> ranges;
  for (size_t i = 0; i + 1 < cuts.size(); ++i) {
    ranges.push_back({cuts[i], cuts[i + 1]});
  }
  return ranges;
}

double LargestError(const std::vector<float>& values,
                    const std::vector<double>& expected) {
  double largest = 0;
  for (size_t i = 0; i < values.size(); ++i) {
    if (std::isinf(expected[i]) && double{values[i]} == expected[i]) continue;
    const double error = std::fabs(double{values[i]} - expected[i]);
    // A NaN is the largest error of all.
    if (!(error <= largest)) largest = error;
  }
  return largest;
}

// Each partial is as exact as one call; a merge multiplies o and l by a power
// of two that is exact to an ulp, and adds in one rounding.  So merging adds at
// most 4 half-ulps a partial to the error of one call, relative to the largest
// value (2).
TYPED_TEST(AttentionPartial, AnyRangesMergeToTheReference) {
  Problem<TypeParam> whole;
  ASSERT_EQ(whole.Go(), Status::kOk);
  const reference::AttentionResult expected = whole.Reference().Run();
  const double out_error = LargestError(whole.out, expected.out);
  const double lse_error = LargestError(whole.lse, expected.lse);
  for (uint64_t seed = 1; seed <= (golden::kReduced ? 8 : 40); ++seed) {
    const std::vector<Range> ranges = RandomRanges(seed);
    const double merging = 4 * 0x1p-24 * static_cast<double>(ranges.size());
    for (const bool cached : {false, true}) {
      Problem<TypeParam> p;
      RunRanges(p, ranges, cached);
      EXPECT_LE(LargestError(p.out, expected.out), 2 * out_error + 2 * merging)
          << seed;
      // lse is a logarithm: l's relative error is its absolute one, and its own
      // rounding is half an ulp of at most 16.
      EXPECT_LE(LargestError(p.lse, expected.lse),
                2 * lse_error + merging + 16 * 0x1p-24)
          << seed;
    }
  }
}

TYPED_TEST(AttentionPartial, ACacheGivesTheBitsOfTensors) {
  for (uint64_t seed = 1; seed <= 10; ++seed) {
    Problem<TypeParam> p;
    p.call.lse = p.call.weights = nullptr;
    Partials<TypeParam> tensors, cached;
    for (const Range& range : RandomRanges(seed)) {
      ASSERT_EQ(tensors.Add(p.call, range, false), Status::kOk);
      ASSERT_EQ(cached.Add(p.call, range, true), Status::kOk);
    }
    EXPECT_TRUE(tensors.SameBitsAs(cached)) << seed;
  }
}

TYPED_TEST(AttentionPartial, KeysOutsideItsRangeAreNotRead) {
  for (const Range& range : {Range{0, 40}, Range{7, 64}, Range{70, 100},
                             Range{64, 128}, Range{129, kTokens}}) {
    for (const bool cached : {false, true}) {
      Problem<TypeParam> clean, p;
      clean.call.lse = clean.call.weights = nullptr;
      p.call.lse = p.call.weights = nullptr;
      for (size_t head = 0; head < TypeParam::kKvHeads; ++head) {
        for (size_t token = 0; token < kTokens; ++token) {
          if (token >= range.first && token < range.end) continue;
          p.KeyRow(head, token)[3] = p.ValueRow(head, token)[3] = kNan;
        }
      }
      Partials<TypeParam> one, other;
      ASSERT_EQ(one.Add(clean.call, range, cached), Status::kOk);
      ASSERT_EQ(other.Add(p.call, range, cached), Status::kOk);
      EXPECT_TRUE(one.SameBitsAs(other)) << range.first;
    }
  }
}

TYPED_TEST(AttentionPartial, BadRangesWriteNothing) {
  struct Bad {
    Range range;
    Status status;
  };
  for (const Bad& bad :
       {Bad{{0, kTokens + 1}, Status::kTooManyTokens},
        Bad{{0, 0}, Status::kZeroCount}, Bad{{5, 5}, Status::kZeroCount},
        Bad{{kTokens, kTokens}, Status::kZeroCount}}) {
    for (const bool cached : {false, true}) {
      Problem<TypeParam> p;
      p.call.lse = p.call.weights = nullptr;
      Partials<TypeParam> partials;
      EXPECT_EQ(partials.Add(p.call, bad.range, cached), bad.status);
      EXPECT_TRUE(partials.Untouched());
      EXPECT_TRUE(p.Untouched());
    }
  }
  for (const bool cached : {false, true}) {
    Problem<TypeParam> p;
    p.call.lse = p.call.weights = nullptr;
    Partials<TypeParam> partials;
    EXPECT_NE(partials.Add(p.call, {6, 5}, cached), Status::kOk);
    EXPECT_TRUE(partials.Untouched());
  }
}

// m of such a partial is a number; its l is not.
TYPED_TEST(AttentionPartial, NanInOneOfThemStaysNan) {
  Problem<TypeParam> p;
  p.KeyRow(0, 20)[3] = kNan;
  RunRanges(p, {{0, 15}, {15, 70}, {70, kTokens}}, false);
  const auto reference = p.Reference();
  for (size_t row = 0; row < Problem<TypeParam>::kRows; ++row) {
    const size_t head = row / kTokens;
    const bool sees = head < 2 && reference.Masked(0, head, row % kTokens,
                                                   20) != reference::kHidden;
    ASSERT_EQ(std::isnan(p.OutRow(row)[0]), sees) << row;
    ASSERT_EQ(std::isnan(p.lse[row]), sees) << row;
  }
}

TEST(AttentionPartialStatus, NullPointers) {
  using Attention = fovea::Attention<Full>;
  for (int which = 0; which < 3; ++which) {
    Problem<Full> p;
    p.call.lse = p.call.weights = nullptr;
    Attention::Partial partial;
    partial.numerator = p.call.out;
    partial.max = p.lse.data();
    partial.sum = p.weights.data();
    if (which == 0) partial.numerator.data = nullptr;
    if (which == 1) partial.max = nullptr;
    if (which == 2) partial.sum = nullptr;
    const auto workspace = golden::MakePoisoned<Attention::PartialWorkspace>();
    EXPECT_EQ(Attention::RunPartial(p.call, 0, 9, partial, *workspace),
              Status::kNullPointer);
    EXPECT_EQ(Attention::MergePartials(p.call, &partial, 1),
              Status::kNullPointer);
    EXPECT_TRUE(p.Untouched());
  }
  Problem<Full> p;
  EXPECT_EQ(Attention::MergePartials(p.call, nullptr, 1), Status::kNullPointer);
}

TEST(AttentionPartialStatus, MisalignedLse) {
  using Attention = fovea::Attention<Full>;
  Problem<Full> p;
  Attention::Partial partial;
  partial.numerator = p.call.out;
  partial.max = partial.sum = p.weights.data();
  const uintptr_t odd = reinterpret_cast<uintptr_t>(p.lse.data()) + 1;
  p.call.lse = reinterpret_cast<float*>(odd);
  EXPECT_EQ(Attention::MergePartials(p.call, &partial, 1), Status::kMisaligned);
  EXPECT_TRUE(p.Untouched());
}

TEST(AttentionPartialStatus, NoPartials) {
  Problem<Full> p;
  fovea::Attention<Full>::Partial partial;
  EXPECT_EQ(fovea::Attention<Full>::MergePartials(p.call, &partial, 0),
            Status::kZeroCount);
  EXPECT_TRUE(p.Untouched());
}

}  // namespace
}  // namespace fovea
