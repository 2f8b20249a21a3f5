// SPDX-License-Identifier: Apache-2.0
// Caches of int8: how near they are to float64, that any cut of a stream has
// the same bits on every target, and what they refuse.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstring>
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
#include "tests/reference/int8_cache_reference.h"

namespace fovea {
namespace {

constexpr size_t kTokens = 700;
// Where one way is compared with another: beyond all that begins anew.
constexpr size_t kStream = golden::kReduced ? 420 : kTokens;  // by 35

template <size_t kHeadDimArg, size_t kValueDimArg, size_t kKvHeadsArg,
          bool kSmooth = true>
struct Full : AttentionConfig {
  using CacheElement = int8_t;
  static constexpr size_t kHeads = 4, kKvHeads = kKvHeadsArg;
  static constexpr size_t kHeadDim = kHeadDimArg, kValueDim = kValueDimArg;
  static constexpr size_t kMaxQueries = 97, kMaxKeys = kTokens;
  static constexpr bool kCausal = true, kLse = true, kSmoothKeys = kSmooth;
};
struct Ring : Full<20, 12, 2> {
  static constexpr size_t kWindow = 100, kSinks = 5;
  static constexpr bool kRing = true, kAlibi = true;
};
struct TightRing : Full<33, 7, 1> {
  static constexpr size_t kWindow = 64, kMaxQueries = 1;
  static constexpr bool kRing = true;
};
struct NarrowRing : TightRing {
  static constexpr size_t kWindow = 3;
};

template <class Config>
class KvCacheInt8 : public SteppedCache<Config> {};

using Configs = std::conditional_t<
    golden::kReduced, testing::Types<Full<5, 33, 1>, Ring, TightRing>,
    testing::Types<Full<64, 64, 4>, Full<20, 12, 2>, Full<5, 33, 1>,
                   Full<160, 8, 2>, Full<64, 64, 4, false>, Ring, TightRing>>;
TYPED_TEST_SUITE(KvCacheInt8, Configs);

TYPED_TEST(KvCacheInt8, AnyCutHasTheSameBits) {
  StreamProblem<TypeParam> single(kStream), cut(kStream);
  Dice dice(3);
  this->StepTo(single, kStream, dice, 1);
  for (int i = 0; i < 2; ++i) {
    this->Restart();
    this->StepTo(cut, kStream, dice);
    EXPECT_EQ(cut.FirstDifference(single), kStream);
  }
}

// Also where the mean of the keys was taken from tokens that went.
TYPED_TEST(KvCacheInt8, TokensThatWereTakenBackLeaveNoTrace) {
  StreamProblem<TypeParam> plain(kStream), other(kStream, 77), back(kStream);
  Dice dice(4);
  this->StepTo(plain, kStream, dice);
  this->Restart();
  while (this->position < kStream) {
    const size_t count =
        std::min<size_t>(dice.Roll(1, 20), kStream - this->position);
    const size_t kept = dice.Roll(0, count);
    // Others first, then the right ones.
    const bool fits = this->position + count <= KvCache<TypeParam>::capacity();
    if (fits || !TypeParam::kRing) {
      ASSERT_EQ(other.Append(*this->cache, this->position, count), Status::kOk);
      ASSERT_EQ(this->cache->Truncate(count), Status::kOk);
    }
    for (size_t i = 0; i < kept; ++i) {
      ASSERT_EQ(back.Step(*this->cache, this->position++, 1), Status::kOk);
    }
  }
  EXPECT_EQ(back.FirstDifference(plain), kStream);
}

// A window narrower than what a mean is taken of: that stays too, so that the
// mean of a tile that was taken back is taken again of the same tokens.
TEST(KvCacheInt8Ring, ANarrowWindowKeepsWhatAMeanIsTakenOf) {
  constexpr size_t kShort = 200;
  constexpr size_t kMost = KvCache<NarrowRing>::Span::kSpare;
  StreamProblem<NarrowRing> plain(kShort), back(kShort),
      other(kShort + kMost, 7);
  const auto fresh = golden::MakePoisoned<KvCache<NarrowRing>>();
  const auto cache = golden::MakePoisoned<KvCache<NarrowRing>>();
  fresh->Clear();
  cache->Clear();
  for (size_t t = 0; t < kShort; ++t) {
    ASSERT_EQ(plain.Step(*fresh, t, 1), Status::kOk);
    const size_t taken_back = std::min(kMost, 1 + t % 60);
    for (size_t i = 0; i < taken_back; ++i) {
      ASSERT_EQ(other.Append(*cache, t + i, 1), Status::kOk);
    }
    ASSERT_EQ(cache->Truncate(taken_back), Status::kOk);
    ASSERT_EQ(back.Step(*cache, t, 1), Status::kOk);
  }
  EXPECT_EQ(back.FirstDifference(plain), kShort);
}

TYPED_TEST(KvCacheInt8, SavedAndRestoredItGoesOnWithTheSameBits) {
  std::vector<size_t> cuts = {16, 333};
  if (!golden::kReduced) cuts.insert(cuts.end(), {0, 1, 15, 70});
  this->ExpectToGoOnAfterEach(cuts, kStream);
}

// Keys as they are have no means, which a ring before it is full counts less
// one of.
struct RawRing : Full<20, 12, 2, false> {
  static constexpr Arithmetic kArithmetic = Arithmetic::kInt8;
  static constexpr size_t kWindow = 100, kSinks = 5;
  static constexpr bool kRing = true;
};
class KvCacheInt8RawRing : public SteppedCache<RawRing> {};

TEST_F(KvCacheInt8RawRing, SavedBeforeItIsFullItGoesOnWithTheSameBits) {
  ExpectToGoOnAfterEach({1, 16, 17, 40, 130, 333}, kStream);
}

// One head a kv head and one query a call: the kernel then takes two tiles at a
// time, which must not show.
template <class Config>
struct OneRow : Config {
  static constexpr size_t kMaxQueries = 1;
};
struct ManyRows : Full<64, 64, 4> {};
struct Windowed : Full<20, 24, 4> {
  static constexpr size_t kWindow = 90, kSinks = 70;  // tiles between: unseen
};
struct Endless : Windowed {
  static constexpr bool kRing = true;
};
struct Policed : Full<33, 7, 4> {
  using ScorePolicy = golden::Dilated;  // hides some keys of every tile
};

template <class Config>
class KvCacheInt8Rows : public testing::Test {};
using RowConfigs = testing::Types<ManyRows, Windowed, Endless, Policed>;
TYPED_TEST_SUITE(KvCacheInt8Rows, RowConfigs);

TYPED_TEST(KvCacheInt8Rows, OneRowHasTheBitsOfMany) {
  using Single = OneRow<TypeParam>;
  StreamProblem<TypeParam> many(kStream);
  StreamProblem<Single> one(kStream);
  const auto cache = golden::MakePoisoned<KvCache<TypeParam>>();
  const auto single = golden::MakePoisoned<KvCache<Single>>();
  cache->Clear();
  single->Clear();
  for (size_t t = 0; t < kStream; t += 35) {
    ASSERT_EQ(many.Step(*cache, t, 35), Status::kOk);
  }
  for (size_t t = 0; t < kStream; ++t) {
    ASSERT_EQ(one.Step(*single, t, 1), Status::kOk);
  }
  EXPECT_EQ(one.out, many.out);
  EXPECT_EQ(one.lse, many.lse);
}

// One number for all targets with fused multiply-add, one for all without.
TEST(KvCacheInt8Hash, IsThatOfEveryTarget) {
  constexpr uint64_t kCommitted =
      golden::kHashClass == golden::HashClass::kFused ? 0x3356187c7f6d8061u
                                                      : 0xac0e3bfbf0606a6cu;
  using Config = Full<20, 12, 2>;
  StreamProblem<Config> stream(kTokens);
  const auto cache = golden::MakePoisoned<KvCache<Config>>();
  cache->Clear();
  for (size_t first = 0; first < kTokens; first += 70) {
    ASSERT_EQ(stream.Step(*cache, first, 70), Status::kOk);
  }
  golden::Hash hash;
  hash.Add(stream.out.data(), stream.out.size());
  hash.Add(stream.lse.data(), stream.lse.size());
  EXPECT_EQ(hash.value(), kCommitted);
  golden::ReportHashes("kv_cache_int8", 1, hash.value() == kCommitted);
}

// -------------------------------------------------------------- the reference

// What head `head` is asked and sees at token t.
template <class Config>
class ReferenceOf {
 public:
  using R = Resolved<Config>;

