// SPDX-License-Identifier: Apache-2.0
// The C interface beside the C++ templates: the same bits, bytes and Status.

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
#include "fovea/layer_norm.h"
#include "fovea/linear.h"
#include "fovea/linear_int8.h"
#include "fovea/multi_head.h"
#include "fovea/rms_norm.h"
#include "fovea/rope.h"
#include "fovea/softmax.h"
#include "tests/golden/c_call.h"
#include "tests/golden/every_target.h"
#include "tests/golden/golden.h"
#include "tests/golden/poison.h"

namespace fovea {
namespace {

using golden::BitsOf;
using golden::Buffer;
using golden::CCache;
using golden::CCall;
using golden::InputOf;
using golden::OutputOf;

constexpr size_t kTokens = 70, kDim = 24, kValueDim = 40, kHeads = 4, kKv = 2;

std::vector<float> Random(size_t count, uint64_t seed) {
  std::vector<float> values(count);
  const golden::Stream stream(seed, 0);
  for (size_t i = 0; i < count; ++i) values[i] = stream[i];
  return values;
}

void ExpectSame(const std::vector<float>& a, const std::vector<float>& b) {
  ASSERT_EQ(a.size(), b.size());
  for (size_t i = 0; i < a.size(); ++i) {
    ASSERT_EQ(BitsOf(a[i]), BitsOf(b[i])) << "element " << i;
  }
}

// Targets with and without fused multiply-add have bits of their own.
bool InTheClassOfTheTemplates() {
  return (fovea_target_fuses() != 0) == HWY_NAMESPACE::kFuses;
}

// ------------------------------------------------------------------- versions

TEST(CInterface, NamesItsVersionStatusAndTarget) {
  EXPECT_EQ(fovea_version(), 100u);
  EXPECT_STREQ(fovea_status_name(FOVEA_CACHE_FULL), "CacheFull");
  EXPECT_STREQ(fovea_status_name(static_cast<fovea_status>(99)), "?");
  EXPECT_STREQ(fovea_target_name(), fovea_target_at(0));
  EXPECT_EQ(fovea_use_target("Abacus"), FOVEA_UNSUPPORTED);
  EXPECT_EQ(fovea_target_at(1000), nullptr);
}

TEST(CInterface, KeepsTheTargetWhenItListsThem) {
  const char* worst = nullptr;
  for (size_t i = 0; fovea_target_at(i) != nullptr; ++i) {
    worst = fovea_target_at(i);
  }
  ASSERT_EQ(fovea_use_target(worst), FOVEA_OK);
  EXPECT_EQ(fovea_target_at(1000), nullptr);
  EXPECT_STREQ(fovea_target_name(), worst);
  ASSERT_EQ(fovea_use_target(nullptr), FOVEA_OK);
}

// ----------------------------------------------------------------------- rows

TEST(CInterface, SoftmaxHasTheBitsOfTheTemplate) {
  const std::vector<float> x = Random(3 * 100, 1);
  std::vector<float> c(x.size()), cc(x.size());
  for (const bool logarithm : {false, true}) {
    fovea_softmax call{};
    call.struct_bytes = sizeof(call);
    call.x = x.data(), call.x_stride = 100, call.rows = 3, call.count = 100;
    call.scale = 0.7f, call.y = c.data(), call.y_stride = 100;
    call.logarithm = logarithm;
    EXPECT_EQ(fovea_softmax_run(&call), FOVEA_OK);
    SoftmaxCall same;
    same.x = x.data(), same.x_stride = 100, same.rows = 3, same.count = 100;
    same.scale = 0.7f, same.y = cc.data(), same.y_stride = 100;
    EXPECT_EQ(logarithm ? LogSoftmax(same) : Softmax(same), Status::kOk);
    ExpectSame(c, cc);
    call.scale = HUGE_VALF;
    EXPECT_EQ(fovea_softmax_run(&call), FOVEA_BAD_SCALE);
  }
}

TEST(CInterface, LinearHasTheBitsOfTheTemplate) {
  constexpr size_t kIn = 37, kOut = 50, kRows = 5;
  const std::vector<float> weight = Random(kIn * kOut, 2), x = Random(185, 3);
  const std::vector<float> bias = Random(kOut, 4);
  std::vector<float> packed(fovea_linear_packed_floats(kIn, kOut));
  EXPECT_EQ(packed.size(), PackedLinearFloats(kIn, kOut));
  EXPECT_EQ(fovea_linear_pack(weight.data(), kIn, kOut, packed.data()),
            FOVEA_OK);
  std::vector<float> c(kRows * kOut), cc(c.size());
  fovea_linear call{};
  call.struct_bytes = sizeof(call);
  call.x = x.data(), call.x_stride = kIn, call.tokens = kRows;
  call.inputs = kIn, call.outputs = kOut, call.packed = packed.data();
  call.bias = bias.data(), call.y = c.data(), call.y_stride = kOut;
  EXPECT_EQ(fovea_linear_run(&call), FOVEA_OK);
  const auto status = Linear<kIn, kOut>::Run(
      {packed.data(), bias.data()}, x.data(), kIn, kRows, cc.data(), kOut);
  EXPECT_EQ(status, Status::kOk);
  ExpectSame(c, cc);
  call.y_stride = kOut - 1;
  EXPECT_EQ(fovea_linear_run(&call), FOVEA_BAD_STRIDE);
  EXPECT_EQ(fovea_linear_packed_floats(SIZE_MAX, SIZE_MAX), 0u);
}

TEST(CInterface, LinearInt8HasTheBitsOfTheTemplate) {
  constexpr size_t kIn = 37, kOut = 50, kRows = 35;  // more than go together
  std::vector<float> weight = Random(kIn * kOut, 22);
  const std::vector<float> x = Random(kRows * kIn, 23), bias = Random(kOut, 24);
  const Buffer packed(fovea_linear_int8_packed_bytes(kIn, kOut));
  const Buffer room(fovea_linear_int8_workspace_bytes(kIn));
  int8_t* const panels = static_cast<int8_t*>(packed.get());
  ASSERT_EQ(packed.bytes(), PackedLinearInt8Bytes(kIn, kOut));
  std::vector<float> scales(fovea_linear_int8_scales(kOut));
  ASSERT_EQ(
      fovea_linear_int8_pack(weight.data(), kIn, kOut, panels, scales.data()),
      FOVEA_OK);
  std::vector<float> c(kRows * kOut), cc(c.size());
  fovea_linear_int8 call{};
  call.struct_bytes = sizeof(call);
  call.x = x.data(), call.x_stride = kIn, call.tokens = kRows;
  call.inputs = kIn, call.outputs = kOut;
  call.packed = panels, call.scales = scales.data(), call.bias = bias.data();
  call.y = c.data(), call.y_stride = kOut;
  call.workspace = room.get(), call.workspace_bytes = room.bytes();
  using Same = LinearInt8<kIn, kOut>;
  const auto same_room = golden::MakePoisoned<Same::Workspace>();
  EXPECT_EQ(Same::Run({panels, scales.data(), bias.data()}, x.data(), kIn,
                      kRows, cc.data(), kOut, *same_room),
            Status::kOk);
  golden::ForEachTarget([&] {
    EXPECT_EQ(fovea_linear_int8_run(&call), FOVEA_OK);
    if (InTheClassOfTheTemplates()) ExpectSame(c, cc);
  });

  --call.workspace_bytes;
  EXPECT_EQ(fovea_linear_int8_run(&call), FOVEA_TOO_SHORT);
  scales[3] = 0;
  EXPECT_EQ(fovea_linear_int8_run(&call), FOVEA_BAD_SCALE);
  call.inputs = 65537;
  EXPECT_EQ(fovea_linear_int8_run(&call), FOVEA_TOO_MANY_TOKENS);
  EXPECT_EQ(fovea_linear_int8_packed_bytes(65537, 1), 0u);
  EXPECT_EQ(fovea_linear_int8_packed_bytes(4, SIZE_MAX), 0u);
  EXPECT_EQ(fovea_linear_int8_workspace_bytes(0), 0u);
  weight[5] = HUGE_VALF;
  EXPECT_EQ(
      fovea_linear_int8_pack(weight.data(), kIn, kOut, panels, scales.data()),
      FOVEA_BAD_SCALE);
}

TEST(CInterface, NormsHaveTheBitsOfTheTemplates) {
  constexpr size_t kWidth = 45, kRows = 3;
  const std::vector<float> x = Random(kWidth * kRows, 5);
  const std::vector<float> weight = Random(kWidth, 6), bias = Random(kWidth, 7);
  std::vector<float> c(x.size()), cc(x.size());
  fovea_norm call{};
  call.struct_bytes = sizeof(call);
  call.x = x.data(), call.x_stride = kWidth, call.tokens = kRows;
  call.dim = kWidth, call.weight = weight.data(), call.eps = 1e-5f;
  call.y = c.data(), call.y_stride = kWidth;
  EXPECT_EQ(fovea_rms_norm_run(&call), FOVEA_OK);
  EXPECT_EQ(RmsNorm<kWidth>::Run(x.data(), kWidth, kRows, weight.data(), 1e-5f,
                                 cc.data(), kWidth),
            Status::kOk);
  ExpectSame(c, cc);
  call.bias = bias.data();
  EXPECT_EQ(fovea_rms_norm_run(&call), FOVEA_UNSUPPORTED);
  EXPECT_EQ(fovea_layer_norm_run(&call), FOVEA_OK);
  EXPECT_EQ(LayerNorm<kWidth>::Run(x.data(), kWidth, kRows, weight.data(),
                                   bias.data(), 1e-5f, cc.data(), kWidth),
            Status::kOk);
  ExpectSame(c, cc);
  call.eps = -1;
  EXPECT_EQ(fovea_layer_norm_run(&call), FOVEA_BAD_SCALE);
}

TEST(CInterface, RopeHasTheBitsOfTheTemplate) {
  constexpr size_t kTurned = 20, kRows = 9;
  for (const int interleaved : {0, 1}) {
    std::vector<float> c = Random(kHeads * kRows * kDim, 8), cc = c;
    uint64_t rates[kTurned / 2];
    EXPECT_EQ(fovea_rope_rates(kTurned, 10000, FOVEA_ROPE_NTK, 4, rates),
              FOVEA_OK);
    fovea_rope call{};
    call.struct_bytes = sizeof(call);
    call.x = OutputOf(HeadMajor(c.data(), kHeads, kRows, kDim));
    call.batch = 1, call.heads = kHeads, call.tokens = kRows;
    call.dim = kTurned, call.interleaved = interleaved;
    call.rates = rates, call.first_position = 1000;
    EXPECT_EQ(fovea_rope_run(&call), FOVEA_OK);
    const Rope<kTurned> rope(RopeOptions{10000, RopeScaling::kNtk, 4});
    EXPECT_EQ(
        rope.Apply(
            HeadMajor(cc.data(), kHeads, kRows, kDim), kHeads, kRows, 1000,
            interleaved ? RopePairs::kInterleaved : RopePairs::kHalfSplit),
        Status::kOk);
    ExpectSame(c, cc);
    call.dim = 21;
    EXPECT_EQ(fovea_rope_run(&call), FOVEA_UNSUPPORTED);
  }
}

// ---------------------------------------------------------------------- cache

template <class Stored>
struct CacheConfig : AttentionConfig {
  using CacheElement = Stored;
  static constexpr size_t kHeads = fovea::kHeads, kKvHeads = kKv;
  static constexpr size_t kHeadDim = kDim, kValueDim = fovea::kValueDim;
  static constexpr size_t kMaxQueries = kTokens, kMaxKeys = 100;
  static constexpr bool kCausal = true, kLse = true;
};

struct Problem {
  std::vector<float> q = Random(kHeads * kTokens * kDim, 11);
  std::vector<float> k = Random(kKv * kTokens * kDim, 12);
  std::vector<float> v = Random(kKv * kTokens * kValueDim, 13);
  std::vector<float> out = std::vector<float>(kHeads * kTokens * kValueDim);
  std::vector<float> lse = std::vector<float>(kHeads * kTokens);

