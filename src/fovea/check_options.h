// SPDX-License-Identifier: Apache-2.0
// The checks of CallOptions.
#ifndef FOVEA_CHECK_OPTIONS_H_
#define FOVEA_CHECK_OPTIONS_H_

#include <cstddef>

#include "fovea/call_options.h"
#include "fovea/check.h"
#include "fovea/config.h"
#include "fovea/status.h"

namespace fovea {

// Padding: null, or a count of at most `keys` for each batch entry.
inline Status CheckKeyLengths(const size_t* key_lengths, size_t batch,
                              size_t keys) noexcept {
  if (key_lengths == nullptr) return Status::kOk;
  for (size_t b = 0; b < batch; ++b) {
    if (key_lengths[b] > keys) return Status::kTooManyTokens;
  }
  return Status::kOk;
}

// A mask of the first mask_keys scores of a row, 0 for all; or none.
template <class T>
Status CheckMask(const View<T>& mask, size_t mask_keys,
                 const Extent& scores) noexcept {
  if (mask.data == nullptr) return Status::kOk;
  if (mask_keys > scores.dim) return Status::kTooManyTokens;
  Extent extent = scores;
  if (mask_keys != 0) extent.dim = mask_keys;
  return CheckView(mask, extent, Shares::kAll);
}

// The blocks of a block mask that those scores are in.
inline Extent BlocksOf(const Extent& scores) noexcept {
  return {scores.batch, scores.heads, MaskBlocks(scores.tokens),
          MaskBlocks(scores.dim)};
}

// `accepts` says whether a value is in range.
template <class Accepts>
Status CheckPerHead(const float* values, size_t heads,
                    const Accepts& accepts) noexcept {
  if (values == nullptr) return Status::kOk;
  FOVEA_RETURN_IF_BAD(CheckArray(values));
  for (size_t head = 0; head < heads; ++head) {
    if (!accepts(values[head])) return Status::kBadScale;
  }
  return Status::kOk;
}

// 0 for none, else such that scale / softcap and softcap * log2(e) are normal
// numbers too.
inline Status CheckSoftcap(float softcap) noexcept {
  const bool in_range = softcap >= 0x1p-60f && softcap <= 0x1p60f;
  return softcap == 0.0f || in_range ? Status::kOk : Status::kBadScale;
}

// Twice a value bounds it times log2(e), which must be finite too.
inline Status CheckSlopes(const float* slopes, size_t heads) noexcept {
  return CheckPerHead(slopes, heads, [](float x) { return IsFinite(2 * x); });
}
inline Status CheckSinkLogits(const float* logits, size_t heads) noexcept {
  return CheckPerHead(logits, heads, [](float x) {
    return IsFinite(2 * x) || (x < 0.0f && !IsFinite(x));
  });
}

// Everything that the config R adds to a call with `keys` keys.
template <class R>
Status CheckOptions(const CallOptions<R>& options, size_t batch, size_t queries,
                    size_t keys) noexcept {
  const Extent scores{batch, R::kHeads, queries, keys};
  constexpr MaskKind kMask = R::kMask;
  if constexpr (TakesMask(kMask)) {
    FOVEA_RETURN_IF_BAD(CheckMask(options.mask, options.mask_keys, scores));
  }
  if constexpr (TakesBias(kMask)) {
    FOVEA_RETURN_IF_BAD(CheckMask(options.bias, options.mask_keys, scores));
  }
  if constexpr (TakesBlockMask(kMask)) {
    FOVEA_RETURN_IF_BAD(
        CheckMask(options.block_mask, options.mask_blocks, BlocksOf(scores)));
  }
  if constexpr (R::kSoftcap) {
    FOVEA_RETURN_IF_BAD(CheckSoftcap(options.softcap));
  }
  if constexpr (R::kAlibi) {
    FOVEA_RETURN_IF_BAD(CheckSlopes(options.alibi_slopes, R::kHeads));
  }
  if constexpr (R::kSinkLogits) {
    FOVEA_RETURN_IF_BAD(CheckSinkLogits(options.sink_logits, R::kHeads));
  }
  if constexpr (R::kLse) {
    FOVEA_RETURN_IF_BAD(CheckOptionalArray(options.lse));
  }
  if constexpr (R::kWeights) {
    FOVEA_RETURN_IF_BAD(CheckOptionalArray(options.weights));
  }
  if constexpr (R::kScores != ScoreStage::kNone) {
    FOVEA_RETURN_IF_BAD(CheckOptionalArray(options.scores));
  }
  static_cast<void>(scores);
  return Status::kOk;
}

}  // namespace fovea

#endif  // FOVEA_CHECK_OPTIONS_H_
