// SPDX-License-Identifier: Apache-2.0
// The keys and values of one stream of int8 tensors, as they are: no scale is
// stored, those of IntegerScales hold for all of them.
#ifndef FOVEA_INTEGER_KV_CACHE_H_
#define FOVEA_INTEGER_KV_CACHE_H_

#include <cstddef>
#include <cstdint>

#include "fovea/cache_bytes.h"
#include "fovea/cache_layout.h"
#include "fovea/cache_span.h"
#include "fovea/check.h"
#include "fovea/integer_config.h"
#include "fovea/integer_layout.h"
#include "fovea/saved_cache.h"
#include "fovea/status.h"
#include "fovea/view.h"

namespace fovea {

// Holds the newest tokens of a stream: all of them, up to Config::kMaxKeys, or
// with Config::kRing what a window with sinks needs of a stream without end.
// sizeof is the RAM cost: about kKvHeads * capacity() * (kHeadDim + kValueDim)
// bytes.  A kv head's keys lie as [slot/16][head_dim/4][16][4], dims rounded up
// to 4, its values as [slot/4][value_dim][4].  A token never moves.  Trivially
// constructible: call Clear() before first use unless it starts as zeros (a
// static object).
template <class Config>
class alignas(16) IntegerKvCache {
  using R = ResolvedInteger<Config>;
  using Layout = IntegerLayout<R>;

 public:
  using Span = CacheSpan<R, R::kRing>;

  // Forgets everything.
  void Clear() noexcept { span_.Clear(); }

  // Appends `tokens` tokens, 1 or more.
  //   k  [kv_head][token][head_dim], v  [kv_head][token][value_dim]
  // kNullPointer, kZeroCount, kBadStride, kMisaligned (this object), kCacheFull
  // (none of the tokens is taken; a ring is never full).
  Status Append(View<const int8_t> k, View<const int8_t> v,
                size_t tokens) noexcept {
    FOVEA_RETURN_IF_BAD(CheckAppend(k, v, tokens));
    Take(k, v, tokens);
    return Status::kOk;
  }

  // What Append would return, without doing it.
  Status CheckAppend(View<const int8_t> k, View<const int8_t> v,
                     size_t tokens) const noexcept {
    if (!IsAligned(this, alignof(IntegerKvCache))) return Status::kMisaligned;
    if (tokens == 0) return Status::kZeroCount;
    FOVEA_RETURN_IF_BAD(
        CheckView(k, {1, R::kKvHeads, tokens, R::kHeadDim}, Shares::kBatch));
    FOVEA_RETURN_IF_BAD(
        CheckView(v, {1, R::kKvHeads, tokens, R::kValueDim}, Shares::kBatch));
    return span_.HasRoomFor(tokens) ? Status::kOk : Status::kCacheFull;
  }

  // Forgets the newest `tokens` tokens, 0 or more.  kTooManyTokens when the
  // cache holds fewer, kForgotten when the ring has given away what the window
  // would need then; nothing changes.
  Status Truncate(size_t tokens) noexcept {
    return ForgetNewest(tokens, span_);
  }

  // The most tokens it can hold.
  static constexpr size_t capacity() noexcept { return Span::kTokens; }
  // Tokens held.
  size_t size() const noexcept { return span_.size(); }
  // Tokens seen since Clear, the position of the next one: size_t, or uint64_t
  // of a ring.
  auto position() const noexcept { return span_.position(); }

  // Writes the cache as bytes that Restore takes, now or in another program on
  // another board (cache_bytes.h is the format; scales are not in it).
  //   to     64-byte aligned
  //   bytes  room at `to`, at least SavedBytes()
  // kNullPointer, kMisaligned (`to` or this object), kTooShort.
  Status Save(void* to, size_t bytes) const noexcept {
    if (to == nullptr) return Status::kNullPointer;
    if (!IsAligned(to, kCacheLine) ||
        !IsAligned(this, alignof(IntegerKvCache))) {
      return Status::kMisaligned;
    }
    if (bytes < SavedBytes()) return Status::kTooShort;
    Saved::Write(
        span_, [&](size_t head) { return KeyPanels(head); },
        [&](size_t head) { return ValueQuads(head); }, to);
    return Status::kOk;
  }

  // The bytes that Save writes: a multiple of 64, growing with the tokens held.
  size_t SavedBytes() const noexcept { return Saved::Bytes(span_.UsedSlots()); }
  // Those of a full cache.
  static constexpr size_t MostSavedBytes() noexcept {
    return Saved::Bytes(Span::kTokens);
  }

  // Becomes the cache that was saved; the capacities may differ, unless they
  // are rings.
  //   from   64-byte aligned
  //   bytes  that may be read there, at least those that Save wrote
  // kNullPointer, kMisaligned (`from` or this object), kTooShort (bytes are
  // missing), kBadFormat (no saved cache, of another config, of more tokens
  // than this one can hold, or damaged).  With any of them the cache stays as
  // it was.
  Status Restore(const void* from, size_t bytes) noexcept {
    if (!IsAligned(this, alignof(IntegerKvCache))) return Status::kMisaligned;
    const int8_t* data = nullptr;
    FOVEA_RETURN_IF_BAD(Saved::Open(from, bytes, span_, data));
    Saved::Read(
        span_, data, [&](size_t head) { return keys_[head]; },
        [&](size_t head) { return values_[head]; });
    return Status::kOk;
  }

  // For kernels: the panels and groups of one kv head.
  const int8_t* KeyPanels(size_t kv_head) const noexcept {
    return keys_[kv_head];
  }
  const int8_t* ValueQuads(size_t kv_head) const noexcept {
    return values_[kv_head];
  }
  const Span& span() const noexcept { return span_; }

  // Append without its checks.
  void Take(View<const int8_t> k, View<const int8_t> v,
            size_t tokens) noexcept {
    for (size_t t = 0; t < tokens; ++t) {
      const size_t slot = span_.NextSlot();
      const bool is_new = !R::kRing || span_.UsedSlots() <= slot;
      for (size_t head = 0; head < R::kKvHeads; ++head) {
        Layout::StoreKey(k.Row(0, head, t), slot, keys_[head]);
        Layout::StoreValue(v.Row(0, head, t), slot, is_new, values_[head]);
      }
      span_.Advance();
    }
  }

 private:
  using Saved = SavedCache<R, Span, Layout, int8_t, kIntegerElement>;

  alignas(16) int8_t keys_[R::kKvHeads][Layout::KeysOfHead(Span::kTokens)];
  alignas(16) int8_t values_[R::kKvHeads][Layout::ValuesOfHead(Span::kTokens)];
  Span span_;
};

}  // namespace fovea

#endif  // FOVEA_INTEGER_KV_CACHE_H_