  View<const float> q_view() const {
    return HeadMajor<const float>(q.data(), kHeads, kTokens, kDim);
  }
  View<const float> k_view() const {
    return HeadMajor<const float>(k.data(), kKv, kTokens, kDim);
  }
  View<const float> v_view() const {
    return HeadMajor<const float>(v.data(), kKv, kTokens, kValueDim);
  }
  View<float> out_view() {
    return HeadMajor(out.data(), kHeads, kTokens, kValueDim);
  }

  void Set(fovea_attention& call) {
    call.batch = 1, call.heads = kHeads, call.kv_heads = kKv;
    call.queries = kTokens, call.keys = kTokens, call.causal = 1;
    call.q = InputOf(q_view()), call.k = InputOf(k_view());
    call.v = InputOf(v_view()), call.out = OutputOf(out_view());
    call.lse = lse.data();
  }
};

template <class Stored>
void ExpectTheCacheOfTheTemplate(fovea_element element) {
  using Config = CacheConfig<Stored>;
  Problem c, cc;
  CCall call(kDim, kValueDim);
  c.Set(call.call);
  CCache cache(call.call, 100, element);
  ASSERT_EQ(cache.status, FOVEA_OK);
  call.MakeRoomFor(cache.cache);
  ASSERT_EQ(fovea_cache_step(cache.cache, &call.call), FOVEA_OK);
  EXPECT_EQ(fovea_cache_size(cache.cache), kTokens);
  EXPECT_EQ(fovea_cache_capacity(cache.cache), 100u);

  const auto same = golden::MakePoisoned<KvCache<Config>>();
  const auto room =
      golden::MakePoisoned<typename Attention<Config>::Workspace>();
  same->Clear();
  typename Attention<Config>::Call same_call;
  same_call.q = cc.q_view(), same_call.k = cc.k_view();
  same_call.v = cc.v_view(), same_call.out = cc.out_view();
  same_call.queries = kTokens, same_call.lse = cc.lse.data();
  ASSERT_EQ(Attention<Config>::Step(same_call, *same, *room), Status::kOk);
  ExpectSame(c.out, cc.out);
  ExpectSame(c.lse, cc.lse);

  // What either saves, the other restores.
  const Buffer saved(fovea_cache_saved_bytes(cache.cache));
  const Buffer same_saved(same->SavedBytes());
  ASSERT_EQ(saved.bytes(), same_saved.bytes());
  EXPECT_EQ(fovea_cache_save(cache.cache, saved.get(), saved.bytes()),
            FOVEA_OK);
  EXPECT_EQ(same->Save(same_saved.get(), same_saved.bytes()), Status::kOk);
  EXPECT_EQ(memcmp(saved.get(), same_saved.get(), saved.bytes()), 0);
  CCache other(call.call, 83, element);
  ASSERT_EQ(
      fovea_cache_restore(other.cache, same_saved.get(), same_saved.bytes()),
      FOVEA_OK);
  EXPECT_EQ(fovea_cache_size(other.cache), kTokens);
  const std::vector<float> before = c.out;
  std::fill(c.out.begin(), c.out.end(), 0.0f);
  ASSERT_EQ(fovea_cache_attend(other.cache, &call.call), FOVEA_OK);
  ExpectSame(c.out, before);

  // Damage is found, and changes nothing.
  static_cast<unsigned char*>(saved.get())[saved.bytes() / 2] ^= 1;
  EXPECT_EQ(fovea_cache_restore(other.cache, saved.get(), saved.bytes()),
            FOVEA_BAD_FORMAT);
  EXPECT_EQ(fovea_cache_size(other.cache), kTokens);
}

TEST(CInterface, CachesAreThoseOfTheTemplates) {
  ExpectTheCacheOfTheTemplate<float>(FOVEA_FLOAT32);
  ExpectTheCacheOfTheTemplate<hwy::bfloat16_t>(FOVEA_BFLOAT16);
  ExpectTheCacheOfTheTemplate<hwy::float16_t>(FOVEA_FLOAT16);
  ExpectTheCacheOfTheTemplate<int8_t>(FOVEA_INT8);
}

// Without means, at every fill of a ring: none of them is in the bytes.
TEST(CInterface, ARingOfRawKeysIsSavedBeforeItIsFull) {
  Problem problem;
  CCall call(kDim, kValueDim);
  problem.Set(call.call);
  const fovea_arithmetic* arithmetics[] = {nullptr, fovea_int8_scores(),
                                           fovea_int8()};
  for (const fovea_arithmetic* arithmetic : arithmetics) {
    fovea_cache_shape shape = CCache::ShapeOf(call.call, 0, FOVEA_INT8);
    shape.raw_keys = 1, shape.arithmetic = arithmetic;
    shape.window = 100, shape.sinks = 5, shape.max_queries = 40;
    const CCache from(shape), to(shape);
    ASSERT_EQ(from.status, FOVEA_OK);
    for (size_t tokens = 40; tokens <= 400; tokens += 40) {
      ASSERT_EQ(fovea_cache_append(from.cache, call.call.k, call.call.v, 40),
                FOVEA_OK);
      const Buffer saved(fovea_cache_saved_bytes(from.cache));
      ASSERT_EQ(fovea_cache_save(from.cache, saved.get(), saved.bytes()),
                FOVEA_OK);
      ASSERT_EQ(fovea_cache_restore(to.cache, saved.get(), saved.bytes()),
                FOVEA_OK);
      EXPECT_EQ(fovea_cache_position(to.cache), tokens);
      const Buffer again(saved.bytes());
      ASSERT_EQ(fovea_cache_save(to.cache, again.get(), again.bytes()),
                FOVEA_OK);
      EXPECT_EQ(memcmp(again.get(), saved.get(), saved.bytes()), 0);
    }
  }
}

TEST(CInterface, ACacheRefusesWhatItCannotDo) {
  Problem problem;
  CCall call(kDim, kValueDim);
  problem.Set(call.call);
  CCache cache(call.call, kTokens + 1, FOVEA_FLOAT32);
  ASSERT_EQ(cache.status, FOVEA_OK);
  EXPECT_EQ(fovea_cache_attend(cache.cache, &call.call), FOVEA_ZERO_COUNT);
  ASSERT_EQ(fovea_cache_step(cache.cache, &call.call), FOVEA_OK);
  EXPECT_EQ(fovea_cache_step(cache.cache, &call.call), FOVEA_CACHE_FULL);
  EXPECT_EQ(fovea_cache_append(cache.cache, call.call.k, call.call.v, 2),
            FOVEA_CACHE_FULL);
  EXPECT_EQ(fovea_cache_size(cache.cache), kTokens);
  EXPECT_EQ(fovea_cache_truncate(cache.cache, kTokens + 1),
            FOVEA_TOO_MANY_TOKENS);
  EXPECT_EQ(fovea_cache_truncate(cache.cache, kTokens), FOVEA_OK);
  EXPECT_EQ(fovea_cache_size(cache.cache), 0u);
  call.call.kv_heads = kHeads;
  EXPECT_EQ(fovea_cache_step(cache.cache, &call.call), FOVEA_UNSUPPORTED);
  EXPECT_EQ(fovea_cache_clear(nullptr), FOVEA_NULL_POINTER);
  memset(static_cast<void*>(cache.cache), 0, 8);
  EXPECT_EQ(fovea_cache_clear(cache.cache), FOVEA_BAD_FORMAT);
  EXPECT_EQ(fovea_cache_size(cache.cache), 0u);

  fovea_cache* made = nullptr;
  fovea_cache_shape shape = cache.shape;
  const size_t bytes = fovea_cache_bytes(&shape);
  EXPECT_EQ(fovea_cache_create(&shape, cache.room.get(), bytes - 1, &made),
            FOVEA_TOO_SHORT);
  shape.capacity = SIZE_MAX;
  EXPECT_EQ(fovea_cache_bytes(&shape), 0u);
  shape.capacity = 1, shape.element = static_cast<fovea_element>(77);
  EXPECT_EQ(fovea_cache_create(&shape, cache.room.get(), bytes, &made),
            FOVEA_UNSUPPORTED);
  EXPECT_EQ(made, nullptr);
}

// ------------------------------------------------------------------ attention

TEST(CInterface, MergedPartialsHaveTheBitsOfTheTemplate) {
  using Config = CacheConfig<float>;
  constexpr size_t kCut = 33;
  Problem c, cc;
  CCall call(kDim, kValueDim);
  c.Set(call.call);
  const size_t rows = kHeads * kTokens;
  std::vector<float> numerators(2 * rows * kValueDim), max(2 * rows), sum(max);
  std::vector<fovea_partial> partials;
  std::vector<Attention<Config>::Partial> same;
  for (size_t i = 0; i < 2; ++i) {
    const View<float> numerator = HeadMajor(
        numerators.data() + i * rows * kValueDim, kHeads, kTokens, kValueDim);
    partials.push_back({sizeof(fovea_partial), OutputOf(numerator),
                        max.data() + i * rows, sum.data() + i * rows});
    same.push_back({numerator, max.data() + i * rows, sum.data() + i * rows});
  }
  ASSERT_EQ(fovea_attention_run_partial(&call.call, 0, kCut, &partials[0]),
            FOVEA_OK);
  ASSERT_EQ(
      fovea_attention_run_partial(&call.call, kCut, kTokens, &partials[1]),
      FOVEA_OK);
  ASSERT_EQ(fovea_attention_merge(&call.call, partials.data(), 2), FOVEA_OK);

  Attention<Config>::Call same_call;
  same_call.q = cc.q_view(), same_call.k = cc.k_view();
  same_call.v = cc.v_view(), same_call.out = cc.out_view();
  same_call.queries = same_call.keys = kTokens;
  same_call.lse = cc.lse.data();
  const auto room = golden::MakePoisoned<Attention<Config>::PartialWorkspace>();
  using A = Attention<Config>;
  ASSERT_EQ(A::RunPartial(same_call, 0, kCut, same[0], *room), Status::kOk);
  ASSERT_EQ(A::RunPartial(same_call, kCut, kTokens, same[1], *room),
            Status::kOk);
  ASSERT_EQ(A::MergePartials(same_call, same.data(), 2), Status::kOk);
  ExpectSame(c.out, cc.out);
  ExpectSame(c.lse, cc.lse);
  EXPECT_EQ(fovea_attention_run_partial(&call.call, 5, 5, &partials[0]),
            FOVEA_ZERO_COUNT);
  EXPECT_EQ(
      fovea_attention_run_partial(&call.call, 0, kTokens + 1, &partials[0]),
      FOVEA_TOO_MANY_TOKENS);
  EXPECT_EQ(fovea_attention_merge(&call.call, partials.data(), 0),
            FOVEA_ZERO_COUNT);
}

// One change to a good call, and what it must give.
template <class Change>
void ExpectRefusal(fovea_status expected, const Change& change) {
  Problem problem;
  CCall call(kDim, kValueDim);
  problem.Set(call.call);
  change(call.call);
  const std::vector<float> before = problem.out;
  EXPECT_EQ(fovea_attention_run(&call.call), expected);
  ExpectSame(problem.out, before);
}

TEST(CInterface, BadInputGetsAStatusAndChangesNothing) {
  using Call = fovea_attention;
  EXPECT_EQ(fovea_attention_run(nullptr), FOVEA_NULL_POINTER);
  ExpectRefusal(FOVEA_NULL_POINTER, [](Call& c) { c.q.data = nullptr; });
  ExpectRefusal(FOVEA_NULL_POINTER, [](Call& c) { c.workspace = nullptr; });
  ExpectRefusal(FOVEA_TOO_SHORT, [](Call& c) { --c.workspace_bytes; });
  ExpectRefusal(FOVEA_TOO_SHORT, [](Call& c) { --c.struct_bytes; });
  ExpectRefusal(FOVEA_MISALIGNED, [](Call& c) {
    c.workspace = static_cast<char*>(c.workspace) + 4;
  });
  ExpectRefusal(FOVEA_ZERO_COUNT, [](Call& c) { c.batch = 0; });
  ExpectRefusal(FOVEA_ZERO_COUNT, [](Call& c) { c.keys = 0; });
  ExpectRefusal(FOVEA_TOO_MANY_TOKENS, [](Call& c) { c.head_dim = 257; });
  ExpectRefusal(FOVEA_TOO_MANY_TOKENS, [](Call& c) { c.keys = SIZE_MAX; });
  ExpectRefusal(FOVEA_UNSUPPORTED, [](Call& c) { c.batch = SIZE_MAX; });
  ExpectRefusal(FOVEA_UNSUPPORTED, [](Call& c) { c.kv_heads = 3; });
  ExpectRefusal(FOVEA_UNSUPPORTED, [](Call& c) { c.sinks = 4; });
  ExpectRefusal(FOVEA_UNSUPPORTED, [](Call& c) {
    c.score_stage = static_cast<fovea_score_stage>(4);
  });
  ExpectRefusal(FOVEA_BAD_STRIDE, [](Call& c) { c.k.token_stride = 1; });
  ExpectRefusal(FOVEA_BAD_STRIDE, [](Call& c) { c.out.head_stride = 0; });
  ExpectRefusal(FOVEA_BAD_SCALE, [](Call& c) { c.scale = HUGE_VALF; });
  ExpectRefusal(FOVEA_BAD_SCALE, [](Call& c) { c.softcap = -1; });
  ExpectRefusal(FOVEA_BAD_PART, [](Call& c) { c.part = 1; });
  ExpectRefusal(FOVEA_BAD_PART, [](Call& c) { c.parts = 65537; });
  static const size_t too_long = kTokens + 1;
  ExpectRefusal(FOVEA_TOO_MANY_TOKENS,
                [](Call& c) { c.key_lengths = &too_long; });
}

// A struct of a later version: what this one does not know must be off.
TEST(CInterface, LongerStructsAreReadAsFarAsTheyAreKnown) {
  Problem problem;
  CCall call(kDim, kValueDim);
  problem.Set(call.call);
  struct Longer {
    fovea_attention known;
    size_t unknown;
  } longer = {call.call, 0};
  longer.known.struct_bytes = sizeof(longer);
  EXPECT_EQ(fovea_attention_run(&longer.known), FOVEA_OK);
  longer.unknown = 1;
  EXPECT_EQ(fovea_attention_run(&longer.known), FOVEA_UNSUPPORTED);
  longer.known.struct_bytes = SIZE_MAX;
  EXPECT_EQ(fovea_attention_run(&longer.known), FOVEA_UNSUPPORTED);
}

// A boolean mask and a bias at once, which no golden has: as one bias that has
// -inf where the mask hides.
TEST(CInterface, AMaskAndABiasActTogether) {
  Problem one, other;
  CCall call(kDim, kValueDim), same(kDim, kValueDim);
  one.Set(call.call), other.Set(same.call);
  const std::vector<float> bias = Random(kTokens * kTokens, 21);
  std::vector<float> joined = bias;
  std::vector<uint8_t> mask(bias.size());
  for (size_t i = 0; i < mask.size(); ++i) {
    mask[i] = bias[i] > -1;
    if (!mask[i]) joined[i] = -HUGE_VALF;
  }
  call.call.mask = {mask.data(), 0, 0, kTokens};
  call.call.bias = {bias.data(), 0, 0, kTokens};
  same.call.bias = {joined.data(), 0, 0, kTokens};
  ASSERT_EQ(fovea_attention_run(&call.call), FOVEA_OK);
  ASSERT_EQ(fovea_attention_run(&same.call), FOVEA_OK);
  ExpectSame(one.out, other.out);
}

// ----------------------------------------------------------------- multi-head

struct Module : MultiHeadConfig {
  static constexpr size_t kModelDim = 40, kRotaryDim = 20;
  static constexpr size_t kHeads = fovea::kHeads, kKvHeads = kKv;
  static constexpr size_t kHeadDim = kDim, kValueDim = fovea::kValueDim;
  static constexpr size_t kMaxQueries = kTokens, kMaxKeys = kTokens;
  static constexpr bool kCausal = true;
};
template <Arithmetic kIn>
struct ModuleIn : Module {
  using CacheElement = int8_t;
  static constexpr Arithmetic kArithmetic = kIn;
};

// The same weights for both interfaces.
struct Layer {
  Layer(size_t inputs, size_t outputs, uint64_t seed)
      : packed(fovea_linear_packed_floats(inputs, outputs)),
        bias(Random(outputs, seed + 1)) {
    const std::vector<float> weight = Random(inputs * outputs, seed);
    fovea_linear_pack(weight.data(), inputs, outputs, packed.data());
  }
  fovea_projection projection() const { return {packed.data(), bias.data()}; }
  LinearWeights weights() const { return {packed.data(), bias.data()}; }
  std::vector<float> packed, bias;
};

struct ModuleProblem {
  static constexpr size_t kWidth = Module::kModelDim;

