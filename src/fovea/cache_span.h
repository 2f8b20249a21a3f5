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

// The pinned first tokens and the newest: the token at position p lies in slot
// p while there is room, and then in slot
//
//   kSinkTokens + (p - kSinkTokens) mod kRingTokens
//
// Both are whole tiles, so that a tile of the stream is a tile of the storage;
// the newest one shares it with what is left of the oldest.  So nothing is ever
// moved, and the kernel reads at most three spans: the sinks, from the oldest
// tile to the end of the storage, and from the ring's first tile on.
template <class R>
class CacheSpan<R, true> {
 public:
  // Tokens that are appended before the first of them attends.
  static constexpr size_t kMostAtOnce =
      R::kMaxQueries < kTile ? R::kMaxQueries : kTile;
  static constexpr size_t kSinkTokens = RoundUp(R::kSinks, kTile);
  static constexpr size_t kRingTokens =
      RoundUp(R::kWindow + kMostAtOnce - 1, kTile);
  static constexpr size_t kTokens = kSinkTokens + kRingTokens;
  // So many may be appended, or taken back, while the oldest key that the
  // window of the first of them needs is still there.
  static constexpr size_t kSpare = kRingTokens - R::kWindow + 1;

  void Clear() noexcept {
    position_ = end_ = 0;
    slot_ = 0;
  }
  uint64_t position() const noexcept { return position_; }
  size_t size() const noexcept {
    return UsedSlots() - static_cast<size_t>(end_ - position_);
  }
  size_t UsedSlots() const noexcept {
    return end_ < kTokens ? static_cast<size_t>(end_) : kTokens;
  }

  static constexpr bool HasRoomFor(size_t) noexcept { return true; }
  size_t NextSlot() const noexcept { return slot_; }
  void Advance() noexcept {
    ++position_;
    if (position_ > end_) end_ = position_;
    if (++slot_ == kTokens) slot_ = static_cast<uint32_t>(kSinkTokens);
  }

  void Forget(size_t tokens) noexcept {
    slot_ = static_cast<uint32_t>(SlotOf(position_ - tokens));
    position_ -= tokens;
    if (!Overwrote()) end_ = position_;
  }

  bool Holds(int64_t position) const noexcept {
    if (!Overwrote()) return true;
    return position >= 0 && static_cast<uint64_t>(position) + kSpare >= end_;
  }

  // The slot of a token that is not newer than the next one, and at most one
  // tile older than the oldest one held.
  size_t SlotOf(uint64_t position) const noexcept {
    if (position < kSinkTokens) return static_cast<size_t>(position);
    size_t slot = slot_ + 2 * kRingTokens;
    slot -= static_cast<size_t>(position_ - position);
    while (slot >= kTokens) slot -= kRingTokens;
    return slot;
  }

  void Save(CacheHeader& to) const noexcept {
    to.position = position_;
    to.end = end_;
  }
  bool Restore(const CacheHeader& from) noexcept {
    const uint64_t newer = from.end - from.position;
    const bool fits = from.end <= kTokens ? newer == 0 : newer <= kSpare;
    constexpr uint64_t kMost = uint64_t{1} << 62;  // an int64_t holds it
    if (from.position > from.end || from.end > kMost || !fits) return false;
    position_ = from.position;
    end_ = from.end;
    const uint64_t in_ring = from.position - kSinkTokens;
    slot_ = static_cast<uint32_t>(from.position < kSinkTokens
                                      ? from.position
                                      : kSinkTokens + in_ring % kRingTokens);
    return true;
  }

 private:
  bool Overwrote() const noexcept { return end_ > kTokens; }

  uint64_t position_;  // of the next token
  uint64_t end_;       // after the newest token that ever was
  uint32_t slot_;      // of the next token
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
