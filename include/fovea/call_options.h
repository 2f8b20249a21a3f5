// SPDX-License-Identifier: Apache-2.0
// The members of Attention::Call that exist only where the config names their
// feature: an input that a config cannot use does not compile, and costs
// nothing.  A null pointer leaves the feature out of this one call.
#ifndef FOVEA_CALL_OPTIONS_H_
#define FOVEA_CALL_OPTIONS_H_

#include <cstddef>
#include <cstdint>
#include <type_traits>

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
// Sparse attention (arXiv 1904.10509, 2007.14062): keys that a block of queries
// does not see are not visited, and cost nothing.
// [batch][head][ceil(queries / 64)][mask_blocks], strides as above; the third
// steps from one block of queries to the next.
template <>
struct Mask<MaskKind::kBlock> {
  View<const uint8_t> block_mask;  // 0 hides 64 keys from 64 queries
  // Columns of the mask, at most ceil(keys / 64), which 0 stands for.  Keys
  // beyond it are hidden.
  size_t mask_blocks = 0;
};
template <>
struct Mask<MaskKind::kAdditive> {
  View<const float> bias;  // added to the score; -inf hides the key
  size_t mask_keys = 0;    // as above
};
template <>
struct Mask<MaskKind::kAny> : Mask<MaskKind::kBoolean>, Mask<MaskKind::kBlock> {
  View<const float> bias;  // as above, of mask_keys too
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
// 2108.12409); a first_position beyond 2^30, before or after key 0, counts as
// it.  [kHeads], at most FLT_MAX / 2 in magnitude.
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
  ScorePolicy score_policy{};  // score_policy.h
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

// With kRotaryDim, of an Attention::Call alone: what turns the queries (and in
// Step, the keys), and must be there.
template <class Rotary>
struct RotaryOptions {
  const Rotary* rope = nullptr;  // valid (Rope::Check), not null
  // What key 0 turns by, modulo 2^64: query i turns by rotary_position +
  // first_position + i, in Step by rotary_position + the cache's position().
  // Other than 0 where the keys are not a stream from its beginning.
  uint64_t rotary_position = 0;
};
template <>
struct RotaryOptions<void> {};

// A row of a call with `queries` and `keys`.
struct CallRow {
  size_t entry;  // of the batch
  size_t head;
  size_t query;
};

// The options of a call as they are from that row on, for a callee that has the
// features To, some of R's.
template <class To, class R>
CallOptions<To> OptionsFrom(const CallOptions<R>& call, const CallRow& from,
                            size_t queries, size_t keys) noexcept {
  const size_t row =
      (from.entry * R::kHeads + from.head) * queries + from.query;
  const auto move = [](auto*& data, size_t offset) {
    if (data != nullptr) data += offset;
  };
  const auto from_row = [&](auto view) {
    if (view.data) view.data = view.Row(from.entry, from.head, from.query);
    return view;
  };
  CallOptions<To> to;
  constexpr MaskKind kMask = To::kMask;
  if constexpr (TakesMask(kMask)) to.mask = from_row(call.mask);
  if constexpr (TakesBias(kMask)) to.bias = from_row(call.bias);
  if constexpr (TakesMask(kMask) || TakesBias(kMask)) {
    to.mask_keys = call.mask_keys == 0 ? keys : call.mask_keys;
  }
  if constexpr (TakesBlockMask(kMask)) {
    // From query 0 on, since a row may stand anywhere in its block: only a ring
    // begins elsewhere, and has no mask.
    to.block_mask = call.block_mask;
    if (to.block_mask.data) {
      to.block_mask.data = call.block_mask.Row(from.entry, from.head, 0);
    }
    to.mask_blocks =
        call.mask_blocks == 0 ? MaskBlocks(keys) : call.mask_blocks;
  }
  if constexpr (To::kSoftcap) to.softcap = call.softcap;
  if constexpr (To::kAlibi) {
    to.alibi_slopes = call.alibi_slopes;
    move(to.alibi_slopes, from.head);
  }
  if constexpr (To::kSinkLogits) {
    to.sink_logits = call.sink_logits;
    move(to.sink_logits, from.head);
  }
  if constexpr (!std::is_void<typename To::ScorePolicy>::value) {
    to.score_policy = call.score_policy;
  }
  if constexpr (To::kLse) {
    to.lse = call.lse;
    move(to.lse, row);
  }
  if constexpr (To::kWeights) {
    to.weights = call.weights;
    move(to.weights, row * keys);
  }
  if constexpr (To::kScores != ScoreStage::kNone) {
    to.scores = call.scores;
    move(to.scores, row * keys);
  }
  static_cast<void>(move);
  static_cast<void>(from_row);
  static_cast<void>(row);
  static_cast<void>(keys);
  return to;
}

}  // namespace fovea

#endif  // FOVEA_CALL_OPTIONS_H_
