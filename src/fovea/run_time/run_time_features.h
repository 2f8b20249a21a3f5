// SPDX-License-Identifier: Apache-2.0
// The few sets of features that the run-time interface compiles: each of them
// costs a kernel a target.
#ifndef FOVEA_RUN_TIME_RUN_TIME_FEATURES_H_
#define FOVEA_RUN_TIME_RUN_TIME_FEATURES_H_

#include "fovea/config.h"
#include "fovea/kernels/features.h"
#include "fovea/run_time/row_turner.h"

namespace fovea {
namespace run_time {

// Causal or not, with log-sum-exp.  What is not causal is so from a position
// past every key.
template <class Stored, Arithmetic kArithmetic = Arithmetic::kFloat>
using PlainFeatures =
    Features<true, 0, 0, MaskKind::kNone, false, false, false, void, true,
             false, ScoreStage::kNone, false, false, Stored, void, kArithmetic>;

// A lone row that sees every key: most of what a decode does.
template <class Stored>
using LoneFeatures = Features<false, 0, 0, MaskKind::kNone, false, false, false,
                              void, false, false, ScoreStage::kNone, false,
                              false, Stored, void, Arithmetic::kFloat>;

// What changes or hides a score, each of which a call may leave out.
template <class Stored, bool kOutputs, ScoreStage kScores, bool kPartial>
struct EveryOption
    : Features<true, 1, 1, MaskKind::kAny, true, true, true, void, !kPartial,
               kOutputs, kScores, kPartial, false, Stored, RunTimeTurner,
               Arithmetic::kFloat> {
  static constexpr bool kRunTimeSpan = true;
  static constexpr bool kRunTimeStage = kOutputs;
};

template <class Stored>
using RichFeatures = EveryOption<Stored, false, ScoreStage::kNone, false>;
// With weights, and scores of any stage.
template <class Stored>
using OutputFeatures = EveryOption<Stored, true, ScoreStage::kScaled, false>;
template <class Stored>
using PartialFeatures = EveryOption<Stored, false, ScoreStage::kNone, true>;

// All of them at once, on a cache that may be a ring: there a key's row is
// scored with one look at what the call wants, and a third of the code does.
template <class Stored, Arithmetic kArithmetic = Arithmetic::kFloat>
struct EveryFeature : Features<true, 1, 1, MaskKind::kAny, true, true, true,
                               void, true, true, ScoreStage::kScaled, true,
                               true, Stored, RunTimeTurner, kArithmetic> {
  static constexpr bool kRunTimeSpan = true;
  static constexpr bool kRunTimeStage = true;
  static constexpr bool kRunTimePartial = true;
};

}  // namespace run_time
}  // namespace fovea

#endif  // FOVEA_RUN_TIME_RUN_TIME_FEATURES_H_
