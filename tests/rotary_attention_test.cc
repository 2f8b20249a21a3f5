// SPDX-License-Identifier: Apache-2.0
// Queries and keys that turn on the way: caches of every element, angles from a
// table, several streams, a stream far from its beginning, partials, and what
// is refused.  rotary_attention_golden_test.cc has the values.
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <vector>

#include "fovea/attention.h"
#include "fovea/kv_cache.h"
#include "fovea/rope.h"
#include "tests/golden/golden.h"
#include "tests/golden/poison.h"
#include "tests/misaligned.h"
#include "tests/saved_cache.h"

namespace fovea {
namespace {

constexpr size_t kTokens = 90;
constexpr size_t kRotary = 12;  // of 20 dims

struct Computed : AttentionConfig {
  static constexpr size_t kHeads = 4, kKvHeads = 2, kHeadDim = 20;
  static constexpr size_t kValueDim = 12, kRotaryDim = kRotary;
  static constexpr size_t kMaxQueries = 33, kMaxKeys = kTokens;
  static constexpr bool kCausal = true;
};
struct Looked : Computed {
  static constexpr size_t kRotaryPositions = kTokens;
};
struct Interleaved : Computed {
  static constexpr RopePairs kRotaryPairs = RopePairs::kInterleaved;
};
struct Bfloat16 : Computed {
  using CacheElement = hwy::bfloat16_t;
};
struct Float16 : Interleaved {
  using CacheElement = hwy::float16_t;
};
struct Int8 : Computed {
  using CacheElement = int8_t;
};
struct Int8Looked : Looked {
  using CacheElement = int8_t;
};
struct Ring : Computed {
  static constexpr size_t kWindow = 30, kSinks = 2;
  static constexpr bool kRing = true;
};
struct Int8Ring : Ring {
  using CacheElement = int8_t;
};

// The same, turning nothing.
template <class Config>
struct Unturned : Config {
  static constexpr size_t kRotaryDim = 0, kRotaryPositions = 0;
};

// What is off costs no RAM, and what is on no more than its rows.
static_assert(sizeof(Attention<Unturned<Computed>>::Call) <
                  sizeof(Attention<Computed>::Call),
              "a rope is a member of those calls alone that need one");
static_assert(sizeof(KvCache<Unturned<Int8>>) == sizeof(KvCache<Int8>),
              "a cache keeps no angles");

std::vector<float> Random(uint64_t tensor, size_t count) {
  const golden::Stream stream(42, tensor);
  std::vector<float> values(count);
  for (size_t i = 0; i < count; ++i) values[i] = stream[i];
  return values;
}

constexpr Rope<kRotary> kRope(10000.0);

template <class Config, size_t kPositions = Config::kRotaryPositions>
const auto& RotaryFrom(uint64_t first) {
  if constexpr (kPositions == 0) {
    static_cast<void>(first);
    return kRope;
  } else {
    static RopeTable<kRotary, kPositions> table;
    EXPECT_EQ(table.Fill(kRope, first), Status::kOk);
    return table;
  }
}

// q, k, v and out of a stream, [token][head][dim].
template <class Config>
class Problem {
 public:
  using R = Resolved<Config>;
  using Core = Attention<Config>;
  using Call = typename Core::Call;

  explicit Problem(uint64_t first = 0) : first_(first) {
    cache->Clear();
    workspace = golden::MakePoisoned<typename Core::Workspace>();
  }

  Call CallOf(size_t first, size_t count) {
    Call call;
    call.q = Tokens<const float>(q, R::kHeads, R::kHeadDim, first);
    call.k = Tokens<const float>(k, R::kKvHeads, R::kHeadDim, first);
    call.v = Tokens<const float>(v, R::kKvHeads, R::kValueDim, first);
    call.out = Tokens<float>(out, R::kHeads, R::kValueDim, first);
    call.queries = call.keys = count;
    if constexpr (R::kRotaryDim > 0) {
      call.rope = &RotaryFrom<Config>(first_);
      call.rotary_position = first_;
    }
    return call;
  }

  // In chunks of 1, 2, 3 ... tokens.
  std::vector<float> Steps() {
    size_t count = 1;
    for (size_t t = 0; t < kTokens; t += count, ++count) {
      if (count > kTokens - t) count = kTokens - t;
      EXPECT_EQ(Core::Step(CallOf(t, count), *cache, *workspace), Status::kOk);
    }
    return out;
  }

