// SPDX-License-Identifier: Apache-2.0
// What stands before the keys and values of a saved cache, all numbers
// little-endian:
//
//   CacheHeader                        64 bytes
//   keys    [kv_head][KeysOfHead]      see CacheLayout
//   values  [kv_head][ValuesOfHead]
#ifndef FOVEA_CACHE_BYTES_H_
#define FOVEA_CACHE_BYTES_H_

#include <hwy/base.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include "fovea/config.h"

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
              "saved caches are little-endian");

namespace fovea {

struct CacheHeader {
  char magic[4];     // "fvkc"
  uint16_t version;  // see CacheVersion
  uint16_t element;  // an ElementCode
  uint32_t kv_heads;
  uint32_t head_dim;
  uint32_t value_dim;
  uint32_t sink_tokens;  // of a ring, in whole tiles; else 0
  uint32_t ring_tokens;  // likewise
  uint32_t tokens;       // that follow
  uint64_t position;     // tokens since Clear
  uint64_t end;          // see CacheSpan
  uint32_t reserved[2];  // 0
  uint32_t data_sum;     // Checksum of what follows
  uint32_t header_sum;   // Checksum of the header up to here
};
static_assert(sizeof(CacheHeader) == 64, "part of the format");

// What the keys and values are.
template <class Element>
constexpr uint16_t ElementCode(Arithmetic arithmetic) noexcept {
  if (arithmetic == Arithmetic::kInt8Scores) return 5;
  if (arithmetic == Arithmetic::kInt8) return 6;
  return std::is_same<Element, float>::value             ? 1
         : std::is_same<Element, hwy::bfloat16_t>::value ? 2
         : std::is_same<Element, hwy::float16_t>::value  ? 3
                                                         : 4;
}

// int8 as it was appended: an IntegerKvCache.
constexpr uint16_t kIntegerElement = 7;

constexpr char kCacheMagic[4] = {'f', 'v', 'k', 'c'};

// Of an ElementCode.  Version 2 has a mean for each tile of keys of int8.
constexpr uint16_t CacheVersion(uint16_t element) noexcept {
  return element >= 4 && element <= 6 ? 2 : 1;
}

// FNV-1a: finds a truncated, shifted or overwritten flash page; no protection
// against an attacker.
inline uint32_t Checksum(const void* data, size_t bytes) noexcept {
  const unsigned char* from = static_cast<const unsigned char*>(data);
  uint32_t hash = 2166136261u;
  for (size_t i = 0; i < bytes; ++i) hash = (hash ^ from[i]) * 16777619u;
  return hash;
}

// Not memcmp, which no kernel needs.
inline bool SameBytes(const CacheHeader& a, const CacheHeader& b) noexcept {
  const unsigned char* x = reinterpret_cast<const unsigned char*>(&a);
  const unsigned char* y = reinterpret_cast<const unsigned char*>(&b);
  unsigned char differs = 0;
  for (size_t i = 0; i < sizeof(a); ++i) {
    differs = static_cast<unsigned char>(differs | (x[i] ^ y[i]));
  }
  return differs == 0;
}

inline uint32_t HeaderSum(const CacheHeader& header) noexcept {
  return Checksum(&header, offsetof(CacheHeader, header_sum));
}

}  // namespace fovea

#endif  // FOVEA_CACHE_BYTES_H_
