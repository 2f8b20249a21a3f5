// SPDX-License-Identifier: Apache-2.0
#include <cstring>
#include <type_traits>

#include "fovea/c/attention_call.h"
#include "fovea/c/cache_buffer.h"
#include "fovea/c/status_out.h"
#include "fovea/c/struct_in.h"
#include "fovea/check.h"
#include "fovea/fovea.h"

namespace fovea {
namespace c {
namespace {

constexpr char kMagic[8] = {'f', 'v', 'c', 'a', 'c', 'h', 'e', 1};

// As saved bytes have it; 0 where there is none.
uint32_t ElementOf(const fovea_cache_shape& shape) noexcept {
  const bool is_element =
      shape.element >= FOVEA_FLOAT32 && shape.element <= FOVEA_INT8;
  if (shape.arithmetic == nullptr) {
    return is_element ? static_cast<uint32_t>(shape.element) : 0;
  }
  return shape.element == FOVEA_INT8 ? shape.arithmetic->element : 0;
}

bool HasMeans(const fovea_cache_shape& shape) noexcept {
  return ElementOf(shape) >= FOVEA_INT8 && shape.raw_keys == 0;
}

// The header of an empty cache of that shape, once it is checked, and the bytes
// of the whole.
Status HeaderOf(const fovea_cache_shape* from, fovea_cache& header,
                size_t& bytes) noexcept {
  FOVEA_RETURN_IF_BAD(CheckStruct(from));
  const fovea_cache_shape& shape = *from;
  FOVEA_RETURN_IF_BAD(CheckStorage(shape, kMaxTokens));
  const RingSizes sizes = StorageOf(shape, HasMeans(shape));
  // Its arrays are at most 8 times this, in the bytes of the widest element.
  size_t most = 0;
  const bool fits =
      Multiply(shape.kv_heads, sizes.Tokens() + kTile, most) &&
      Multiply(most, shape.head_dim + shape.value_dim + kPanel, most) &&
      Multiply(most, 2 * sizeof(float), most);
  if (!fits) return Status::kUnsupported;
  std::memcpy(header.magic, kMagic, sizeof(kMagic));
  header.element = ElementOf(shape);
  SetStorage(shape, sizes, header);
  header.has_means = HasMeans(shape) ? 1 : 0;
  const bool known = WithElement(header, [&](const auto& arrays) {
    bytes = sizeof(fovea_cache) + arrays.Bytes(sizes.Tokens());
  });
  return known ? Status::kOk : Status::kUnsupported;
}

Status Create(const fovea_cache_shape* shape, void* buffer, size_t bytes,
              fovea_cache** cache) noexcept {
  fovea_cache header{};
  size_t needed = 0;
  FOVEA_RETURN_IF_BAD(HeaderOf(shape, header, needed));
  return PlaceAt(header, needed, buffer, bytes, cache);
}

}  // namespace

Status CheckCache(const fovea_cache* cache) noexcept {
  return CheckBuffer(cache, kMagic);
}

Status CheckAppend(const fovea_cache& cache, const fovea_input& k,
                   const fovea_input& v, size_t tokens) noexcept {
  return CheckTokens(cache, ViewOf(k), ViewOf(v), tokens);
}

Status CheckEntries(const fovea_cache& cache, const fovea_input& k,
                    const fovea_input& v, size_t tokens, bool turns) noexcept {
  const View<const float> keys = ViewOf(k);
  const View<const float> values = ViewOf(v);
  bool good = true;
  WithElement(cache, [&](const auto& arrays) {
    if constexpr (std::decay_t<decltype(arrays)>::kIsInt8) {
      for (size_t head = 0; head < cache.kv_heads; ++head) {
        for (size_t t = 0; t < tokens && good; ++t) {
          good = arrays.rows.Accepts(keys.Row(0, head, t),
                                     values.Row(0, head, t), turns);
        }
      }
    }
  });
  return good ? Status::kOk : Status::kBadScale;
}

namespace {

// The keys as they are, or turned, as the turner says.
void StoreTokens(fovea_cache& cache, const View<const float>& keys,
                 const View<const float>& values, size_t first, size_t tokens,
                 const run_time::RunTimeTurner& turner) noexcept {
  const size_t slots = static_cast<size_t>(cache.capacity);
  const RingSizes sizes = SizesOf(cache);
  RingState place = cache.place;
  float turned[kMaxDim];
  WithElement(cache, [&](const auto& arrays) {
    for (size_t head = 0; head < cache.kv_heads; ++head) {
      auto* of_keys = arrays.Keys(ArraysOf(cache), slots, head);
      auto* of_values = arrays.Values(ArraysOf(cache), slots, head);
      place = cache.place;
      for (size_t t = first; t < first + tokens; ++t) {
        const float* key = keys.Row(0, head, t);
        if (turner.Turns()) turner.Turn(key, cache.head_dim, turned);
        arrays.rows.StoreKey(turner.Turns() ? turned : key, place.Next(),
                             of_keys);
        arrays.rows.StoreValue(values.Row(0, head, t), place.slot, of_values);
        place.Advance(sizes);
      }
    }
  });
  cache.place = place;
}

}  // namespace

// Keys that turn go a token at a time: all heads have its angles.
void Append(fovea_cache& cache, const fovea_input& k, const fovea_input& v,
            size_t tokens, const fovea_rotary* rotary) noexcept {
  const run_time::Rotary how = RotaryOf(rotary);
  run_time::RunTimeTurner turner(how);
  const size_t most = rotary == nullptr ? tokens : 1;
  for (size_t first = 0; first < tokens; first += most) {
    if (rotary != nullptr) {
      turner.MoveTo(rotary->position + cache.place.position);
    }
    StoreTokens(cache, ViewOf(k), ViewOf(v), first, most, turner);
  }
}

namespace {

Status AppendTokens(fovea_cache* cache, const fovea_input& k,
                    const fovea_input& v, size_t tokens,
                    const fovea_rotary* rotary) noexcept {
  FOVEA_RETURN_IF_BAD(CheckCache(cache));
  FOVEA_RETURN_IF_BAD(CheckAppend(*cache, k, v, tokens));
  FOVEA_RETURN_IF_BAD(CheckRotary(rotary, cache->head_dim));
  FOVEA_RETURN_IF_BAD(CheckEntries(*cache, k, v, tokens, rotary != nullptr));
  Append(*cache, k, v, tokens, rotary);
  return Status::kOk;
}

}  // namespace
}  // namespace c
}  // namespace fovea

