// SPDX-License-Identifier: Apache-2.0
// A cache as bytes (cache_bytes.h), whatever it stores: what saves it, checks
// it and finds its keys and values.
#ifndef FOVEA_SAVED_CACHE_H_
#define FOVEA_SAVED_CACHE_H_

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "fovea/cache_bytes.h"
#include "fovea/cache_layout.h"
#include "fovea/check.h"
#include "fovea/status.h"

namespace fovea {

// R: the config, resolved; Span: CacheSpan; Layout: KeysOfHead, ValuesOfHead,
// CopyKeys, CopyValues and IsSound of Stored; kElement: as ElementCode.
template <class R, class Span, class Layout, class Stored, uint16_t kElement>
struct SavedCache {
  static constexpr size_t DataBytes(size_t slots) noexcept {
    return R::kKvHeads * sizeof(Stored) *
           (Layout::KeysOfHead(slots) + Layout::ValuesOfHead(slots));
  }
  static constexpr size_t Bytes(size_t slots) noexcept {
    return sizeof(CacheHeader) + DataBytes(slots);
  }

  // One head's, in arrays with room for so many slots that begin at `data`.
  static const Stored* Keys(const Stored* data, size_t slots,
                            size_t kv_head) noexcept {
    return data + kv_head * Layout::KeysOfHead(slots);
  }
  static const Stored* Values(const Stored* data, size_t slots,
                              size_t kv_head) noexcept {
    return Keys(data, slots, R::kKvHeads) +
           kv_head * Layout::ValuesOfHead(slots);
  }

  // Checks saved bytes, and sets `span` and `data` where the Status is kOk.
  static Status Open(const void* saved, size_t bytes, Span& span,
                     const Stored*& data) noexcept {
    if (saved == nullptr) return Status::kNullPointer;
    if (!IsAligned(saved, kCacheLine)) return Status::kMisaligned;
    CacheHeader header;
    if (bytes < sizeof(header)) return Status::kTooShort;
    std::memcpy(&header, saved, sizeof(header));
    Span read;
    read.Clear();
    if (!IsOurs(header) || !read.Restore(header)) return Status::kBadFormat;
    const size_t tokens = read.UsedSlots();
    if (header.tokens != tokens) return Status::kBadFormat;
    if (bytes < Bytes(tokens)) return Status::kTooShort;
    const unsigned char* arrays =
        static_cast<const unsigned char*>(saved) + sizeof(header);
    if (header.data_sum != Checksum(arrays, DataBytes(tokens))) {
      return Status::kBadFormat;
    }
    const Stored* from = reinterpret_cast<const Stored*>(arrays);
    for (size_t head = 0; head < R::kKvHeads; ++head) {
      if (!Layout::IsSound(Keys(from, tokens, head), Values(from, tokens, head),
                           tokens)) {
        return Status::kBadScale;
      }
    }
    span = read;
    data = from;
    return Status::kOk;
  }

  // Writes a cache of such a span, whose arrays have room for Span::kTokens
  // slots; keys(kv_head) and values(kv_head) are those of a head.
  template <class KeysOf, class ValuesOf>
  static void Write(const Span& span, const KeysOf& keys,
                    const ValuesOf& values, void* to) noexcept {
    const size_t tokens = span.UsedSlots();
    unsigned char* data = static_cast<unsigned char*>(to) + sizeof(CacheHeader);
    Stored* next = reinterpret_cast<Stored*>(data);
    for (size_t head = 0; head < R::kKvHeads; ++head) {
      Layout::CopyKeys(keys(head), Span::kTokens, tokens, next, tokens);
      next += Layout::KeysOfHead(tokens);
    }
    for (size_t head = 0; head < R::kKvHeads; ++head) {
      Layout::CopyValues(values(head), Span::kTokens, tokens, next, tokens);
      next += Layout::ValuesOfHead(tokens);
    }
    CacheHeader header = HeaderOf(span);
    header.data_sum = Checksum(data, DataBytes(tokens));
    header.header_sum = HeaderSum(header);
    std::memcpy(to, &header, sizeof(header));
  }

  // Reads what Open found into such arrays.
  template <class KeysOf, class ValuesOf>
  static void Read(const Span& span, const Stored* data, const KeysOf& keys,
                   const ValuesOf& values) noexcept {
    const size_t tokens = span.UsedSlots();
    for (size_t head = 0; head < R::kKvHeads; ++head) {
      Layout::CopyKeys(Keys(data, tokens, head), tokens, tokens, keys(head),
                       Span::kTokens);
      Layout::CopyValues(Values(data, tokens, head), tokens, tokens,
                         values(head), Span::kTokens);
    }
  }

 private:
  static CacheHeader HeaderOf(const Span& span) noexcept {
    CacheHeader header{};
    std::memcpy(header.magic, kCacheMagic, sizeof(kCacheMagic));
    header.version = CacheVersion(kElement);
    header.element = kElement;
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
};

}  // namespace fovea

#endif  // FOVEA_SAVED_CACHE_H_
