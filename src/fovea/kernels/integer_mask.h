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
size_t VisibleEnd(const GroupOf<S>& group, size_t token) noexcept {
  const ptrdiff_t keys = static_cast<ptrdiff_t>(group.key_count);
  const ptrdiff_t position = Position(group, token);
  ptrdiff_t end = keys;
  if (S::Causal(group)) {
    end = Clamp(position + 1, 0, keys);
  } else if (S::kHasWindow) {
    const ptrdiff_t sinks = S::Sinks(group);
    end = Clamp(position + S::Window(group), sinks < keys ? sinks : keys, keys);
  }
  return static_cast<size_t>(end);
}

// The first tile with a key that the window leaves to the token, or to a later
// one.
template <class S>
size_t FirstNearTile(const GroupOf<S>& group, size_t token) noexcept {
  if (!S::kHasWindow) return 0;
  const ptrdiff_t begin = Position(group, token) - S::Window(group) + 1;
  return static_cast<size_t>(
             Clamp(begin, 0, static_cast<ptrdiff_t>(group.key_count))) /
         kTile * kTile;
}

// The tiles that a block visits: those of the sinks, then from `near` on.
template <class S>
size_t FirstTile(const GroupOf<S>& group, size_t near) noexcept {
  return S::Sinks(group) > 0 ? 0 : near;
}
template <class S>
size_t NextTile(const GroupOf<S>& group, size_t key, size_t near) noexcept {
  const size_t next = key + kTile;
  if (!S::kHasSinks) return next;
  const size_t sinks = static_cast<size_t>(S::Sinks(group));
  return next >= sinks && next < near ? near : next;
}

// How many keys those tiles hold: what a block costs.
template <class S>
size_t VisitedKeys(const GroupOf<S>& group, size_t near, size_t end) noexcept {
  const size_t sinks = RoundUp(static_cast<size_t>(S::Sinks(group)), kTile);
  if (near >= end) near = end;
  return end - near + (sinks < near ? sinks : near);
}

// The first bits that hold all of them.
inline size_t LengthOf(uint64_t bits) noexcept {
  if (bits == 0) return 0;
  return 64 - static_cast<size_t>(__builtin_clzll(bits));
}

// Keys from `first` on that the call's mask leaves to the row.
template <class S>
uint64_t BitsOfMask(const GroupOf<S>& group, size_t row,
                    size_t first) noexcept {
  if (group.mask.data == nullptr) return ~uint64_t{0};
  const size_t heads = S::Heads(group);
  const uint8_t* mask = group.mask.Row(0, row % heads, row / heads) + first;
  uint64_t bits = 0;
  for (size_t i = 0; i < kTile && first + i < group.mask_keys; ++i) {
    bits |= uint64_t{mask[i] != 0} << i;
  }
  return bits;
}

// What a row sees of a tile: how many keys, or a bit for each.  (Bits for a
// causal mask alone took 600 bytes of flash more on a Cortex-M4.)
template <class S>
using Visible = std::conditional_t<S::kSeesFirst, uint32_t, uint64_t>;

template <class S>
uint64_t VisibleBits(const GroupOf<S>& group, size_t row,
                     size_t first_key) noexcept {
  const ptrdiff_t first = static_cast<ptrdiff_t>(first_key);
  const ptrdiff_t position = Position(group, row / S::Heads(group));
  uint64_t bits = BitsBelow(static_cast<ptrdiff_t>(group.key_count) - first);
  if (S::Causal(group)) bits &= BitsBelow(position + 1 - first);
  if (S::kHasWindow) {
    const ptrdiff_t window = S::Window(group);
    uint64_t near = ~BitsBelow(position - window + 1 - first);
    if (!S::Causal(group)) near &= BitsBelow(position + window - first);
    bits &= near | BitsBelow(S::Sinks(group) - first);
  }
  if constexpr (S::kMask == MaskKind::kBoolean) {
    if (bits != 0) bits &= BitsOfMask<S>(group, row, first_key);
  }
  return bits;
}

// Of the tile of `count` keys from `first` on.
template <class S>
Visible<S> VisibleKeys(const GroupOf<S>& group, size_t row, size_t first,
                       size_t count) noexcept {
  if constexpr (S::kSeesAll) {
    return static_cast<uint32_t>(count);
  } else if constexpr (S::kSeesFirst) {
    const ptrdiff_t end = Position(group, row / S::Heads(group)) + 1;
    return static_cast<uint32_t>(Clamp(end - static_cast<ptrdiff_t>(first), 0,
                                       static_cast<ptrdiff_t>(count)));
  } else {
    return VisibleBits<S>(group, row, first);
  }
}

// Whether all rows of a block see every key of a tile.
template <class S>
bool SeeAlike(const GroupOf<S>& group, const Rows& rows, size_t first,
              size_t count) noexcept {
  if constexpr (S::kIsRunTime) {
    if (group.mask.data != nullptr || group.window != kEverything) return false;
    if (!group.causal) return true;
    const ptrdiff_t end = Position(group, rows.first / group.heads) + 1;
    return end >= static_cast<ptrdiff_t>(first + count);
  } else {
    static_cast<void>(group);
    static_cast<void>(rows);
    static_cast<void>(first);
    static_cast<void>(count);
    return S::kSeesAll;
  }
}

}  // namespace
}  // namespace integer
}  // namespace fovea

#endif  // FOVEA_KERNELS_INTEGER_MASK_H_
