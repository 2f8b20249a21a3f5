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
template <class R>
struct IntegerLayout {
  static constexpr size_t kPaddedDim = RoundUp(R::kHeadDim, 4);

  static constexpr size_t KeysOfHead(size_t slots) noexcept {
    return RoundUp(slots, kPanel) * kPaddedDim;
  }
  static constexpr size_t ValuesOfHead(size_t slots) noexcept {
    return RoundUp(RoundUp(slots, kPanel) * R::kValueDim, kCacheLine);
  }

  static void StoreKey(const int8_t* row, size_t slot, int8_t* head) noexcept {
    int8_t* to = QuadsAt(head, slot, kPaddedDim);
    size_t dim = 0;
    for (; dim + 4 <= R::kHeadDim; dim += 4) {
      std::memcpy(to + dim * kPanel, row + dim, 4);
    }
    if (dim == R::kHeadDim) return;
    int8_t last[4] = {};
    for (size_t i = 0; dim + i < R::kHeadDim; ++i) last[i] = row[dim + i];
    std::memcpy(to + dim * kPanel, last, 4);
  }

  // Kernels read whole groups: the first of four makes the others zeros, where
  // nothing is there that a ring still needs.
  static void StoreValue(const int8_t* row, size_t slot, bool is_new,
                         int8_t* head) noexcept {
    int8_t* to = head + slot / 4 * 4 * R::kValueDim;
    if (is_new && slot % 4 == 0) std::memset(to, 0, 4 * R::kValueDim);
    for (size_t dim = 0; dim < R::kValueDim; ++dim) {
      to[dim * 4 + slot % 4] = row[dim];
    }
  }

  static void CopyKeys(const int8_t* from, size_t /*from_slots*/, size_t tokens,
                       int8_t* to, size_t /*to_slots*/) noexcept {
    CopyQuadPanels(from, tokens, kPaddedDim, to);
  }
  static void CopyValues(const int8_t* from, size_t /*from_slots*/,
                         size_t tokens, int8_t* to,
                         size_t /*to_slots*/) noexcept {
    CopyQuadRows(from, tokens, R::kValueDim, ValuesOfHead(tokens), to);
  }

  static constexpr bool IsSound(const int8_t*, const int8_t*, size_t) noexcept {
    return true;
  }
};

}  // namespace fovea

#endif  // FOVEA_INTEGER_LAYOUT_H_