extern "C" size_t fovea_cache_bytes(const fovea_cache_shape* from) {
  fovea_cache header{};
  size_t bytes = 0;
  const fovea::Status status = fovea::c::HeaderOf(from, header, bytes);
  return status == fovea::Status::kOk ? bytes : 0;
}

extern "C" fovea_status fovea_cache_create(const fovea_cache_shape* shape,
                                           void* buffer, size_t bytes,
                                           fovea_cache** cache) {
  return fovea::c::Out(fovea::c::Create(shape, buffer, bytes, cache));
}

extern "C" fovea_status fovea_cache_clear(fovea_cache* cache) {
  const fovea::Status status = fovea::c::CheckCache(cache);
  if (status == fovea::Status::kOk) cache->place = {};
  return fovea::c::Out(status);
}

extern "C" size_t fovea_cache_size(const fovea_cache* cache) {
  const fovea::Status status = fovea::c::CheckCache(cache);
  return status == fovea::Status::kOk ? fovea::c::SizeOf(*cache) : 0;
}

extern "C" size_t fovea_cache_capacity(const fovea_cache* cache) {
  const fovea::Status status = fovea::c::CheckCache(cache);
  return status == fovea::Status::kOk ? static_cast<size_t>(cache->capacity)
                                      : 0;
}

extern "C" fovea_status fovea_cache_append(fovea_cache* cache, fovea_input k,
                                           fovea_input v, size_t tokens) {
  return fovea_cache_append_turned(cache, k, v, tokens, nullptr);
}

extern "C" fovea_status fovea_cache_append_turned(fovea_cache* cache,
                                                  fovea_input k, fovea_input v,
                                                  size_t tokens,
                                                  const fovea_rotary* rotary) {
  return fovea::c::Out(fovea::c::AppendTokens(cache, k, v, tokens, rotary));
}

extern "C" uint64_t fovea_cache_position(const fovea_cache* cache) {
  const fovea::Status status = fovea::c::CheckCache(cache);
  return status == fovea::Status::kOk ? cache->place.position : 0;
}

extern "C" fovea_status fovea_cache_truncate(fovea_cache* cache,
                                             size_t tokens) {
  fovea::Status status = fovea::c::CheckCache(cache);
  if (status == fovea::Status::kOk) {
    status = fovea::c::ForgetTokens(*cache, tokens);
  }
  return fovea::c::Out(status);
}
