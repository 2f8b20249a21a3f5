// SPDX-License-Identifier: Apache-2.0
// Caches through the C interface, stepped as a stream: the bits of the C++
// templates on every target that this CPU can run.

#include <gtest/gtest.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "fovea/attention.h"
#include "fovea/fovea.h"
#include "fovea/kv_cache.h"
#include "tests/golden/c_call.h"
#include "tests/golden/every_target.h"
#include "tests/golden/golden.h"
#include "tests/golden/poison.h"
#include "tests/stream_problem.h"

namespace fovea {
namespace {

using golden::CCache;
using golden::CCall;
using golden::InputOf;
using golden::OutputOf;

constexpr size_t kTokens = 700;

template <class Element>
constexpr fovea_element ElementOf() {
  const uint16_t code = ElementCode<Element>(Arithmetic::kFloat);
  return static_cast<fovea_element>(code);
}

// The stream of a config, stepped through C.
template <class Config>
class CStream {
  using R = Resolved<Config>;

 public:
  explicit CStream(StreamProblem<Config>& problem)
      : problem_(problem), cache_(Shape()) {
    EXPECT_EQ(cache_.status, FOVEA_OK);
    call_.MakeRoomFor(cache_.cache);
  }

  static fovea_cache_shape Shape() {
    fovea_attention call = {};
    call.kv_heads = R::kKvHeads;
    call.head_dim = R::kHeadDim, call.value_dim = R::kValueDim;
    const auto element = ElementOf<typename Config::CacheElement>();
    fovea_cache_shape shape = CCache::ShapeOf(call, R::kMaxKeys, element);
    shape.raw_keys = !R::kSmoothKeys;
    if (R::kRing) {
      shape.window = R::kWindow, shape.sinks = R::kSinks;
      shape.max_queries = R::kMaxQueries;
    }
    return shape;
  }

  // A call of `count` tokens from `first` on.
  fovea_attention& Fill(size_t first, size_t count) {
    typename Attention<Config>::Call from;
    problem_.Fill(from, first, count);
    fovea_attention& call = call_.call;
    call.batch = 1, call.heads = R::kHeads, call.kv_heads = R::kKvHeads;
    call.queries = count, call.causal = R::kCausal;
    call.window = R::kWindow, call.sinks = R::kSinks;
    call.q = InputOf(from.q), call.k = InputOf(from.k);
    call.v = InputOf(from.v), call.out = OutputOf(from.out);
    if constexpr (R::kLse) call.lse = from.lse;
    if constexpr (R::kAlibi) call.alibi_slopes = from.alibi_slopes;
    if constexpr (R::kSoftcap) call.softcap = from.softcap;
    if constexpr (R::kSinkLogits) call.sink_logits = from.sink_logits;
    return call;
  }

  fovea_status Step(size_t first, size_t count) {
    const fovea_attention& call = Fill(first, count);
    const fovea_status status = fovea_cache_step(cache(), &call);
    if (status == FOVEA_OK) problem_.KeepLse(first, count);
    return status;
  }

  fovea_cache* cache() { return cache_.cache; }

