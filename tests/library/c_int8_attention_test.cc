// SPDX-License-Identifier: Apache-2.0
// Attention in int8 through the C interface: the bits of the C++ templates on
// every target that this CPU can run, however it is called, and what is
// refused.

#include <gtest/gtest.h>
#include <stddef.h>
#include <stdint.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "fovea/fovea.h"
#include "tests/golden/c_call.h"
#include "tests/golden/check.h"
#include "tests/golden/every_target.h"
#include "tests/library/int8_cases.h"

namespace fovea::golden {
namespace {

#ifndef FOVEA_HAS_UNFUSED_TARGETS
Int8Outputs UnfusedInt8(const char*) { return {}; }
#endif

const fovea_arithmetic* ArithmeticOf(Arithmetic arithmetic) {
  return arithmetic == Arithmetic::kInt8 ? fovea_int8() : fovea_int8_scores();
}

template <class Config>
class CRun {
 public:
  using R = Resolved<Config>;

  CRun() {
    call_.struct_bytes = sizeof(call_);
    call_.batch = Config::kBatch;
    call_.heads = R::kHeads, call_.kv_heads = R::kKvHeads;
    call_.head_dim = R::kHeadDim, call_.value_dim = R::kValueDim;
    call_.arithmetic = ArithmeticOf(R::kArithmetic);
    call_.raw_keys = !R::kSmoothKeys;
    call_.causal = R::kCausal;
    call_.window = R::kWindow, call_.sinks = R::kSinks;
    if (R::kRotaryDim > 0) SetRotary();
    SetTokens(0, Config::kTokens);
    room_ = Buffer(fovea_attention_run_workspace_bytes(&call_));
    SetRoom();
  }

  fovea_attention& call() { return call_; }
  Int8Inputs<Config>& in() { return in_; }
  const Int8Outputs& outputs() const { return out_; }
  void Clear() { out_ = Int8Outputs::Of<Config>(), SetOutputs(); }

  // Everything that a call on all tokens may have.
  void SetWhole() {
    SetTokens(0, Config::kTokens);
    SetOutputs();
    if (Config::kBatch > 1) call_.key_lengths = in_.lengths.data();
    if (R::kMask == MaskKind::kBoolean) {
      call_.mask = {in_.mask.data(), 0, 0, Config::kTokens};
    }
    if (R::kMask == MaskKind::kAdditive) {
      call_.bias = {in_.bias.data(), 0, 0, Config::kTokens};
    }
    if (R::kSoftcap) call_.softcap = kInt8Softcap;
    if (R::kAlibi) call_.alibi_slopes = in_.slopes.data();
    if (R::kSinkLogits) call_.sink_logits = in_.sinks.data();
  }

  fovea_status Run(size_t parts) {
    call_.parts = parts;
    for (call_.part = 0; call_.part < parts; ++call_.part) {
      const fovea_status status = fovea_attention_run(&call_);
      if (status != FOVEA_OK) return status;
    }
    return FOVEA_OK;
  }

  fovea_cache_shape CacheShape() const {
    fovea_cache_shape shape =
        CCache::ShapeOf(call_, Config::kTokens, FOVEA_INT8);
    shape.raw_keys = !R::kSmoothKeys;
    shape.arithmetic = call_.arithmetic;
    if (R::kRing) {
      shape.window = R::kWindow, shape.sinks = R::kSinks;
      shape.max_queries = R::kMaxQueries;
    }
    return shape;
  }

  void UseRoomOf(const fovea_cache* cache) {
    room_ = Buffer(fovea_cache_workspace_bytes(cache));
    SetRoom();
  }

  // A stream in chunks; it goes on in another cache, from saved bytes, half
  // way.
  fovea_status Steps(size_t chunk) {
    const CCache cache(CacheShape()), restored(CacheShape());
    UseRoomOf(cache.cache);
    fovea_cache* to = cache.cache;
    fovea_status status = cache.status;
    for (size_t first = 0; first < Config::kTokens && status == FOVEA_OK;) {
      const size_t count = std::min(chunk, Config::kTokens - first);
      if (to == cache.cache && first > Config::kTokens / 2) {
        const Buffer saved(fovea_cache_saved_bytes(to));
        EXPECT_EQ(fovea_cache_save(to, saved.get(), saved.bytes()), FOVEA_OK);
        to = restored.cache;
        EXPECT_EQ(fovea_cache_restore(to, saved.get(), saved.bytes()),
                  FOVEA_OK);
      }
      SetTokens(first, count);
      status = fovea_cache_step(to, &call_);
      first += count;
    }
    return status;
  }

