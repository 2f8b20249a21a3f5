// SPDX-License-Identifier: Apache-2.0
// Attention in int8 as the templates compute it: what the C interface is
// compared with.  Compiled once for each class of targets.
#ifndef FOVEA_TESTS_LIBRARY_INT8_CASES_H_
#define FOVEA_TESTS_LIBRARY_INT8_CASES_H_

#include <stddef.h>
#include <stdint.h>

#include <cmath>
#include <vector>

#include "fovea/config.h"
#include "tests/golden/golden.h"

namespace fovea::golden {

struct Int8Config : AttentionConfig {
  using CacheElement = int8_t;
  static constexpr Arithmetic kArithmetic = Arithmetic::kInt8;
  static constexpr size_t kHeads = 4, kKvHeads = 2;
  static constexpr bool kLse = true;
  static constexpr size_t kBatch = 1, kTokens = 150;
  static constexpr size_t kMaxQueries = kTokens, kMaxKeys = kTokens;
};
struct PlainInt8 : Int8Config {
  static constexpr size_t kHeadDim = 64;
  static constexpr bool kCausal = true;
};
struct PlainScores : Int8Config {
  static constexpr Arithmetic kArithmetic = Arithmetic::kInt8Scores;
  static constexpr size_t kHeadDim = 20, kValueDim = 12;
  static constexpr bool kCausal = true, kSmoothKeys = false;
};
struct WindowedInt8 : Int8Config {
  static constexpr size_t kHeadDim = 20, kValueDim = 48;
  static constexpr size_t kWindow = 70, kSinks = 5;
  static constexpr bool kCausal = true, kSmoothKeys = false;
};
// Each option that changes a score, and outputs of hidden keys too.
struct EveryInt8 : Int8Config {
  static constexpr size_t kBatch = 2;
  static constexpr size_t kHeadDim = 33, kValueDim = 7, kWindow = 60;
  static constexpr bool kSoftcap = true, kAlibi = true, kSinkLogits = true;
  static constexpr MaskKind kMask = MaskKind::kBoolean;
  static constexpr bool kWeights = true;
  static constexpr ScoreStage kScores = ScoreStage::kScaled;
};
struct MaskedScores : Int8Config {
  static constexpr Arithmetic kArithmetic = Arithmetic::kInt8Scores;
  static constexpr size_t kBatch = 2;
  static constexpr size_t kHeadDim = 16;
  static constexpr MaskKind kMask = MaskKind::kAdditive;
  static constexpr bool kWeights = true;
  static constexpr ScoreStage kScores = ScoreStage::kMasked;
};
// In steps of at most kMaxQueries.
struct RingScores : Int8Config {
  static constexpr Arithmetic kArithmetic = Arithmetic::kInt8Scores;
  static constexpr size_t kHeadDim = 24, kRotaryDim = 8;
  static constexpr size_t kTokens = 400, kMaxQueries = 7;
  static constexpr size_t kWindow = 70, kSinks = 5;
  static constexpr bool kCausal = true, kRing = true;
};

// X(config)
#define FOVEA_INT8_RUN_CASES(X) \
  X(PlainInt8) X(PlainScores) X(WindowedInt8) X(EveryInt8) X(MaskedScores)

// Inputs of a case, [batch][token][head][dim], and what options it has.  Keys
// have a mean and a channel that varies more than the others; padding, which
// takes no part, may be NaN unless all scores are wanted.
template <class Config>
struct Int8Inputs {
  using R = Resolved<Config>;
  static constexpr size_t kRows = Config::kBatch * Config::kTokens;

  Int8Inputs()
      : q(Values(0, kRows * R::kHeads * R::kHeadDim)),
        k(Values(1, kRows * R::kKvHeads * R::kHeadDim)),
        v(Values(2, kRows * R::kKvHeads * R::kValueDim)),
        mask(Config::kTokens * Config::kTokens),
        bias(mask.size()),
        slopes(Values(3, R::kHeads)),
        sinks(Values(4, R::kHeads)) {
    for (size_t row = 0; row < k.size() / R::kHeadDim; ++row) {
      float* key = &k[row * R::kHeadDim];
      if (row % 2 == 0) key[3] *= 20;
      key[R::kHeadDim - 1] += 7;
    }
    const Stream holes(5, 0);
    for (size_t i = 0; i < mask.size(); ++i) {
      mask[i] = holes[i] > -0.5f;
      bias[i] = mask[i] ? holes[i] : -HUGE_VALF;
    }
    for (size_t b = 0; b < Config::kBatch; ++b) {
      lengths.push_back(Config::kTokens - 31 * b);
    }
    if (Config::kBatch > 1 && R::kScores != ScoreStage::kScaled) {
      k.back() = v.back() = std::nanf("");
    }
  }

  static std::vector<float> Values(uint64_t tensor, size_t count) {
    const Stream stream(9, tensor);
    std::vector<float> values(count);
    for (size_t i = 0; i < count; ++i) values[i] = 2.0f * stream[i];
    return values;
  }

  std::vector<float> q, k, v;
  std::vector<uint8_t> mask;
  std::vector<float> bias, slopes, sinks;
  std::vector<size_t> lengths;
};
constexpr float kInt8Softcap = 20.0f;
constexpr uint64_t kInt8RotaryPosition = 1000;

// Of all batch entries; rows of out are [token][head][dim].
struct Int8Outputs {
  template <class Config>
  static Int8Outputs Of() {
    using R = Resolved<Config>;
    constexpr size_t kRows = Config::kBatch * Config::kTokens * R::kHeads;
    constexpr size_t kMatrix = kRows * Config::kTokens;
    return {std::vector<float>(kRows * R::kValueDim, -1.0f),
            std::vector<float>(kRows, -1.0f),
            std::vector<float>(R::kWeights ? kMatrix : 0, -1.0f),
            std::vector<float>(R::kScores == ScoreStage::kNone ? 0 : kMatrix,
                               -1.0f)};
  }

  std::vector<float> out, lse, weights, scores;
};

// What the templates give for the case of that name, in a class of targets.
Int8Outputs FusedInt8(const char* name);
Int8Outputs UnfusedInt8(const char* name);

}  // namespace fovea::golden

#endif  // FOVEA_TESTS_LIBRARY_INT8_CASES_H_