  ReferenceOf(StreamProblem<Config>& stream, size_t head)
      : head_(head), cache_(R::kHeadDim, R::kValueDim, R::kSmoothKeys) {
    stream.Fill(call_, 0, stream.tokens());
  }

  std::vector<float> Step(size_t t) {
    const size_t kv_head = head_ / R::kGroup;
    cache_.Append(RowOf(call_.k, kv_head, t), RowOf(call_.v, kv_head, t));
    std::vector<float> q(RowOf(call_.q, head_, t),
                         RowOf(call_.q, head_, t) + R::kHeadDim);
    for (float& x : q) x *= DefaultScale(R::kHeadDim) * kLog2e;
    std::vector<bool> visible(t + 1, true);
    for (size_t j = R::kSinks; R::kWindow > 0 && j + R::kWindow <= t; ++j) {
      visible[j] = false;
    }
    return cache_.Attend(q, visible, [&](size_t j, float score) {
      return WithAlibi(score, static_cast<float>(t - j));
    });
  }

 private:
  static constexpr float kLog2e = 0x1.715476p0f;

  static const float* RowOf(const View<const float>& view, size_t head,
                            size_t t) {
    return view.data + head * view.head_stride + t * view.token_stride;
  }

  float WithAlibi(float score, float distance) const {
    if constexpr (R::kAlibi) {
      const float slope = call_.alibi_slopes[head_] * kLog2e;
      score = reference::MultiplyAdd(-slope, distance, score);
    }
    return score;
  }

