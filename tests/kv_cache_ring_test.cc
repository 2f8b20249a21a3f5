// SPDX-License-Identifier: Apache-2.0
// A ring keeps sinks and a window of an endless stream: every output has the
// bits of a prefill with that window, however the stream is cut.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <type_traits>
#include <vector>

#include "fovea/attention.h"
#include "fovea/kv_cache.h"
#include "saved_cache.h"
#include "stepped_cache.h"
#include "stream_problem.h"
#include "tests/golden/attention_policies.h"
#include "tests/golden/reduced.h"

namespace fovea {
namespace {

constexpr size_t kTokens = 700;

template <size_t kWindowArg, size_t kSinksArg, size_t kMaxQueriesArg>
struct Ring : AttentionConfig {
  static constexpr size_t kHeads = 4, kKvHeads = 2, kHeadDim = 20;
  static constexpr size_t kValueDim = 12;
  static constexpr size_t kMaxQueries = kMaxQueriesArg, kMaxKeys = kTokens;
  static constexpr bool kCausal = true, kLse = true, kRing = true;
  static constexpr size_t kWindow = kWindowArg, kSinks = kSinksArg;
};

struct EveryFeature : Ring<50, 5, 97> {
  static constexpr bool kAlibi = true, kSoftcap = true, kSinkLogits = true;
  using ScorePolicy = golden::Dilated;
};

template <class Stored, class Base>
struct Stores : Base {
  using CacheElement = Stored;
};

template <class Config>
class KvCacheRing : public SteppedCache<Config> {
 public:
  using Problem = StreamProblem<Config>;
  using Cache = KvCache<Config>;
};

using AllConfigs =
    testing::Types<Ring<1, 0, 1>, Ring<1, 1, 8>, Ring<20, 3, 1>, Ring<64, 0, 1>,
                   Ring<64, 64, 97>, Ring<100, 0, 97>, Ring<128, 70, 8>,
                   Ring<250, 4, 1>, Ring<250, 4, 700>, EveryFeature,
                   Stores<hwy::bfloat16_t, Ring<100, 0, 97>>,
                   Stores<hwy::float16_t, Ring<20, 3, 1>>>;
using Configs = std::conditional_t<
    golden::kReduced,
    testing::Types<EveryFeature, Stores<hwy::float16_t, Ring<20, 3, 1>>>,
    AllConfigs>;
TYPED_TEST_SUITE(KvCacheRing, Configs);

TYPED_TEST(KvCacheRing, HoldsWholeTilesOfSinksAndWindow) {
  using R = Resolved<TypeParam>;
  const size_t at_once = std::min<size_t>(R::kMaxQueries, 64);
  EXPECT_EQ(TestFixture::Cache::capacity(),
            RoundUp(R::kSinks, 64) + RoundUp(R::kWindow + at_once - 1, 64));
}

TYPED_TEST(KvCacheRing, AnyCutGivesThePrefill) {
  typename TestFixture::Problem whole(kTokens), stream(kTokens);
  whole.template Prefill<kTokens>();
  Dice dice(TypeParam::kWindow);
  this->StepTo(stream, kTokens, dice);
  EXPECT_EQ(stream.FirstDifference(whole), kTokens);
  EXPECT_EQ(this->cache->position(), kTokens);
}

// Tokens are taken back and come again, as in speculative decoding.
TYPED_TEST(KvCacheRing, TruncateTakesTokensBack) {
  typename TestFixture::Problem whole(kTokens), stream(kTokens);
  whole.template Prefill<kTokens>();
  Dice dice(17);
  size_t taken_back = 0;
  while (this->position < kTokens) {
    const size_t end = std::min(this->position + dice.Roll(1, 97), kTokens);
    this->StepTo(stream, end, dice);
    // A ring without room to spare can take back one token.
    const size_t most = dice.Roll(0, 1) == 0 ? 1 : 70;
    const size_t tokens = dice.Roll(0, std::min(this->position, most));
    if (dice.Roll(0, 2) == 0 && this->cache->Truncate(tokens) == Status::kOk) {
      this->position -= tokens;
      taken_back += tokens;
      ASSERT_EQ(this->cache->position(), this->position);
    }
  }
  EXPECT_EQ(stream.FirstDifference(whole), kTokens);
  EXPECT_GT(taken_back, 0u);
}

// What it holds can be attended to again, up to where it can't.
TYPED_TEST(KvCacheRing, AttendsToWhatItHolds) {
  using R = Resolved<TypeParam>;
  typename TestFixture::Problem stream(kTokens), again(kTokens);
  Dice dice(3);
  this->StepTo(stream, kTokens, dice);
  const size_t spare = TestFixture::Cache::Span::kSpare;
  const size_t oldest = kTokens - spare;
  EXPECT_EQ(again.Attend(*this->cache, oldest - 1, 1), Status::kForgotten);
  for (size_t first = oldest; first < kTokens;) {
    const size_t count = std::min(R::kMaxQueries, kTokens - first);
    ASSERT_EQ(again.Attend(*this->cache, first, count), Status::kOk);
    first += count;
  }
  EXPECT_EQ(again.FirstDifference(stream, oldest, kTokens), kTokens);
  // A query after the newest token sees what is left of its window.
  const auto workspace =
      golden::MakePoisoned<typename Attention<TypeParam>::Workspace>();
  typename Attention<TypeParam>::Call call;
  again.Fill(call, 0, 1);
  for (const int64_t far : {int64_t{kTokens} + 1000000, INT64_MAX}) {
    call.first_position = far;
    EXPECT_EQ(Attention<TypeParam>::Attend(call, *this->cache, *workspace),
              Status::kOk);
  }
  call.first_position = -1;
  EXPECT_EQ(Attention<TypeParam>::Attend(call, *this->cache, *workspace),
            Status::kForgotten);
}

// Far along the stream: the saved bytes say so, with all tokens in their slots.
template <class Cache>
void MoveTo(Cache& cache, uint64_t rings) {
  Saved saved(cache);
  ASSERT_EQ(saved.status(), Status::kOk);
  CacheHeader header = saved.Header();
  header.position += rings * Cache::Span::kRingTokens;
  header.end += rings * Cache::Span::kRingTokens;
  saved.Set(header);
  ASSERT_EQ(cache.Restore(saved.data(), saved.size()), Status::kOk);
}

TYPED_TEST(KvCacheRing, PositionsPastTwoToTheThirtyTwo) {
  using R = Resolved<TypeParam>;
  typename TestFixture::Problem near(kTokens), far(kTokens);
  Dice dice(5);
  constexpr size_t kStart = 500;
  this->StepTo(near, kStart, dice);
  std::vector<unsigned char> copy(sizeof(*this->cache));
  std::memcpy(copy.data(), this->cache.get(), copy.size());
  this->StepTo(near, kTokens, dice);
  // Far positions are given to kAlibi and policies less a multiple of 2^20, and
  // a sink is then nearer: here it is not looked at.
  const bool looks_at_sinks = R::kSinks > 0 && R::kAlibi;
  for (const uint64_t rings : {uint64_t{1} << 14, uint64_t{1} << 20,
                               uint64_t{1} << 28, uint64_t{1} << 40}) {
    std::memcpy(static_cast<void*>(this->cache.get()), copy.data(),
                copy.size());
    MoveTo(*this->cache, rings);
    const uint64_t start =
        kStart + rings * TestFixture::Cache::Span::kRingTokens;
    ASSERT_EQ(this->cache->position(), start);
    this->position = kStart;
    this->StepTo(far, kTokens, dice);
    EXPECT_EQ(this->cache->position(), start + kTokens - kStart);
    if (looks_at_sinks) continue;
    EXPECT_EQ(far.FirstDifference(near, kStart, kTokens), kTokens) << rings;
  }
}

TYPED_TEST(KvCacheRing, SharesOfAttendHaveItsBits) {
  typename TestFixture::Problem stream(kTokens), shares(kTokens);
  Dice dice(9);
  this->StepTo(stream, kTokens, dice);
  const size_t first = kTokens - 1;
  ASSERT_EQ(stream.Attend(*this->cache, first, 1), Status::kOk);
  const auto workspace =
      golden::MakePoisoned<typename Attention<TypeParam>::Workspace>();
  typename Attention<TypeParam>::Call call;
  shares.Fill(call, first, 1);
  call.first_position = first;
  for (size_t part = 0; part < 3; ++part) {
    ASSERT_EQ(
        Attention<TypeParam>::Attend(call, *this->cache, *workspace, part, 3),
        Status::kOk);
  }
  for (size_t head = 0; head < 4; ++head) {
    shares.lse[first * 4 + head] = shares.chunk_lse[head];
  }
  EXPECT_EQ(shares.FirstDifference(stream, first, kTokens), kTokens);
}

// ---------------------------------------------------------------- bookkeeping

using Small = Ring<64, 3, 1>;

TEST(KvCacheRingStatus, TruncateKeepsTheWindow) {
  StreamProblem<Small> stream(300);
  const auto cache = golden::MakePoisoned<KvCache<Small>>();
  cache->Clear();
  EXPECT_EQ(cache->size(), 0u);
  EXPECT_EQ(cache->Truncate(1), Status::kTooManyTokens);
  // While nothing is overwritten any token can be taken back.
  ASSERT_EQ(stream.Append(*cache, 0, 128), Status::kOk);
  EXPECT_EQ(cache->size(), 128u);
  ASSERT_EQ(cache->Truncate(100), Status::kOk);
  EXPECT_EQ(cache->size(), 28u);
  ASSERT_EQ(stream.Append(*cache, 28, 101), Status::kOk);
  EXPECT_EQ(cache->position(), 129u);
  EXPECT_EQ(cache->size(), 128u);
  // The window is all that is left, and the next token replaces its oldest.
  ASSERT_EQ(cache->Truncate(1), Status::kOk);
  EXPECT_EQ(cache->size(), 127u);
  EXPECT_EQ(cache->Truncate(1), Status::kForgotten);
  EXPECT_EQ(cache->position(), 128u);
  EXPECT_EQ(cache->Truncate(129), Status::kTooManyTokens);
}

TEST(KvCacheRingStatus, AQueryBeforeTheStreamSeesNothing) {
  StreamProblem<Small> stream(100);
  const auto cache = golden::MakePoisoned<KvCache<Small>>();
  cache->Clear();
  ASSERT_EQ(stream.Append(*cache, 0, 100), Status::kOk);
  const auto workspace = golden::MakePoisoned<Attention<Small>::Workspace>();
  Attention<Small>::Call call;
  for (const int64_t position : {INT64_MIN, int64_t{-1}}) {
    stream.Fill(call, 0, 1);
    stream.out[0] = 1.0f;
    call.first_position = position;
    ASSERT_EQ(Attention<Small>::Attend(call, *cache, *workspace), Status::kOk);
    for (size_t i = 0; i < 48; ++i) EXPECT_EQ(stream.out[i], 0.0f);
  }
}

TEST(KvCacheRingStatus, BadInputChangesNothing) {
  StreamProblem<Small> stream(300);
  const auto cache = golden::MakePoisoned<KvCache<Small>>();
  cache->Clear();
  ASSERT_EQ(stream.Append(*cache, 0, 200), Status::kOk);
  std::vector<unsigned char> before(sizeof(*cache)), after(sizeof(*cache));
  std::memcpy(before.data(), cache.get(), before.size());
  const auto workspace = golden::MakePoisoned<Attention<Small>::Workspace>();
  Attention<Small>::Call call;
  stream.Fill(call, 200, 2);
  EXPECT_EQ(Attention<Small>::Step(call, *cache, *workspace),
            Status::kTooManyTokens);
  stream.Fill(call, 200, 1);
  call.v.data = nullptr;
  EXPECT_EQ(Attention<Small>::Step(call, *cache, *workspace),
            Status::kNullPointer);
  std::memcpy(after.data(), cache.get(), after.size());
  EXPECT_EQ(before, after);
}

}  // namespace
}  // namespace fovea
