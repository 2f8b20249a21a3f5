// SPDX-License-Identifier: Apache-2.0
// A cache in a caller's buffer as saved bytes (cache_bytes.h), and back.
// Arrays says how its keys and values lie, and where: see BufferArrays.
#ifndef FOVEA_C_SAVED_BUFFER_H_
#define FOVEA_C_SAVED_BUFFER_H_

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "fovea/c/cache_place.h"
#include "fovea/cache_bytes.h"
#include "fovea/check.h"
#include "fovea/status.h"

namespace fovea {
namespace c {

template <class Cache>
CacheHeader SavedHeaderOf(const Cache& cache, uint16_t element) noexcept {
  CacheHeader header{};
  std::memcpy(header.magic, kCacheMagic, sizeof(kCacheMagic));
  header.version = CacheVersion(element);
  header.element = element;
  header.kv_heads = cache.kv_heads;
  header.head_dim = cache.head_dim;
  header.value_dim = cache.value_dim;
  header.sink_tokens = cache.sink_tokens;
  header.ring_tokens = IsRing(cache) ? cache.ring_tokens : 0;
  header.tokens = static_cast<uint32_t>(UsedSlots(cache));
  header.position = cache.place.position;
  header.end = cache.place.end;
  return header;
}

// Of a cache that was checked.
template <class Cache, class Arrays>
Status SaveTo(const Cache& cache, uint16_t element, const Arrays& arrays,
              void* to, size_t bytes) noexcept {
  if (to == nullptr) return Status::kNullPointer;
  if (!IsAligned(to, kCacheLine)) return Status::kMisaligned;
  const size_t tokens = UsedSlots(cache);
  const size_t data_bytes = arrays.Bytes(tokens);
  if (bytes < sizeof(CacheHeader) + data_bytes) return Status::kTooShort;
  const size_t slots = static_cast<size_t>(cache.capacity);
  unsigned char* data = static_cast<unsigned char*>(to) + sizeof(CacheHeader);
  for (size_t head = 0; head < cache.kv_heads; ++head) {
    arrays.rows.CopyKeys(arrays.Keys(ArraysOf(cache), slots, head), slots,
                         tokens, arrays.Keys(data, tokens, head), tokens);
    arrays.rows.CopyValues(arrays.Values(ArraysOf(cache), slots, head), slots,
                           tokens, arrays.Values(data, tokens, head), tokens);
  }
  CacheHeader header = SavedHeaderOf(cache, element);
  header.data_sum = Checksum(data, data_bytes);
  header.header_sum = HeaderSum(header);
  std::memcpy(to, &header, sizeof(header));
  return Status::kOk;
}

// Whether it is the intact header of a cache of this shape, and makes sense;
// where its stream then stands.
template <class Cache>
bool IsOurs(const Cache& cache, uint16_t element, const CacheHeader& header,
            RingState& place) noexcept {
  CacheHeader ours = SavedHeaderOf(cache, element);
  ours.tokens = header.tokens;
  ours.position = header.position;
  ours.end = header.end;
  ours.data_sum = header.data_sum;
  ours.header_sum = HeaderSum(ours);
  if (!SameBytes(ours, header)) return false;
  if (!IsRing(cache) && header.end > cache.capacity) return false;
  const RingSizes sizes = SizesOf(cache);
  return place.Restore(header, sizes) &&
         header.tokens == place.UsedSlots(sizes);
}

// Of a cache that was checked.
template <class Cache, class Arrays>
Status RestoreFrom(Cache& cache, uint16_t element, const Arrays& arrays,
                   const void* from, size_t bytes) noexcept {
  if (from == nullptr) return Status::kNullPointer;
  if (!IsAligned(from, kCacheLine)) return Status::kMisaligned;
  CacheHeader header;
  if (bytes < sizeof(header)) return Status::kTooShort;
  std::memcpy(&header, from, sizeof(header));
  RingState place{};
  if (!IsOurs(cache, element, header, place)) return Status::kBadFormat;
  const size_t tokens = header.tokens;
  const size_t data_bytes = arrays.Bytes(tokens);
  if (bytes - sizeof(header) < data_bytes) return Status::kTooShort;
  const unsigned char* data =
      static_cast<const unsigned char*>(from) + sizeof(header);
  if (header.data_sum != Checksum(data, data_bytes)) return Status::kBadFormat;
  const size_t slots = static_cast<size_t>(cache.capacity);
  void* saved = const_cast<unsigned char*>(data);
  for (size_t head = 0; head < cache.kv_heads; ++head) {
    if (!arrays.rows.IsSound(arrays.Keys(saved, tokens, head),
                             arrays.Values(saved, tokens, head), tokens)) {
      return Status::kBadScale;
    }
  }
  for (size_t head = 0; head < cache.kv_heads; ++head) {
    arrays.rows.CopyKeys(arrays.Keys(saved, tokens, head), tokens, tokens,
                         arrays.Keys(ArraysOf(cache), slots, head), slots);
    arrays.rows.CopyValues(arrays.Values(saved, tokens, head), tokens, tokens,
                           arrays.Values(ArraysOf(cache), slots, head), slots);
  }
  cache.place = place;
  return Status::kOk;
}

}  // namespace c
}  // namespace fovea

#endif  // FOVEA_C_SAVED_BUFFER_H_
