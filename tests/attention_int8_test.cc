// SPDX-License-Identifier: Apache-2.0
// Attention in int8 (kArithmetic): the bits of its reference, the same however
// it is called and on every target, and what it refuses.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <type_traits>
#include <vector>

#include "fovea/attention.h"
#include "fovea/cache_view.h"
#include "fovea/kv_cache.h"
#include "saved_cache.h"
#include "stepped_cache.h"
#include "stream_problem.h"
#include "tests/golden/attention_policies.h"
#include "tests/golden/check.h"
#include "tests/golden/hash_class.h"
#include "tests/golden/reduced.h"
#include "tests/reference/int8_reference.h"

namespace fovea {
namespace {

constexpr size_t kTokens = 300;
constexpr Arithmetic kScores = Arithmetic::kInt8Scores;
constexpr Arithmetic kAll = Arithmetic::kInt8;

template <Arithmetic kArithmeticArg, size_t kHeadDimArg, size_t kValueDimArg,
          size_t kKvHeadsArg, bool kSmooth = true>
struct Full : AttentionConfig {
  using CacheElement = int8_t;
  static constexpr Arithmetic kArithmetic = kArithmeticArg;
  static constexpr size_t kHeads = 4, kKvHeads = kKvHeadsArg;
  static constexpr size_t kHeadDim = kHeadDimArg, kValueDim = kValueDimArg;
  static constexpr size_t kMaxQueries = 97, kMaxKeys = kTokens;
  static constexpr bool kCausal = true, kLse = true, kSmoothKeys = kSmooth;
};
template <Arithmetic kArithmetic>
struct Windowed : Full<kArithmetic, 20, 24, 2> {
  static constexpr size_t kWindow = 90, kSinks = 70;
};
template <Arithmetic kArithmetic>
struct Featured : Full<kArithmetic, 33, 7, 4> {
  static constexpr bool kAlibi = true, kSoftcap = true, kSinkLogits = true;
  using ScorePolicy = golden::Dilated;  // hides some keys of every tile
};
template <Arithmetic kArithmetic>
struct Ring : Full<kArithmetic, 20, 12, 2> {
  static constexpr size_t kWindow = 100, kSinks = 5;
  static constexpr bool kRing = true;
};

template <class Config>
class AttentionInt8 : public SteppedCache<Config> {};

using Configs = std::conditional_t<
    golden::kReduced,
    testing::Types<Full<kScores, 20, 12, 2>, Full<kAll, 20, 12, 2>>,
    testing::Types<Full<kScores, 64, 64, 4>, Full<kAll, 64, 64, 4>,
                   Full<kAll, 20, 12, 2>, Full<kScores, 5, 33, 1>,
                   Full<kAll, 160, 8, 2>, Full<kAll, 1, 1, 4>,
                   Full<kAll, 64, 64, 2, false>, Windowed<kScores>,
                   Windowed<kAll>, Featured<kScores>, Featured<kAll>>>;
TYPED_TEST_SUITE(AttentionInt8, Configs);

TYPED_TEST(AttentionInt8, AnyCutHasTheBitsOfRun) {
  StreamProblem<TypeParam> run(kTokens), single(kTokens), cut(kTokens);
  run.template Prefill<kTokens>();
  Dice dice(3);
  this->StepTo(single, kTokens, dice, 1);
  EXPECT_EQ(single.FirstDifference(run), kTokens);
  this->Restart();
  this->StepTo(cut, kTokens, dice);
  EXPECT_EQ(cut.FirstDifference(run), kTokens);
}

TYPED_TEST(AttentionInt8, TokensThatWereTakenBackLeaveNoTrace) {
  StreamProblem<TypeParam> plain(kTokens), other(kTokens, 77), back(kTokens);
  Dice dice(4);
  this->StepTo(plain, kTokens, dice);
  this->Restart();
  while (this->position < kTokens) {
    const size_t count =
        std::min<size_t>(dice.Roll(1, 20), kTokens - this->position);
    const size_t kept = dice.Roll(0, count);
    ASSERT_EQ(other.Append(*this->cache, this->position, count), Status::kOk);
    ASSERT_EQ(this->cache->Truncate(count), Status::kOk);
    for (size_t i = 0; i < kept; ++i) {
      ASSERT_EQ(back.Step(*this->cache, this->position++, 1), Status::kOk);
    }
  }
  EXPECT_EQ(back.FirstDifference(plain), kTokens);
}

TYPED_TEST(AttentionInt8, SavedAndRestoredItGoesOnWithTheSameBits) {
  this->ExpectToGoOnAfterEach({0, 1, 15, 16, 70, 270}, kTokens);
}

template <class Config>
class AttentionInt8Ring : public AttentionInt8<Config> {};
using RingConfigs = testing::Types<Ring<kScores>, Ring<kAll>>;
TYPED_TEST_SUITE(AttentionInt8Ring, RingConfigs);

TYPED_TEST(AttentionInt8Ring, AnyCutHasTheSameBits) {
  constexpr size_t kLong = 700;
  StreamProblem<TypeParam> single(kLong), cut(kLong);
  Dice dice(3);
  this->StepTo(single, kLong, dice, 1);
  this->Restart();
  this->StepTo(cut, kLong, dice);
  EXPECT_EQ(cut.FirstDifference(single), kLong);
}

// -------------------------------------------------------------- the reference

template <class Config>
class AttentionInt8Reference : public testing::Test {};
using ReferenceConfigs = std::conditional_t<
    golden::kReduced,
    testing::Types<Full<kScores, 20, 12, 2>, Full<kAll, 20, 12, 2>>,
    testing::Types<Full<kScores, 64, 64, 4>, Full<kAll, 64, 64, 4>,
                   Full<kAll, 20, 12, 2>, Full<kScores, 5, 33, 1>,
                   Full<kAll, 160, 8, 2>, Full<kAll, 1, 1, 4>>>;
TYPED_TEST_SUITE(AttentionInt8Reference, ReferenceConfigs);

template <class Config>
struct AllQueries : Config {
  static constexpr size_t kMaxQueries = kTokens;
  static constexpr bool kLse = false;
};

// The inputs have outliers in a channel, and a mean.
template <class Config>
struct Problem {
  using R = Resolved<Config>;
  using Attention = fovea::Attention<Config>;