 private:
  StreamProblem<Config>& problem_;
  CCache cache_;
  CCall call_{R::kHeadDim, R::kValueDim};
};

template <class Config>
void StepByTemplate(StreamProblem<Config>& stream, size_t tokens) {
  const auto cache = golden::MakePoisoned<KvCache<Config>>();
  cache->Clear();
  for (size_t t = 0; t < tokens;) {
    const size_t count = std::min<size_t>(Config::kMaxQueries, tokens - t);
    ASSERT_EQ(stream.Step(*cache, t, count), Status::kOk);
    t += count;
  }
}

// In chunks, some of a single token, with tokens that were taken back.
template <class Config>
void StepByC(StreamProblem<Config>& stream, size_t tokens) {
  CStream<Config> c(stream);
  Dice dice(9);
  for (size_t t = 0; t < tokens;) {
    const size_t most = std::min<size_t>(60, tokens - t);
    const size_t count = t % 3 == 0 ? 1 : dice.Roll(1, most);
    ASSERT_EQ(c.Step(t, count), FOVEA_OK);
    t += count;
    EXPECT_EQ(fovea_cache_position(c.cache()), t);
    if (dice.Roll(0, 3) != 0) continue;
    const fovea_status status = fovea_cache_truncate(c.cache(), 1);
    if (Config::kRing && status == FOVEA_FORGOTTEN) continue;
    ASSERT_EQ(status, FOVEA_OK);
    --t;
  }
}

template <class Config>
void ExpectTheBitsOfTheTemplate() {
  StreamProblem<Config> expected(kTokens);
  StepByTemplate(expected, kTokens);
  golden::ForEachTarget([&] {
    StreamProblem<Config> stream(kTokens);
    StepByC(stream, kTokens);
    const bool same_class =
        (fovea_target_fuses() != 0) == HWY_NAMESPACE::kFuses;
    if (same_class) {
      EXPECT_EQ(stream.FirstDifference(expected), kTokens);
    }
  });
}

// ----------------------------------------------------------------------- int8

template <size_t kHeadDimArg, size_t kValueDimArg, size_t kKvHeadsArg>
struct Int8 : AttentionConfig {
  using CacheElement = int8_t;
  static constexpr size_t kHeads = 4, kKvHeads = kKvHeadsArg;
  static constexpr size_t kHeadDim = kHeadDimArg, kValueDim = kValueDimArg;
  static constexpr size_t kMaxQueries = 97, kMaxKeys = kTokens;
  static constexpr bool kCausal = true, kLse = true;
};
struct RawKeys : Int8<33, 40, 4> {
  static constexpr bool kSmoothKeys = false;
};
struct Rich : Int8<20, 12, 2> {
  static constexpr size_t kWindow = 90, kSinks = 70;
  static constexpr bool kSoftcap = true, kAlibi = true, kSinkLogits = true;
};

TEST(CCacheInt8, HasTheBitsOfTheTemplate) {
  ExpectTheBitsOfTheTemplate<RawKeys>();
  ExpectTheBitsOfTheTemplate<Rich>();
}

// Those that kv_cache_int8_test has, of targets with fused multiply-add and
// without.
TEST(CCacheInt8, HasTheCommittedBitsOnEveryTarget) {
  golden::ForEachTarget([&] {
    StreamProblem<Int8<20, 12, 2>> stream(kTokens);
    StepByC(stream, kTokens);
    golden::Hash hash;
    hash.Add(stream.out.data(), stream.out.size());
    hash.Add(stream.lse.data(), stream.lse.size());
    EXPECT_EQ(hash.value(),
              fovea_target_fuses() ? 0x3356187c7f6d8061u : 0xac0e3bfbf0606a6cu);
  });
}

TEST(CCacheInt8, RefusesWhatHasNoScale) {
  using Config = Int8<20, 12, 2>;
  for (const float bad : {std::nanf(""), HUGE_VALF, -3e38f}) {
    for (const bool in_key : {true, false}) {
      StreamProblem<Config> stream(40);
      CStream<Config> c(stream);
      ASSERT_EQ(c.Step(0, 30), FOVEA_OK);
      fovea_attention& call = c.Fill(30, 5);
      std::vector<float> row(5 * 2 * 20, 1.0f);
      row[67] = bad;
      const size_t dim = in_key ? 20 : 12;
      (in_key ? call.k : call.v) = {row.data(), 0, dim, 2 * dim};
      EXPECT_EQ(fovea_cache_append(c.cache(), call.k, call.v, 5),
                FOVEA_BAD_SCALE);
      EXPECT_EQ(fovea_cache_step(c.cache(), &call), FOVEA_BAD_SCALE);
      EXPECT_EQ(fovea_cache_size(c.cache()), 30u);
      EXPECT_EQ(stream.out[30 * 48], 0.0f);
    }
  }
}

// Turning may raise an entry by a half.
TEST(CCacheInt8, RefusesKeysThatTurningMayMakeTooLarge) {
  using Config = Int8<20, 12, 2>;
  StreamProblem<Config> stream(40);
  CStream<Config> c(stream);
  const fovea_attention& call = c.Fill(0, 1);
  std::vector<float> keys(2 * 20, 1e38f);
  const fovea_input k = {keys.data(), 0, 20, 40};
  uint64_t rates[4];
  ASSERT_EQ(fovea_rope_rates(8, 1e4, FOVEA_ROPE_UNSCALED, 1, rates), FOVEA_OK);
  fovea_rotary rotary = {};
  rotary.struct_bytes = sizeof(rotary), rotary.turner = fovea_rope_turner();
  rotary.rates = rates, rotary.dim = 8;
  EXPECT_EQ(fovea_cache_append_turned(c.cache(), k, call.v, 1, &rotary),
            FOVEA_BAD_SCALE);
  fovea_attention turned = call;
  turned.k = k, turned.rotary = &rotary;
  EXPECT_EQ(fovea_cache_step(c.cache(), &turned), FOVEA_BAD_SCALE);
  EXPECT_EQ(fovea_cache_append(c.cache(), k, call.v, 1), FOVEA_OK);
}

TEST(CCacheInt8, NeedsAWorkspaceOfItsOwnSize) {
  using Config = Int8<20, 12, 2>;
  StreamProblem<Config> stream(40);
  CStream<Config> c(stream);
  fovea_attention& call = c.Fill(0, 1);
  EXPECT_GT(call.workspace_bytes, fovea_attention_workspace_bytes(20, 12));
  --call.workspace_bytes;
  EXPECT_EQ(fovea_cache_step(c.cache(), &call), FOVEA_TOO_SHORT);
  EXPECT_EQ(fovea_cache_workspace_bytes(nullptr), 0u);
}

// Weights, and what a partial of a part of the keys becomes.
struct Outputs : Int8<20, 12, 2> {
  static constexpr bool kWeights = true;
  static constexpr ScoreStage kScores = ScoreStage::kScaled;
};

TEST(CCacheInt8, HasTheOptionalOutputsOfTheTemplate) {
  using Config = Outputs;
  constexpr size_t kKeys = 100, kQueries = 3;
  StreamProblem<Config> stream(kKeys), same(kKeys);
  const auto cache = golden::MakePoisoned<KvCache<Config>>();
  cache->Clear();
  ASSERT_EQ(same.Append(*cache, 0, kKeys), Status::kOk);
  using A = Attention<Config>;
  const auto room = golden::MakePoisoned<A::Workspace>();
  const size_t size = 4 * kQueries * kKeys;
  std::vector<float> weights(size), scores(size), c_weights(size),
      c_scores(size);
  A::Call expected;
  same.Fill(expected, kKeys - kQueries, kQueries);
  expected.first_position = kKeys - kQueries;
  expected.weights = weights.data(), expected.scores = scores.data();
  ASSERT_EQ(A::Attend(expected, *cache, *room), Status::kOk);
  const auto partial_room = golden::MakePoisoned<A::PartialWorkspace>();
  std::vector<float> numerator(4 * kQueries * 12), c_numerator(numerator);
  std::vector<float> max(4 * kQueries), sum(max), c_max(max), c_sum(max);
  const A::Partial partial = {HeadMajor(numerator.data(), 4, kQueries, 12),
                              max.data(), sum.data()};
  ASSERT_EQ(A::AttendPartial(expected, *cache, 20, 90, partial, *partial_room),
            Status::kOk);
  golden::ForEachTarget([&] {
    CStream<Config> c(stream);
    fovea_attention& call = c.Fill(0, kKeys);
    ASSERT_EQ(fovea_cache_append(c.cache(), call.k, call.v, kKeys), FOVEA_OK);
    c.Fill(kKeys - kQueries, kQueries);
    call.first_position = kKeys - kQueries;
    call.weights = c_weights.data(), call.scores = c_scores.data();
    call.score_stage = FOVEA_SCORES_SCALED;
    ASSERT_EQ(fovea_cache_attend(c.cache(), &call), FOVEA_OK);
    const View<float> to = HeadMajor(c_numerator.data(), 4, kQueries, 12);
    const fovea_partial part = {sizeof(part), OutputOf(to), c_max.data(),
                                c_sum.data()};
    ASSERT_EQ(fovea_cache_attend_partial(c.cache(), &call, 20, 90, &part),
              FOVEA_OK);
    if (fovea_target_fuses() != HWY_NAMESPACE::kFuses) return;
    EXPECT_EQ(c_weights, weights);
    EXPECT_EQ(c_scores, scores);
    EXPECT_EQ(c_numerator, numerator);
    EXPECT_EQ(c_max, max);
    EXPECT_EQ(c_sum, sum);
    EXPECT_EQ(stream.out, same.out);
  });
}

// ----------------------------------------------------------------------- ring

template <class ElementArg>  // the base has an Element, which would hide one
struct Ring : AttentionConfig {
  using CacheElement = ElementArg;
  static constexpr size_t kHeads = 4, kKvHeads = 2;
  static constexpr size_t kHeadDim = 20, kValueDim = 12;
  static constexpr size_t kMaxQueries = 60, kMaxKeys = kTokens;
  static constexpr size_t kWindow = 100, kSinks = 5;
  static constexpr bool kRing = true, kAlibi = true, kCausal = true;
  static constexpr bool kLse = true;
};
struct TightRing : Ring<float> {
  static constexpr size_t kWindow = 64, kSinks = 0, kMaxQueries = 1;
  static constexpr bool kAlibi = false;
};

TEST(CCacheRing, HasTheBitsOfTheTemplate) {
  ExpectTheBitsOfTheTemplate<Ring<float>>();
  ExpectTheBitsOfTheTemplate<Ring<hwy::bfloat16_t>>();
  ExpectTheBitsOfTheTemplate<Ring<int8_t>>();
}

// Steps of more tokens than it was made for, which it takes in pieces.
TEST(CCacheRing, TakesLongStepsInPieces) {
  StreamProblem<TightRing> expected(kTokens);
  StepByTemplate(expected, kTokens);
  StreamProblem<TightRing> stream(kTokens);
  CStream<TightRing> c(stream);
  EXPECT_EQ(fovea_cache_capacity(c.cache()), KvCache<TightRing>::capacity());
  for (size_t t = 0; t < kTokens; t += 50) {
    ASSERT_EQ(c.Step(t, 50), FOVEA_OK);
  }
  EXPECT_EQ(stream.FirstDifference(expected), kTokens);
}

// What either saves, the other restores; and it goes on.
TEST(CCacheRing, SavesAndRestoresAsTheTemplate) {
  using Config = Ring<int8_t>;
  constexpr size_t kCut = 333;
  StreamProblem<Config> expected(kTokens), stream(kTokens), other(kTokens);
  StepByTemplate(expected, kTokens);
  CStream<Config> c(stream);
  const auto same = golden::MakePoisoned<KvCache<Config>>();
  same->Clear();
  for (size_t t = 0; t < kCut; t += 37) {
    ASSERT_EQ(c.Step(t, 37), FOVEA_OK);
    ASSERT_EQ(other.Step(*same, t, 37), Status::kOk);
  }
  ASSERT_EQ(fovea_cache_truncate(c.cache(), 3), FOVEA_OK);
  ASSERT_EQ(same->Truncate(3), Status::kOk);
  const golden::Buffer saved(fovea_cache_saved_bytes(c.cache()));
  const golden::Buffer same_saved(same->SavedBytes());
  ASSERT_EQ(saved.bytes(), same_saved.bytes());
  EXPECT_EQ(fovea_cache_save(c.cache(), saved.get(), saved.bytes()), FOVEA_OK);
  EXPECT_EQ(same->Save(same_saved.get(), same_saved.bytes()), Status::kOk);
  EXPECT_EQ(memcmp(saved.get(), same_saved.get(), saved.bytes()), 0);
  EXPECT_EQ(fovea_cache_clear(c.cache()), FOVEA_OK);
  ASSERT_EQ(
      fovea_cache_restore(c.cache(), same_saved.get(), same_saved.bytes()),
      FOVEA_OK);
  EXPECT_EQ(fovea_cache_position(c.cache()), kCut - 3);
  EXPECT_EQ(fovea_cache_size(c.cache()), same->size());
  for (size_t t = kCut - 3; t < kTokens;) {
    const size_t count = std::min<size_t>(50, kTokens - t);
    ASSERT_EQ(c.Step(t, count), FOVEA_OK);
    t += count;
  }
  EXPECT_EQ(stream.FirstDifference(expected), kTokens);
  // A ring of another size refuses it.
  fovea_cache_shape shape = c.Shape();
  shape.window += 64;
  CCache larger(shape);
  EXPECT_EQ(fovea_cache_restore(larger.cache, saved.get(), saved.bytes()),
            FOVEA_BAD_FORMAT);
}

// Where positions no longer fit the kernels' 32 bits: as if the saved stream
// had gone round some billion times more.
TEST(CCacheRing, GoesOnFarAlongAStream) {
  using Config = Ring<float>;
  StreamProblem<Config> stream(kTokens), expected(kTokens);
  CStream<Config> c(stream);
  for (size_t t = 0; t < 300; t += 60) ASSERT_EQ(c.Step(t, 60), FOVEA_OK);
  const golden::Buffer saved(fovea_cache_saved_bytes(c.cache()));
  ASSERT_EQ(fovea_cache_save(c.cache(), saved.get(), saved.bytes()), FOVEA_OK);
  CacheHeader header;
  memcpy(&header, saved.get(), sizeof(header));
  const uint64_t rounds = (uint64_t{1} << 32) * header.ring_tokens;
  header.position += rounds, header.end += rounds;
  header.header_sum = HeaderSum(header);
  memcpy(saved.get(), &header, sizeof(header));
  const auto cache = golden::MakePoisoned<KvCache<Config>>();
  ASSERT_EQ(cache->Restore(saved.get(), saved.bytes()), Status::kOk);
  ASSERT_EQ(fovea_cache_restore(c.cache(), saved.get(), saved.bytes()),
            FOVEA_OK);
  EXPECT_EQ(fovea_cache_position(c.cache()), 300 + rounds);
  for (size_t t = 300; t < kTokens; t += 50) {
    ASSERT_EQ(c.Step(t, 50), FOVEA_OK);
    ASSERT_EQ(expected.Step(*cache, t, 50), Status::kOk);
  }
  EXPECT_EQ(stream.FirstDifference(expected, 300, kTokens), kTokens);
}

TEST(CCacheRing, RefusesWhatItHasForgottenOrCannotDo) {
  using Config = Ring<float>;
  StreamProblem<Config> stream(kTokens);
  CStream<Config> c(stream);
  for (size_t t = 0; t < 600; t += 60) ASSERT_EQ(c.Step(t, 60), FOVEA_OK);
  EXPECT_EQ(fovea_cache_truncate(c.cache(), 601), FOVEA_TOO_MANY_TOKENS);
  EXPECT_EQ(fovea_cache_truncate(c.cache(), 300), FOVEA_FORGOTTEN);
  EXPECT_EQ(fovea_cache_position(c.cache()), 600u);
  fovea_attention& call = c.Fill(600, 1);
  call.first_position = 300;
  EXPECT_EQ(fovea_cache_attend(c.cache(), &call), FOVEA_FORGOTTEN);
  call.first_position = 599;
  EXPECT_EQ(fovea_cache_attend(c.cache(), &call), FOVEA_OK);
  std::vector<float> numbers(4 * 12);
  const View<float> to = HeadMajor(numbers.data(), 4, 1, 12);
  const fovea_partial part = {sizeof(part), OutputOf(to), numbers.data(),
                              numbers.data()};
  EXPECT_EQ(fovea_cache_attend_partial(c.cache(), &call, 0, 1, &part),
            FOVEA_UNSUPPORTED);
  const auto expect_refusal = [&](auto change) {
    fovea_attention changed = call;
    change(changed);
    EXPECT_EQ(fovea_cache_attend(c.cache(), &changed), FOVEA_UNSUPPORTED);
    EXPECT_EQ(fovea_cache_step(c.cache(), &changed), FOVEA_UNSUPPORTED);
  };
  static const uint8_t mask[kTokens] = {};
  using Call = fovea_attention;
  expect_refusal([](Call& a) { a.causal = 0; });
  expect_refusal([](Call& a) { --a.window; });
  expect_refusal([](Call& a) { --a.sinks; });
  expect_refusal([](Call& a) { a.mask.data = mask; });
  expect_refusal([&](Call& a) { a.bias.data = numbers.data(); });
  expect_refusal([&](Call& a) { a.weights = numbers.data(); });
  EXPECT_EQ(fovea_cache_position(c.cache()), 600u);

  fovea_cache_shape shape = c.Shape();
  shape.window = (size_t{1} << 24) + 1;
  EXPECT_EQ(fovea_cache_bytes(&shape), 0u);
  shape.window = 0;  // and sinks
  EXPECT_EQ(fovea_cache_bytes(&shape), 0u);
}

// -------------------------------------------------------------------- streams

// Three streams of their own length and element, one of them a ring, together
// and each alone.  Of an arithmetic, all are of int8.
class Streams {
 public:
  static constexpr size_t kBatch = 3, kQueries = 5, kDim = 20, kMost = 80;

