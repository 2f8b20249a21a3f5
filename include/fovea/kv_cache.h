// SPDX-License-Identifier: Apache-2.0
// The keys and values of one stream, in the layout that a decode reads at the
// speed of memory.
#ifndef FOVEA_KV_CACHE_H_
#define FOVEA_KV_CACHE_H_

#include <cstddef>
#include <cstdint>

#include "fovea/cache_bytes.h"
#include "fovea/cache_layout.h"
#include "fovea/cache_span.h"
#include "fovea/check.h"
#include "fovea/config.h"
#include "fovea/int8_layout.h"
#include "fovea/rope.h"
#include "fovea/status.h"
#include "fovea/view.h"

namespace fovea {

template <class Config>
class CacheView;

// Holds the newest tokens of a stream: all of them, up to Config::kMaxKeys, or
// with Config::kRing what a window with sinks needs of a stream without end.
// sizeof is the RAM cost: about
//
//   kKvHeads * capacity() * (kHeadDim + kValueDim) * sizeof(CacheElement)
//
// Keys lie in panels [slot/16][head_dim][16] a kv head, values in rows
// [slot][value_dim]; a token never moves.  Trivially constructible, so that it
// can be placed in any memory section: call Clear() before first use unless it
// starts as zeros (a static object).
template <class Config>
class alignas(kCacheLine) KvCache {
  using R = Resolved<Config>;
  using Layout = LayoutOf<R, typename Config::CacheElement>;

 public:
  using Element = typename Config::Element;
  using Stored = typename Config::CacheElement;
  using Span = CacheSpan<R, R::kRing>;

  // Forgets everything.
  void Clear() noexcept { span_.Clear(); }

  // Appends `tokens` tokens, 1 or more.
  //   k  [kv_head][token][head_dim], v  [kv_head][token][value_dim]
  // kNullPointer, kZeroCount, kBadStride, kMisaligned (this object or the
  // data), kCacheFull (none of the tokens is taken; a ring is never full).  An
  // int8 cache also kBadScale: an entry is NaN or above FLT_MAX / 2 (of k with
  // kRotaryDim: FLT_MAX / 4); kInt8Scores takes any values.
  Status Append(View<const Element> k, View<const Element> v,
                size_t tokens) noexcept {
    FOVEA_RETURN_IF_BAD(CheckAppend(k, v, tokens));
    Take(k, v, tokens);
    return Status::kOk;
  }

  // The same for a config with kRotaryDim, turning the keys on their way: that
  // of the token at position() + t by position rotary_position + position() +
  // t.  (Append alone takes keys that are turned already.)
  //   rope  a Rope, or the RopeTable of kRotaryPositions
  // Also kMisaligned (rope), kBadScale (the Rope is not valid) and
  // kTooManyTokens (the RopeTable does not hold the positions).
  template <class Rotary>
  Status AppendTurned(View<const Element> k, View<const Element> v,
                      size_t tokens, const Rotary& rope,
                      uint64_t rotary_position = 0) noexcept {
    FOVEA_RETURN_IF_BAD(CheckAppend(k, v, tokens));
    FOVEA_RETURN_IF_BAD(CheckArray(&rope));
    FOVEA_RETURN_IF_BAD(rope.Check(rotary_position + span_.position(), tokens));
    TakeTurned(k, v, tokens, rope, rotary_position);
    return Status::kOk;
  }

  // What Append would return, without doing it.
  Status CheckAppend(View<const Element> k, View<const Element> v,
                     size_t tokens) const noexcept {
    if (!IsAligned(this, alignof(KvCache))) return Status::kMisaligned;
    if (tokens == 0) return Status::kZeroCount;
    FOVEA_RETURN_IF_BAD(
        CheckView(k, {1, R::kKvHeads, tokens, R::kHeadDim}, Shares::kBatch));
    FOVEA_RETURN_IF_BAD(
        CheckView(v, {1, R::kKvHeads, tokens, R::kValueDim}, Shares::kBatch));
    FOVEA_RETURN_IF_BAD(CheckRoom(tokens));
    return CheckTokens(k, v, 0, tokens);
  }