  Problem() {
    for (size_t t = 0; t < kTokens; ++t) {
      for (size_t head = 0; head < R::kKvHeads; ++head) {
        float* key = &k[(t * R::kKvHeads + head) * R::kHeadDim];
        if (R::kHeadDim > 4 && head % 2 == 0) key[3] *= 20;
        key[R::kHeadDim - 1] += 7;
      }
    }
  }

  static std::vector<float> Random(uint64_t tensor, size_t count) {
    const golden::Stream stream(9, tensor);
    std::vector<float> values(count);
    for (size_t i = 0; i < count; ++i) values[i] = 2.0f * stream[i];
    return values;
  }

  Status Run() {
    const auto workspace =
        golden::MakePoisoned<typename Attention::Workspace>();
    typename Attention::Call call;
    call.q = TokenMajor<const float>(q.data(), R::kHeads, 0, R::kHeadDim);
    call.k = TokenMajor<const float>(k.data(), R::kKvHeads, 0, R::kHeadDim);
    call.v = TokenMajor<const float>(v.data(), R::kKvHeads, 0, R::kValueDim);
    call.out = TokenMajor(out.data(), R::kHeads, 0, R::kValueDim);
    call.queries = call.keys = kTokens;
    return Attention::Run(call, *workspace);
  }

