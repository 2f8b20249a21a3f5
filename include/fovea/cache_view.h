// SPDX-License-Identifier: Apache-2.0
// A cache that is only read: a KvCache, or saved bytes where they lie, in flash
// say, so that a prompt's cache costs no RAM and many streams can share it.
#ifndef FOVEA_CACHE_VIEW_H_
#define FOVEA_CACHE_VIEW_H_

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include "fovea/cache_bytes.h"
#include "fovea/cache_layout.h"
#include "fovea/cache_span.h"
#include "fovea/check.h"
#include "fovea/config.h"
#include "fovea/int8_layout.h"
#include "fovea/kv_cache.h"
#include "fovea/status.h"

namespace fovea {

// What Attention::Attend reads.  It points into the cache or the bytes, which
// must outlive it; a cache must not change meanwhile.
//
//   alignas(64) static const unsigned char kPrompt[] = {...};  // in flash
//   CacheView<Config> prompt;
//   if (CacheView<Config>::Open(kPrompt, sizeof(kPrompt), prompt) != kOk) ...
//   Attention<Config>::Attend(call, prompt, workspace);
template <class Config>
class CacheView {
  using R = Resolved<Config>;
  using Cache = KvCache<Config>;

 public:
  using Stored = typename Config::CacheElement;
  using Span = CacheSpan<R, R::kRing>;

  // Of nothing: Attend returns kNullPointer.
  CacheView() noexcept { span_.Clear(); }

  // NOLINTNEXTLINE(google-explicit-constructor): a cache is such a view
  CacheView(const Cache& source) noexcept {
    span_.Clear();
    if (!IsAligned(&source, alignof(Cache))) {  // for Check() to see
      keys_ = reinterpret_cast<const Stored*>(&source);
      return;
    }
    span_ = source.span();
    keys_ = source.KeyPanels(0);
    values_ = source.ValueRows(0);
    slots_ = Span::kTokens;
  }

  // Reads what Save wrote, once, to check it; nothing is copied.
  //   saved  64-byte aligned
  //   bytes  that may be read there, at least those that Save wrote
  //   view   written only when the Status is kOk
  // kNullPointer, kMisaligned, kTooShort (bytes are missing), kBadFormat (no
  // saved cache, of another config, or damaged), kBadScale (a scale of an int8
  // cache is not a positive number).
  static Status Open(const void* saved, size_t bytes,
                     CacheView& view) noexcept {
    if (saved == nullptr) return Status::kNullPointer;
    if (!IsAligned(saved, kCacheLine)) return Status::kMisaligned;
    CacheHeader header;
    if (bytes < sizeof(header)) return Status::kTooShort;
    std::memcpy(&header, saved, sizeof(header));
    CacheView read;
    if (!IsOurs(header) || !read.span_.Restore(header)) {
      return Status::kBadFormat;
    }
    const size_t tokens = read.span_.UsedSlots();
    if (header.tokens != tokens) return Status::kBadFormat;
    if (bytes < SavedBytes(tokens)) return Status::kTooShort;
    const unsigned char* data =
        static_cast<const unsigned char*>(saved) + sizeof(header);
    if (header.data_sum != Checksum(data, DataBytes(tokens))) {
      return Status::kBadFormat;
    }
    read.Point(reinterpret_cast<const Stored*>(data), tokens);
    for (size_t head = 0; head < R::kKvHeads; ++head) {
      if (!Layout::IsSound(read.KeyPanels(head), read.ValueRows(head),
                           tokens)) {
        return Status::kBadScale;
      }
    }
    view = read;
    return Status::kOk;
  }

  // As of KvCache.
  size_t size() const noexcept { return span_.size(); }
  // Likewise.
  auto position() const noexcept { return span_.position(); }

  // What Save writes for so many used slots.
  static constexpr size_t SavedBytes(size_t slots) noexcept {
    return sizeof(CacheHeader) + DataBytes(slots);
  }

  // For kernels, as of KvCache.
  const Stored* KeyPanels(size_t kv_head) const noexcept {
    return keys_ + kv_head * Layout::KeysOfHead(slots_);
  }
  const Stored* ValueRows(size_t kv_head) const noexcept {
    return values_ + kv_head * Layout::ValuesOfHead(slots_);
  }
  const Span& span() const noexcept { return span_; }
  // Slots that the arrays have room for.
  size_t slots() const noexcept { return slots_; }

