// SPDX-License-Identifier: Apache-2.0
// The members of Attention::Call that exist only where the config names their
// feature: an input that a config cannot use does not compile, and costs
// nothing.  A null pointer leaves the feature out of this one call.
#ifndef FOVEA_CALL_OPTIONS_H_
#define FOVEA_CALL_OPTIONS_H_

#include <cstddef>
#include <cstdint>

#include "fovea/config.h"
#include "fovea/view.h"

namespace fovea {
namespace options {

// With kMask.  [batch][head][query][mask_keys]; each of the three strides may
// be 0, which shares one mask among the batch, the heads or the queries.  Joins
// the causal mask, the window and key_lengths: a key is visible when all of
// them let it be.
template <MaskKind kMask>
struct Mask {};
template <>
struct Mask<MaskKind::kBoolean> {
  View<const uint8_t> mask;  // 0 hides the key, any other value shows it
  // Columns of the mask, at most the call's keys, which 0 stands for.  Keys
  // beyond it are hidden.
  size_t mask_keys = 0;
};
template <>
struct Mask<MaskKind::kAdditive> {
  View<const float> bias;  // added to the score; -inf hides the key
  size_t mask_keys = 0;    // as above
};

// With kSoftcap: score = softcap * tanh(score / softcap), before ALiBi, bias
// and masks (Gemma 2, arXiv 2408.00118).  2^-60 to 2^60; 0: none.
template <bool kSoftcap>
struct Softcap {};
template <>
struct Softcap<true> {
  float softcap = 0;
};

// With kAlibi: score -= slope * |position of the query - key| (arXiv
// 2108.12409).  [kHeads], at most FLT_MAX / 2 in magnitude.
template <bool kAlibi>
struct Alibi {};
template <>
struct Alibi<true> {
  const float* alibi_slopes = nullptr;
};

// With kSinkLogits: one more logit a head that takes part in the softmax's sum
// but has no value, so that the weights of a row add up to less than 1.
// [kHeads], at most FLT_MAX / 2 in magnitude, or -inf (no sink).
template <bool kSinkLogits>
struct SinkLogits {};
template <>
struct SinkLogits<true> {
  const float* sink_logits = nullptr;
};

// With a ScorePolicy: its run-time data, copied with the call.
template <class ScorePolicy>
struct Policy {
  ScorePolicy score_policy{};
};
template <>
struct Policy<void> {};

// With kLse: ln of the sum over visible keys (and the sink) of e^score, or -inf
// where there is none.  [batch][head][query], dense.
template <bool kLse>
struct Lse {};
template <>
struct Lse<true> {
  float* lse = nullptr;
};

// With kWeights: the softmax itself; a hidden key has exactly 0.
// [batch][head][query][key], dense.
template <bool kWeights>
struct Weights {};
template <>
struct Weights<true> {
  float* weights = nullptr;
};

// With kScores: the scores at that stage.  [batch][head][query][key], dense.
template <ScoreStage kScores>
struct Scores {
  float* scores = nullptr;
};
template <>
struct Scores<ScoreStage::kNone> {};

}  // namespace options

// All of them; an empty base takes no room.  R is a Resolved config or a
// kernel's Features.
template <class R>
struct CallOptions : options::Mask<R::kMask>,
                     options::Softcap<R::kSoftcap>,
                     options::Alibi<R::kAlibi>,
                     options::SinkLogits<R::kSinkLogits>,
                     options::Policy<typename R::ScorePolicy>,
                     options::Lse<R::kLse>,
                     options::Weights<R::kWeights>,
                     options::Scores<R::kScores> {};

// The options of one batch entry of a call, as those of a call with that entry
// alone.
template <class R>
CallOptions<R> OptionsOfEntry(CallOptions<R> options, size_t entry,
                              size_t queries, size_t keys) noexcept {
  const size_t rows = entry * R::kHeads * queries;
  if constexpr (R::kMask == MaskKind::kBoolean) {
    if (options.mask.data) options.mask.data = options.mask.Row(entry, 0, 0);
    if (options.mask_keys == 0) options.mask_keys = keys;
  }
  if constexpr (R::kMask == MaskKind::kAdditive) {
    if (options.bias.data) options.bias.data = options.bias.Row(entry, 0, 0);
    if (options.mask_keys == 0) options.mask_keys = keys;
  }
  if constexpr (R::kLse) {
    if (options.lse) options.lse += rows;
  }
  if constexpr (R::kWeights) {
    if (options.weights) options.weights += rows * keys;
  }
  if constexpr (R::kScores != ScoreStage::kNone) {
    if (options.scores) options.scores += rows * keys;
  }
  static_cast<void>(rows);
  static_cast<void>(keys);
  return options;
}

}  // namespace fovea

#endif  // FOVEA_CALL_OPTIONS_H_