  std::vector<float> q = Random(0, kTokens* R::kHeads* R::kHeadDim);
  std::vector<float> k = Random(1, kTokens* R::kKvHeads* R::kHeadDim);
  std::vector<float> v = Random(2, kTokens* R::kKvHeads* R::kValueDim);
  std::vector<float> out =
      std::vector<float>(kTokens * R::kHeads * R::kValueDim);
};

TYPED_TEST(AttentionInt8Reference, GivesEveryBit) {
  using Whole = AllQueries<TypeParam>;
  using R = Resolved<Whole>;
  Problem<Whole> problem;
  ASSERT_EQ(problem.Run(), Status::kOk);
  const float scale = DefaultScale(R::kHeadDim) * 0x1.715476p0f;
  size_t wrong = 0;
  for (size_t head = 0; head < R::kHeads; ++head) {
    const size_t kv_head = head / R::kGroup;
    reference::Int8Attention stream(R::kArithmetic == kAll, R::kHeadDim,
                                    R::kValueDim);
    for (size_t t = 0; t < kTokens; ++t) {
      const size_t row = t * R::kKvHeads + kv_head;
      stream.Append(&problem.k[row * R::kHeadDim],
                    &problem.v[row * R::kValueDim]);
      std::vector<float> q(R::kHeadDim);
      for (size_t d = 0; d < R::kHeadDim; ++d) {
        q[d] = problem.q[(t * R::kHeads + head) * R::kHeadDim + d] * scale;
      }
      float m, l;
      const auto expected =
          stream.Attend(q, std::vector<bool>(t + 1, true), m, l);
      for (size_t d = 0; d < R::kValueDim; ++d) {
        const size_t at = (t * R::kHeads + head) * R::kValueDim + d;
        wrong += problem.out[at] != expected[d];
      }
    }
  }
  EXPECT_EQ(wrong, 0u);
}

// One number for all targets with fused multiply-add, one for all without.
template <Arithmetic kArithmetic>
uint64_t HashOfStream() {
  using Config = Full<kArithmetic, 20, 12, 2>;
  StreamProblem<Config> stream(kTokens);
  stream.template Prefill<kTokens>();
  golden::Hash hash;
  hash.Add(stream.out.data(), stream.out.size());
  hash.Add(stream.lse.data(), stream.lse.size());
  return hash.value();
}

TEST(AttentionInt8Hash, IsThatOfEveryTarget) {
  const bool fused = golden::kHashClass == golden::HashClass::kFused;
  const uint64_t of_scores = HashOfStream<kScores>();
  const uint64_t of_all = HashOfStream<kAll>();
  const uint64_t committed_scores =
      fused ? 0x846c5cb1e290e28du : 0x0db105cb68652d1eu;
  const uint64_t committed_all =
      fused ? 0x97e1ea02a5de81f7u : 0xadecc0673ffdd4c6u;
  EXPECT_EQ(of_scores, committed_scores);
  EXPECT_EQ(of_all, committed_all);
  golden::ReportHashes(
      "attention_int8", 2,
      (of_scores == committed_scores) + (of_all == committed_all));
}

// ------------------------------------------------------------ shares, partials

template <class Config>
class AttentionInt8Shares : public testing::Test {};
using ShareConfigs =
    testing::Types<Full<kScores, 20, 12, 2>, Full<kAll, 20, 12, 2>>;
TYPED_TEST_SUITE(AttentionInt8Shares, ShareConfigs);

TYPED_TEST(AttentionInt8Shares, HaveTheBitsOfTheWhole) {
  using Attention = fovea::Attention<TypeParam>;
  StreamProblem<TypeParam> whole(kTokens), shared(kTokens);
  for (const size_t parts : {1, 2, 3, 7}) {
    typename Attention::Call call;
    const auto workspace =
        golden::MakePoisoned<typename Attention::Workspace>();
    whole.Fill(call, 0, 97);
    call.keys = kTokens;
    call.first_position = kTokens - 97;
    ASSERT_EQ(Attention::Run(call, *workspace), Status::kOk);
    shared.Fill(call, 0, 97);
    call.keys = kTokens;
    for (size_t part = 0; part < parts; ++part) {
      const auto own = golden::MakePoisoned<typename Attention::Workspace>();
      ASSERT_EQ(Attention::Run(call, *own, part, parts), Status::kOk);
    }
    EXPECT_EQ(shared.out, whole.out) << parts;
    EXPECT_EQ(shared.chunk_lse, whole.chunk_lse) << parts;
  }
}

TYPED_TEST(AttentionInt8Shares, OnePartialMergesToTheWhole) {
  using Attention = fovea::Attention<TypeParam>;
  constexpr size_t kQueries = 5, kOut = kQueries * 4 * 12;
  StreamProblem<TypeParam> whole(kTokens), merged(kTokens);
  typename Attention::Call call;
  const auto workspace = golden::MakePoisoned<typename Attention::Workspace>();
  whole.Fill(call, 0, kQueries);
  call.keys = kTokens;
  call.first_position = kTokens;
  ASSERT_EQ(Attention::Run(call, *workspace), Status::kOk);
  merged.Fill(call, 0, kQueries);
  call.keys = kTokens;
  const auto partial_workspace =
      golden::MakePoisoned<typename Attention::PartialWorkspace>();
  std::vector<float> numerator(kOut), max(kOut), sum(kOut);
  typename Attention::Partial partial;
  partial.numerator = TokenMajor(numerator.data(), 4, kQueries, 12);
  partial.max = max.data();
  partial.sum = sum.data();
  ASSERT_EQ(
      Attention::RunPartial(call, 0, kTokens, partial, *partial_workspace),
      Status::kOk);
  ASSERT_EQ(Attention::MergePartials(call, &partial, 1), Status::kOk);
  EXPECT_EQ(merged.out, whole.out);
}

// ------------------------------------------------------------------ bad input

template <class Config>
class AttentionInt8Status : public testing::Test {};
TYPED_TEST_SUITE(AttentionInt8Status, ShareConfigs);

TYPED_TEST(AttentionInt8Status, WhatHasNoScaleIsRefused) {
  using Attention = fovea::Attention<TypeParam>;
  constexpr float kMost = std::numeric_limits<float>::max();
  const auto workspace = golden::MakePoisoned<typename Attention::Workspace>();
  for (const float bad :
       {std::numeric_limits<float>::quiet_NaN(), HUGE_VALF, -kMost}) {
    for (const bool in_key : {true, false}) {
      StreamProblem<TypeParam> stream(40);
      typename Attention::Call call;
      stream.Fill(call, 0, 40);
      std::vector<float> rows(40 * 2 * 20, 1.0f);
      rows[39 * 2 * (in_key ? 20 : 12)] = bad;
      (in_key ? call.k : call.v) =
          TokenMajor<const float>(rows.data(), 2, 40, in_key ? 20 : 12);
      const bool refuses = in_key || TypeParam::kArithmetic == kAll;
      const Status expected = refuses ? Status::kBadScale : Status::kOk;
      EXPECT_EQ(Attention::Run(call, *workspace), expected);
      EXPECT_EQ(stream.out[0] == 0.0f, refuses) << "written";
      const auto cache = golden::MakePoisoned<KvCache<TypeParam>>();
      cache->Clear();
      EXPECT_EQ(cache->Append(call.k, call.v, 40), expected);
      EXPECT_EQ(cache->position(), refuses ? 0u : 40u);
      // Padding may hold anything.
      const size_t length = 39;
      call.key_lengths = &length;
      EXPECT_EQ(Attention::Run(call, *workspace), Status::kOk);
      for (const float x : stream.out) ASSERT_TRUE(std::isfinite(x));
    }
  }
}

TYPED_TEST(AttentionInt8Status, ANanQueryGivesNanAlone) {
  using Attention = fovea::Attention<TypeParam>;
  const auto workspace = golden::MakePoisoned<typename Attention::Workspace>();
  for (const float bad : {std::numeric_limits<float>::quiet_NaN(), HUGE_VALF}) {
    StreamProblem<TypeParam> stream(80);
    typename Attention::Call call;
    stream.Fill(call, 0, 80);
    std::vector<float> q(80 * 4 * 20, 0.5f);
    q[(70 * 4 + 1) * 20 + 3] = bad;  // of head 1
    call.q = TokenMajor<const float>(q.data(), 4, 80, 20);
    ASSERT_EQ(Attention::Run(call, *workspace), Status::kOk);
    for (size_t i = 0; i < stream.out.size(); ++i) {
      EXPECT_EQ(std::isnan(stream.out[i]), i / 12 == 70 * 4 + 1) << i;
    }
  }
}

TYPED_TEST(AttentionInt8Status, SavedScalesMustBePositive) {
  StreamProblem<TypeParam> stream(40);
  const auto cache = golden::MakePoisoned<KvCache<TypeParam>>();
  cache->Clear();
  ASSERT_EQ(stream.Append(*cache, 0, 40), Status::kOk);
  using Layout = Int8Layout<Resolved<TypeParam>>;
  std::vector<size_t> places = {Layout::Rows().KeyScales(40),
                                Layout::Rows().KeyScales(40) + 39 * 4};
  if (TypeParam::kArithmetic == kAll) {
    places.push_back(2 * Layout::KeysOfHead(40) +
                     Layout::Rows().ValueScales(40));
  }
  for (const size_t at : places) {
    for (const float bad : {0.0f, -1.0f, std::nanf(""), HUGE_VALF}) {
      Saved saved(*cache);
      ASSERT_EQ(saved.status(), Status::kOk);
      saved.SetFloat(at, bad);
      CacheView<TypeParam> view;
      EXPECT_EQ(CacheView<TypeParam>::Open(saved.data(), saved.size(), view),
                Status::kBadScale)
          << at << " " << bad;
      EXPECT_EQ(cache->Restore(saved.data(), saved.size()), Status::kBadScale);
      EXPECT_EQ(cache->size(), 40u);
    }
  }
}

// What is read as an index must be one.
TYPED_TEST(AttentionInt8Status, SavedChannelsMustExist) {
  StreamProblem<TypeParam> stream(40);
  const auto cache = golden::MakePoisoned<KvCache<TypeParam>>();
  cache->Clear();
  ASSERT_EQ(stream.Append(*cache, 0, 40), Status::kOk);
  using Layout = Int8Layout<Resolved<TypeParam>>;
  for (const int32_t bad : {-2, 20, 1 << 30}) {
    Saved saved(*cache);
    float bits;
    std::memcpy(&bits, &bad, sizeof(bits));
    saved.SetFloat(Layout::Rows().Dims(40), bits);
    CacheView<TypeParam> view;
    EXPECT_EQ(CacheView<TypeParam>::Open(saved.data(), saved.size(), view),
              Status::kBadScale);
  }
}

}  // namespace
}  // namespace fovea
