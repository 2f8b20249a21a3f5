// SPDX-License-Identifier: Apache-2.0
#include <cstring>

#include "fovea/c/cache_buffer.h"
#include "fovea/c/status_out.h"
#include "fovea/cache_bytes.h"
#include "fovea/check.h"
#include "fovea/fovea.h"

namespace fovea {
namespace c {
namespace {

constexpr Arithmetic kPlain = Arithmetic::kFloat;
static_assert(FOVEA_FLOAT32 == ElementCode<float>(kPlain) &&
                  FOVEA_BFLOAT16 == ElementCode<hwy::bfloat16_t>(kPlain) &&
                  FOVEA_FLOAT16 == ElementCode<hwy::float16_t>(kPlain) &&
                  FOVEA_INT8 == ElementCode<int8_t>(kPlain) &&
                  FOVEA_INT8 < kInt8ScoresElement,
              "as in the saved bytes");

// Of a cache like this one that holds so many tokens.
size_t DataBytes(const fovea_cache& cache, size_t tokens) noexcept {
  size_t bytes = 0;
  WithElement(cache, [&](const auto& arrays) { bytes = arrays.Bytes(tokens); });
  return bytes;
}

CacheHeader HeaderOf(const fovea_cache& cache) noexcept {
  CacheHeader header{};
  std::memcpy(header.magic, kCacheMagic, sizeof(kCacheMagic));
  header.version = kCacheVersion;
  header.element = static_cast<uint16_t>(cache.element);
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

Status Save(const fovea_cache* cache, void* to, size_t bytes) noexcept {
  FOVEA_RETURN_IF_BAD(CheckCache(cache));
  if (to == nullptr) return Status::kNullPointer;
  if (!IsAligned(to, kCacheLine)) return Status::kMisaligned;
  const size_t tokens = UsedSlots(*cache);
  const size_t data_bytes = DataBytes(*cache, tokens);
  if (bytes < sizeof(CacheHeader) + data_bytes) return Status::kTooShort;
  const size_t slots = static_cast<size_t>(cache->capacity);
  unsigned char* data = static_cast<unsigned char*>(to) + sizeof(CacheHeader);
  WithElement(*cache, [&](const auto& arrays) {
    for (size_t head = 0; head < cache->kv_heads; ++head) {
      arrays.rows.CopyKeys(arrays.Keys(ArraysOf(*cache), slots, head), slots,
                           tokens, arrays.Keys(data, tokens, head), tokens);
      arrays.rows.CopyValues(arrays.Values(ArraysOf(*cache), slots, head),
                             slots, tokens, arrays.Values(data, tokens, head),
                             tokens);
    }
  });
  CacheHeader header = HeaderOf(*cache);
  header.data_sum = Checksum(data, data_bytes);
  header.header_sum = HeaderSum(header);
  std::memcpy(to, &header, sizeof(header));
  return Status::kOk;
}

// Whether it is the intact header of a cache of this shape, and makes sense;
// where its stream then stands.
bool IsOurs(const fovea_cache& cache, const CacheHeader& header,
            RingState& place) noexcept {
  CacheHeader ours = HeaderOf(cache);
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

Status Restore(fovea_cache* cache, const void* from, size_t bytes) noexcept {
  FOVEA_RETURN_IF_BAD(CheckCache(cache));
  if (from == nullptr) return Status::kNullPointer;
  if (!IsAligned(from, kCacheLine)) return Status::kMisaligned;
  CacheHeader header;
  if (bytes < sizeof(header)) return Status::kTooShort;
  std::memcpy(&header, from, sizeof(header));
  RingState place{};
  if (!IsOurs(*cache, header, place)) return Status::kBadFormat;
  const size_t tokens = header.tokens;
  const size_t data_bytes = DataBytes(*cache, tokens);
  if (bytes - sizeof(header) < data_bytes) return Status::kTooShort;
  const unsigned char* data =
      static_cast<const unsigned char*>(from) + sizeof(header);
  if (header.data_sum != Checksum(data, data_bytes)) return Status::kBadFormat;
  const size_t slots = static_cast<size_t>(cache->capacity);
  void* saved = const_cast<unsigned char*>(data);
  bool sound = true;
  WithElement(*cache, [&](const auto& arrays) {
    for (size_t head = 0; head < cache->kv_heads; ++head) {
      sound = sound &&
              arrays.rows.IsSound(arrays.Keys(saved, tokens, head),
                                  arrays.Values(saved, tokens, head), tokens);
    }
    for (size_t head = 0; head < cache->kv_heads && sound; ++head) {
      arrays.rows.CopyKeys(arrays.Keys(saved, tokens, head), tokens, tokens,
                           arrays.Keys(ArraysOf(*cache), slots, head), slots);
      arrays.rows.CopyValues(arrays.Values(saved, tokens, head), tokens, tokens,
                             arrays.Values(ArraysOf(*cache), slots, head),
                             slots);
    }
  });
  if (!sound) return Status::kBadScale;
  cache->place = place;
  return Status::kOk;
}

}  // namespace
}  // namespace c
}  // namespace fovea

extern "C" size_t fovea_cache_saved_bytes(const fovea_cache* cache) {
  if (fovea::c::CheckCache(cache) != fovea::Status::kOk) return 0;
  return sizeof(fovea::CacheHeader) +
         fovea::c::DataBytes(*cache, fovea::c::UsedSlots(*cache));
}

extern "C" fovea_status fovea_cache_save(const fovea_cache* cache, void* to,
                                         size_t bytes) {
  return fovea::c::Out(fovea::c::Save(cache, to, bytes));
}

extern "C" fovea_status fovea_cache_restore(fovea_cache* cache,
                                            const void* from, size_t bytes) {
  return fovea::c::Out(fovea::c::Restore(cache, from, bytes));
}
