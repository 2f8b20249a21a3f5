// SPDX-License-Identifier: Apache-2.0
// How the keys and values of a cache lie in memory, and as saved bytes.
#ifndef FOVEA_CACHE_LAYOUT_H_
#define FOVEA_CACHE_LAYOUT_H_

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "fovea/kernels/layout.h"
#include "fovea/stored.h"

namespace fovea {

// Bytes that every head's keys and values are aligned to.
constexpr size_t kCacheLine = 64;

// Keys of one kv head in panels [token/16][head_dim][16], values in rows
// [token][value_dim]; each head begins a cache line.
template <class R, class Element>
struct CacheLayout {
  static constexpr size_t kLine = kCacheLine / sizeof(Element);

  // Elements of one kv head with so many tokens.
  static constexpr size_t KeysOfHead(size_t tokens) noexcept {
    return RoundUp(RoundUp(tokens, kPanel) * R::kHeadDim, kLine);
  }
  static constexpr size_t ValuesOfHead(size_t tokens) noexcept {
    return RoundUp(tokens * R::kValueDim, kLine);
  }

  // Whether a token can be stored.
  static constexpr bool Accepts(const float*, const float*) noexcept {
    return true;
  }

  static void StoreKey(const float* row, size_t slot, uint64_t /*position*/,
                       Element* head) noexcept {
    Element stored[R::kHeadDim];  // many at once, then one by one
    for (size_t dim = 0; dim < R::kHeadDim; ++dim) Store(row[dim], stored[dim]);
    Element* to = head + slot / kPanel * kPanel * R::kHeadDim + slot % kPanel;
    for (size_t dim = 0; dim < R::kHeadDim; ++dim) {
      to[dim * kPanel] = stored[dim];
    }
  }

  static void StoreValue(const float* row, size_t slot,
                         Element* head) noexcept {
    Element* to = head + slot * R::kValueDim;
    for (size_t dim = 0; dim < R::kValueDim; ++dim) Store(row[dim], to[dim]);
  }

  // Whether what saved bytes hold can have been stored.
  static constexpr bool IsSound(const Element*, const Element*,
                                size_t) noexcept {
    return true;
  }

  // Copies the first `tokens` tokens of a head; what lies beyond them in the
  // last panel and line is zeros.
  static void CopyKeys(const Element* from, size_t /*from_slots*/,
                       size_t tokens, Element* to,
                       size_t /*to_slots*/) noexcept {
    const size_t whole = tokens / kPanel * kPanel * R::kHeadDim;
    std::memcpy(to, from, whole * sizeof(Element));
    std::memset(to + whole, 0, (KeysOfHead(tokens) - whole) * sizeof(Element));
    for (size_t dim = 0; tokens % kPanel != 0 && dim < R::kHeadDim; ++dim) {
      const size_t column = whole + dim * kPanel;
      std::memcpy(to + column, from + column,
                  tokens % kPanel * sizeof(Element));
    }
  }

  static void CopyValues(const Element* from, size_t /*from_slots*/,
                         size_t tokens, Element* to,
                         size_t /*to_slots*/) noexcept {
    const size_t count = tokens * R::kValueDim;
    std::memcpy(to, from, count * sizeof(Element));
    std::memset(to + count, 0,
                (ValuesOfHead(tokens) - count) * sizeof(Element));
  }
};

}  // namespace fovea

#endif  // FOVEA_CACHE_LAYOUT_H_