  explicit Streams(const fovea_arithmetic* arithmetic = nullptr)
      : arithmetic_(arithmetic) {
    for (size_t b = 0; b < kBatch; ++b) {
      EXPECT_EQ(caches_[b].status, FOVEA_OK);
      EXPECT_EQ(alone_[b].status, FOVEA_OK);
      for (CCache* cache : {&caches_[b], &alone_[b]}) {
        EXPECT_EQ(fovea_cache_append(cache->cache, Input(k, 2, kMost),
                                     Input(v, 2, kMost), 10 + 20 * b),
                  FOVEA_OK);
      }
      pointers[b] = caches_[b].cache;
    }
    room_.MakeRoomFor(pointers[1]);  // of int8
    fovea_attention& c = call();
    c.batch = kBatch, c.heads = 4, c.kv_heads = 2, c.queries = kQueries;
    c.causal = 1, c.window = 64, c.lse = lse.data();
    c.arithmetic = arithmetic;
    c.q = Input(q, 4, kQueries);
    c.k = Input(k, 2, kQueries), c.v = Input(v, 2, kQueries);
    c.out = {out.data(), 4 * kQueries * kDim, kQueries * kDim, kDim};
  }

  // The same, one stream after another.
  void StepAlone() {
    const fovea_attention all = call();
    std::fill(out.begin(), out.end(), 0.0f);
    std::fill(lse.begin(), lse.end(), 0.0f);
    for (size_t b = 0; b < kBatch; ++b) {
      fovea_attention one = all;
      one.batch = 1;
      one.q.data += b * one.q.batch_stride;
      one.k.data += b * one.k.batch_stride;
      one.v.data += b * one.v.batch_stride;
      one.out.data += b * one.out.batch_stride;
      one.lse += b * 4 * kQueries;
      EXPECT_EQ(fovea_cache_step(alone_[b].cache, &one), FOVEA_OK);
    }
  }