  fovea_status AttendCache() {
    const CCache cache(CacheShape());
    UseRoomOf(cache.cache);
    const fovea_status status =
        fovea_cache_append(cache.cache, call_.k, call_.v, Config::kTokens);
    call_.first_position = 0;
    call_.part = call_.parts = 0;
    return status == FOVEA_OK ? fovea_cache_attend(cache.cache, &call_)
                              : status;
  }

 private:
  void SetTokens(size_t first, size_t count) {
    const auto row = [&](size_t heads, size_t dim, size_t& at) {
      at = first * heads * dim;
      return heads * dim;
    };
    const size_t tokens = Config::kTokens;
    size_t at = 0;
    size_t stride = row(R::kHeads, R::kHeadDim, at);
    call_.q = {&in_.q[at], tokens * stride, R::kHeadDim, stride};
    stride = row(R::kKvHeads, R::kHeadDim, at);
    call_.k = {&in_.k[at], tokens * stride, R::kHeadDim, stride};
    stride = row(R::kKvHeads, R::kValueDim, at);
    call_.v = {&in_.v[at], tokens * stride, R::kValueDim, stride};
    stride = row(R::kHeads, R::kValueDim, at);
    call_.out = {&out_.out[at], tokens * stride, R::kValueDim, stride};
    call_.queries = call_.keys = count;
  }

  void SetOutputs() {
    call_.lse = out_.lse.data();
    if (R::kWeights) call_.weights = out_.weights.data();
    if (R::kScores != ScoreStage::kNone) call_.scores = out_.scores.data();
    call_.score_stage = static_cast<fovea_score_stage>(R::kScores);
    SetTokens(0, Config::kTokens);
  }

  void SetRotary() {
    rates_.resize(R::kRotaryDim / 2);
    fovea_rope_rates(R::kRotaryDim, 10000, FOVEA_ROPE_UNSCALED, 1,
                     rates_.data());
    rotary_.struct_bytes = sizeof(rotary_);
    rotary_.turner = fovea_rope_turner();
    rotary_.rates = rates_.data();
    rotary_.dim = R::kRotaryDim;
    rotary_.position = kInt8RotaryPosition;
    call_.rotary = &rotary_;
  }

  void SetRoom() {
    call_.workspace = room_.get();
    call_.workspace_bytes = room_.bytes();
  }

