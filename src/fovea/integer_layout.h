// SPDX-License-Identifier: Apache-2.0
// How the cache of integer attention stores keys and values: as they are.
#ifndef FOVEA_INTEGER_LAYOUT_H_
#define FOVEA_INTEGER_LAYOUT_H_

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "fovea/cache_layout.h"
#include "fovea/kernels/layout.h"
#include "fovea/quad_layout.h"

namespace fovea {

// A kv head's keys and values; what is saved begins each with a cache line.
//   keys    [slot/16][head_dim/4][16][4], dims rounded up to 4
//   values  [slot/4][value_dim][4]
// The dims are Lengths.
template <class HeadDim, class ValueDim>
struct IntegerRows {
  HeadDim head_dim;
  ValueDim value_dim;

  static constexpr size_t Keys(size_t slots, size_t dim) noexcept {
    return RoundUp(slots, kPanel) * RoundUp(dim, 4);
  }
  static constexpr size_t Values(size_t slots, size_t dim) noexcept {
    return RoundUp(RoundUp(slots, kPanel) * dim, kCacheLine);
  }
  constexpr size_t KeysOfHead(size_t slots) const noexcept {
    return Keys(slots, head_dim);
  }
  constexpr size_t ValuesOfHead(size_t slots) const noexcept {
    return Values(slots, value_dim);
  }

  void StoreKey(const int8_t* row, size_t slot, int8_t* head) const noexcept {
    int8_t* to = QuadsAt(head, slot, RoundUp(head_dim, 4));
    size_t dim = 0;
    for (; dim + 4 <= head_dim; dim += 4) {
      std::memcpy(to + dim * kPanel, row + dim, 4);
    }
    if (dim == head_dim) return;
    int8_t last[4] = {};
    for (size_t i = 0; dim + i < head_dim; ++i) last[i] = row[dim + i];
    std::memcpy(to + dim * kPanel, last, 4);
  }

  // Kernels read whole groups: the first of four makes the others zeros, where
  // nothing is there that a ring still needs.
  void StoreValue(const int8_t* row, size_t slot, bool is_new,
                  int8_t* head) const noexcept {
    int8_t* to = head + slot / 4 * 4 * value_dim;
    if (is_new && slot % 4 == 0) std::memset(to, 0, 4 * value_dim);
    for (size_t dim = 0; dim < value_dim; ++dim) {
      to[dim * 4 + slot % 4] = row[dim];
    }
  }

  void CopyKeys(const int8_t* from, size_t /*from_slots*/, size_t tokens,
                int8_t* to, size_t /*to_slots*/) const noexcept {
    CopyQuadPanels(from, tokens, RoundUp(head_dim, 4), to);
  }
  void CopyValues(const int8_t* from, size_t /*from_slots*/, size_t tokens,
                  int8_t* to, size_t /*to_slots*/) const noexcept {
    CopyQuadRows(from, tokens, value_dim, ValuesOfHead(tokens), to);
  }

  static constexpr bool IsSound(const int8_t*, const int8_t*, size_t) noexcept {
    return true;
  }
};

// That of a config's cache.
template <class R>
struct IntegerLayout {
  using Rows = IntegerRows<Length<R::kHeadDim>, Length<R::kValueDim>>;

  static constexpr size_t KeysOfHead(size_t slots) noexcept {
    return Rows::Keys(slots, R::kHeadDim);
  }
  static constexpr size_t ValuesOfHead(size_t slots) noexcept {
    return Rows::Values(slots, R::kValueDim);
  }
  static void StoreKey(const int8_t* row, size_t slot, int8_t* head) noexcept {
    Rows().StoreKey(row, slot, head);
  }
  static void StoreValue(const int8_t* row, size_t slot, bool is_new,
                         int8_t* head) noexcept {
    Rows().StoreValue(row, slot, is_new, head);
  }
  static void CopyKeys(const int8_t* from, size_t from_slots, size_t tokens,
                       int8_t* to, size_t to_slots) noexcept {
    Rows().CopyKeys(from, from_slots, tokens, to, to_slots);
  }
  static void CopyValues(const int8_t* from, size_t from_slots, size_t tokens,
                         int8_t* to, size_t to_slots) noexcept {
    Rows().CopyValues(from, from_slots, tokens, to, to_slots);
  }
  static constexpr bool IsSound(const int8_t* keys, const int8_t* values,
                                size_t slots) noexcept {
    return Rows::IsSound(keys, values, slots);
  }
};

}  // namespace fovea

#endif  // FOVEA_INTEGER_LAYOUT_H_
