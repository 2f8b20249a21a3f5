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
#include "fovea/saved_cache.h"
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
    CacheView read;
    const Stored* data = nullptr;
    FOVEA_RETURN_IF_BAD(Bytes::Open(saved, bytes, read.span_, data));
    read.slots_ = read.span_.UsedSlots();
    read.keys_ = Bytes::Keys(data, read.slots_, 0);
    read.values_ = Bytes::Values(data, read.slots_, 0);
    view = read;
    return Status::kOk;
  }

  // As of KvCache.
  size_t size() const noexcept { return span_.size(); }
  // Likewise.
  auto position() const noexcept { return span_.position(); }

  // What Save writes for so many used slots.
  static constexpr size_t SavedBytes(size_t slots) noexcept {
    return Bytes::Bytes(slots);
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
  using Bytes =
      SavedCache<R, Span, Layout, Stored, ElementCode<Stored>(R::kArithmetic)>;

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
  View::Bytes::Write(
      span_, [&](size_t head) { return KeyPanels(head); },
      [&](size_t head) { return ValueRows(head); }, to);
  return Status::kOk;
}

template <class Config>
Status KvCache<Config>::Restore(const void* from, size_t bytes) noexcept {
  if (!IsAligned(this, alignof(KvCache))) return Status::kMisaligned;
  using Bytes = typename CacheView<Config>::Bytes;
  const Stored* data = nullptr;
  FOVEA_RETURN_IF_BAD(Bytes::Open(from, bytes, span_, data));
  Bytes::Read(
      span_, data, [&](size_t head) { return keys_ + head * kKeysOfHead; },
      [&](size_t head) { return values_ + head * kValuesOfHead; });
  return Status::kOk;
}

}  // namespace fovea

#endif  // FOVEA_CACHE_VIEW_H_