  // kNullPointer, kMisaligned.
  Status Check() const noexcept {
    if (keys_ == nullptr) return Status::kNullPointer;
    return IsAligned(keys_, kCacheLine) ? Status::kOk : Status::kMisaligned;
  }

 private:
  friend Cache;
  using Layout = LayoutOf<R, Stored>;

  static constexpr size_t DataBytes(size_t tokens) noexcept {
    return R::kKvHeads * sizeof(Stored) *
           (Layout::KeysOfHead(tokens) + Layout::ValuesOfHead(tokens));
  }

  static CacheHeader HeaderOf(const Span& span) noexcept {
    CacheHeader header{};
    std::memcpy(header.magic, kCacheMagic, sizeof(kCacheMagic));
    header.version = kCacheVersion;
    header.element = ElementCode<Stored>(R::kArithmetic);
    header.kv_heads = R::kKvHeads;
    header.head_dim = R::kHeadDim;
    header.value_dim = R::kValueDim;
    header.sink_tokens = Span::kSinkTokens;
    header.ring_tokens = Span::kRingTokens;
    header.tokens = static_cast<uint32_t>(span.UsedSlots());
    span.Save(header);
    return header;
  }

  // Whether it is intact, and of a cache with this config.
  static bool IsOurs(const CacheHeader& header) noexcept {
    Span empty;
    empty.Clear();
    CacheHeader ours = HeaderOf(empty);
    ours.tokens = header.tokens;
    ours.position = header.position;
    ours.end = header.end;
    ours.data_sum = header.data_sum;
    ours.header_sum = HeaderSum(ours);
    return SameBytes(ours, header);
  }

  void Point(const Stored* data, size_t tokens) noexcept {
    slots_ = tokens;
    keys_ = data;
    values_ = data + R::kKvHeads * Layout::KeysOfHead(tokens);
  }

  Span span_;
  const Stored* keys_ = nullptr;
  const Stored* values_ = nullptr;
  size_t slots_ = 0;
};

template <class Config>
Status KvCache<Config>::Save(void* to, size_t bytes) const noexcept {
  using View = CacheView<Config>;
  if (to == nullptr) return Status::kNullPointer;
  if (!IsAligned(to, kCacheLine) || !IsAligned(this, alignof(KvCache))) {
    return Status::kMisaligned;
  }
  if (bytes < SavedBytes()) return Status::kTooShort;
  const size_t tokens = span_.UsedSlots();
  unsigned char* data = static_cast<unsigned char*>(to) + sizeof(CacheHeader);
  Stored* next = reinterpret_cast<Stored*>(data);
  for (size_t head = 0; head < R::kKvHeads; ++head) {
    Layout::CopyKeys(KeyPanels(head), Span::kTokens, tokens, next, tokens);
    next += Layout::KeysOfHead(tokens);
  }
  for (size_t head = 0; head < R::kKvHeads; ++head) {
    Layout::CopyValues(ValueRows(head), Span::kTokens, tokens, next, tokens);
    next += Layout::ValuesOfHead(tokens);
  }
  CacheHeader header = View::HeaderOf(span_);
  header.data_sum = Checksum(data, View::DataBytes(tokens));
  header.header_sum = HeaderSum(header);
  std::memcpy(to, &header, sizeof(header));
  return Status::kOk;
}

template <class Config>
Status KvCache<Config>::Restore(const void* from, size_t bytes) noexcept {
  if (!IsAligned(this, alignof(KvCache))) return Status::kMisaligned;
  CacheView<Config> saved;
  FOVEA_RETURN_IF_BAD(CacheView<Config>::Open(from, bytes, saved));
  const size_t tokens = saved.span().UsedSlots();
  for (size_t head = 0; head < R::kKvHeads; ++head) {
    Layout::CopyKeys(saved.KeyPanels(head), tokens, tokens,
                     keys_ + head * kKeysOfHead, Span::kTokens);
    Layout::CopyValues(saved.ValueRows(head), tokens, tokens,
                       values_ + head * kValuesOfHead, Span::kTokens);
  }
  span_ = saved.span();
  return Status::kOk;
}

}  // namespace fovea

#endif  // FOVEA_CACHE_VIEW_H_