  fovea_attention& call() { return room_.call; }

  std::vector<float> q = Values(1, kBatch * 4), k = Values(2, kBatch * 2);
  std::vector<float> v = Values(3, kBatch * 2);
  std::vector<float> out = std::vector<float>(kBatch * 4 * kQueries * kDim);
  std::vector<float> lse = std::vector<float>(kBatch * 4 * kQueries);
  fovea_cache* pointers[kBatch] = {};

 private:
  static std::vector<float> Values(uint64_t seed, size_t heads) {
    const golden::Stream stream(seed, 0);
    std::vector<float> values(heads * kMost * kDim);
    for (size_t i = 0; i < values.size(); ++i) values[i] = stream[i];
    return values;
  }
  static fovea_input Input(const std::vector<float>& values, size_t heads,
                           size_t tokens) {
    return {values.data(), heads * tokens * kDim, tokens * kDim, kDim};
  }
  CCache CacheOf(fovea_element element, size_t window = 0) const {
    fovea_attention of = {};
    of.kv_heads = 2, of.head_dim = of.value_dim = kDim;
    fovea_cache_shape shape = CCache::ShapeOf(
        of, kMost, arithmetic_ == nullptr ? element : FOVEA_INT8);
    shape.arithmetic = arithmetic_;
    shape.window = window;
    return CCache(shape);
  }