  ModuleProblem() {
    EXPECT_EQ(fovea_rope_rates(20, 10000, FOVEA_ROPE_UNSCALED, 1, rates),
              FOVEA_OK);
    attention.struct_bytes = sizeof(attention);
    attention.batch = 1, attention.heads = kHeads, attention.kv_heads = kKv;
    attention.head_dim = kDim, attention.value_dim = kValueDim;
    attention.queries = kTokens, attention.causal = 1;
    call.struct_bytes = sizeof(call);
    call.attention = &attention, call.model_dim = kWidth;
    call.x = {x.data(), 0, 0, kWidth}, call.y = {y.data(), 0, 0, kWidth};
    call.q = q.projection(), call.k = k.projection();
    call.v = v.projection(), call.out = out.projection();
    call.rates = rates, call.rotary_dim = 20;
    call.workspace = room.get(), call.workspace_bytes = room.bytes();
  }

  template <class Config>
  std::vector<float> ByTemplate() const {
    using ModuleOf = MultiHeadAttention<Config>;
    static const Rope<20> rope;
    const typename ModuleOf::Weights weights = {
        q.weights(), k.weights(), v.weights(), out.weights(), &rope};
    std::vector<float> same(y.size());
    typename ModuleOf::Call same_call;
    same_call.x = TokenMajor<const float>(x.data(), 1, kTokens, kWidth);
    same_call.y = TokenMajor(same.data(), 1, kTokens, kWidth);
    same_call.queries = kTokens;
    const auto memory = golden::MakePoisoned<typename ModuleOf::Workspace>();
    EXPECT_EQ(ModuleOf::Run(weights, same_call, *memory), Status::kOk);
    return same;
  }

