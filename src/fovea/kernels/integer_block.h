// SPDX-License-Identifier: Apache-2.0
// What the kernels of integer attention pass among themselves: one kv head's
// problem, a block of its rows, a tile of its keys.
#ifndef FOVEA_KERNELS_INTEGER_BLOCK_H_
#define FOVEA_KERNELS_INTEGER_BLOCK_H_

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "fovea/cache_span.h"
#include "fovea/integer_config.h"
#include "fovea/kernels/layout.h"
#include "fovea/view.h"

namespace fovea {
namespace integer {

// Rows that a block holds at most: each tile of keys and values is unpacked
// once a block.  (16 rows took 5 % more instructions on a Cortex-M4.)
constexpr size_t kMostRows = 32;

// Compile-time shape of the kernels.  kCached: keys and values lie as a cache
// has them, which may be a ring, else as rows.
template <class R, bool kCachedArg>
struct Shape {
  static constexpr size_t kHeadDim = R::kHeadDim;
  static constexpr size_t kValueDim = R::kValueDim;
  static constexpr size_t kGroup = R::kGroup;
  static constexpr bool kCausal = R::kCausal;
  static constexpr ptrdiff_t kWindow = ptrdiff_t{R::kWindow};
  static constexpr ptrdiff_t kSinks = ptrdiff_t{R::kSinks};
  static constexpr MaskKind kMask = R::kMask;
  static constexpr bool kCached = kCachedArg;
  static constexpr bool kRing = R::kRing && kCached;
  using Span = CacheSpan<R, kRing>;
  using Sizes = Shape<R, false>;  // of scratch, which both kinds share

  static constexpr size_t kQuads = RoundUp(kHeadDim, 4) / 4;
  static constexpr size_t kMaxRows = R::kMaxQueries * kGroup;
  // Even, or one.
  static constexpr size_t kRows =
      kMaxRows >= kMostRows ? kMostRows
                            : (kMaxRows == 1 ? 1 : RoundUp(kMaxRows, 2));
};

// One kv head with the query heads that share it.
struct Group {
  const int8_t* q;  // the group's first head, first token
  size_t q_head_stride;
  size_t q_token_stride;
  int8_t* out;
  size_t out_head_stride;
  size_t out_token_stride;
  // Rows of key_stride and value_stride; or of a cache, in bytes
  //   keys [token/16][head_dim/4][16][4], values [token/4][value_dim][4]
  const int8_t* keys;
  size_t key_stride;
  const int8_t* values;
  size_t value_stride;
  size_t queries;
  size_t key_count;
  ptrdiff_t first_position;  // of query 0, or as far from it as matters (kFar)
  const IntegerScales* scales;
  // With kMask, from the group's first head on; no data: none.
  View<const uint8_t> mask;
  size_t mask_keys;
};

// With the place of a ring's keys: see RingPlace.
struct RingGroup : Group {
  size_t slots_earlier;
};
template <class S>
using GroupOf = std::conditional_t<S::kRing, RingGroup, Group>;

// Rows [first, first + count) of a group, in the order token, head.
struct Rows {
  size_t first;
  size_t count;
};

// Keys [first, first + count) of the group, where they lie in memory.
struct Tile {
  const int8_t* keys;
  size_t key_stride;
  const int8_t* values;
  size_t value_stride;
  size_t count;  // 1 to kTile
};

namespace {

// Where the tile that begins with that key lies in the storage.
template <class S>
size_t SlotOfTile(const GroupOf<S>& group, size_t key) noexcept {
  if constexpr (S::kRing) {
    using Span = typename S::Span;
    if (key < Span::kSinkTokens) return key;
    const size_t slot = key - group.slots_earlier;
    return slot < Span::kTokens ? slot : slot - Span::kRingTokens;
  } else {
    static_cast<void>(group);
    return key;
  }
}

template <class S>
Tile TileOf(const GroupOf<S>& group, size_t first, size_t count) noexcept {
  if (S::kCached) {
    const size_t slot = SlotOfTile<S>(group, first);
    return {group.keys + slot * 4 * S::kQuads, 0,
            group.values + slot * S::kValueDim, 0, count};
  }
  return {group.keys + first * group.key_stride, group.key_stride,
          group.values + first * group.value_stride, group.value_stride, count};
}

// Entry `dim` of a tile's key, entry `column` of its value, ready for products.
template <class S>
int16_t KeyEntry(const Tile& tile, size_t key, size_t dim) noexcept {
  if (!S::kCached) return tile.keys[key * tile.key_stride + dim];
  return tile.keys[key / kPanel * kPanel * 4 * S::kQuads +
                   (dim / 4 * kPanel + key % kPanel) * 4 + dim % 4];
}
template <class S>
int16_t ValueEntry(const Tile& tile, size_t key, size_t column) noexcept {
  if (!S::kCached) return tile.values[key * tile.value_stride + column];
  return tile.values[key / 4 * 4 * S::kValueDim + column * 4 + key % 4];
}

}  // namespace

// What a row has gathered so far.
struct RowState {
  int32_t max;      // m: the largest score
  int32_t sum;      // l: of the weights; 0 before the first key
  int32_t product;  // what the tile's products start from
};

// All scratch of one call.  LeafScratch is what the leaf keeps for itself, and
// says how many outputs it has.
template <class S, class LeafScratch>
struct alignas(16) alignas(LeafScratch) Scratch {
  int32_t scores[S::kRows][kTile];
  int32_t output[LeafScratch::kOutputs];  // in the leaf's order
  RowState rows[S::kRows];
  LeafScratch leaf;
};

}  // namespace integer
}  // namespace fovea

#endif  // FOVEA_KERNELS_INTEGER_BLOCK_H_
