// SPDX-License-Identifier: Apache-2.0
// One call of fovea::Attention, with all that its config and its members say,
// as their documentation says it: a score at a time, in double.
#ifndef FOVEA_TESTS_REFERENCE_CALL_REFERENCE_H_
#define FOVEA_TESTS_REFERENCE_CALL_REFERENCE_H_

#include <cmath>
#include <cstddef>
#include <type_traits>

#include "fovea/attention.h"
#include "tests/reference/attention_reference.h"

namespace fovea::reference {

template <class Config>
class CallReference {
  using R = Resolved<Config>;
  using Call = typename fovea::Attention<Config>::Call;

 public:
  explicit CallReference(const Call& call) : call_(call) {}

  AttentionShape shape() const {
    return {call_.batch, R::kHeads,   R::kKvHeads, call_.queries,
            call_.keys,  R::kHeadDim, R::kValueDim};
  }

  AttentionResult Run() const {
    const auto score = [&](size_t b, size_t h, size_t i, size_t j) {
      return Masked(b, h, i, j);
    };
    return AttentionOfScores(shape(), call_.v, score,
                             [&](size_t h) { return Sink(h); });
  }

  // The score at the stage that the config names.
  double Stage(size_t b, size_t h, size_t i, size_t j) const {
    if (R::kScores == ScoreStage::kScaled) return Scaled(b, h, i, j);
    if (R::kScores == ScoreStage::kSoftcapped) return Softcapped(b, h, i, j);
    return Masked(b, h, i, j);
  }

  double Scaled(size_t b, size_t h, size_t i, size_t j) const {
    const double scale =
        call_.scale == 0 ? 1 / std::sqrt(1.0 * R::kHeadDim) : call_.scale;
    return scale * Dot(call_.q.Row(b, h, i), call_.k.Row(b, h / R::kGroup, j),
                       R::kHeadDim);
  }

  double Softcapped(size_t b, size_t h, size_t i, size_t j) const {
    const double score = Scaled(b, h, i, j);
    if constexpr (R::kSoftcap) {
      const double cap = call_.softcap;
      if (cap != 0) return cap * std::tanh(score / cap);
    }
    return score;
  }

  // What the softmax sees; kHidden where the query does not see the key.
  double Masked(size_t b, size_t h, size_t i, size_t j) const {
    if (!IsInSight(i, j) || !IsKey(b, j) || !MaskShows(b, h, i, j)) {
      return kHidden;
    }
    double score = Softcapped(b, h, i, j);
    if constexpr (!std::is_void<typename R::ScorePolicy>::value) {
      score = call_.score_policy.InDouble(score, Position(i), Signed(j), h);
    }
    if constexpr (R::kAlibi) {
      if (call_.alibi_slopes != nullptr) {
        const auto distance = static_cast<double>(Position(i) - Signed(j));
        score -= double{call_.alibi_slopes[h]} * std::fabs(distance);
      }
    }
    if constexpr (R::kMask == MaskKind::kAdditive) {
      if (call_.bias.data != nullptr) score += call_.bias.Row(b, h, i)[j];
    }
    return score;
  }

 private:
  static ptrdiff_t Signed(size_t n) { return static_cast<ptrdiff_t>(n); }
  ptrdiff_t Position(size_t i) const {
    return Signed(i) + call_.first_position;
  }

  // Causal mask, window and sinks.
  bool IsInSight(size_t i, size_t j) const {
    const ptrdiff_t ahead = Signed(j) - Position(i);
    if (R::kCausal && ahead > 0) return false;
    if (R::kWindow == 0 || j < R::kSinks) return true;
    return -ahead < Signed(R::kWindow) && ahead < Signed(R::kWindow);
  }

  bool IsKey(size_t b, size_t j) const {
    return call_.key_lengths == nullptr || j < call_.key_lengths[b];
  }

  bool MaskShows(size_t b, size_t h, size_t i, size_t j) const {
    if constexpr (R::kMask == MaskKind::kBoolean) {
      if (call_.mask.data == nullptr) return true;
      return j < MaskKeys() && call_.mask.Row(b, h, i)[j] != 0;
    }
    if constexpr (R::kMask == MaskKind::kAdditive) {
      if (call_.bias.data == nullptr) return true;
      return j < MaskKeys() && !std::isinf(call_.bias.Row(b, h, i)[j]);
    }
    return true;
  }

  size_t MaskKeys() const {
    if constexpr (R::kMask != MaskKind::kNone) {
      if (call_.mask_keys != 0) return call_.mask_keys;
    }
    return call_.keys;
  }

  double Sink(size_t h) const {
    if constexpr (R::kSinkLogits) {
      if (call_.sink_logits != nullptr) return call_.sink_logits[h];
    }
    (void)h;
    return kHidden;
  }

  Call call_;
};

}  // namespace fovea::reference

#endif  // FOVEA_TESTS_REFERENCE_CALL_REFERENCE_H_
