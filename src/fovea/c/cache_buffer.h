// SPDX-License-Identifier: Apache-2.0
// A key-value cache in the caller's buffer: a header, the keys of each kv head,
// the values of each.  No pointers, so that it may be copied.
#ifndef FOVEA_C_CACHE_BUFFER_H_
#define FOVEA_C_CACHE_BUFFER_H_

#include <hwy/base.h>

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "fovea/c/buffer_arrays.h"
#include "fovea/c/cache_place.h"
#include "fovea/cache_bytes.h"
#include "fovea/cache_layout.h"
#include "fovea/cache_span.h"
#include "fovea/fovea.h"
#include "fovea/kernels/layout.h"
#include "fovea/key_means.h"
#include "fovea/quantised_layout.h"
#include "fovea/run_time/int8_arithmetic.h"
#include "fovea/status.h"

struct alignas(fovea::kCacheLine) fovea_cache {
  char magic[8];
  uint32_t kv_heads, head_dim, value_dim, element;
  uint64_t capacity;  // slots
  fovea::RingState place;
  uint32_t has_means;      // of int8: see KeyMeans
  uint32_t window, sinks;  // of a ring; else 0
  uint32_t sink_tokens, ring_tokens, spare;
};

namespace fovea {
namespace c {

// Of a cache for an arithmetic in int8, beside the fovea_elements.
constexpr uint32_t kInt8ScoresElement =
    ElementCode<int8_t>(Arithmetic::kInt8Scores);
constexpr uint32_t kInt8Element = ElementCode<int8_t>(Arithmetic::kInt8);

using RunTimeQuantisedRows = QuantisedRows<Length<0>, Length<0>, Length<0>>;

// The layout of a cache of Elements whose sizes are known at run time.
template <class Element, class Rows = CacheRows<Length<0>, Length<0>, Element>>
using CacheArraysOf = BufferArrays<Element, Rows>;

// Of a cache of int8.
inline KeyMeans MeansOf(const fovea_cache& header) noexcept {
  return {header.has_means != 0, header.sink_tokens,
          IsRing(header) ? header.ring_tokens : 0};
}

// Calls body(CacheArraysOf) for the header of a cache; false where the element
// is unknown.
template <class Body>
bool WithElement(const fovea_cache& header, const Body& body) noexcept {
  const size_t kv_heads = header.kv_heads;
  const Length<0> d(header.head_dim);
  const Length<0> dv(header.value_dim);
  switch (header.element) {
    case FOVEA_FLOAT32:
      body(CacheArraysOf<float>{kv_heads, {d, dv}});
      return true;
    case FOVEA_BFLOAT16:
      body(CacheArraysOf<hwy::bfloat16_t>{kv_heads, {d, dv}});
      return true;
    case FOVEA_FLOAT16:
      body(CacheArraysOf<hwy::float16_t>{kv_heads, {d, dv}});
      return true;
    case FOVEA_INT8: {
      const Length<0> slots(static_cast<size_t>(header.capacity));
      body(CacheArraysOf<int8_t, RunTimeQuantisedRows>{
          kv_heads, {d, dv, slots, MeansOf(header)}});
      return true;
    }
    case kInt8ScoresElement:
    case kInt8Element: {
      const Length<0> slots(static_cast<size_t>(header.capacity));
      const bool int8_values = header.element == kInt8Element;
      body(CacheArraysOf<int8_t, run_time::RunTimeInt8Rows<bool>>{
          kv_heads, {d, dv, slots, MeansOf(header), int8_values}});
      return true;
    }
    default:
      return false;
  }
}

// kNullPointer, kMisaligned, kBadFormat.
Status CheckCache(const fovea_cache* cache) noexcept;

// fovea_cache_workspace_bytes of a cache that was checked.
size_t WorkspaceBytes(const fovea_cache& cache) noexcept;

// Append's checks, but for those of the entries, for a cache that was checked.
Status CheckAppend(const fovea_cache& cache, const fovea_input& k,
                   const fovea_input& v, size_t tokens) noexcept;
// kBadScale: an int8 cache cannot store them, turned on their way or not.
Status CheckEntries(const fovea_cache& cache, const fovea_input& k,
                    const fovea_input& v, size_t tokens, bool turns) noexcept;
// Its work; rotary: may be null.
void Append(fovea_cache& cache, const fovea_input& k, const fovea_input& v,
            size_t tokens, const fovea_rotary* rotary) noexcept;

// The same of a step.
Status CheckStep(const fovea_cache* cache,
                 const fovea_attention* call) noexcept;
// With a batch, of which one entry is that cache's.
Status CheckStreamsStep(const fovea_cache* cache,
                        const fovea_attention* call) noexcept;
void StepChecked(fovea_cache& cache, const fovea_attention& call) noexcept;

}  // namespace c
}  // namespace fovea

#endif  // FOVEA_C_CACHE_BUFFER_H_