  // kMisaligned (this object), kCacheFull.
  Status CheckRoom(size_t tokens) const noexcept {
    if (!IsAligned(this, alignof(KvCache))) return Status::kMisaligned;
    return span_.HasRoomFor(tokens) ? Status::kOk : Status::kCacheFull;
  }

  // kBadScale.  The tokens are those of one batch entry.
  static Status CheckTokens(const View<const Element>& k,
                            const View<const Element>& v, size_t batch,
                            size_t tokens) noexcept {
    for (size_t head = 0; head < R::kKvHeads; ++head) {
      for (size_t t = 0; t < tokens; ++t) {
        if (!Layout::Accepts(k.Row(batch, head, t), v.Row(batch, head, t))) {
          return Status::kBadScale;
        }
      }
    }
    return Status::kOk;
  }

  // Forgets the newest `tokens` tokens, 0 or more: what a speculative decode
  // takes back.  kTooManyTokens when the cache holds fewer, kForgotten when the
  // ring has given away what the window would need then; nothing changes.
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

  // Writes the cache as bytes that Restore and CacheView::Open take, now or in
  // another program on another board (cache_bytes.h is the format).
  //   to     64-byte aligned
  //   bytes  room at `to`, at least SavedBytes()
  // kNullPointer, kMisaligned (`to` or this object), kTooShort.
  Status Save(void* to, size_t bytes) const noexcept;

  // The bytes that Save writes: a multiple of 64, growing with the tokens held.
  size_t SavedBytes() const noexcept {
    return CacheView<Config>::SavedBytes(span_.UsedSlots());
  }
  // Those of a full cache.
  static constexpr size_t MostSavedBytes() noexcept {
    return CacheView<Config>::SavedBytes(Span::kTokens);
  }

  // Becomes the cache that was saved; the capacities may differ, unless they
  // are rings.  Each Status as of CacheView::Open (kBadFormat also where it
  // holds more tokens than this one can); with any of them but kOk the cache
  // stays as it was.
  Status Restore(const void* from, size_t bytes) noexcept;

  // For kernels: the panels and rows of one kv head.
  const Stored* KeyPanels(size_t kv_head) const noexcept {
    return keys_ + kv_head * kKeysOfHead;
  }
  const Stored* ValueRows(size_t kv_head) const noexcept {
    return values_ + kv_head * kValuesOfHead;
  }
  const Span& span() const noexcept { return span_; }

  // Append without its checks.
  void Take(View<const Element> k, View<const Element> v,
            size_t tokens) noexcept {
    for (size_t t = 0; t < tokens; ++t) {
      TakeToken([&](size_t head) { return k.Row(0, head, t); }, v, t);
    }
  }

  // AppendTurned without its checks.
  template <class Rotary>
  void TakeTurned(View<const Element> k, View<const Element> v, size_t tokens,
                  const Rotary& rope, uint64_t rotary_position) noexcept {
    typename RotaryOf<R>::Turner turner(rope);
    Element turned[R::kHeadDim];
    for (size_t t = 0; t < tokens; ++t) {
      turner.MoveTo(rotary_position + span_.position());
      const auto key = [&](size_t head) {
        turner.Turn(k.Row(0, head, t), R::kHeadDim, turned);
        return static_cast<const Element*>(turned);
      };
      TakeToken(key, v, t);
    }
  }

 private:
  // key(head) is the row of the token's key.
  template <class Key>
  void TakeToken(const Key& key, const View<const Element>& v,
                 size_t token) noexcept {
    const TokenPlace place = span_.Next();
    for (size_t head = 0; head < R::kKvHeads; ++head) {
      Layout::StoreKey(key(head), place, keys_ + head * kKeysOfHead);
      Layout::StoreValue(v.Row(0, head, token), place.slot,
                         values_ + head * kValuesOfHead);
    }
    span_.Advance();
  }

  static constexpr size_t kKeysOfHead = Layout::KeysOfHead(Span::kTokens);
  static constexpr size_t kValuesOfHead = Layout::ValuesOfHead(Span::kTokens);

  Stored keys_[R::kKvHeads * kKeysOfHead];
  Stored values_[R::kKvHeads * kValuesOfHead];
  Span span_;
};

}  // namespace fovea

#include "fovea/cache_view.h"

#endif  // FOVEA_KV_CACHE_H_
