// SPDX-License-Identifier: Apache-2.0
// A call of attention with every option that its config has, for the tests of
// what the options mean.
#ifndef FOVEA_TESTS_FEATURES_PROBLEM_H_
#define FOVEA_TESTS_FEATURES_PROBLEM_H_

#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <type_traits>
#include <vector>

#include "fovea/attention.h"
#include "fovea/kv_cache.h"
#include "tests/golden/attention_policies.h"
#include "tests/golden/golden.h"
#include "tests/golden/poison.h"
#include "tests/reference/call_reference.h"

namespace fovea {

constexpr size_t kTokens = 130;  // two tiles and a bit
constexpr float kUntouched = 12345.0f;

struct ProblemConfig : AttentionConfig {
  static constexpr size_t kHeads = 4, kKvHeads = 2, kHeadDim = 20;
  static constexpr size_t kValueDim = 12;
  static constexpr size_t kMaxQueries = kTokens, kMaxKeys = kTokens;
  static constexpr bool kLse = true, kWeights = true;
};

// ------------------------------------------------------------------ configs

struct Plain : ProblemConfig {};
struct Boolean : ProblemConfig {
  static constexpr MaskKind kMask = MaskKind::kBoolean;
};
struct BooleanSinkLogits : Boolean {
  static constexpr bool kSinkLogits = true;
};
struct Additive : ProblemConfig {
  static constexpr MaskKind kMask = MaskKind::kAdditive;
};
struct Causal : ProblemConfig {
  static constexpr bool kCausal = true;
};
struct CausalWindow : Causal {
  static constexpr size_t kWindow = 20;
};
struct CausalSinks : CausalWindow {
  static constexpr size_t kSinks = 3;
};
struct Window : ProblemConfig {
  static constexpr size_t kWindow = 20;
};
struct Softcap : ProblemConfig {
  static constexpr bool kSoftcap = true;
};
struct Alibi : ProblemConfig {
  static constexpr bool kAlibi = true;
};
struct SinkLogits : ProblemConfig {
  static constexpr bool kSinkLogits = true;
};
struct Policy : ProblemConfig {
  using ScorePolicy = golden::Dilated;
};
struct EveryCausal : CausalSinks {
  static constexpr MaskKind kMask = MaskKind::kAdditive;
  static constexpr bool kSoftcap = true, kAlibi = true, kSinkLogits = true;
  using ScorePolicy = golden::Dilated;
  static constexpr ScoreStage kScores = ScoreStage::kMasked;
};
struct EveryFull : Window {
  static constexpr size_t kSinks = 3;
  static constexpr MaskKind kMask = MaskKind::kBoolean;
  static constexpr bool kSoftcap = true, kAlibi = true, kSinkLogits = true;
  using ScorePolicy = golden::Decay;
  static constexpr ScoreStage kScores = ScoreStage::kSoftcapped;
};

// ------------------------------------------------------------------ problem

enum class ProblemWay : uint8_t { kRun, kAttend, kStep };
constexpr ProblemWay kAllWays[] = {ProblemWay::kRun, ProblemWay::kAttend,
                                   ProblemWay::kStep};

inline bool SameBits(const float* a, const float* b, size_t count) {
  return std::memcmp(a, b, count * sizeof(float)) == 0;
}

inline bool SameBits(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() && SameBits(a.data(), b.data(), a.size());
}

template <class Config>
struct Problem {
  using R = Resolved<Config>;
  using Attention = fovea::Attention<Config>;
  using Call = typename Attention::Call;
  static constexpr size_t kRows = R::kHeads * kTokens;

  std::vector<float> q = Random(0, kRows* R::kHeadDim);
  std::vector<float> k = Random(1, R::kKvHeads* kTokens* R::kHeadDim);
  std::vector<float> v = Random(2, R::kKvHeads* kTokens* R::kValueDim);
  std::vector<float> out = Guarded(kRows * R::kValueDim);
  std::vector<float> lse = Guarded(kRows);
  std::vector<float> weights = Guarded(kRows * kTokens);
  std::vector<float> scores = Guarded(kRows * kTokens);
  // One for all heads and queries alike, unless a test gives its own.
  std::vector<uint8_t> mask = RandomMask();
  std::vector<float> bias = RandomBias();
  std::vector<float> slopes = {0.25f, 0.125f, 0.0625f, 0.5f};
  std::vector<float> sinks = {0.5f, -1.0f, 2.0f, 0.0f};
  Call call;

