// SPDX-License-Identifier: Apache-2.0
// Which tokens of its stream a cache holds, and in which slots of its storage.
#ifndef FOVEA_CACHE_SPAN_H_
#define FOVEA_CACHE_SPAN_H_

#include <cstddef>
#include <cstdint>

#include "fovea/cache_bytes.h"
#include "fovea/kernels/layout.h"
#include "fovea/status.h"

namespace fovea {

// Where a token is stored.
struct TokenPlace {
  uint64_t position;
  size_t slot;
  size_t mean;  // that of its tile: see KeyMeans
};

// All of them, in order.
template <class R, bool kRing>
class CacheSpan {
 public:
  static constexpr size_t kSinkTokens = 0;
  static constexpr size_t kRingTokens = 0;
  static constexpr size_t kTokens = R::kMaxKeys;  // of the storage

  void Clear() noexcept { size_ = 0; }
  size_t position() const noexcept { return size_; }
  size_t size() const noexcept { return size_; }
  size_t UsedSlots() const noexcept { return size_; }

  bool HasRoomFor(size_t tokens) const noexcept {
    return tokens <= kTokens - size_;
  }
  size_t NextSlot() const noexcept { return size_; }
  TokenPlace Next() const noexcept { return {size_, size_, size_ / kTile}; }
  void Advance() noexcept { ++size_; }

  // The newest tokens, position() at most.
  void Forget(size_t tokens) noexcept { size_ -= tokens; }

  // Whether all that a query at that position sees is still there.
  static constexpr bool Holds(int64_t) noexcept { return true; }

  void Save(CacheHeader& to) const noexcept { to.position = to.end = size_; }
  // False where the header does not make sense; then nothing changes.
  bool Restore(const CacheHeader& from) noexcept {
    if (from.position > kTokens || from.end != from.position) return false;
    size_ = static_cast<size_t>(from.position);
    return true;
  }

 private:
  size_t size_;
};

// How much a ring holds.
struct RingSizes {
  // The pinned first tokens and the newest, each in whole tiles.
  size_t sink_tokens, ring_tokens;
  // So many may be appended, or taken back, while the oldest key that the
  // window of the first of them needs is still there.
  size_t spare;

  constexpr size_t Tokens() const noexcept { return sink_tokens + ring_tokens; }
  // One mean a tile, and one more: see KeyMeans.
  constexpr size_t RingMeans() const noexcept {
    return (ring_tokens + kTile - 1) / kTile + 1;
  }
  constexpr size_t Means() const noexcept {
    return sink_tokens / kTile + RingMeans();
  }
};

// Of one for a window with sinks, of which up to so many tokens are appended
// before the first of them attends.  Where keys have means (KeyMeans), the
// tokens that one is taken of stay too, to take it again after a Truncate.
constexpr RingSizes RingSizesOf(size_t window, size_t sinks, size_t at_once,
                                bool has_means) noexcept {
  const size_t most = at_once < kTile ? at_once : kTile;
  const size_t reach =
      has_means && window <= kMeanTokens ? kMeanTokens + 1 : window;
  const size_t ring = RoundUp(reach + most - 1, kTile);
  return {RoundUp(sinks, kTile), ring, ring - reach + 1};
}

// Where a stream stands in a ring: the token at position p lies in slot p while
// there is room, and then in slot
//
//   sink_tokens + (p - sink_tokens) mod ring_tokens
//
// Both are whole tiles, so that a tile of the stream is a tile of the storage;
// the newest one shares it with what is left of the oldest.  So nothing is ever
// moved, and the kernel reads at most three spans: the sinks, from the oldest
// tile to the end of the storage, and from the ring's first tile on.
struct RingState {
  uint64_t position;  // of the next token
  uint64_t end;       // after the newest token that ever was
  uint32_t slot;      // of the next token
  uint32_t mean;      // of the next token's tile

  TokenPlace Next() const noexcept { return {position, slot, mean}; }
  size_t UsedSlots(const RingSizes& sizes) const noexcept {
    return end < sizes.Tokens() ? static_cast<size_t>(end) : sizes.Tokens();
  }
  size_t Size(const RingSizes& sizes) const noexcept {
    return UsedSlots(sizes) - static_cast<size_t>(end - position);
  }

  void Advance(const RingSizes& sizes) noexcept {
    ++position;
    if (position > end) end = position;
    if (++slot == sizes.Tokens()) {
      slot = static_cast<uint32_t>(sizes.sink_tokens);
    }
    if (slot % kTile == 0 && ++mean == sizes.Means()) {
      mean = static_cast<uint32_t>(sizes.sink_tokens / kTile);
    }
  }