  const fovea_arithmetic* arithmetic_;
  CCache caches_[kBatch] = {CacheOf(FOVEA_FLOAT32), CacheOf(FOVEA_INT8),
                            CacheOf(FOVEA_FLOAT16, 64)};
  CCache alone_[kBatch] = {CacheOf(FOVEA_FLOAT32), CacheOf(FOVEA_INT8),
                           CacheOf(FOVEA_FLOAT16, 64)};
  CCall room_{kDim, kDim};
};

void ExpectAStepOfEach(const fovea_arithmetic* arithmetic) {
  golden::ForEachTarget([&] {
    Streams streams(arithmetic);
    ASSERT_EQ(fovea_cache_step_streams(streams.pointers, &streams.call()),
              FOVEA_OK);
    const std::vector<float> out = streams.out, lse = streams.lse;
    for (size_t b = 0; b < Streams::kBatch; ++b) {
      EXPECT_EQ(fovea_cache_position(streams.pointers[b]), 15 + 20 * b);
    }
    streams.StepAlone();
    EXPECT_EQ(out, streams.out);
    EXPECT_EQ(lse, streams.lse);
  });
}

TEST(CCacheStreams, AStepOfSeveralIsThatOfEach) {
  ExpectAStepOfEach(nullptr);
  ExpectAStepOfEach(fovea_int8());
  ExpectAStepOfEach(fovea_int8_scores());
}

TEST(CCacheStreams, WhatOneRefusesChangesNone) {
  const auto expect = [](fovea_status expected, auto change) {
    Streams streams;
    change(streams);
    const std::vector<float> before = streams.out;
    EXPECT_EQ(fovea_cache_step_streams(streams.pointers, &streams.call()),
              expected);
    EXPECT_EQ(streams.out, before);
    EXPECT_EQ(fovea_cache_position(streams.pointers[0]), 10u);
  };
  expect(FOVEA_NULL_POINTER, [](Streams& s) { s.pointers[2] = nullptr; });
  expect(FOVEA_NULL_POINTER, [](Streams& s) { s.call().k.data = nullptr; });
  expect(FOVEA_ZERO_COUNT, [](Streams& s) { s.call().batch = 0; });
  expect(FOVEA_UNSUPPORTED, [](Streams& s) { s.pointers[2] = s.pointers[0]; });
  expect(FOVEA_UNSUPPORTED, [](Streams& s) { s.call().window = 63; });
  expect(FOVEA_UNSUPPORTED,
         [](Streams& s) { s.call().weights = s.out.data(); });
  expect(FOVEA_BAD_STRIDE, [](Streams& s) { s.call().out.batch_stride = 0; });
  // Of the second entry, which is of int8.
  expect(FOVEA_BAD_SCALE, [](Streams& s) {
    s.v[2 * Streams::kQueries * Streams::kDim + 7] = HUGE_VALF;
  });
  expect(FOVEA_BAD_SCALE, [](Streams& s) {
    s.k[2 * Streams::kQueries * Streams::kDim + 7] = HUGE_VALF;
  });
  expect(FOVEA_CACHE_FULL, [](Streams& s) {
    const fovea_attention& c = s.call();
    while (fovea_cache_append(s.pointers[1], c.k, c.v, 1) == FOVEA_OK) {
    }
  });
  Streams streams;
  EXPECT_EQ(fovea_cache_step_streams(nullptr, &streams.call()),
            FOVEA_NULL_POINTER);
  EXPECT_EQ(fovea_cache_step(streams.pointers[0], &streams.call()),
            FOVEA_UNSUPPORTED);
}

}  // namespace
}  // namespace fovea