  // Turns q and k by itself.
  void Turn(uint64_t first) {
    const auto turn = [&](std::vector<float>& rows, size_t heads) {
      const auto view = Tokens<float>(rows, heads, R::kHeadDim, 0);
      EXPECT_EQ(kRope.Apply(view, heads, kTokens, first, R::kRotaryPairs),
                Status::kOk);
    };
    turn(q, R::kHeads);
    turn(k, R::kKvHeads);
  }

  template <class T>
  static View<T> Tokens(std::vector<float>& values, size_t heads, size_t dim,
                        size_t first) {
    return TokenMajor<T>(values.data() + first * heads * dim, heads, 0, dim);
  }

  std::vector<float> q = Random(0, kTokens* R::kHeads* R::kHeadDim);
  std::vector<float> k = Random(1, kTokens* R::kKvHeads* R::kHeadDim);
  std::vector<float> v = Random(2, kTokens* R::kKvHeads* R::kValueDim);
  std::vector<float> out =
      std::vector<float>(kTokens * R::kHeads * R::kValueDim, 7.0f);
  std::unique_ptr<KvCache<Config>> cache =
      golden::MakePoisoned<KvCache<Config>>();
  std::unique_ptr<typename Core::Workspace> workspace;

 private:
  uint64_t first_;
};

template <class Config>
class RotaryAttention : public testing::Test {};
using Configs = testing::Types<Computed, Looked, Interleaved, Bfloat16, Float16,
                               Int8, Int8Looked, Ring, Int8Ring>;
TYPED_TEST_SUITE(RotaryAttention, Configs);

TYPED_TEST(RotaryAttention, HasTheBitsOfTurningFirst) {
  for (const uint64_t first : {uint64_t{0}, uint64_t{16777000}}) {
    Problem<TypeParam> problem(first);
    Problem<Unturned<TypeParam>> turned;
    turned.Turn(first);
    EXPECT_EQ(problem.Steps(), turned.Steps()) << first;
  }
}

// The queries of a call are turned in every orientation that a kernel has: one,
// few and many rows.
TEST(RotaryAttentionCalls, RunTurnsAnyNumberOfQueries) {
  for (const size_t queries : {1u, 2u, 5u, 33u}) {
    for (const size_t parts : {1u, 3u}) {
      Problem<Computed> problem;
      Problem<Unturned<Computed>> turned;
      turned.Turn(0);
      problem.k = turned.k;
      const size_t first = kTokens - queries;
      auto call = problem.CallOf(first, queries);
      auto expected = turned.CallOf(first, queries);
      call.k = expected.k = turned.CallOf(0, 1).k;
      call.v = expected.v = turned.CallOf(0, 1).v;
      call.keys = expected.keys = kTokens;
      call.first_position = expected.first_position =
          static_cast<int64_t>(first);
      for (size_t part = 0; part < parts; ++part) {
        ASSERT_EQ(
            Attention<Computed>::Run(call, *problem.workspace, part, parts),
            Status::kOk);
      }
      ASSERT_EQ(Attention<Unturned<Computed>>::Run(expected, *turned.workspace),
                Status::kOk);
      EXPECT_EQ(problem.out, turned.out) << queries;
    }
  }
}

// Moves a ring to a position that no test can wait for.
template <class Cache>
void Advance(Cache& cache, uint64_t tokens) {
  Saved saved(cache);
  CacheHeader header = saved.Header();
  header.position += tokens;
  header.end += tokens;
  saved.Set(header);
  ASSERT_EQ(cache.Restore(saved.data(), saved.size()), Status::kOk);
}

TEST(RotaryAttentionCalls, ARingTurnsByItsOwnPositionHoweverFar) {
  constexpr size_t kFirst = 70;
  for (const uint64_t far : {uint64_t{1} << 24, uint64_t{1} << 40}) {
    Problem<Ring> problem;
    Problem<Unturned<Ring>> turned;
    turned.Turn(0);
    auto call = problem.CallOf(0, 1);
    auto expected = turned.CallOf(0, 1);
    // Twice, for the ring to be full.
    for (const uint64_t position : {uint64_t{0}, uint64_t{kFirst}}) {
      ASSERT_EQ(problem.cache->AppendTurned(call.k, call.v, kFirst, kRope,
                                            uint64_t{0} - position),
                Status::kOk);
      ASSERT_EQ(turned.cache->Append(expected.k, expected.v, kFirst),
                Status::kOk);
    }
    Advance(*problem.cache, far);
    Advance(*turned.cache, far);
    turned.k = problem.k;
    turned.q = problem.q;
    turned.Turn(far + kFirst);
    call = problem.CallOf(kFirst, 9);
    expected = turned.CallOf(kFirst, 9);
    ASSERT_EQ(Attention<Ring>::Step(call, *problem.cache, *problem.workspace),
              Status::kOk);
    ASSERT_EQ(Attention<Unturned<Ring>>::Step(expected, *turned.cache,
                                              *turned.workspace),
              Status::kOk);
    EXPECT_EQ(problem.out, turned.out) << far;
  }
}

// A private cache goes on where a shared prefix ends: positions are given by
// rotary_position, and the merged result is near the whole stream's.
TEST(RotaryAttentionCalls, PartialsOfTwoCachesMakeOneStream) {
  using Core = Attention<Computed>;
  constexpr size_t kPrefix = 50;
  Problem<Computed> whole;
  const std::vector<float> expected = whole.Steps();
  Problem<Computed> problem;
  const auto rest = golden::MakePoisoned<KvCache<Computed>>();
  rest->Clear();
  auto call = problem.CallOf(0, kTokens);
  ASSERT_EQ(problem.cache->AppendTurned(call.k, call.v, kPrefix, kRope),
            Status::kOk);
  call = problem.CallOf(kPrefix, kTokens - kPrefix);
  ASSERT_EQ(
      rest->AppendTurned(call.k, call.v, kTokens - kPrefix, kRope, kPrefix),
      Status::kOk);
  // The last token's query.
  call = problem.CallOf(kTokens - 1, 1);
  std::vector<float> sums(2 * 2 * 4), numerators(2 * 4 * 12);
  Core::Partial partials[2];
  const auto workspace = golden::MakePoisoned<Core::PartialWorkspace>();
  for (size_t i = 0; i < 2; ++i) {
    partials[i].numerator =
        TokenMajor(numerators.data() + i * 4 * 12, 4, 1, 12);
    partials[i].max = sums.data() + i * 8;
    partials[i].sum = sums.data() + i * 8 + 4;
    const auto& cache = i == 0 ? *problem.cache : *rest;
    call.first_position = static_cast<int64_t>(kTokens - 1 - i * kPrefix);
    call.rotary_position = i * kPrefix;
    ASSERT_EQ(Core::AttendPartial(call, cache, 0, cache.size(), partials[i],
                                  *workspace),
              Status::kOk);
  }
  ASSERT_EQ(Core::MergePartials(call, partials, 2), Status::kOk);
  for (size_t i = expected.size() - 48; i < expected.size(); ++i) {
    EXPECT_NEAR(problem.out[i], expected[i], 2e-6f) << i;
  }
}

TEST(RotaryAttentionCalls, SeveralStreamsTurnByTheirOwnPositions) {
  using Core = Attention<Computed>;
  constexpr size_t kLengths[] = {0, 40};
  std::vector<float> q, k, v;
  std::vector<std::unique_ptr<Problem<Computed>>> alone;
  std::unique_ptr<KvCache<Computed>> caches[2];
  KvCache<Computed>* pointers[2];
  for (size_t b = 0; b < 2; ++b) {
    alone.push_back(std::make_unique<Problem<Computed>>());
    Problem<Computed>& one = *alone.back();
    caches[b] = golden::MakePoisoned<KvCache<Computed>>();
    caches[b]->Clear();
    pointers[b] = caches[b].get();
    const auto prompt = one.CallOf(0, 1);
    if (kLengths[b] > 0) {
      for (KvCache<Computed>* cache : {pointers[b], one.cache.get()}) {
        ASSERT_EQ(cache->AppendTurned(prompt.k, prompt.v, kLengths[b], kRope),
                  Status::kOk);
      }
    }
    const auto call = one.CallOf(kLengths[b], 1);
    q.insert(q.end(), call.q.data, call.q.data + 4 * 20);
    k.insert(k.end(), call.k.data, call.k.data + 2 * 20);
    v.insert(v.end(), call.v.data, call.v.data + 2 * 12);
    ASSERT_EQ(Core::Step(call, *one.cache, *one.workspace), Status::kOk);
  }
  std::vector<float> out(2 * 4 * 12);
  Core::Call call;
  call.batch = 2;
  call.queries = 1;
  call.q = TokenMajor<const float>(q.data(), 4, 1, 20);
  call.k = TokenMajor<const float>(k.data(), 2, 1, 20);
  call.v = TokenMajor<const float>(v.data(), 2, 1, 12);
  call.out = TokenMajor(out.data(), 4, 1, 12);
  call.rope = &kRope;
  ASSERT_EQ(Core::Step(call, pointers, *alone[0]->workspace), Status::kOk);
  for (size_t b = 0; b < 2; ++b) {
    const float* expected = alone[b]->out.data() + kLengths[b] * 48;
    EXPECT_EQ(std::memcmp(out.data() + b * 48, expected, 48 * sizeof(float)), 0)
        << b;
  }
}

// Nothing is written, no token taken.
template <class Config, class Spoil>
void ExpectRefused(Status status, const Spoil& spoil) {
  using Core = Attention<Config>;
  Problem<Config> problem;
  auto call = problem.CallOf(0, 3);
  ASSERT_EQ(Core::Step(call, *problem.cache, *problem.workspace), Status::kOk);
  std::vector<float> before(kTokens * 4 * 12, 7.0f);
  problem.out = before;
  call = problem.CallOf(3, 3);
  spoil(call);
  EXPECT_EQ(Core::Step(call, *problem.cache, *problem.workspace), status);
  call.first_position = 3;
  EXPECT_EQ(Core::Attend(call, *problem.cache, *problem.workspace), status);
  EXPECT_EQ(Core::Run(call, *problem.workspace), status);
  EXPECT_EQ(problem.out, before);
  EXPECT_EQ(problem.cache->size(), 3u);
}

TEST(RotaryAttentionCalls, RefuseABadRope) {
  ExpectRefused<Computed>(Status::kNullPointer,
                          [](auto& call) { call.rope = nullptr; });
  ExpectRefused<Looked>(Status::kNullPointer,
                        [](auto& call) { call.rope = nullptr; });
  Misaligned<Rope<kRotary>> misaligned;
  ExpectRefused<Computed>(Status::kMisaligned,
                          [&](auto& call) { call.rope = &misaligned.Get(); });
  const Rope<kRotary> invalid(0.5);
  ExpectRefused<Computed>(Status::kBadScale,
                          [&](auto& call) { call.rope = &invalid; });
  ExpectRefused<Looked>(Status::kTooManyTokens,
                        [](auto& call) { call.rotary_position = kTokens - 5; });
  ExpectRefused<Looked>(Status::kTooManyTokens,
                        [](auto& call) { call.rotary_position -= 4; });
}

TEST(RotaryAttentionCalls, AppendTurnedRefusesWhatItCannotTurn) {
  Problem<Looked> problem;
  const auto call = problem.CallOf(0, 3);
  const auto append = [&](size_t tokens, const auto& rope, uint64_t first) {
    return problem.cache->AppendTurned(call.k, call.v, tokens, rope, first);
  };
  EXPECT_EQ(append(0, *call.rope, 0), Status::kZeroCount);
  EXPECT_EQ(append(kTokens + 1, *call.rope, 0), Status::kCacheFull);
  EXPECT_EQ(append(3, *call.rope, kTokens - 2), Status::kTooManyTokens);
  EXPECT_EQ(problem.cache->size(), 0u);
  EXPECT_EQ(append(3, *call.rope, kTokens - 3), Status::kOk);

  Problem<Computed> computed;
  const Rope<kRotary> invalid(0.5);
  EXPECT_EQ(computed.cache->AppendTurned(call.k, call.v, 3, invalid),
            Status::kBadScale);
  Misaligned<Rope<kRotary>> misaligned;
  EXPECT_EQ(computed.cache->AppendTurned(call.k, call.v, 3, misaligned.Get()),
            Status::kMisaligned);
  EXPECT_EQ(computed.cache->size(), 0u);
}

// Turning can raise an entry, and what an int8 cache computes must stay finite.
TEST(RotaryAttentionCalls, AnInt8CacheRefusesKeysThatTurnTooLarge) {
  Problem<Int8> problem;
  const float most = 3.402823466e+38f / 4;
  const auto call = problem.CallOf(0, 1);
  problem.k[2] = most * 1.001f;
  EXPECT_EQ(problem.cache->AppendTurned(call.k, call.v, 1, kRope),
            Status::kBadScale);
  problem.k[2] = most;
  problem.k[2 + kRotary / 2] = most;
  EXPECT_EQ(problem.cache->AppendTurned(call.k, call.v, 1, kRope), Status::kOk);
}

}  // namespace
}  // namespace fovea
