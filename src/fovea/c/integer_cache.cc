// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "fovea/c/integer_cache_buffer.h"
#include "fovea/c/saved_buffer.h"
#include "fovea/c/status_out.h"
#include "fovea/c/struct_in.h"
#include "fovea/c/views.h"
#include "fovea/check.h"
#include "fovea/fovea.h"
#include "fovea/integer_config.h"

namespace fovea {
namespace c {
namespace {

constexpr char kMagic[8] = {'f', 'v', 'i', 'c', 'a', 'c', 'h', 1};

// The header of an empty cache of that shape, once it is checked, and the bytes
// of the whole.
Status HeaderOf(const fovea_integer_cache_shape* from,
                fovea_integer_cache& header, size_t& bytes) noexcept {
  FOVEA_RETURN_IF_BAD(CheckStruct(from));
  const fovea_integer_cache_shape& shape = *from;
  FOVEA_RETURN_IF_BAD(CheckStorage(shape, kMostIntegerKeys));
  if (shape.window + shape.sinks > kMostIntegerKeys) {
    return Status::kTooManyTokens;
  }
  const RingSizes sizes = StorageOf(shape, false);
  // Its arrays are at most twice this.
  size_t most = 0;
  const bool fits =
      Multiply(shape.kv_heads, sizes.Tokens() + kTile, most) &&
      Multiply(most, shape.head_dim + shape.value_dim + kCacheLine, most) &&
      Multiply(most, 2, most);
  if (!fits) return Status::kUnsupported;
  std::memcpy(header.magic, kMagic, sizeof(kMagic));
  SetStorage(shape, sizes, header);
  bytes = sizeof(header) + LayoutOf(header).Bytes(sizes.Tokens());
  return Status::kOk;
}

Status Create(const fovea_integer_cache_shape* shape, void* buffer,
              size_t bytes, fovea_integer_cache** cache) noexcept {
  fovea_integer_cache header{};
  size_t needed = 0;
  FOVEA_RETURN_IF_BAD(HeaderOf(shape, header, needed));
  return PlaceAt(header, needed, buffer, bytes, cache);
}

Status AppendTokens(fovea_integer_cache* cache, const View<const int8_t>& k,
                    const View<const int8_t>& v, size_t tokens) noexcept {
  FOVEA_RETURN_IF_BAD(CheckCache(cache));
  FOVEA_RETURN_IF_BAD(CheckTokens(*cache, k, v, tokens));
  Append(*cache, k, v, tokens);
  return Status::kOk;
}

Status Truncate(fovea_integer_cache* cache, size_t tokens) noexcept {
  FOVEA_RETURN_IF_BAD(CheckCache(cache));
  return ForgetTokens(*cache, tokens);
}

Status Save(const fovea_integer_cache* cache, void* to, size_t bytes) noexcept {
  FOVEA_RETURN_IF_BAD(CheckCache(cache));
  return SaveTo(*cache, kIntegerElement, LayoutOf(*cache), to, bytes);
}

Status Restore(fovea_integer_cache* cache, const void* from,
               size_t bytes) noexcept {
  FOVEA_RETURN_IF_BAD(CheckCache(cache));
  return RestoreFrom(*cache, kIntegerElement, LayoutOf(*cache), from, bytes);
}

}  // namespace

Status CheckCache(const fovea_integer_cache* cache) noexcept {
  return CheckBuffer(cache, kMagic);
}

void Append(fovea_integer_cache& cache, const View<const int8_t>& k,
            const View<const int8_t>& v, size_t tokens) noexcept {
  const IntegerArrays arrays = LayoutOf(cache);
  const size_t slots = static_cast<size_t>(cache.capacity);
  const RingSizes sizes = SizesOf(cache);
  for (size_t t = 0; t < tokens; ++t) {
    const size_t slot = cache.place.slot;
    const bool is_new = cache.place.UsedSlots(sizes) <= slot || !IsRing(cache);
    for (size_t head = 0; head < cache.kv_heads; ++head) {
      arrays.rows.StoreKey(k.Row(0, head, t), slot,
                           arrays.Keys(ArraysOf(cache), slots, head));
      arrays.rows.StoreValue(v.Row(0, head, t), slot, is_new,
                             arrays.Values(ArraysOf(cache), slots, head));
    }
    cache.place.Advance(sizes);
  }
}

}  // namespace c
}  // namespace fovea

extern "C" size_t fovea_integer_cache_bytes(
    const fovea_integer_cache_shape* shape) {
  fovea_integer_cache header{};
  size_t bytes = 0;
  const fovea::Status status = fovea::c::HeaderOf(shape, header, bytes);
  return status == fovea::Status::kOk ? bytes : 0;
}

extern "C" fovea_status fovea_integer_cache_create(
    const fovea_integer_cache_shape* shape, void* buffer, size_t bytes,
    fovea_integer_cache** cache) {
  return fovea::c::Out(fovea::c::Create(shape, buffer, bytes, cache));
}

extern "C" fovea_status fovea_integer_cache_clear(fovea_integer_cache* cache) {
  const fovea::Status status = fovea::c::CheckCache(cache);
  if (status == fovea::Status::kOk) cache->place = {};
  return fovea::c::Out(status);
}

extern "C" size_t fovea_integer_cache_size(const fovea_integer_cache* cache) {
  const fovea::Status status = fovea::c::CheckCache(cache);
  return status == fovea::Status::kOk ? fovea::c::SizeOf(*cache) : 0;
}

extern "C" size_t fovea_integer_cache_capacity(
    const fovea_integer_cache* cache) {
  const fovea::Status status = fovea::c::CheckCache(cache);
  return status == fovea::Status::kOk ? static_cast<size_t>(cache->capacity)
                                      : 0;
}

extern "C" uint64_t fovea_integer_cache_position(
    const fovea_integer_cache* cache) {
  const fovea::Status status = fovea::c::CheckCache(cache);
  return status == fovea::Status::kOk ? cache->place.position : 0;
}

extern "C" fovea_status fovea_integer_cache_append(fovea_integer_cache* cache,
                                                   fovea_int8_input k,
                                                   fovea_int8_input v,
                                                   size_t tokens) {
  return fovea::c::Out(fovea::c::AppendTokens(cache, fovea::c::ViewOf(k),
                                              fovea::c::ViewOf(v), tokens));
}

extern "C" fovea_status fovea_integer_cache_truncate(fovea_integer_cache* cache,
                                                     size_t tokens) {
  return fovea::c::Out(fovea::c::Truncate(cache, tokens));
}

extern "C" size_t fovea_integer_cache_saved_bytes(
    const fovea_integer_cache* cache) {
  if (fovea::c::CheckCache(cache) != fovea::Status::kOk) return 0;
  return sizeof(fovea::CacheHeader) +
         fovea::c::LayoutOf(*cache).Bytes(fovea::c::UsedSlots(*cache));
}

extern "C" fovea_status fovea_integer_cache_save(
    const fovea_integer_cache* cache, void* to, size_t bytes) {
  return fovea::c::Out(fovea::c::Save(cache, to, bytes));
}

extern "C" fovea_status fovea_integer_cache_restore(fovea_integer_cache* cache,
                                                    const void* from,
                                                    size_t bytes) {
  return fovea::c::Out(fovea::c::Restore(cache, from, bytes));
}
