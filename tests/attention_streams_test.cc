// SPDX-License-Identifier: Apache-2.0
// Several streams in one call, and streams that share a prefix.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <memory>
#include <vector>

#include "fovea/attention.h"
#include "fovea/kv_cache.h"
#include "stream_problem.h"

namespace fovea {
namespace {

constexpr size_t kTokens = 200;

struct Full : AttentionConfig {
  static constexpr size_t kHeads = 4, kKvHeads = 2, kHeadDim = 20;
  static constexpr size_t kValueDim = 12;
  static constexpr size_t kMaxQueries = 16, kMaxKeys = kTokens;
  static constexpr bool kCausal = true, kLse = true;
};
struct Ring : Full {
  static constexpr size_t kWindow = 50, kSinks = 2;
  static constexpr bool kRing = true;
};
struct WithWeights : Full {
  static constexpr bool kWeights = true;
};

// Streams of different lengths, and a call with the next tokens of all.
template <class Config>
class Streams {
 public:
  using R = Resolved<Config>;
  using Attention = fovea::Attention<Config>;
  using Cache = KvCache<Config>;
  static constexpr size_t kStreams = 5;

  explicit Streams(size_t queries)
      : queries_(queries),
        q_(kStreams * queries * R::kHeads * R::kHeadDim),
        k_(kStreams * queries * R::kKvHeads * R::kHeadDim),
        v_(kStreams * queries * R::kKvHeads * R::kValueDim),
        out(kStreams * queries * kOutRow),
        lse(kStreams * queries * R::kHeads) {
    for (size_t b = 0; b < kStreams; ++b) {
      problems.push_back(
          std::make_unique<StreamProblem<Config>>(kTokens, 100 + b));
      caches.push_back(golden::MakePoisoned<Cache>());
      caches[b]->Clear();
      pointers.push_back(caches[b].get());
      if (Lengths()[b] > 0) {
        EXPECT_EQ(problems[b]->Append(*caches[b], 0, Lengths()[b]),
                  Status::kOk);
      }
      typename Attention::Call one;
      problems[b]->Fill(one, Lengths()[b], queries);
      Copy(one.q, R::kHeads, R::kHeadDim, b, q_);
      Copy(one.k, R::kKvHeads, R::kHeadDim, b, k_);
      Copy(one.v, R::kKvHeads, R::kValueDim, b, v_);
    }
    call.batch = kStreams;
    call.queries = queries;
    call.q =
        TokenMajor<const float>(q_.data(), R::kHeads, queries, R::kHeadDim);
    call.k =
        TokenMajor<const float>(k_.data(), R::kKvHeads, queries, R::kHeadDim);
    call.v =
        TokenMajor<const float>(v_.data(), R::kKvHeads, queries, R::kValueDim);
    call.out = TokenMajor<float>(out.data(), R::kHeads, queries, R::kValueDim);
    call.lse = lse.data();
  }

  static const size_t* Lengths() {
    static const size_t lengths[] = {0, 130, 64, 17, 99};
    return lengths;
  }

  Status Step() {
    const auto workspace =
        golden::MakePoisoned<typename Attention::Workspace>();
    return Attention::Step(call, pointers.data(), *workspace);
  }

  // Whether stream b has the bits of a call of its own.
  bool IsAsAlone(size_t b) {
    const auto cache = golden::MakePoisoned<Cache>();
    cache->Clear();
    const size_t first = Lengths()[b];
    if (first > 0) {
      EXPECT_EQ(problems[b]->Append(*cache, 0, first), Status::kOk);
    }
    EXPECT_EQ(problems[b]->Step(*cache, first, queries_), Status::kOk);
    const size_t floats = queries_ * kOutRow, rows = queries_ * R::kHeads;
    return std::memcmp(&out[b * floats], &problems[b]->out[first * kOutRow],
                       floats * sizeof(float)) == 0 &&
           std::memcmp(&lse[b * rows], problems[b]->chunk_lse.data(),
                       rows * sizeof(float)) == 0 &&
           caches[b]->position() == cache->position();
  }

  bool Untouched() const {
    for (size_t b = 0; b < kStreams; ++b) {
      if (caches[b]->position() != Lengths()[b]) return false;
    }
    for (const float value : out) {
      if (value != 0.0f) return false;
    }
    return true;
  }

 private:
  static constexpr size_t kOutRow = R::kHeads * R::kValueDim;

  void Copy(const View<const float>& from, size_t heads, size_t dim, size_t b,
            std::vector<float>& to) {
    const size_t floats = queries_ * heads * dim;
    std::memcpy(&to[b * floats], from.data, floats * sizeof(float));
  }

  size_t queries_;
  std::vector<float> q_, k_, v_;