  void Forget(size_t tokens, const RingSizes& sizes) noexcept {
    mean = static_cast<uint32_t>(MeanOf(position - tokens, sizes));
    slot = static_cast<uint32_t>(SlotOf(position - tokens, sizes));
    position -= tokens;
    if (!Overwrote(sizes)) end = position;
  }

  // Whether all that a query at that position sees is still there.
  bool Holds(int64_t query, const RingSizes& sizes) const noexcept {
    if (!Overwrote(sizes)) return true;
    return query >= 0 && static_cast<uint64_t>(query) + sizes.spare >= end;
  }

  // The slot of a token that is not newer than the next one, and at most one
  // tile older than the oldest one held.
  size_t SlotOf(uint64_t token, const RingSizes& sizes) const noexcept {
    if (token < sizes.sink_tokens) return static_cast<size_t>(token);
    size_t at = slot + 2 * sizes.ring_tokens;
    at -= static_cast<size_t>(position - token);
    while (at >= sizes.Tokens()) at -= sizes.ring_tokens;
    return at;
  }

  // The mean of such a token's tile.
  size_t MeanOf(uint64_t token, const RingSizes& sizes) const noexcept {
    const uint64_t tile = token / kTile;
    if (tile < sizes.Means()) return static_cast<size_t>(tile);
    size_t at = mean + 2 * sizes.RingMeans();
    at -= static_cast<size_t>(position / kTile - tile);
    while (at >= sizes.Means()) at -= sizes.RingMeans();
    return at;
  }

  // False where the header does not make sense; then nothing changes.
  bool Restore(const CacheHeader& from, const RingSizes& sizes) noexcept {
    const uint64_t newer = from.end - from.position;
    const bool fits =
        from.end <= sizes.Tokens() ? newer == 0 : newer <= sizes.spare;
    constexpr uint64_t kMost = uint64_t{1} << 62;  // an int64_t holds it
    if (from.position > from.end || from.end > kMost || !fits) return false;
    position = from.position;
    end = from.end;
    const uint64_t in_ring = from.position - sizes.sink_tokens;
    slot = static_cast<uint32_t>(from.position < sizes.sink_tokens
                                     ? from.position
                                     : sizes.sink_tokens +
                                           in_ring % sizes.ring_tokens);
    const uint64_t tile = position / kTile;
    const size_t sink_tiles = sizes.sink_tokens / kTile;
    mean = static_cast<uint32_t>(tile < sizes.Means()
                                     ? tile
                                     : sink_tiles + (tile - sink_tiles) %
                                                        sizes.RingMeans());
    return true;
  }

 private:
  bool Overwrote(const RingSizes& sizes) const noexcept {
    return end > sizes.Tokens();
  }
};

// The pinned first tokens and the newest.
template <class R>
class CacheSpan<R, true> {
  static constexpr RingSizes kSizes =
      RingSizesOf(R::kWindow, R::kSinks, R::kMaxQueries, R::kKeyMeans);

 public:
  static constexpr size_t kSinkTokens = kSizes.sink_tokens;
  static constexpr size_t kRingTokens = kSizes.ring_tokens;
  static constexpr size_t kTokens = kSizes.Tokens();
  static constexpr size_t kSpare = kSizes.spare;

  void Clear() noexcept { place_ = {}; }
  uint64_t position() const noexcept { return place_.position; }
  size_t size() const noexcept { return place_.Size(kSizes); }
  size_t UsedSlots() const noexcept { return place_.UsedSlots(kSizes); }

  static constexpr bool HasRoomFor(size_t) noexcept { return true; }
  size_t NextSlot() const noexcept { return place_.slot; }
  TokenPlace Next() const noexcept { return place_.Next(); }
  void Advance() noexcept { place_.Advance(kSizes); }
  void Forget(size_t tokens) noexcept { place_.Forget(tokens, kSizes); }
  bool Holds(int64_t position) const noexcept {
    return place_.Holds(position, kSizes);
  }
  size_t SlotOf(uint64_t position) const noexcept {
    return place_.SlotOf(position, kSizes);
  }
  size_t MeanOf(uint64_t position) const noexcept {
    return place_.MeanOf(position, kSizes);
  }

  void Save(CacheHeader& to) const noexcept {
    to.position = place_.position;
    to.end = place_.end;
  }
  bool Restore(const CacheHeader& from) noexcept {
    return place_.Restore(from, kSizes);
  }

 private:
  RingState place_;
};

// Truncate of a cache with such a span.
template <class Span>
Status ForgetNewest(size_t tokens, Span& span) noexcept {
  if (tokens > span.position()) return Status::kTooManyTokens;
  const auto position = static_cast<int64_t>(span.position() - tokens);
  if (!span.Holds(position)) return Status::kForgotten;
  span.Forget(tokens);
  return Status::kOk;
}

}  // namespace fovea

#endif  // FOVEA_CACHE_SPAN_H_