  size_t head_;
  typename StreamProblem<Config>::Call call_;
  reference::Int8Cache cache_;
};

using ReferenceConfigs = std::conditional_t<
    golden::kReduced, testing::Types<Full<5, 33, 1>, Ring, TightRing>,
    testing::Types<Full<64, 64, 4>, Full<20, 12, 2>, Full<5, 33, 1>,
                   Full<160, 8, 2>, Full<64, 64, 4, false>, Windowed, Ring,
                   TightRing>>;
template <class Config>
class KvCacheInt8Reference : public SteppedCache<Config> {};
TYPED_TEST_SUITE(KvCacheInt8Reference, ReferenceConfigs);

// In chunks of any size, each after others that were taken back.
TYPED_TEST(KvCacheInt8Reference, GivesEveryBit) {
  using R = Resolved<TypeParam>;
  StreamProblem<TypeParam> stream(kStream), other(kStream, 77);
  Dice dice(6);
  while (this->position < kStream) {
    const size_t most = std::min(R::kMaxQueries, kStream - this->position);
    const size_t taken_back = R::kRing ? 1 : most;
    ASSERT_EQ(other.Append(*this->cache, this->position, taken_back),
              Status::kOk);
    ASSERT_EQ(this->cache->Truncate(taken_back), Status::kOk);
    const size_t count = dice.Roll(1, most);
    ASSERT_EQ(stream.Step(*this->cache, this->position, count), Status::kOk);
    this->position += count;
  }
  size_t wrong = 0;
  for (size_t head = 0; head < R::kHeads; ++head) {
    ReferenceOf<TypeParam> reference(stream, head);
    for (size_t t = 0; t < kStream; ++t) {
      const std::vector<float> expected = reference.Step(t);
      const float* row = &stream.out[(t * R::kHeads + head) * R::kValueDim];
      wrong +=
          std::memcmp(row, expected.data(), R::kValueDim * sizeof(float)) != 0;
    }
  }
  EXPECT_EQ(wrong, 0u);
}

// ----------------------------------------------------------------- accuracy

// Independent of the target's libm but for what rounds to the same float.
class Normal {
 public:
  explicit Normal(uint32_t seed) : dice_(seed) {}
  double operator()() {
    double sum = -6;  // of twelve uniform numbers: variance 1
    for (int i = 0; i < 12; ++i) {
      sum += static_cast<double>(dice_.Roll(0, 65535)) / 65536;
    }
    return sum;
  }

