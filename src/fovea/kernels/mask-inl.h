// SPDX-License-Identifier: Apache-2.0
// Which keys a row sees.  Without marks (Features::kMarks) a row sees keys
// [0, end), and end does not fall from one row of a block to the next.  With
// them a row sees any subset of a tile, as 64 bits.
#if defined(FOVEA_KERNELS_MASK_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FOVEA_KERNELS_MASK_INL_H_
#undef FOVEA_KERNELS_MASK_INL_H_
#else
#define FOVEA_KERNELS_MASK_INL_H_
#endif

#include "fovea/kernels/block-inl.h"

HWY_BEFORE_NAMESPACE();
namespace fovea {
namespace HWY_NAMESPACE {
namespace {

// A masked score: below any other, and its probability is exactly 0.
HWY_INLINE Vec MaskedScore() { return hn::Neg(hn::Inf(FloatTag())); }

constexpr ptrdiff_t Clamp(ptrdiff_t x, ptrdiff_t least, ptrdiff_t most) {
  return x < least ? least : x > most ? most : x;
}

// The query's position, or one that sees the same keys.
HWY_INLINE ptrdiff_t Position(const HeadGroup& group, size_t token) {
  return group.first_position + static_cast<ptrdiff_t>(token);
}

// What a config fixes, or each call brings (Features::kRunTimeSpan).
template <class Shape>
HWY_INLINE bool IsCausal(const GroupOf<Shape>& group) {
  using F = typename Shape::Features;
  if constexpr (F::kRunTimeSpan) {
    return group.causal;
  } else {
    return F::kCausal;
  }
}
template <class Shape>
HWY_INLINE ptrdiff_t Window(const GroupOf<Shape>& group) {
  using F = typename Shape::Features;
  if constexpr (F::kRunTimeSpan) {
    return group.window;
  } else {
    return F::kWindow < size_t{kFar} ? ptrdiff_t{F::kWindow} : kFar;
  }
}
template <class Shape>
HWY_INLINE ptrdiff_t Sinks(const GroupOf<Shape>& group) {
  using F = typename Shape::Features;
  if constexpr (F::kRunTimeSpan) {
    return group.sinks;
  } else {
    return F::kSinks < size_t{kFar} ? ptrdiff_t{F::kSinks} : kFar;
  }
}

// Whether the scores of all keys are wanted, hidden or not.
template <class Shape>
HWY_INLINE bool WantsEveryKey(const GroupOf<Shape>& group) {
  using F = typename Shape::Features;
  if constexpr (F::kEveryKey && F::kRunTimeStage) {
    return group.score_stage == ScoreStage::kScaled ||
           group.score_stage == ScoreStage::kSoftcapped;
  } else {
    static_cast<void>(group);
    return F::kEveryKey;
  }
}

// The row sees no key from here on.
template <class Shape>
HWY_INLINE uint32_t VisibleEnd(const GroupOf<Shape>& group, size_t token) {
  using F = typename Shape::Features;
  const ptrdiff_t keys = static_cast<ptrdiff_t>(group.keys);
  ptrdiff_t end = keys;
  if (WantsEveryKey<Shape>(group)) {
    // Its scores are wanted all the same.
  } else if (IsCausal<Shape>(group)) {
    end = Clamp(Position(group, token) + 1, 0, keys);
  } else if constexpr (F::kWindow > 0) {
    const ptrdiff_t near = Position(group, token) + Window<Shape>(group);
    const ptrdiff_t sinks = Sinks<Shape>(group);
    end = Clamp(near, sinks < keys ? sinks : keys, keys);
  }
  return static_cast<uint32_t>(end);
}

// The first tile with a key that the window leaves to the row, or to a later
// one.
template <class Shape>
HWY_INLINE size_t FirstNearTile(const GroupOf<Shape>& group, size_t token) {
  using F = typename Shape::Features;
  if (F::kWindow == 0 || WantsEveryKey<Shape>(group)) {
    return 0;
  } else {
    const ptrdiff_t begin = Position(group, token) - Window<Shape>(group) + 1;
    const size_t key = static_cast<size_t>(
        Clamp(begin, 0, static_cast<ptrdiff_t>(group.keys)));
    return key / kTile * kTile;
  }
}

// The tiles that a block visits: those of the sinks, then from `near` on.
template <class Shape>
HWY_INLINE size_t FirstTile(const GroupOf<Shape>& group, size_t near) {
  size_t first = Sinks<Shape>(group) > 0 ? 0 : near;
  if constexpr (Shape::Features::kPartial) {
    first = HWY_MAX(first, group.first_key / kTile * kTile);
  }
  return first;
}
template <class Shape>
HWY_INLINE size_t NextTile(const GroupOf<Shape>& group, size_t key,
                           size_t near) {
  const size_t next = key + kTile;
  const size_t sinks = static_cast<size_t>(Sinks<Shape>(group));
  if (sinks == 0) return next;
  return next >= sinks && next < near ? near : next;
}

// How many keys those tiles hold.
template <class Shape>
HWY_INLINE size_t VisitedKeys(const GroupOf<Shape>& group, size_t near,
                              size_t end) {
  const size_t sinks = static_cast<size_t>(Sinks<Shape>(group));
  const size_t sink_tiles = RoundUp(sinks, kTile);
  if (near >= end) near = end;
  return end - near + (sink_tiles < near ? sink_tiles : near);
}

// Fills `ends` for the block; rows of padding repeat the last one.
template <class Shape>
HWY_INLINE void FindEnds(const GroupOf<Shape>& group, const Rows& rows,
                         size_t padded, const Scratch& scratch) {
  for (size_t i = 0; i < rows.count; ++i) {
    scratch.ends[i] =
        VisibleEnd<Shape>(group, TokenOfRow<Shape>(group, rows.first + i));
  }
  for (size_t i = rows.count; i < padded; ++i) {
    scratch.ends[i] = scratch.ends[rows.count - 1];
  }
}

// Bits 0 to n - 1 of 64; n may lie outside.
HWY_INLINE uint64_t BitsBelow(ptrdiff_t n) {
  if (n <= 0) return 0;
  return n >= 64 ? ~uint64_t{0} : (uint64_t{1} << n) - 1;
}

// Keys from `first` on that the row sees as far as positions decide.
template <class Shape>
HWY_INLINE uint64_t BitsOfPositions(const GroupOf<Shape>& group, size_t token,
                                    size_t first_key) {
  using F = typename Shape::Features;
  const ptrdiff_t first = static_cast<ptrdiff_t>(first_key);
  const ptrdiff_t position = Position(group, token);
  size_t keys = group.keys;
  if constexpr (F::kEveryKey) keys = group.visible_keys;
  uint64_t bits = BitsBelow(static_cast<ptrdiff_t>(keys) - first);
  const bool causal = IsCausal<Shape>(group);
  if (causal) bits &= BitsBelow(position + 1 - first);
  if constexpr (F::kWindow > 0) {
    const ptrdiff_t window = Window<Shape>(group);
    uint64_t near = ~BitsBelow(position - window + 1 - first);
    if (!causal) near &= BitsBelow(position + window - first);
    bits &= near | BitsBelow(Sinks<Shape>(group) - first);
  }
  if constexpr (F::kPartial) {
    bits &= ~BitsBelow(static_cast<ptrdiff_t>(group.first_key) - first);
  }
  return bits;
}

// A bit for each of `count` (up to 64) entries that `shows` says are visible.
template <class D, class Shows>
HWY_INLINE uint64_t BitsOfEntries(D d, const hn::TFromD<D>* HWY_RESTRICT row,
                                  size_t count, const Shows& shows) {
  uint64_t bits = 0;
  const size_t lanes = hn::Lanes(d);
  for (size_t i = 0; i < count; i += lanes) {
    const size_t n = HWY_MIN(count - i, lanes);
    const auto visible =
        hn::And(hn::FirstN(d, n), shows(hn::LoadN(d, row + i, n)));
    alignas(8) uint8_t bytes[8] = {};
    hn::StoreMaskBits(d, visible, bytes);
    uint64_t part;
    hwy::CopySameSize(&bytes, &part);
    bits |= part << i;
  }
  return bits;
}

// All of a tile's keys, or none: a tile is a block of the mask.
static_assert(kMaskBlock == kTile, "a block of a mask is a tile");
template <class Shape>
HWY_INLINE uint64_t BitsOfBlock(const GroupOf<Shape>& group, size_t row,
                                size_t first) {
  const size_t column = first / kMaskBlock;
  if (column >= group.mask_blocks) return 0;
  const size_t query = TokenOfRow<Shape>(group, row);
  const size_t head = HeadOfRow<Shape>(group, row);
  const uint8_t* blocks = group.block_mask.Row(0, head, query / kMaskBlock);
  return blocks[column] != 0 ? ~uint64_t{0} : 0;
}

// Keys from `first` on that the call's masks leave to the row; those past their
// last column are hidden.
template <class Shape>
HWY_INLINE uint64_t BitsOfColumns(const GroupOf<Shape>& group, size_t row,
                                  size_t first) {
  using F = typename Shape::Features;
  const size_t token = TokenOfRow<Shape>(group, row);
  const size_t head = HeadOfRow<Shape>(group, row);
  const size_t columns = group.mask_keys;
  if (first >= columns) return 0;
  const size_t count = HWY_MIN(columns - first, kTile);
  uint64_t bits = ~uint64_t{0};
  if constexpr (F::kHasBias) {
    const FloatTag d;
    // Not Ne, which on x86 is false for NaN.
    const auto shows = [](Vec bias) HWY_ATTR {
      return hn::Not(hn::Eq(bias, MaskedScore()));
    };
    if (F::kMask == MaskKind::kAdditive || group.bias.data != nullptr) {
      bits &= BitsOfEntries(d, group.bias.Row(0, head, token) + first, count,
                            shows);
    }
  }
  if constexpr (F::kHasBoolean) {
    const hn::CappedTag<uint8_t, kTile> d;
    const auto shows = [](auto mask) HWY_ATTR {
      return hn::Ne(mask, hn::Zero(hn::DFromV<decltype(mask)>()));
    };
    if (F::kMask == MaskKind::kBoolean || group.mask.data != nullptr) {
      bits &= BitsOfEntries(d, group.mask.Row(0, head, token) + first, count,
                            shows);
    }
  }
  return bits;
}

// What the call brings of what its features let it.
template <class Shape>
HWY_INLINE bool HasColumns(const GroupOf<Shape>& group) {
  using F = typename Shape::Features;
  bool has = false;
  if constexpr (F::kHasBias) has = has || group.bias.data != nullptr;
  if constexpr (F::kHasBoolean) has = has || group.mask.data != nullptr;
  return has;
}
template <class Shape>
HWY_INLINE bool HasBlocks(const GroupOf<Shape>& group) {
  if constexpr (Shape::Features::kHasBlocks) {
    return group.block_mask.data != nullptr;
  } else {
    return false;
  }
}

// Keys from `first` on that all of the call's masks leave to the row.
template <class Shape>
HWY_INLINE uint64_t BitsOfMasks(const GroupOf<Shape>& group, size_t row,
                                size_t first) {
  using F = typename Shape::Features;
  uint64_t bits = ~uint64_t{0};
  if constexpr (F::kHasBlocks) {
    if (HasBlocks<Shape>(group)) bits = BitsOfBlock<Shape>(group, row, first);
  }
  if constexpr (F::kHasBias || F::kHasBoolean) {
    if (bits != 0 && HasColumns<Shape>(group)) {
      bits &= BitsOfColumns<Shape>(group, row, first);
    }
  }
  return bits;
}

// Whether no row of the block sees the tile, as far as one look tells: where
// all rows are of one head and one block of the mask.  Sparse masks are made of
// it (one block of keys in 16: 11.7 -> 7.5 % of the time without a mask).
template <class Shape>
HWY_INLINE bool IsHiddenBlock(const GroupOf<Shape>& group, const Rows& rows,
                              size_t first) {
  if constexpr (!Shape::Features::kHasBlocks) {
    return false;
  } else {
    const size_t last = rows.first + rows.count - 1;
    const auto block = [&](size_t row) {
      return TokenOfRow<Shape>(group, row) / kMaskBlock;
    };
    return HasBlocks<Shape>(group) && !WantsEveryKey<Shape>(group) &&
           group.heads == 1 && block(rows.first) == block(last) &&
           BitsOfBlock<Shape>(group, last, first) == 0;
  }
}

// Fills `visible`, `counts` and `limits` for the tile and says what they hold.
template <class Shape>
HWY_INLINE Tile MarkTile(const GroupOf<Shape>& group, const Rows& rows,
                         size_t first, size_t end, size_t padded,
                         const Scratch& scratch) {
  using F = typename Shape::Features;
  if (IsHiddenBlock<Shape>(group, rows, first)) {
    return {first, 0, 0, Sees::kNone};
  }
  uint32_t* HWY_RESTRICT low = scratch.visible;
  uint32_t* HWY_RESTRICT high = scratch.visible + Shape::kRows;
  uint64_t some = 0, all = ~uint64_t{0};
  bool prefix = true;
  uint32_t count = 0;
  for (size_t i = 0; i < padded; ++i) {
    if (i < rows.count) {
      const size_t row = rows.first + i;
      uint64_t bits =
          BitsOfPositions<Shape>(group, TokenOfRow<Shape>(group, row), first);
      if constexpr (F::kHasMask) {
        if (bits != 0) bits &= BitsOfMasks<Shape>(group, row, first);
      }
      some |= bits;
      all &= bits;
      low[i] = static_cast<uint32_t>(bits);
      high[i] = static_cast<uint32_t>(bits >> 32);
      // Ones from bit 0 on and then none, and no fewer than the row before.
      const uint32_t ones = static_cast<uint32_t>(
          bits == ~uint64_t{0} ? kTile
                               : hwy::Num0BitsBelowLS1Bit_Nonzero64(~bits));
      prefix = prefix && bits == BitsBelow(ones) && ones >= count;
      count = ones;
    } else {
      low[i] = low[rows.count - 1];
      high[i] = high[rows.count - 1];
    }
    scratch.counts[i] = count;
    scratch.limits[i] = static_cast<float>(count);
  }
  const size_t keys = HWY_MIN(end - first, kTile);
  if (WantsEveryKey<Shape>(group)) {
    const bool sees_all = all == BitsBelow(static_cast<ptrdiff_t>(keys));
    return {first, 0, keys,
            sees_all && !F::kPolicyMasks ? Sees::kAll : Sees::kMarked};
  }
  if (some == 0) return {first, 0, 0, Sees::kNone};
  const size_t begin = hwy::Num0BitsBelowLS1Bit_Nonzero64(some);
  const size_t last = 63 - hwy::Num0BitsAboveMS1Bit_Nonzero64(some);
  if (!F::kPolicyMasks && prefix) {
    return {first, 0, last + 1, some == all ? Sees::kAll : Sees::kPrefix};
  }
  return {first, begin, last + 1, Sees::kMarked};
}

// The tile of keys from `first` on, and which of them each row sees.
template <class Shape>
HWY_INLINE Tile MakeTile(const GroupOf<Shape>& group, const Rows& rows,
                         size_t first, size_t end, size_t padded,
                         const Scratch& scratch) {
  if constexpr (Shape::Features::kMarks) {
    return MarkTile<Shape>(group, rows, first, end, padded, scratch);
  } else {
    const size_t count = HWY_MIN(end - first, kTile);
    for (size_t i = 0; i < padded; ++i) {
      const size_t row_end = scratch.ends[i];
      const size_t visible = row_end > first ? row_end - first : 0;
      const uint32_t clamped = static_cast<uint32_t>(HWY_MIN(visible, count));
      scratch.counts[i] = clamped;
      scratch.limits[i] = static_cast<float>(clamped);
    }
    return {first, 0, count,
            scratch.counts[0] < count ? Sees::kPrefix : Sees::kAll};
  }
}

}  // namespace
// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace fovea
HWY_AFTER_NAMESPACE();

#endif  // FOVEA_KERNELS_MASK_INL_H_