  const Layer q{kWidth, kHeads* kDim, 31}, k{kWidth, kKv* kDim, 33};
  const Layer v{kWidth, kKv* kValueDim, 35};
  const Layer out{kHeads * kValueDim, kWidth, 37};
  const std::vector<float> x = Random(kTokens * kWidth, 39);
  std::vector<float> y = std::vector<float>(x.size());
  uint64_t rates[10] = {};
  fovea_attention attention = {};
  fovea_multi_head call = {};
  const Buffer room{1 << 20};
};

template <class Config>
void ExpectTheModule(const fovea_arithmetic* arithmetic) {
  ModuleProblem c;
  c.attention.arithmetic = arithmetic;
  const std::vector<float> expected = c.ByTemplate<Config>();
  golden::ForEachTarget([&] {
    c.call.workspace_bytes = fovea_multi_head_workspace_bytes(&c.call);
    ASSERT_LE(c.call.workspace_bytes, c.room.bytes());
    ASSERT_EQ(fovea_multi_head_run(&c.call), FOVEA_OK);
    if (InTheClassOfTheTemplates()) ExpectSame(c.y, expected);
  });

  // As a stream, 9 tokens at a time.
  fovea_cache_shape shape = CCache::ShapeOf(
      c.attention, kTokens, arithmetic == nullptr ? FOVEA_FLOAT32 : FOVEA_INT8);
  shape.arithmetic = arithmetic;
  CCache cache(shape);
  ASSERT_EQ(cache.status, FOVEA_OK);
  c.call.workspace_bytes =
      fovea_multi_head_step_workspace_bytes(cache.cache, &c.call);
  std::fill(c.y.begin(), c.y.end(), 0.0f);
  for (size_t at = 0; at < kTokens; at += c.attention.queries) {
    c.attention.queries = std::min<size_t>(9, kTokens - at);
    c.call.x.data = c.x.data() + at * c.kWidth;
    c.call.y.data = c.y.data() + at * c.kWidth;
    ASSERT_EQ(fovea_multi_head_step(cache.cache, &c.call), FOVEA_OK);
  }
  ExpectSame(c.y, expected);
  EXPECT_EQ(fovea_multi_head_step(cache.cache, &c.call), FOVEA_CACHE_FULL);
}

TEST(CInterface, MultiHeadHasTheBitsOfTheTemplate) {
  ExpectTheModule<Module>(nullptr);
}

TEST(CInterface, MultiHeadHasThemInInt8) {
  ExpectTheModule<ModuleIn<Arithmetic::kInt8>>(fovea_int8());
  ExpectTheModule<ModuleIn<Arithmetic::kInt8Scores>>(fovea_int8_scores());
}

// The attention of a module may be a later version's too.
TEST(CInterface, AModuleReadsALongerStruct) {
  ModuleProblem c;
  ASSERT_EQ(fovea_multi_head_run(&c.call), FOVEA_OK);
  const std::vector<float> expected = c.y;
  struct Longer {
    fovea_attention known;
    size_t unknown;
  } longer = {c.attention, 0};
  longer.known.struct_bytes = sizeof(longer);
  c.call.attention = &longer.known;
  std::fill(c.y.begin(), c.y.end(), 0.0f);
  EXPECT_EQ(fovea_multi_head_run(&c.call), FOVEA_OK);
  ExpectSame(c.y, expected);
  longer.unknown = 1;
  EXPECT_EQ(fovea_multi_head_run(&c.call), FOVEA_UNSUPPORTED);
}

// A module's step on a cache of int8: the attention needs more room, and what
// has no scale is known only once it is projected.
TEST(CInterface, MultiHeadStepsOnACacheOfInt8) {
  struct Module8 : Module {
    using CacheElement = int8_t;
  };
  using ModuleOf8 = MultiHeadAttention<Module8>;
  ModuleProblem c;
  CCache cache(c.attention, kTokens, FOVEA_INT8);
  ASSERT_EQ(cache.status, FOVEA_OK);
  EXPECT_EQ(fovea_multi_head_step(cache.cache, &c.call), FOVEA_OK);
  EXPECT_EQ(fovea_cache_clear(cache.cache), FOVEA_OK);
  const size_t bytes =
      fovea_multi_head_step_workspace_bytes(cache.cache, &c.call);
  EXPECT_GT(bytes, fovea_multi_head_workspace_bytes(&c.call));
  c.call.workspace_bytes = bytes - 1;
  EXPECT_EQ(fovea_multi_head_step(cache.cache, &c.call), FOVEA_TOO_SHORT);
  c.call.workspace_bytes = bytes;
  std::vector<float> x = c.x;
  c.call.x.data = x.data();
  x[77] = HUGE_VALF;
  const std::vector<float> before = c.y;
  EXPECT_EQ(fovea_multi_head_step(cache.cache, &c.call), FOVEA_BAD_SCALE);
  ExpectSame(c.y, before);
  EXPECT_EQ(fovea_cache_size(cache.cache), 0u);
  EXPECT_EQ(fovea_multi_head_step_workspace_bytes(nullptr, &c.call), 0u);

  c.call.x.data = c.x.data();
  ASSERT_EQ(fovea_multi_head_step(cache.cache, &c.call), FOVEA_OK);
  const auto room = golden::MakePoisoned<ModuleOf8::Workspace>();
  const auto same = golden::MakePoisoned<KvCache<Module8>>();
  same->Clear();
  std::vector<float> y(c.y.size());
  ModuleOf8::Call call;
  call.x = TokenMajor<const float>(c.x.data(), 1, kTokens, c.kWidth);
  call.y = TokenMajor(y.data(), 1, kTokens, c.kWidth);
  call.queries = kTokens;
  static const Rope<20> rope;
  const ModuleOf8::Weights weights = {c.q.weights(), c.k.weights(),
                                      c.v.weights(), c.out.weights(), &rope};
  ASSERT_EQ(ModuleOf8::Step(weights, call, *same, *room), Status::kOk);
  ExpectSame(c.y, y);
}

// A batch of entries with a memory of their own is that of each alone.
TEST(CInterface, MultiHeadAttendsToAMemory) {
  constexpr size_t kMemory = 30;
  ModuleProblem c;
  const size_t width = c.kWidth;
  const std::vector<float> memory = Random(2 * kMemory * width, 41);
  std::vector<float> both(2 * c.y.size());
  c.call.rates = nullptr;
  c.attention.keys = kMemory, c.attention.batch = 2, c.attention.causal = 0;
  c.call.memory = {memory.data(), kMemory * width, 0, width};
  c.call.y = {both.data(), c.y.size(), 0, width};
  ASSERT_EQ(fovea_multi_head_run(&c.call), FOVEA_OK);
  c.attention.batch = 1;
  for (size_t b = 0; b < 2; ++b) {
    c.call.memory.data = memory.data() + b * kMemory * width;
    c.call.y = {c.y.data(), 0, 0, width};
    ASSERT_EQ(fovea_multi_head_run(&c.call), FOVEA_OK);
    const auto* begin = both.data() + b * c.y.size();
    ExpectSame(c.y, std::vector<float>(begin, begin + c.y.size()));
  }
}

template <class Change>
void ExpectModuleRefusal(fovea_status expected, const Change& change) {
  ModuleProblem problem;
  change(problem.call, problem.attention);
  const std::vector<float> before = problem.y;
  EXPECT_EQ(fovea_multi_head_run(&problem.call), expected);
  ExpectSame(problem.y, before);
}

TEST(CInterface, AModuleRefusesWhatItCannotDo) {
  using Call = fovea_multi_head;
  using Core = fovea_attention;
  const auto expect = [](fovea_status expected, auto change) {
    ExpectModuleRefusal(expected, change);
  };
  EXPECT_EQ(fovea_multi_head_run(nullptr), FOVEA_NULL_POINTER);
  EXPECT_EQ(fovea_multi_head_workspace_bytes(nullptr), 0u);
  expect(FOVEA_NULL_POINTER, [](Call& c, Core&) { c.attention = nullptr; });
  expect(FOVEA_NULL_POINTER, [](Call& c, Core&) { c.x.data = nullptr; });
  expect(FOVEA_NULL_POINTER, [](Call& c, Core&) { c.v.packed = nullptr; });
  expect(FOVEA_TOO_SHORT, [](Call& c, Core&) { c.workspace_bytes = 999; });
  expect(FOVEA_TOO_SHORT, [](Call& c, Core&) { --c.struct_bytes; });
  expect(FOVEA_BAD_STRIDE, [](Call& c, Core&) { c.y.token_stride = 39; });
  expect(FOVEA_ZERO_COUNT, [](Call& c, Core&) { c.model_dim = 0; });
  expect(FOVEA_UNSUPPORTED, [](Call& c, Core&) { c.memory_dim = 41; });
  expect(FOVEA_UNSUPPORTED, [](Call& c, Core&) { c.rotary_dim = 26; });
  expect(FOVEA_UNSUPPORTED, [](Call&, Core& a) { a.batch = SIZE_MAX / 2; });
  expect(FOVEA_UNSUPPORTED, [](Call& c, Core& a) {
    c.memory = c.x, a.keys = 2;  // of which none has a position
  });
  expect(FOVEA_BAD_SCALE, [](Call&, Core& a) { a.softcap = -1; });
  static const fovea_rotary rotary = {};
  expect(FOVEA_UNSUPPORTED, [](Call&, Core& a) { a.rotary = &rotary; });
}

}  // namespace
}  // namespace fovea