  Problem() {
    call.q = HeadMajor<const float>(q.data(), R::kHeads, kTokens, R::kHeadDim);
    call.k =
        HeadMajor<const float>(k.data(), R::kKvHeads, kTokens, R::kHeadDim);
    call.v =
        HeadMajor<const float>(v.data(), R::kKvHeads, kTokens, R::kValueDim);
    call.out = HeadMajor(out.data(), R::kHeads, kTokens, R::kValueDim);
    call.queries = call.keys = kTokens;
    if constexpr (R::kMask == MaskKind::kBoolean) call.mask = PerQuery(mask);
    if constexpr (R::kMask == MaskKind::kAdditive) call.bias = PerQuery(bias);
    if constexpr (R::kSoftcap) call.softcap = 1.5f;
    if constexpr (R::kAlibi) call.alibi_slopes = slopes.data();
    if constexpr (R::kSinkLogits) call.sink_logits = sinks.data();
    if constexpr (R::kLse) call.lse = lse.data();
    if constexpr (R::kWeights) call.weights = weights.data();
    if constexpr (R::kScores != ScoreStage::kNone) call.scores = scores.data();
    if constexpr (!std::is_void<typename R::ScorePolicy>::value) {
      call.score_policy = R::ScorePolicy::Of(1);
    }
  }
  Problem(const Problem&) = delete;
  Problem& operator=(const Problem&) = delete;

  Status Go(ProblemWay way = ProblemWay::kRun);

  reference::CallReference<Config> Reference() const {
    return reference::CallReference<Config>(call);
  }

  float* KeyRow(size_t kv_head, size_t token) {
    return k.data() + (kv_head * kTokens + token) * R::kHeadDim;
  }
  float* ValueRow(size_t kv_head, size_t token) {
    return v.data() + (kv_head * kTokens + token) * R::kValueDim;
  }
  const float* OutRow(size_t row) const {
    return out.data() + row * R::kValueDim;
  }

  bool Untouched() const {
    for (const auto* values : {&out, &lse, &weights, &scores}) {
      for (const float value : *values) {
        if (value != kUntouched) return false;
      }
    }
    return true;
  }

  // [query][key], shared by the heads.
  template <class T>
  static View<const T> PerQuery(const std::vector<T>& values) {
    return {values.data(), 0, 0, kTokens};
  }

 private:
  static std::vector<float> Guarded(size_t count) {
    return std::vector<float>(count, kUntouched);
  }

  static std::vector<float> Random(uint64_t tensor, size_t count) {
    const golden::Stream stream(7, tensor);
    std::vector<float> values(count);
    for (size_t i = 0; i < count; ++i) values[i] = stream[i];
    return values;
  }

  // Every other key at random; queries 40 to 49 see nothing, and no query sees
  // the second tile's first half.
  static std::vector<uint8_t> RandomMask() {
    const golden::Stream stream(7, 3);
    std::vector<uint8_t> values(kTokens * kTokens);
    for (size_t i = 0; i < values.size(); ++i) {
      const size_t query = i / kTokens, key = i % kTokens;
      const bool hidden = (query >= 40 && query < 50) || key / 32 == 2;
      values[i] = stream[i] >= 0 && !hidden;
    }
    return values;
  }

  static std::vector<float> RandomBias() {
    const golden::Stream stream(7, 4);
    const std::vector<uint8_t> visible = RandomMask();
    std::vector<float> values(visible.size());
    for (size_t i = 0; i < values.size(); ++i) {
      values[i] = visible[i] ? stream[i] : -HUGE_VALF;
    }
    return values;
  }
};

template <class Config>
Status Problem<Config>::Go(ProblemWay way) {
  const auto workspace = golden::MakePoisoned<typename Attention::Workspace>();
  if (way == ProblemWay::kRun) return Attention::Run(call, *workspace);
  const auto cache = golden::MakePoisoned<KvCache<Config>>();
  cache->Clear();
  if (way == ProblemWay::kStep) {
    return Attention::Step(call, *cache, *workspace);
  }
  const Status status = cache->Append(call.k, call.v, call.keys);
  if (status != Status::kOk) return status;
  return Attention::Attend(call, *cache, *workspace);
}

// Their kernels are compiled once for all tests, in features_problem_*.cc.
extern template Status Problem<Plain>::Go(ProblemWay);
extern template Status Problem<Boolean>::Go(ProblemWay);
extern template Status Problem<BooleanSinkLogits>::Go(ProblemWay);
extern template Status Problem<Additive>::Go(ProblemWay);
extern template Status Problem<Causal>::Go(ProblemWay);
extern template Status Problem<CausalWindow>::Go(ProblemWay);
extern template Status Problem<CausalSinks>::Go(ProblemWay);
extern template Status Problem<Window>::Go(ProblemWay);
extern template Status Problem<Softcap>::Go(ProblemWay);
extern template Status Problem<Alibi>::Go(ProblemWay);
extern template Status Problem<SinkLogits>::Go(ProblemWay);
extern template Status Problem<Policy>::Go(ProblemWay);
extern template Status Problem<EveryCausal>::Go(ProblemWay);
extern template Status Problem<EveryFull>::Go(ProblemWay);

template <class Config>
void ExpectNanRow(const Problem<Config>& p, size_t row) {
  for (size_t d = 0; d < Problem<Config>::R::kValueDim; ++d) {
    EXPECT_TRUE(std::isnan(p.OutRow(row)[d])) << row << " " << d;
  }
  EXPECT_TRUE(std::isnan(p.lse[row])) << row;
}

}  // namespace fovea

#endif  // FOVEA_TESTS_FEATURES_PROBLEM_H_