 private:
  Dice dice_;
};

enum class Inputs : uint8_t { kNormal, kKeyBias, kKeyChannels, kSink, kPeaked };

struct Errors {
  double cosine = 0;       // mean over rows
  double worst = 1;        // least cosine
  double relative_l1 = 0;  // over all
};

template <bool kSmooth>
Errors ErrorsOf(Inputs inputs) {
  using Config = Full<64, 64, 4, kSmooth>;
  using Attention = fovea::Attention<Config>;
  constexpr size_t kKeys = 512, kDim = 64, kHeads = 4, kQueries = 16;
  Normal normal(7);
  std::vector<float> q(kHeads * kQueries * kDim), k(kHeads * kKeys * kDim),
      v(k.size()), out(q.size());
  for (float& x : q) x = static_cast<float>(normal());
  for (float& x : k) x = static_cast<float>(normal());
  for (float& x : v) x = static_cast<float>(normal());
  for (size_t head = 0; head < kHeads; ++head) {
    for (size_t t = 0; t < kKeys; ++t) {
      float* key = &k[(head * kKeys + t) * kDim];
      for (size_t d = 0; d < kDim; ++d) {
        if (inputs == Inputs::kKeyBias && d % 16 == 3) key[d] += 8;
        if (inputs == Inputs::kKeyChannels && d == 11) key[d] *= 20;
        if (inputs == Inputs::kSink && t == 0) {
          key[d] = 0.6f * q[(head * kQueries) * kDim + d];
        }
        if (inputs == Inputs::kPeaked) key[d] *= 3;
      }
    }
  }
  const auto cache = golden::MakePoisoned<KvCache<Config>>();
  const auto workspace = golden::MakePoisoned<typename Attention::Workspace>();
  cache->Clear();
  EXPECT_EQ(cache->Append(HeadMajor<const float>(k.data(), kHeads, kKeys, kDim),
                          HeadMajor<const float>(v.data(), kHeads, kKeys, kDim),
                          kKeys),
            Status::kOk);
  typename Attention::Call call;
  call.q = HeadMajor<const float>(q.data(), kHeads, kQueries, kDim);
  call.out = HeadMajor(out.data(), kHeads, kQueries, kDim);
  call.queries = kQueries;
  call.first_position = kKeys - 1;
  EXPECT_EQ(Attention::Attend(call, *cache, *workspace), Status::kOk);

  Errors errors;
  double difference = 0, size = 0;
  for (size_t row = 0; row < kHeads * kQueries; ++row) {
    const size_t head = row / kQueries;
    std::vector<double> score(kKeys), expected(kDim);
    double most = -1e300, sum = 0;
    for (size_t t = 0; t < kKeys; ++t) {
      for (size_t d = 0; d < kDim; ++d) {
        score[t] += double{q[row * kDim + d]} *
                    double{k[(head * kKeys + t) * kDim + d]} / 8;
      }
      most = std::max(most, score[t]);
    }
    for (size_t t = 0; t < kKeys; ++t) {
      const double p = std::exp(score[t] - most);
      sum += p;
      for (size_t d = 0; d < kDim; ++d) {
        expected[d] += p * double{v[(head * kKeys + t) * kDim + d]};
      }
    }
    double dot = 0, got2 = 0, expected2 = 0;
    for (size_t d = 0; d < kDim; ++d) {
      const double got = double{out[row * kDim + d]};
      const double want = expected[d] / sum;
      dot += got * want, got2 += got * got, expected2 += want * want;
      difference += std::fabs(got - want), size += std::fabs(want);
    }
    const double cosine = dot / std::sqrt(got2 * expected2);
    errors.cosine += cosine / (kHeads * kQueries);
    errors.worst = std::min(errors.worst, cosine);
  }
  errors.relative_l1 = difference / size;
  return errors;
}

TEST(KvCacheInt8Accuracy, IsThatOfTheDocument) {
  struct Row {
    Inputs inputs;
    const char* name;
    double smooth_cosine, smooth_l1;  // bounds
  };
  const Row rows[] = {
      {Inputs::kNormal, "N(0, 1)", 0.9999, 0.012},
      {Inputs::kKeyBias, "key channels + 8", 0.9999, 0.02},
      {Inputs::kKeyChannels, "a key channel x 20", 0.99, 0.2},
      {Inputs::kSink, "a sink", 0.9999, 0.012},
      {Inputs::kPeaked, "keys x 3", 0.9995, 0.03},
  };
  for (const Row& row : rows) {
    // A minute of doubles on an emulated board, where the bits are the host's.
    if (golden::kReduced && golden::kHashClass == golden::HashClass::kFused &&
        row.inputs != Inputs::kKeyBias) {
      continue;
    }
    const Errors smooth = ErrorsOf<true>(row.inputs);
    const Errors plain = ErrorsOf<false>(row.inputs);
    EXPECT_GE(smooth.cosine, row.smooth_cosine) << row.name;
    EXPECT_LE(smooth.relative_l1, row.smooth_l1) << row.name;
    std::printf(
        "%-20s smooth: cosine %.6f worst %.6f L1 %.4f   "
        "plain: cosine %.6f worst %.6f L1 %.4f\n",
        row.name, smooth.cosine, smooth.worst, smooth.relative_l1, plain.cosine,
        plain.worst, plain.relative_l1);
  }
}

// ---------------------------------------------------------------- bad input

using Plain = Full<20, 12, 2>;

TEST(KvCacheInt8Status, WhatHasNoScaleIsRefused) {
  constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
  constexpr float kMost = std::numeric_limits<float>::max();
  for (const float bad : {kNan, HUGE_VALF, -HUGE_VALF, kMost, -kMost}) {
    for (const bool in_key : {true, false}) {
      StreamProblem<Plain> stream(40);
      const auto cache = golden::MakePoisoned<KvCache<Plain>>();
      const auto workspace =
          golden::MakePoisoned<Attention<Plain>::Workspace>();
      cache->Clear();
      ASSERT_EQ(stream.Append(*cache, 0, 30), Status::kOk);
      Attention<Plain>::Call call;
      stream.Fill(call, 30, 5);
      std::vector<float> row(5 * 2 * 20, 1.0f);
      row[67] = bad;
      (in_key ? call.k : call.v) =
          TokenMajor<const float>(row.data(), 2, 5, in_key ? 20 : 12);
      EXPECT_EQ(cache->Append(call.k, call.v, 5), Status::kBadScale);
      EXPECT_EQ(Attention<Plain>::Step(call, *cache, *workspace),
                Status::kBadScale);
      EXPECT_EQ(cache->position(), 30u);
      EXPECT_EQ(stream.out[30 * 48], 0.0f);
    }
  }
}

TEST(KvCacheInt8Status, ANanQueryGivesNanAlone) {
  StreamProblem<Plain> stream(40);
  const auto cache = golden::MakePoisoned<KvCache<Plain>>();
  const auto workspace = golden::MakePoisoned<Attention<Plain>::Workspace>();
  cache->Clear();
  ASSERT_EQ(stream.Append(*cache, 0, 40), Status::kOk);
  for (const float bad : {std::numeric_limits<float>::quiet_NaN(), HUGE_VALF}) {
    Attention<Plain>::Call call;
    stream.Fill(call, 39, 1);
    std::vector<float> q(4 * 20, 0.5f);
    q[21] = bad;  // of head 1
    call.q = TokenMajor<const float>(q.data(), 4, 1, 20);
    call.first_position = 39;
    ASSERT_EQ(Attention<Plain>::Attend(call, *cache, *workspace), Status::kOk);
    for (size_t i = 0; i < 48; ++i) {
      EXPECT_EQ(std::isnan(stream.out[39 * 48 + i]), i / 12 == 1) << i;
    }
  }
}

TEST(KvCacheInt8Status, SavedScalesMustBePositive) {
  StreamProblem<Plain> stream(40);
  const auto cache = golden::MakePoisoned<KvCache<Plain>>();
  cache->Clear();
  ASSERT_EQ(stream.Append(*cache, 0, 40), Status::kOk);
  using Layout = CacheLayout<Resolved<Plain>, int8_t>;
  const size_t values = 2 * Layout::KeysOfHead(40);
  for (const size_t at :
       {Layout::Rows().KeyScales(40), Layout::Rows().KeyScales(40) + 39 * 4,
        values + Layout::Rows().ValueScales(40),
        values + Layout::ValuesOfHead(40) + Layout::Rows().ValueScales(40) +
            7 * 4}) {
    for (const float bad : {0.0f, -1.0f, std::nanf(""), HUGE_VALF}) {
      Saved saved(*cache);
      ASSERT_EQ(saved.status(), Status::kOk);
      saved.SetFloat(at, bad);
      CacheView<Plain> view;
      EXPECT_EQ(CacheView<Plain>::Open(saved.data(), saved.size(), view),
                Status::kBadScale)
          << at << " " << bad;
      EXPECT_EQ(cache->Restore(saved.data(), saved.size()), Status::kBadScale);
      EXPECT_EQ(cache->size(), 40u);
    }
  }
}

// Their means were others.
TEST(KvCacheInt8Status, SavedBytesOfVersion1AreRefused) {
  StreamProblem<Plain> stream(40);
  const auto cache = golden::MakePoisoned<KvCache<Plain>>();
  cache->Clear();
  ASSERT_EQ(stream.Append(*cache, 0, 40), Status::kOk);
  Saved saved(*cache);
  ASSERT_EQ(saved.status(), Status::kOk);
  CacheHeader header = saved.Header();
  EXPECT_EQ(header.version, 2);
  header.version = 1;
  saved.Set(header);
  CacheView<Plain> view;
  EXPECT_EQ(CacheView<Plain>::Open(saved.data(), saved.size(), view),
            Status::kBadFormat);
  EXPECT_EQ(cache->Restore(saved.data(), saved.size()), Status::kBadFormat);
  EXPECT_EQ(cache->size(), 40u);
}

TEST(KvCacheInt8Memory, IsAboutAQuarter) {
  struct Float : Full<64, 64, 4> {
    using CacheElement = float;
  };
  EXPECT_LT(static_cast<double>(sizeof(KvCache<Full<64, 64, 4>>)),
            0.29 * static_cast<double>(sizeof(KvCache<Float>)));
}

}  // namespace
}  // namespace fovea
