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

// Shape of the kernels.  kCached: keys and values lie as a cache has them,
// which may be a ring, else as rows.
//
// What is a constant here and known at run time in a RunTimeShape, the kernels
// ask S for, by what holds it there: S::Window(group), S::HeadDim(scratch).
template <class R, bool kCachedArg>
struct Shape {
  static constexpr bool kIsRunTime = false;
  static constexpr size_t kHeadDim = R::kHeadDim;
  static constexpr size_t kValueDim = R::kValueDim;
  static constexpr size_t kValueDimOr0 = kValueDim;
  static constexpr bool kHasWindow = R::kWindow > 0;
  static constexpr bool kHasSinks = R::kSinks > 0;
  static constexpr MaskKind kMask = R::kMask;
  static constexpr bool kCached = kCachedArg;
  static constexpr bool kRing = R::kRing && kCached;
  // Whether every row sees every key of its tiles, or its first keys.
  static constexpr bool kSeesFirst = !kHasWindow && kMask == MaskKind::kNone;
  static constexpr bool kSeesAll = kSeesFirst && !R::kCausal;
  using Span = CacheSpan<R, kRing>;
  using Sizes = Shape<R, false>;  // of scratch, which both kinds share

  static constexpr size_t kQuads = RoundUp(kHeadDim, 4) / 4;
  static constexpr size_t kMaxRows = R::kMaxQueries * R::kGroup;
  // Even, or one.
  static constexpr size_t kRows =
      kMaxRows >= kMostRows ? kMostRows
                            : (kMaxRows == 1 ? 1 : RoundUp(kMaxRows, 2));

  template <class T>
  static constexpr size_t HeadDim(const T&) noexcept {
    return kHeadDim;
  }
  template <class T>
  static constexpr size_t Quads(const T&) noexcept {
    return kQuads;
  }
  template <class T>
  static constexpr size_t ValueDim(const T&) noexcept {
    return kValueDim;
  }
  // Where a block's outputs begin.
  template <class T>
  static constexpr T* Outputs(T* outputs) noexcept {
    return outputs;
  }
  template <class T>
  static constexpr size_t Heads(const T&) noexcept {
    return R::kGroup;
  }
  // Of one, a constant, and with it the end of every loop over a block's rows.
  template <class T>
  static constexpr size_t Queries(const T& group) noexcept {
    return R::kMaxQueries == 1 ? 1 : group.queries;
  }
  template <class T>
  static constexpr bool Causal(const T&) noexcept {
    return R::kCausal;
  }
  template <class T>
  static constexpr ptrdiff_t Window(const T&) noexcept {
    return ptrdiff_t{R::kWindow};
  }
  template <class T>
  static constexpr ptrdiff_t Sinks(const T&) noexcept {
    return ptrdiff_t{R::kSinks};
  }
  template <class T>
  static constexpr RingSizes Storage(const T&) noexcept {
    return {Span::kSinkTokens, Span::kRingTokens, 0};
  }
};

// Any sizes, with every option: of the first kv head's groups and the scratch.
template <bool kCachedArg>
struct RunTimeShape {
  static constexpr bool kIsRunTime = true;
  static constexpr size_t kHeadDim = 256;  // at most
  static constexpr size_t kValueDimOr0 = 0;
  static constexpr bool kHasWindow = true;
  static constexpr bool kHasSinks = true;
  static constexpr MaskKind kMask = MaskKind::kBoolean;
  static constexpr bool kCached = kCachedArg;
  static constexpr bool kRing = kCached;
  static constexpr bool kSeesFirst = false;
  static constexpr bool kSeesAll = false;
  using Sizes = RunTimeShape<false>;
  static constexpr size_t kRows = kMostRows;

  template <class T>
  static size_t HeadDim(const T& of) noexcept {
    return of.head_dim;
  }
  template <class T>
  static size_t Quads(const T& of) noexcept {
    return (of.head_dim + 3) / 4;
  }
  template <class T>
  static size_t ValueDim(const T& of) noexcept {
    return of.value_dim;
  }
  template <class T>
  static int32_t* Outputs(const T& outputs) noexcept {
    return outputs.data;
  }
  template <class T>
  static size_t Heads(const T& group) noexcept {
    return group.heads;
  }
  template <class T>
  static size_t Queries(const T& group) noexcept {
    return group.queries;
  }
  template <class T>
  static bool Causal(const T& group) noexcept {
    return group.causal;
  }
  template <class T>
  static ptrdiff_t Window(const T& group) noexcept {
    return group.window;
  }
  template <class T>
  static ptrdiff_t Sinks(const T& group) noexcept {
    return group.sinks;
  }
  template <class T>
  static const RingSizes& Storage(const T& group) noexcept {
    return group.storage;
  }
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
// With what a RunTimeShape asks for.
struct RunTimeGroup : RingGroup {
  size_t head_dim;
  size_t value_dim;
  size_t heads;  // query heads
  bool causal;
  ptrdiff_t window;  // kEverything: none
  ptrdiff_t sinks;
  RingSizes storage;  // of what is no ring: it does not go round
};
constexpr ptrdiff_t kEverything = 2 * kFar;

template <class S>
struct GroupFor {
  using Type = std::conditional_t<S::kRing, RingGroup, Group>;
};
template <bool kCached>
struct GroupFor<RunTimeShape<kCached>> {
  using Type = RunTimeGroup;
};
template <class S>
using GroupOf = typename GroupFor<S>::Type;

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
    const RingSizes& storage = S::Storage(group);
    if (key < storage.sink_tokens) return key;
    const size_t slot = key - group.slots_earlier;
    return slot < storage.Tokens() ? slot : slot - storage.ring_tokens;
  } else {
    static_cast<void>(group);
    return key;
  }
}

template <class S>
Tile TileOf(const GroupOf<S>& group, size_t first, size_t count) noexcept {
  if (S::kCached) {
    const size_t slot = SlotOfTile<S>(group, first);
    return {group.keys + slot * 4 * S::Quads(group), 0,
            group.values + slot * S::ValueDim(group), 0, count};
  }
  return {group.keys + first * group.key_stride, group.key_stride,
          group.values + first * group.value_stride, group.value_stride, count};
}

// Entry `dim` of a tile's key, which has so many quads; entry `column` of its
// value, which has so many columns: ready for products.
template <class S>
int16_t KeyEntry(const Tile& tile, size_t key, size_t dim,
                 size_t quads) noexcept {
  if (!S::kCached) return tile.keys[key * tile.key_stride + dim];
  return tile.keys[key / kPanel * kPanel * 4 * quads +
                   (dim / 4 * kPanel + key % kPanel) * 4 + dim % 4];
}
template <class S>
int16_t ValueEntry(const Tile& tile, size_t key, size_t column,
                   size_t columns) noexcept {
  if (!S::kCached) return tile.values[key * tile.value_stride + column];
  return tile.values[key / 4 * 4 * columns + column * 4 + key % 4];
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

// The same in memory of the caller's, of as many rows and dims as a call has.
struct RunTimeOutputs {
  int32_t* data;
  size_t value_dim;
};
template <bool kCached, class LeafScratch>
struct Scratch<RunTimeShape<kCached>, LeafScratch> {
  int32_t (*scores)[kTile];
  RunTimeOutputs output;
  RowState* rows;
  LeafScratch leaf;
};

}  // namespace integer
}  // namespace fovea

#endif  // FOVEA_KERNELS_INTEGER_BLOCK_H_