  Int8Inputs<Config> in_;
  Int8Outputs out_ = Int8Outputs::Of<Config>();
  std::vector<uint64_t> rates_;
  fovea_rotary rotary_ = {};
  fovea_attention call_ = {};
  Buffer room_{0};
};

void ExpectSame(const char* name, const Int8Outputs& one,
                const Int8Outputs& other) {
  ExpectSameBits(name, one.out, other.out);
  ExpectSameBits(name, one.lse, other.lse);
  ExpectSameBits(name, one.weights, other.weights);
  ExpectSameBits(name, one.scores, other.scores);
}

// The templates' results, each computed once.
const Int8Outputs& Expected(const char* name, Int8Outputs (&of_class)[2]) {
  Int8Outputs& expected = of_class[fovea_target_fuses()];
  if (expected.out.empty()) {
    expected = fovea_target_fuses() ? FusedInt8(name) : UnfusedInt8(name);
  }
  return expected;
}

template <class Config>
void ExpectTheBitsOfTheTemplate(const char* name) {
  Int8Outputs of_class[2];
  ForEachTarget([&] {
    const Int8Outputs& expected = Expected(name, of_class);
    ASSERT_FALSE(expected.out.empty());
    CRun<Config> run;
    for (const size_t parts : {1, 3}) {
      run.Clear();
      run.SetWhole();
      ASSERT_EQ(run.Run(parts), FOVEA_OK) << name;
      ExpectSame(name, run.outputs(), expected);
    }
  });
}

TEST(CInt8Attention, RunHasTheBitsOfTheTemplates) {
#define FOVEA_INT8_CASE(config) ExpectTheBitsOfTheTemplate<config>(#config);
  FOVEA_INT8_RUN_CASES(FOVEA_INT8_CASE)
#undef FOVEA_INT8_CASE
}

// What a cache gives a stream is what a prefill of it gives.
template <class Config>
void ExpectTheBitsOfRun() {
  ForEachTarget([] {
    CRun<Config> whole, cut, attended;
    whole.SetWhole();
    ASSERT_EQ(whole.Run(1), FOVEA_OK);
    attended.SetWhole();
    ASSERT_EQ(attended.AttendCache(), FOVEA_OK);
    ExpectSame("attended", attended.outputs(), whole.outputs());
    for (const size_t chunk : {1, 37}) {
      cut.Clear();
      cut.call().lse = nullptr;
      ASSERT_EQ(cut.Steps(chunk), FOVEA_OK);
      ExpectSameBits("steps", cut.outputs().out, whole.outputs().out);
    }
  });
}

TEST(CInt8Attention, ACacheHasTheBitsOfRun) {
  ExpectTheBitsOfRun<PlainInt8>();
  ExpectTheBitsOfRun<PlainScores>();
  ExpectTheBitsOfRun<WindowedInt8>();
}

TEST(CInt8Attention, ARingHasTheBitsOfTheTemplates) {
  Int8Outputs of_class[2];
  ForEachTarget([&] {
    const Int8Outputs& expected = Expected("RingScores", of_class);
    ASSERT_FALSE(expected.out.empty());
    for (const size_t chunk : {size_t{1}, RingScores::kMaxQueries}) {
      CRun<RingScores> run;
      ASSERT_EQ(run.Steps(chunk), FOVEA_OK);
      ExpectSameBits("RingScores", run.outputs().out, expected.out);
    }
  });
}

TEST(CInt8Attention, OnePartialMergesToTheWhole) {
  using R = Resolved<PlainInt8>;
  CRun<PlainInt8> whole, merged;
  whole.SetWhole(), merged.SetWhole();
  ASSERT_EQ(whole.Run(1), FOVEA_OK);
  std::vector<float> numerator(whole.outputs().out.size());
  std::vector<float> max(whole.outputs().lse.size()), sum(max.size());
  fovea_partial partial = {};
  partial.struct_bytes = sizeof(partial);
  partial.numerator = {numerator.data(), 0, R::kValueDim,
                       R::kHeads * R::kValueDim};
  partial.max = max.data(), partial.sum = sum.data();
  ASSERT_EQ(fovea_attention_run_partial(&merged.call(), 0, PlainInt8::kTokens,
                                        &partial),
            FOVEA_OK);
  ASSERT_EQ(fovea_attention_merge(&merged.call(), &partial, 1), FOVEA_OK);
  ExpectSameBits("out", merged.outputs().out, whole.outputs().out);
  // Of a cache, in two ranges: what the first left out the second adds.
  const CCache cache(merged.CacheShape());
  const fovea_attention& call = merged.call();
  ASSERT_EQ(fovea_cache_append(cache.cache, call.k, call.v, call.keys),
            FOVEA_OK);
  merged.UseRoomOf(cache.cache);
  std::vector<float> second(numerator.size()), max2(max), sum2(sum);
  fovea_partial both[] = {partial, partial};
  both[1].numerator.data = second.data();
  both[1].max = max2.data(), both[1].sum = sum2.data();
  ASSERT_EQ(fovea_cache_attend_partial(cache.cache, &call, 0, 70, &both[0]),
            FOVEA_OK);
  ASSERT_EQ(
      fovea_cache_attend_partial(cache.cache, &call, 70, call.keys, &both[1]),
      FOVEA_OK);
  merged.Clear();
  ASSERT_EQ(fovea_attention_merge(&merged.call(), both, 2), FOVEA_OK);
  const std::vector<float>& out = merged.outputs().out;
  for (size_t i = 0; i < out.size(); ++i) {
    ASSERT_NEAR(out[i], whole.outputs().out[i], 2e-2f) << i;
  }
}

// ------------------------------------------------------------------ bad input

TEST(CInt8Attention, WhatHasNoScaleIsRefused) {
  constexpr float kMost = std::numeric_limits<float>::max();
  for (const float bad : {std::nanf(""), HUGE_VALF, -kMost}) {
    for (const bool in_key : {true, false}) {
      CRun<PlainInt8> all;
      CRun<PlainScores> scores;
      all.SetWhole(), scores.SetWhole();
      (in_key ? all.in().k : all.in().v).back() = bad;
      (in_key ? scores.in().k : scores.in().v).back() = bad;
      EXPECT_EQ(all.Run(1), FOVEA_BAD_SCALE);
      EXPECT_EQ(all.AttendCache(), FOVEA_BAD_SCALE);
      EXPECT_EQ(all.outputs().out[0], -1.0f) << "written";
      EXPECT_EQ(scores.Run(1), in_key ? FOVEA_BAD_SCALE : FOVEA_OK);
      EXPECT_EQ(scores.AttendCache(), in_key ? FOVEA_BAD_SCALE : FOVEA_OK);
    }
  }
}

TEST(CInt8Attention, ACacheIsOfOneArithmetic) {
  CRun<PlainInt8> run;
  const CCache cache(run.CacheShape());
  run.UseRoomOf(cache.cache);
  fovea_attention& call = run.call();
  call.queries = 1;
  EXPECT_EQ(fovea_cache_step(cache.cache, &call), FOVEA_OK);
  call.arithmetic = fovea_int8_scores();
  EXPECT_EQ(fovea_cache_step(cache.cache, &call), FOVEA_UNSUPPORTED);
  call.arithmetic = nullptr;
  EXPECT_EQ(fovea_cache_step(cache.cache, &call), FOVEA_UNSUPPORTED);
  EXPECT_EQ(fovea_cache_attend(cache.cache, &call), FOVEA_UNSUPPORTED);
  const CCache plain(call, 20, FOVEA_INT8);
  call.arithmetic = fovea_int8();
  EXPECT_EQ(fovea_cache_step(plain.cache, &call), FOVEA_UNSUPPORTED);
  // Nor does it take what another one saved.
  const Buffer saved(fovea_cache_saved_bytes(cache.cache));
  ASSERT_EQ(fovea_cache_save(cache.cache, saved.get(), saved.bytes()),
            FOVEA_OK);
  EXPECT_EQ(fovea_cache_restore(plain.cache, saved.get(), saved.bytes()),
            FOVEA_BAD_FORMAT);
}

TEST(CInt8Attention, CachesOfOtherElementsHaveNoArithmetic) {
  CRun<PlainInt8> run;
  for (int element = 0; element < 9; ++element) {
    fovea_cache_shape shape = run.CacheShape();
    shape.element = static_cast<fovea_element>(element);
    EXPECT_EQ(fovea_cache_bytes(&shape) != 0, element == FOVEA_INT8) << element;
    shape.arithmetic = nullptr;
    const bool known = element >= FOVEA_FLOAT32 && element <= FOVEA_INT8;
    EXPECT_EQ(fovea_cache_bytes(&shape) != 0, known) << element;
  }
}

TEST(CInt8Attention, ItsWorkspaceGrowsWithTheKeys) {
  CRun<PlainInt8> run;
  run.SetWhole();
  fovea_attention& call = run.call();
  const size_t bytes = fovea_attention_run_workspace_bytes(&call);
  EXPECT_GT(bytes, fovea_attention_workspace_bytes(64, 64));
  call.workspace_bytes = bytes - 1;
  EXPECT_EQ(fovea_attention_run(&call), FOVEA_TOO_SHORT);
  call.keys += 64;
  EXPECT_GT(fovea_attention_run_workspace_bytes(&call), bytes);
  call.keys = 0;
  EXPECT_EQ(fovea_attention_run_workspace_bytes(&call), 0u);
  call.keys = (1u << 24) + 1;
  EXPECT_EQ(fovea_attention_run_workspace_bytes(&call), 0u);
  call.keys = 1;
  call.arithmetic = nullptr;
  EXPECT_EQ(fovea_attention_run_workspace_bytes(&call),
            fovea_attention_workspace_bytes(64, 64));
  EXPECT_EQ(fovea_attention_run_workspace_bytes(nullptr), 0u);
}

// ----------------------------------------------------------- fovea_check_int8

struct CheckRoom {
  explicit CheckRoom(fovea_attention& call)
      : room(fovea_check_int8_workspace_bytes(&call)) {
    error.struct_bytes = sizeof(error);
    call.workspace = room.get();
    call.workspace_bytes = room.bytes();
  }
  Buffer room;
  fovea_int8_error error = {};
};

TEST(CCheckInt8, SaysWhatAComparisonWithFloatSays) {
  CRun<MaskedScores> in_int8, in_float, checked;
  in_float.call().arithmetic = nullptr;
  for (CRun<MaskedScores>* run : {&in_int8, &in_float, &checked}) {
    run->SetWhole();
    run->call().batch = 1, run->call().key_lengths = nullptr;
  }
  ASSERT_EQ(in_int8.Run(1), FOVEA_OK);
  ASSERT_EQ(in_float.Run(1), FOVEA_OK);
  CheckRoom room(checked.call());
  ASSERT_EQ(fovea_check_int8(&checked.call(), &room.error), FOVEA_OK);
  ExpectSame("the call's", checked.outputs(), in_int8.outputs());
  double xy = 0, xx = 0, yy = 0, difference = 0, size = 0;
  const size_t count = in_int8.outputs().out.size() / 2;  // of a batch of 2
  for (size_t i = 0; i < count; ++i) {
    const double x = in_int8.outputs().out[i], y = in_float.outputs().out[i];
    xy += x * y, xx += x * x, yy += y * y;
    difference += std::fabs(x - y), size += std::fabs(y);
  }
  EXPECT_NEAR(room.error.cosine, xy / std::sqrt(xx * yy), 1e-5);
  EXPECT_NEAR(room.error.relative_l1, difference / size, 1e-5);
  EXPECT_GT(room.error.relative_l1, 0.0f);
  EXPECT_LE(room.error.least_cosine, room.error.cosine);
  EXPECT_GT(room.error.least_cosine, 0.9f);
}

TEST(CCheckInt8, RefusesWhatItCannotCompare) {
  CRun<PlainInt8> run;
  run.SetWhole();
  fovea_attention& call = run.call();
  CheckRoom room(call);
  const auto expect = [&](fovea_status status, const fovea_attention& bad) {
    EXPECT_EQ(fovea_check_int8(&bad, &room.error), status);
    EXPECT_EQ(room.error.cosine, 0.0f) << "written";
    EXPECT_EQ(run.outputs().out[0], -1.0f) << "written";
  };
  fovea_attention bad = call;
  bad.arithmetic = nullptr;
  expect(FOVEA_UNSUPPORTED, bad);
  EXPECT_EQ(fovea_check_int8_workspace_bytes(&bad), 0u);
  bad = call, bad.batch = 2;
  expect(FOVEA_UNSUPPORTED, bad);
  bad = call, bad.parts = 2;
  expect(FOVEA_UNSUPPORTED, bad);
  bad = call, --bad.workspace_bytes;
  expect(FOVEA_TOO_SHORT, bad);
  bad = call, bad.workspace = nullptr;
  expect(FOVEA_NULL_POINTER, bad);
  bad = call, bad.q.data = nullptr;
  expect(FOVEA_NULL_POINTER, bad);
  bad = call, bad.keys = 0;
  expect(FOVEA_ZERO_COUNT, bad);
  EXPECT_EQ(fovea_check_int8(&call, nullptr), FOVEA_NULL_POINTER);
  --room.error.struct_bytes;
  expect(FOVEA_TOO_SHORT, call);
  ++room.error.struct_bytes;
  run.in().k[0] = HUGE_VALF;
  expect(FOVEA_BAD_SCALE, call);
}

}  // namespace
}  // namespace fovea::golden