 public:
  std::vector<float> out, lse;
  std::vector<std::unique_ptr<StreamProblem<Config>>> problems;
  std::vector<std::unique_ptr<Cache>> caches;
  std::vector<Cache*> pointers;
  typename Attention::Call call;
};

template <class Config>
class AttentionStreams : public testing::Test {};
using Configs = testing::Types<Full, Ring>;
TYPED_TEST_SUITE(AttentionStreams, Configs);

TYPED_TEST(AttentionStreams, EachHasTheBitsOfACallOfItsOwn) {
  for (const size_t queries : {1, 2, 16}) {
    Streams<TypeParam> streams(queries);
    ASSERT_EQ(streams.Step(), Status::kOk);
    for (size_t b = 0; b < streams.kStreams; ++b) {
      EXPECT_TRUE(streams.IsAsAlone(b)) << b << " " << queries;
    }
  }
}

TYPED_TEST(AttentionStreams, OneBadStreamStopsAll) {
  {
    Streams<TypeParam> streams(2);
    streams.pointers[3] = nullptr;
    EXPECT_EQ(streams.Step(), Status::kNullPointer);
    EXPECT_TRUE(streams.Untouched());
  }
  {
    Streams<TypeParam> streams(2);
    streams.pointers[4] = streams.pointers[1];
    EXPECT_EQ(streams.Step(), Status::kUnsupported);
    EXPECT_TRUE(streams.Untouched());
  }
  {
    Streams<TypeParam> streams(2);
    streams.call.batch = 0;
    EXPECT_EQ(streams.Step(), Status::kZeroCount);
    EXPECT_TRUE(streams.Untouched());
  }
  {
    Streams<TypeParam> streams(2);
    const auto workspace =
        golden::MakePoisoned<typename Attention<TypeParam>::Workspace>();
    KvCache<TypeParam>* const* none = nullptr;
    EXPECT_EQ(Attention<TypeParam>::Step(streams.call, none, *workspace),
              Status::kNullPointer);
    // An array of caches is needed for more than one stream.
    EXPECT_EQ(Attention<TypeParam>::Step(streams.call, *streams.caches[0],
                                         *workspace),
              Status::kUnsupported);
    EXPECT_TRUE(streams.Untouched());
  }
}

TEST(AttentionStreamsStatus, OneFullCacheStopsAll) {
  Streams<Full> streams(16);
  const size_t room = kTokens - 130;
  ASSERT_EQ(streams.problems[1]->Append(*streams.caches[1], 130, room - 15),
            Status::kOk);
  EXPECT_EQ(streams.Step(), Status::kCacheFull);
  EXPECT_EQ(streams.caches[0]->position(), 0u);
  EXPECT_EQ(streams.caches[1]->position(), kTokens - 15);
}

TEST(AttentionStreamsStatus, WeightsAreOfOneStream) {
  Streams<WithWeights> streams(1);
  std::vector<float> weights(5 * 4 * kTokens, 0.5f);
  streams.call.weights = weights.data();
  EXPECT_EQ(streams.Step(), Status::kUnsupported);
  EXPECT_TRUE(streams.Untouched());
}

// Beams: a prefix in one cache that all read, and a few tokens of their own;
// the two parts merge in key order.
TEST(AttentionSharedPrefix, MergesWithEachBeamsOwnTokens) {
  constexpr size_t kPrefix = 150, kOwn = 20, kLast = kPrefix + kOwn - 1;
  using Attention = fovea::Attention<Full>;
  StreamProblem<Full> stream(kTokens), whole(kTokens);
  const auto prefix = golden::MakePoisoned<KvCache<Full>>();
  const auto own = golden::MakePoisoned<KvCache<Full>>();
  const auto all = golden::MakePoisoned<KvCache<Full>>();
  prefix->Clear(), own->Clear(), all->Clear();
  ASSERT_EQ(stream.Append(*prefix, 0, kPrefix), Status::kOk);
  ASSERT_EQ(stream.Append(*own, kPrefix, kOwn), Status::kOk);
  ASSERT_EQ(stream.Append(*all, 0, kPrefix + kOwn), Status::kOk);
  ASSERT_EQ(whole.Attend(*all, kLast, 1), Status::kOk);

  const auto workspace = golden::MakePoisoned<Attention::PartialWorkspace>();
  Attention::Call call;
  stream.Fill(call, kLast, 1);
  std::vector<float> numerator(2 * 4 * 12), max(2 * 4), sum(2 * 4);
  Attention::Partial partials[2];
  for (size_t i = 0; i < 2; ++i) {
    partials[i].numerator = HeadMajor(&numerator[i * 48], 4, 1, 12);
    partials[i].max = &max[i * 4];
    partials[i].sum = &sum[i * 4];
  }
  call.first_position = kLast;
  ASSERT_EQ(Attention::AttendPartial(call, *prefix, 0, kPrefix, partials[0],
                                     *workspace),
            Status::kOk);
  call.first_position = kOwn - 1;  // counted from the beam's own key 0
  ASSERT_EQ(
      Attention::AttendPartial(call, *own, 0, kOwn, partials[1], *workspace),
      Status::kOk);
  ASSERT_EQ(Attention::MergePartials(call, partials, 2), Status::kOk);
  for (size_t i = 0; i < 48; ++i) {
    EXPECT_NEAR(stream.out[kLast * 48 + i], whole.out[kLast * 48 + i], 1e-6)
        << i;
  }
  for (size_t head = 0; head < 4; ++head) {
    EXPECT_NEAR(stream.chunk_lse[head], whole.chunk_lse[head], 1e-6) << head;
  }
}

}  // namespace
}  // namespace fovea
