// SPDX-License-Identifier: Apache-2.0
// The means that keys of int8 are stored less of: what the keys of a head have
// in common then costs no precision.
#ifndef FOVEA_KEY_MEANS_H_
#define FOVEA_KEY_MEANS_H_

#include <cfloat>
#include <cstddef>
#include <cstdint>

#include "fovea/cache_span.h"
#include "fovea/check.h"
#include "fovea/kernels/layout.h"

namespace fovea {

// The tokens of a tile have one: that of the kMeanTokens tokens before the
// tile, or in the first tile of its own first ones, which have none. (Positions
// turn keys, so that their mean moves: a mean of more tokens before, up to 64,
// was further off, on average and in the worst case.)
//
// They lie as float keys do, one a column, for queries to meet 16 of them at
// once: [mean/16][head_dim][16], or one panel [head_dim][columns] of fewer.  A
// ring has one mean more than tiles, for its newest tile shares a tile of the
// storage with what is left of the oldest.
struct KeyMeans {
  bool exist;
  size_t sink_tokens, ring_tokens;  // of a ring; else 0

  constexpr bool IsRing() const noexcept { return ring_tokens != 0; }

  // Of so many slots.
  constexpr size_t Count(size_t slots) const noexcept {
    const size_t tiles = (slots + kTile - 1) / kTile;
    return !exist ? 0 : tiles + (IsRing() ? 1 : 0);
  }
  constexpr size_t Columns(size_t slots) const noexcept {
    return Count(slots) < kPanel ? RoundUp(Count(slots), 4) : kPanel;
  }
  constexpr size_t Floats(size_t slots, size_t head_dim) const noexcept {
    return (Count(slots) < kPanel ? Columns(slots)
                                  : RoundUp(Count(slots), kPanel)) *
           head_dim;
  }
  // The first entry of a mean; the next one lies Columns() further.
  static constexpr size_t At(size_t mean, size_t head_dim) noexcept {
    return mean / kPanel * kPanel * head_dim + mean % kPanel;
  }

  // Whether a token is stored less a mean, and whether that has to be computed
  // before.
  constexpr bool Has(const TokenPlace& token) const noexcept {
    return exist && token.position >= kMeanTokens;
  }
  constexpr bool BeginsAt(const TokenPlace& token) const noexcept {
    return Has(token) &&
           (token.slot % kTile == 0 || token.position == kMeanTokens);
  }

  // Of a token that a mean begins at: the first of the slots before, and their
  // own mean (unless they have none).
  constexpr size_t SlotsBefore(const TokenPlace& token) const noexcept {
    const bool went_round =
        IsRing() && token.slot == sink_tokens && token.position != sink_tokens;
    return token.slot + (went_round ? ring_tokens : 0) - kMeanTokens;
  }
  constexpr bool HasBefore(const TokenPlace& token) const noexcept {
    return token.position != kMeanTokens;
  }
  constexpr size_t MeanBefore(const TokenPlace& token) const noexcept {
    const size_t sinks = sink_tokens / kTile;
    const bool went_round =
        IsRing() && token.mean == sinks && token.position / kTile != token.mean;
    return token.mean + (went_round ? ring_tokens / kTile : -size_t{1});
  }

  // Keys are FLT_MAX / 2 at most, and so is their mean, for the difference to
  // be finite; only as it is taken of rounded keys may it come out beyond.
  static constexpr float kMost = FLT_MAX / 2;
  static constexpr float Bounded(float mean) noexcept {
    return mean > kMost ? kMost : mean < -kMost ? -kMost : mean;
  }

  // A ring that has not gone round has one mean that nothing sets.
  void Begin(const TokenPlace& token, size_t slots, size_t head_dim,
             float* means) const noexcept {
    if (!exist || !IsRing() || token.position != 0) return;
    float* last = means + At(Count(slots) - 1, head_dim);
    for (size_t dim = 0; dim < head_dim; ++dim) last[dim * Columns(slots)] = 0;
  }

  // How many have been set when so many slots are in use.
  constexpr size_t Used(size_t slots) const noexcept {
    const bool is_full = IsRing() && slots == sink_tokens + ring_tokens;
    const bool has_some = exist && slots > kMeanTokens;
    return has_some ? Count(slots) - (IsRing() && !is_full) : 0;
  }

  // From arrays for so many slots to others; those that are not in use: 0.
  void Copy(const float* from, size_t from_slots, size_t used_slots,
            size_t head_dim, float* to, size_t to_slots) const noexcept {
    const size_t used = Used(used_slots);
    const size_t columns = Columns(to_slots);
    const size_t all =
        head_dim == 0 ? 0 : Floats(to_slots, head_dim) / head_dim;
    for (size_t mean = 0; mean < all; ++mean) {
      const size_t at = At(mean, head_dim);
      for (size_t dim = 0; dim < head_dim; ++dim) {
        to[at + dim * columns] =
            mean < used ? from[at + dim * Columns(from_slots)] : 0.0f;
      }
    }
  }

  bool AreBounded(const float* means, size_t slots,
                  size_t head_dim) const noexcept {
    for (size_t i = 0; i < Floats(slots, head_dim); ++i) {
      if (!(means[i] <= kMost && means[i] >= -kMost)) return false;
    }
    return true;
  }
};

// Of a config's cache.
template <class R>
constexpr KeyMeans KeyMeansOf() noexcept {
  using Span = CacheSpan<R, R::kRing>;
  return {R::kSmoothKeys, Span::kSinkTokens, Span::kRingTokens};
}

}  // namespace fovea

#endif  // FOVEA_KEY_MEANS_H_
