// SPDX-License-Identifier: Apache-2.0
// What a config turns on, as the kernels see it: configs that differ only in
// sizes share their code.
#ifndef FOVEA_KERNELS_FEATURES_H_
#define FOVEA_KERNELS_FEATURES_H_

#include <cstddef>
#include <type_traits>

#include "fovea/config.h"
#include "fovea/score_policy.h"

namespace fovea {

template <
    bool kCausalArg, size_t kWindowArg, size_t kSinksArg, MaskKind kMaskArg,
    bool kSoftcapArg, bool kAlibiArg, bool kSinkLogitsArg, class ScorePolicyArg,
    bool kLseArg, bool kWeightsArg, ScoreStage kScoresArg, bool kPartialArg,
    bool kRingArg, class StoredArg, class TurnerArg, Arithmetic kArithmeticArg>
struct Features {
  static constexpr bool kCausal = kCausalArg;
  static constexpr size_t kWindow = kWindowArg;
  static constexpr size_t kSinks = kSinksArg;
  static constexpr MaskKind kMask = kMaskArg;
  static constexpr bool kSoftcap = kSoftcapArg;
  static constexpr bool kAlibi = kAlibiArg;
  static constexpr bool kSinkLogits = kSinkLogitsArg;
  using ScorePolicy = ScorePolicyArg;
  static constexpr bool kLse = kLseArg;
  static constexpr bool kWeights = kWeightsArg;
  static constexpr ScoreStage kScores = kScoresArg;
  static constexpr bool kPartial = kPartialArg;  // see Attention::RunPartial
  static constexpr bool kRing = kRingArg;        // see CacheSpan
  using Stored = StoredArg;                      // of keys and values
  static constexpr Arithmetic kArithmetic = kArithmeticArg;
  using Turner = TurnerArg;  // of queries (rope.h); void: none
  static constexpr bool kTurns = !std::is_void<Turner>::value;
  // The float arithmetic on an int8 cache.
  static constexpr bool kQuantised =
      kArithmetic == Arithmetic::kFloat && std::is_same<Stored, int8_t>::value;
  static constexpr bool kInt8Keys = kArithmetic != Arithmetic::kFloat;
  static constexpr bool kInt8Values = kArithmetic == Arithmetic::kInt8;
  using Value =
      std::conditional_t<kArithmetic == Arithmetic::kInt8Scores, float, Stored>;

  // Each call says what the config would fix: whether it is causal, and its
  // window and sinks; which scores it wants; whether it is of a partial
  // (run_time_features.h).
  static constexpr bool kRunTimeSpan = false;
  static constexpr bool kRunTimeStage = false;
  static constexpr bool kRunTimePartial = false;

  static constexpr bool kHasMask = kMask != MaskKind::kNone;
  static constexpr bool kHasBias = TakesBias(kMask);
  static constexpr bool kHasBoolean = TakesMask(kMask);
  static constexpr bool kHasBlocks = TakesBlockMask(kMask);
  static constexpr bool kHasPolicy = !std::is_void<ScorePolicy>::value;
  static constexpr bool kPolicyMasks = PolicyMasks<ScorePolicy>::value;
  static constexpr bool kHasScores = kScores != ScoreStage::kNone;
  // The score of every key is written, hidden or not.
  static constexpr bool kEveryKey =
      kScores == ScoreStage::kScaled || kScores == ScoreStage::kSoftcapped;
  // Rows may see any subset of a tile, not only its first keys.
  static constexpr bool kMarks =
      kWindow > 0 || kHasMask || kPolicyMasks || kEveryKey || kPartial;
  static constexpr bool kPositions = kAlibi || kHasPolicy;
  static constexpr bool kHasRowOutputs =
      kLse || kWeights || kHasScores || kPartial;
  // Something happens to a score between q . k and the softmax.
  static constexpr bool kFinishes =
      kSoftcap || kAlibi || kHasPolicy || kHasBias || kHasScores || kWeights;
};

// Partials write none of the optional outputs: those need the whole row.
template <class R, bool kPartial, bool kRing, class Stored, class Turner>
using FeaturesOf =
    Features<R::kCausal, R::kWindow, R::kSinks, R::kMask, R::kSoftcap,
             R::kAlibi, R::kSinkLogits, typename R::ScorePolicy,
             R::kLse && !kPartial, R::kWeights && !kPartial,
             kPartial ? ScoreStage::kNone : R::kScores, kPartial, kRing, Stored,
             Turner, R::kArithmetic>;

}  // namespace fovea

#endif  // FOVEA_KERNELS_FEATURES_H_
