// SPDX-License-Identifier: Apache-2.0
// Where the kernels find the keys of a ring.
#ifndef FOVEA_RING_PLACE_H_
#define FOVEA_RING_PLACE_H_

#include <cstddef>
#include <cstdint>

#include "fovea/cache_span.h"
#include "fovea/kernels/layout.h"

namespace fovea {

// A ring as a call from some position on sees it.  The kernels count keys from
// 0 in 32 bits: far along a stream they see it shifted by whole tiles.  Only
// the sinks are then nearer than they were, and they are visible at any
// distance.
struct RingPlace {
  int64_t shift;  // what positions are less by
  size_t keys;    // that there have been, less the shift
  // Keys from the sinks' last tile on lie so many slots earlier, or kRingTokens
  // more where that is at kTokens or beyond.
  size_t slots_earlier;
  // Their tiles' means (KeyMeans) come so many earlier than the tiles, or one
  // more than there are tiles in the ring.
  size_t means_earlier;
};

// A multiple of 2^20 that leaves the position below kFar.
constexpr int64_t RingShift(int64_t position) noexcept {
  constexpr int64_t kUnshifted = kFar / 4;
  constexpr int64_t kStep = int64_t{1} << 20;
  return position < kUnshifted + kStep
             ? 0
             : (position - kUnshifted) / kStep * kStep;
}

// Of a ring that a stream of `end` tokens went through, with its sinks in whole
// tiles, SlotOf(position) and MeanOf(position).
template <class Places>
RingPlace RingPlaceOf(int64_t end, int64_t sinks, int64_t window,
                      int64_t first_position, const Places& places) noexcept {
  int64_t position = first_position < end ? first_position : end;
  if (position < 0) position = 0;
  const int64_t shift = RingShift(position);
  // The first tile of the ring that a query sees.
  int64_t tile = position - (window - 1);
  tile -= tile & static_cast<int64_t>(kTile - 1);
  if (tile < sinks) tile = sinks < end ? sinks : end;
  const auto token = static_cast<uint64_t>(tile);
  const auto key = static_cast<size_t>(tile - shift);
  return {shift, static_cast<size_t>(end - shift), key - places.SlotOf(token),
          key / kTile - places.MeanOf(token)};
}

template <class R>
RingPlace RingPlaceOf(const CacheSpan<R, true>& span,
                      int64_t first_position) noexcept {
  constexpr int64_t kSinkEnd = CacheSpan<R, true>::kSinkTokens;
  constexpr int64_t kWindow = R::kWindow;
  return RingPlaceOf(static_cast<int64_t>(span.position()), kSinkEnd, kWindow,
                     first_position, span);
}

}  // namespace fovea

#endif  // FOVEA_RING_PLACE_H_
