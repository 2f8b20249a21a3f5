// SPDX-License-Identifier: Apache-2.0
// Which keys a row of integer attention sees.
#ifndef FOVEA_KERNELS_INTEGER_MASK_H_
#define FOVEA_KERNELS_INTEGER_MASK_H_

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "fovea/kernels/integer_block.h"

namespace fovea {
namespace integer {
namespace {

// Bits 0 to n - 1; n may lie outside.
inline uint64_t BitsBelow(ptrdiff_t n) noexcept {
  if (n <= 0) return 0;
  return n >= 64 ? ~uint64_t{0} : (uint64_t{1} << n) - 1;
}

inline ptrdiff_t Clamp(ptrdiff_t x, ptrdiff_t least, ptrdiff_t most) noexcept {
  return x < least ? least : x > most ? most : x;
}

inline ptrdiff_t Position(const Group& group, size_t token) noexcept {
  return group.first_position + static_cast<ptrdiff_t>(token);
}

// The token sees no key from here on.
template <class S>
size_t VisibleEnd(const Group& group, size_t token) noexcept {
  const ptrdiff_t keys = static_cast<ptrdiff_t>(group.key_count);
  const ptrdiff_t position = Position(group, token);
  ptrdiff_t end = keys;
  if (S::kCausal) {
    end = Clamp(position + 1, 0, keys);
  } else if (S::kWindow > 0) {
    end =
        Clamp(position + S::kWindow, S::kSinks < keys ? S::kSinks : keys, keys);
  }
  return static_cast<size_t>(end);
}

// The first tile with a key that the window leaves to the token, or to a later
// one.
template <class S>
size_t FirstNearTile(const Group& group, size_t token) noexcept {
  if (S::kWindow == 0) return 0;
  const ptrdiff_t begin = Position(group, token) - S::kWindow + 1;
  return static_cast<size_t>(
             Clamp(begin, 0, static_cast<ptrdiff_t>(group.key_count))) /
         kTile * kTile;
}

// The tiles that a block visits: those of the sinks, then from `near` on.
template <class S>
size_t FirstTile(size_t near) noexcept {
  return S::kSinks > 0 ? 0 : near;
}
template <class S>
size_t NextTile(size_t key, size_t near) noexcept {
  const size_t next = key + kTile;
  return S::kSinks > 0 && next >= size_t{S::kSinks} && next < near ? near
                                                                   : next;
}

// How many keys those tiles hold: what a block costs.
template <class S>
size_t VisitedKeys(size_t near, size_t end) noexcept {
  constexpr size_t kSinkTiles = RoundUp(static_cast<size_t>(S::kSinks), kTile);
  if (near >= end) near = end;
  return end - near + (kSinkTiles < near ? kSinkTiles : near);
}

// The first bits that hold all of them.
inline size_t LengthOf(uint64_t bits) noexcept {
  if (bits == 0) return 0;
  return 64 - static_cast<size_t>(__builtin_clzll(bits));
}

// Keys from `first` on that the call's mask leaves to the row.
template <class S>
uint64_t BitsOfMask(const Group& group, size_t row, size_t first) noexcept {
  if (group.mask.data == nullptr) return ~uint64_t{0};
  const uint8_t* mask =
      group.mask.Row(0, row % S::kGroup, row / S::kGroup) + first;
  uint64_t bits = 0;
  for (size_t i = 0; i < kTile && first + i < group.mask_keys; ++i) {
    bits |= uint64_t{mask[i] != 0} << i;
  }
  return bits;
}

// Whether every row sees every key of its tiles.
template <class S>
constexpr bool kSeesAll =
    !S::kCausal && S::kWindow == 0 && S::kMask == MaskKind::kNone;
// Whether what a row sees of a tile is its first keys.
template <class S>
constexpr bool kSeesFirst = S::kWindow == 0 && S::kMask == MaskKind::kNone;

// What a row sees of a tile: how many keys, or a bit for each.  (Bits for a
// causal mask alone took 600 bytes of flash more on a Cortex-M4.)
template <class S>
using Visible = std::conditional_t<kSeesFirst<S>, uint32_t, uint64_t>;

template <class S>
uint64_t VisibleBits(const Group& group, size_t row,
                     size_t first_key) noexcept {
  const ptrdiff_t first = static_cast<ptrdiff_t>(first_key);
  const ptrdiff_t position = Position(group, row / S::kGroup);
  uint64_t bits = BitsBelow(static_cast<ptrdiff_t>(group.key_count) - first);
  if (S::kCausal) bits &= BitsBelow(position + 1 - first);
  if (S::kWindow > 0) {
    uint64_t near = ~BitsBelow(position - S::kWindow + 1 - first);
    if (!S::kCausal) near &= BitsBelow(position + S::kWindow - first);
    bits &= near | BitsBelow(S::kSinks - first);
  }
  if constexpr (S::kMask == MaskKind::kBoolean) {
    if (bits != 0) bits &= BitsOfMask<S>(group, row, first_key);
  }
  return bits;
}

// Of the tile of `count` keys from `first` on.
template <class S>
Visible<S> VisibleKeys(const Group& group, size_t row, size_t first,
                       size_t count) noexcept {
  if constexpr (kSeesAll<S>) {
    return static_cast<uint32_t>(count);
  } else if constexpr (kSeesFirst<S>) {
    const ptrdiff_t end = Position(group, row / S::kGroup) + 1;
    return static_cast<uint32_t>(Clamp(end - static_cast<ptrdiff_t>(first), 0,
                                       static_cast<ptrdiff_t>(count)));
  } else {
    return VisibleBits<S>(group, row, first);
  }
}

}  // namespace
}  // namespace integer
}  // namespace fovea

#endif  // FOVEA_KERNELS_INTEGER_MASK_H_
