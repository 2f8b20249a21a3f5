// SPDX-License-Identifier: Apache-2.0
// What the headers of all caches in a caller's buffer have in common, whatever
// they store: Cache has kv_heads, head_dim, value_dim, capacity, place, window,
// sinks, sink_tokens, ring_tokens and spare, and begins with a magic.
#ifndef FOVEA_C_CACHE_PLACE_H_
#define FOVEA_C_CACHE_PLACE_H_

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "fovea/c/tensor_in.h"
#include "fovea/cache_layout.h"
#include "fovea/cache_span.h"
#include "fovea/check.h"
#include "fovea/ring_place.h"
#include "fovea/status.h"
#include "fovea/view.h"

namespace fovea {
namespace c {

constexpr size_t kMaxDim = 256;
constexpr size_t kMaxTokens = size_t{1} << 24;
constexpr size_t kMaxKvHeads = size_t{1} << 16;

template <class Cache>
bool IsRing(const Cache& cache) noexcept {
  return cache.window != 0;
}
template <class Cache>
RingSizes SizesOf(const Cache& cache) noexcept {
  return {cache.sink_tokens, cache.ring_tokens, cache.spare};
}
template <class Cache>
size_t UsedSlots(const Cache& cache) noexcept {
  return cache.place.UsedSlots(SizesOf(cache));
}
template <class Cache>
size_t SizeOf(const Cache& cache) noexcept {
  return cache.place.Size(SizesOf(cache));
}

template <class Cache>
void* ArraysOf(const Cache& cache) noexcept {
  return const_cast<Cache*>(&cache) + 1;
}

// kNullPointer, kMisaligned, kBadFormat.
template <class Cache>
Status CheckBuffer(const Cache* cache,
                   const char (&magic)[sizeof(Cache::magic)]) noexcept {
  if (cache == nullptr) return Status::kNullPointer;
  if (!IsAligned(cache, kCacheLine)) return Status::kMisaligned;
  unsigned char differs = 0;  // not memcmp, which no other operation needs
  for (size_t i = 0; i < sizeof(magic); ++i) {
    differs =
        static_cast<unsigned char>(differs | (cache->magic[i] ^ magic[i]));
  }
  return differs == 0 ? Status::kOk : Status::kBadFormat;
}

// The shape that a caller asks for; a cache holds at most so many tokens.
template <class Shape>
Status CheckStorage(const Shape& shape, size_t most) noexcept {
  FOVEA_RETURN_IF_BAD(CheckCount(shape.kv_heads, kMaxKvHeads));
  FOVEA_RETURN_IF_BAD(CheckCount(shape.head_dim, kMaxDim));
  FOVEA_RETURN_IF_BAD(CheckCount(shape.value_dim, kMaxDim));
  if (shape.window == 0) {
    FOVEA_RETURN_IF_BAD(CheckCount(shape.capacity, most));
    return shape.sinks == 0 ? Status::kOk : Status::kUnsupported;
  }
  FOVEA_RETURN_IF_BAD(CheckCount(shape.window, most));
  return shape.sinks <= most ? Status::kOk : Status::kTooManyTokens;
}

// What a cache that is no ring is, too, as long as it does not go round.
// has_means: see KeyMeans.
template <class Shape>
RingSizes StorageOf(const Shape& shape, bool has_means) noexcept {
  if (shape.window == 0) return {0, shape.capacity, 1};
  const size_t queries = shape.max_queries == 0 ? 1 : shape.max_queries;
  return RingSizesOf(shape.window, shape.sinks, queries, has_means);
}

template <class Shape, class Cache>
void SetStorage(const Shape& shape, const RingSizes& sizes,
                Cache& header) noexcept {
  header.kv_heads = static_cast<uint32_t>(shape.kv_heads);
  header.head_dim = static_cast<uint32_t>(shape.head_dim);
  header.value_dim = static_cast<uint32_t>(shape.value_dim);
  header.capacity = sizes.Tokens();
  header.window = static_cast<uint32_t>(shape.window);
  header.sinks = static_cast<uint32_t>(shape.sinks);
  header.sink_tokens = static_cast<uint32_t>(sizes.sink_tokens);
  header.ring_tokens = static_cast<uint32_t>(sizes.ring_tokens);
  header.spare = static_cast<uint32_t>(sizes.spare);
}

// Puts a header at the begin of a buffer that has room for `needed` bytes.
template <class Cache>
Status PlaceAt(const Cache& header, size_t needed, void* buffer, size_t bytes,
               Cache** cache) noexcept {
  if (buffer == nullptr) return Status::kNullPointer;
  FOVEA_RETURN_IF_BAD(CheckArray(cache));
  if (!IsAligned(buffer, kCacheLine)) return Status::kMisaligned;
  if (bytes < needed) return Status::kTooShort;
  *cache = static_cast<Cache*>(std::memcpy(buffer, &header, sizeof(header)));
  return Status::kOk;
}

// Of a cache that was checked.
template <class Cache, class Element>
Status CheckTokens(const Cache& cache, const View<const Element>& k,
                   const View<const Element>& v, size_t tokens) noexcept {
  if (tokens == 0) return Status::kZeroCount;
  const Extent keys{1, cache.kv_heads, tokens, cache.head_dim};
  const Extent values{1, cache.kv_heads, tokens, cache.value_dim};
  FOVEA_RETURN_IF_BAD(CheckTensor(k, keys, Shares::kBatch));
  FOVEA_RETURN_IF_BAD(CheckTensor(v, values, Shares::kBatch));
  const bool has_room =
      IsRing(cache) || tokens <= cache.capacity - cache.place.position;
  return has_room ? Status::kOk : Status::kCacheFull;
}

template <class Cache>
Status ForgetTokens(Cache& cache, size_t tokens) noexcept {
  if (tokens > cache.place.position) return Status::kTooManyTokens;
  const auto position = static_cast<int64_t>(cache.place.position - tokens);
  const RingSizes sizes = SizesOf(cache);
  if (!cache.place.Holds(position, sizes)) return Status::kForgotten;
  cache.place.Forget(tokens, sizes);
  return Status::kOk;
}

struct PlacesOf {
  const RingState& state;
  const RingSizes& sizes;

  size_t SlotOf(uint64_t token) const noexcept {
    return state.SlotOf(token, sizes);
  }
  size_t MeanOf(uint64_t token) const noexcept {
    return state.MeanOf(token, sizes);
  }
};

// Of a cache that is a ring, for queries from a position on.
template <class Cache>
RingPlace PlaceInRing(const Cache& cache, int64_t first_position) noexcept {
  const RingSizes sizes = SizesOf(cache);
  return RingPlaceOf(static_cast<int64_t>(cache.place.position),
                     static_cast<int64_t>(sizes.sink_tokens),
                     static_cast<int64_t>(cache.window), first_position,
                     PlacesOf{cache.place, sizes});
}

// Whether a call has the shape of the cache.
template <class Cache, class Call>
Status CheckSameShape(const Cache& cache, const Call& call) noexcept {
  const bool same = call.kv_heads == cache.kv_heads &&
                    call.head_dim == cache.head_dim &&
                    call.value_dim == cache.value_dim;
  return same ? Status::kOk : Status::kUnsupported;
}

}  // namespace c
}  // namespace fovea

#endif  // FOVEA_C_CACHE_PLACE_H_
