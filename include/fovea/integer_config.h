// SPDX-License-Identifier: Apache-2.0
// What IntegerAttention is told: sizes when it is compiled, scales when it
// runs. Both are integers; integer_scales.h makes the second of real ones.
#ifndef FOVEA_INTEGER_CONFIG_H_
#define FOVEA_INTEGER_CONFIG_H_

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "fovea/config.h"
#include "fovea/kernels/layout.h"

namespace fovea {

//   struct MyConfig : fovea::IntegerAttentionConfig {
//     static constexpr size_t kHeads = 4, kHeadDim = 32, kMaxKeys = 256;
//     static constexpr bool kCausal = true;
//   };
//
// Of AttentionConfig's features: kCausal, kWindow, kSinks, kRing and the
// boolean mask.
struct IntegerAttentionConfig : AttentionConfig {
  using Element = int8_t;
  using CacheElement = int8_t;
};

// How the integers of q, k, v and out stand for real numbers, in the scheme of
// TensorFlow Lite: real = scale * (integer - zero point).  The zero point of k
// adds the same to every score of a row, which the softmax cancels: there is
// none here.
struct IntegerScales {
  // Octaves (factors of 2 of a probability) that a score changes by when q . k
  // does by 1, times 2^31: scale_q * scale_k * softmax_scale * log2(e) * 2^31.
  uint32_t score_multiplier = 0;
  // scale_v / scale_out = output_multiplier * 2^(output_shift - 31), with the
  // multiplier from 2^30 to 2^31 - 1 and the shift from -31 to 19.
  int32_t output_multiplier = 0;
  int32_t output_shift = 0;
  int8_t query_zero = 0;
  int8_t value_zero = 0;
  int8_t output_zero = 0;
};

// The most keys that a row may see: more would overflow 32 bits.
constexpr size_t kMostIntegerKeys = size_t{1} << 15;

// The config with its defaults filled in and its rules checked.
template <class Config>
struct ResolvedInteger {
 private:
  struct Sizes : Config {  // the rules that both kinds of attention share
    using Element = float;
    using CacheElement = int8_t;
  };
  using R = Resolved<Sizes>;

 public:
  static constexpr size_t kHeads = R::kHeads;
  static constexpr size_t kKvHeads = R::kKvHeads;
  static constexpr size_t kGroup = R::kGroup;
  static constexpr size_t kHeadDim = R::kHeadDim;
  static constexpr size_t kValueDim = R::kValueDim;
  static constexpr size_t kMaxQueries = R::kMaxQueries;
  static constexpr size_t kMaxKeys = R::kMaxKeys;
  static constexpr bool kCausal = R::kCausal;
  static constexpr size_t kWindow = R::kWindow;
  static constexpr size_t kSinks = R::kSinks;
  static constexpr bool kRing = R::kRing;
  /// No key means: fixed scales have a zero point, and softmax cancels it.
  static constexpr bool kKeyMeans = false;
  static constexpr MaskKind kMask = R::kMask;

  static_assert(std::is_same<typename Config::Element, int8_t>::value &&
                    std::is_same<typename Config::CacheElement, int8_t>::value,
                "Element and CacheElement must be int8_t");
  static_assert(kMaxKeys <= kMostIntegerKeys, "kMaxKeys is at most 2^15");
  static_assert(!kRing || kWindow + kSinks <= kMostIntegerKeys,
                "a ring's kWindow and kSinks are at most 2^15 together");
  static_assert(kMask == MaskKind::kNone || kMask == MaskKind::kBoolean,
                "kMask is kNone or kBoolean");
  static_assert(!R::kSoftcap && !R::kAlibi && !R::kSinkLogits &&
                    R::kRotaryDim == 0 && !R::kLse && !R::kWeights &&
                    R::kScores == ScoreStage::kNone &&
                    std::is_void<typename R::ScorePolicy>::value,
                "a feature that IntegerAttention does not have");
};

}  // namespace fovea

#endif  // FOVEA_INTEGER_CONFIG_H_
