// SPDX-License-Identifier: Apache-2.0
// The cache of integer attention in the caller's buffer, as cache_buffer.h has
// that of floats.
#ifndef FOVEA_C_INTEGER_CACHE_BUFFER_H_
#define FOVEA_C_INTEGER_CACHE_BUFFER_H_

#include <cstddef>
#include <cstdint>

#include "fovea/c/buffer_arrays.h"
#include "fovea/c/cache_place.h"
#include "fovea/cache_layout.h"
#include "fovea/cache_span.h"
#include "fovea/fovea.h"
#include "fovea/integer_layout.h"
#include "fovea/kernels/layout.h"
#include "fovea/status.h"
#include "fovea/view.h"

struct alignas(fovea::kCacheLine) fovea_integer_cache {
  char magic[8];
  uint32_t kv_heads, head_dim, value_dim;
  uint32_t window, sinks;  // of a ring; else 0
  uint32_t sink_tokens, ring_tokens, spare;
  uint64_t capacity;  // slots
  fovea::RingState place;
};

namespace fovea {
namespace c {

using IntegerArrays = BufferArrays<int8_t, IntegerRows<Length<0>, Length<0>>>;

inline IntegerArrays LayoutOf(const fovea_integer_cache& cache) noexcept {
  return {cache.kv_heads,
          {Length<0>(cache.head_dim), Length<0>(cache.value_dim)}};
}

// kNullPointer, kMisaligned, kBadFormat.
Status CheckCache(const fovea_integer_cache* cache) noexcept;

// Append without its checks.
void Append(fovea_integer_cache& cache, const View<const int8_t>& k,
            const View<const int8_t>& v, size_t tokens) noexcept;

}  // namespace c
}  // namespace fovea

#endif  // FOVEA_C_INTEGER_CACHE_BUFFER_H_
