// SPDX-License-Identifier: Apache-2.0
// Integer attention, a block of rows at a time: composes the leaf's pieces in
// the order of the formula.  Integers have the same sums in any order, so a
// leaf adds as it likes; what is rounded (a tile's products, a rescaled row) is
// so at the same keys on every target and for every cut of a stream.
#ifndef FOVEA_KERNELS_INTEGER_ATTEND_H_
#define FOVEA_KERNELS_INTEGER_ATTEND_H_

#include <cstddef>
#include <cstdint>

#include "fovea/kernels/integer_block.h"
#include "fovea/kernels/integer_mask.h"
#include "fovea/kernels/integer_math.h"
#include "fovea/kernels/share.h"

namespace fovea {
namespace integer {
namespace {

template <class Leaf, class S>
using ScratchOf = Scratch<typename S::Sizes,
                          typename Leaf::template Scratch<typename S::Sizes>>;

// Gives hidden keys a score that no row minds: its own maximum's.
inline void CoverHidden(uint64_t visible, size_t count, int32_t by,
                        int32_t* scores) {
  for (size_t i = 0; i < count; ++i) {
    if (!(visible >> i & 1)) scores[i] = by;
  }
}

// What a rise of the maximum makes of what the row has gathered.
template <class Leaf, class S>
void Rescale(int32_t max, const ScoreScale& scale, size_t row,
             ScratchOf<Leaf, S>& scratch) {
  RowState& state = scratch.rows[row];
  if (max <= state.max || state.sum == 0) return;
  const int32_t correction = CorrectionOf(StepsBelow(max, state.max, scale));
  state.sum = MultiplyHigh(state.sum, correction);
  Leaf::template CorrectOutputs<S>(correction, row, scratch.output);
}

// The first keys of a tile that hold all that a row sees.
template <class S>
size_t SeenLength(Visible<S> visible) {
  if constexpr (S::kSeesFirst) {
    return visible;
  } else {
    return LengthOf(visible);
  }
}

// Whether others lie between them.
template <class S>
bool HidesSome(Visible<S> visible, size_t seen) {
  if constexpr (S::kSeesFirst) {
    return false;
  } else {
    return visible != BitsBelow(static_cast<ptrdiff_t>(seen));
  }
}

// The online softmax of one row: scores become weights.
template <class Leaf, class S>
void SoftmaxOfRow(Visible<S> visible, size_t count, const ScoreScale& scale,
                  int32_t value_zero, size_t row, ScratchOf<Leaf, S>& scratch) {
  RowState& state = scratch.rows[row];
  int32_t* scores = scratch.scores[row];
  int32_t sum = 0;
  const size_t seen = SeenLength<S>(visible);
  if (seen > 0) {
    const bool some = HidesSome<S>(visible, seen);
    if (some) CoverHidden(visible, seen, INT32_MIN, scores);
    int32_t max = Leaf::Largest(scores, seen);
    if (state.sum > 0 && state.max > max) max = state.max;
    Rescale<Leaf, S>(max, scale, row, scratch);
    state.max = max;
    if (some) CoverHidden(visible, seen, max, scores);
    sum = Leaf::template Weigh<S>(scores, max, scale, seen, count, row,
                                  scratch.leaf);
    for (size_t i = 0; some && i < seen; ++i) {
      if (visible >> i & 1) continue;
      Leaf::template Hide<S>(i, row, count, scratch.leaf);
      sum -= kMostWeight;
    }
  } else {
    Leaf::template Weigh<S>(scores, 0, scale, 0, count, row, scratch.leaf);
  }
  state.sum += sum;
  state.product = (1 << (kOutputShift - 1)) - value_zero * sum;
}

// out = o / l; a row that saw no key gives zeros.
template <class Leaf, class S>
void StoreRow(const GroupOf<S>& group, size_t row, size_t of_block,
              ScratchOf<Leaf, S>& scratch) {
  const RowState& state = scratch.rows[of_block];
  const IntegerScales& scales = *group.scales;
  const size_t heads = S::Heads(group);
  int8_t* to = group.out + row % heads * group.out_head_stride +
               row / heads * group.out_token_stride;
  if (state.sum == 0) {
    const size_t columns = S::ValueDim(group);
    for (size_t i = 0; i < columns; ++i) to[i] = scales.output_zero;
    return;
  }
  const RowScale scale =
      RowScaleOf(state.sum, scales.output_multiplier, scales.output_shift);
  Leaf::template StoreOutputs<S>(scratch.output, of_block, scale,
                                 scales.output_zero, to);
}

template <class Leaf, class S>
void AttendTile(const GroupOf<S>& group, const Rows& rows, size_t key,
                size_t count, const ScoreScale& scale,
                ScratchOf<Leaf, S>& scratch) {
  Visible<S> visible[S::kSeesAll ? 1 : S::kRows] = {};
  Visible<S> any = 0;
  const bool alike = SeeAlike<S>(group, rows, key, count);
  for (size_t i = 0; i < (alike ? 1 : rows.count); ++i) {
    visible[i] = VisibleKeys<S>(group, rows.first + i, key, count);
    any |= visible[i];
  }
  if (any == 0) return;
  const Tile tile = TileOf<S>(group, key, count);
  Leaf::template Score<S>(tile, rows.count, scratch.leaf, scratch.scores);
  for (size_t i = 0; i < rows.count; ++i) {
    SoftmaxOfRow<Leaf, S>(visible[alike ? 0 : i], count, scale,
                          group.scales->value_zero, i, scratch);
  }
  Leaf::template Accumulate<S>(tile, rows.count, scratch.rows, scratch.leaf,
                               scratch.output);
}

template <class Leaf, class S>
void AttendBlock(const GroupOf<S>& group, const Rows& rows,
                 ScratchOf<Leaf, S>& scratch) {
  const size_t heads = S::Heads(group);
  for (size_t i = 0; i < rows.count; ++i) {
    const size_t row = rows.first + i;
    const int8_t* q = group.q + row % heads * group.q_head_stride +
                      row / heads * group.q_token_stride;
    Leaf::template LoadQuery<S>(q, group.scales->query_zero, i, scratch.leaf);
    scratch.rows[i] = {0, 0, 0};
  }
  Leaf::template ClearOutputs<S>(rows.count, scratch.output);
  const ScoreScale scale = ScoreScaleOf(group.scales->score_multiplier);
  const size_t end =
      VisibleEnd<S>(group, (rows.first + rows.count - 1) / heads);
  const size_t near = FirstNearTile<S>(group, rows.first / heads);
  for (size_t key = FirstTile<S>(group, near); key < end;
       key = NextTile<S>(group, key, near)) {
    const size_t left = end - key;
    AttendTile<Leaf, S>(group, rows, key, left < kTile ? left : kTile, scale,
                        scratch);
  }
  for (size_t i = 0; i < rows.count; ++i) {
    StoreRow<Leaf, S>(group, rows.first + i, i, scratch);
  }
}

template <class S>
size_t RowCount(const GroupOf<S>& group) {
  return S::Queries(group) * S::Heads(group);
}

template <class S>
Rows RowsOfBlock(const GroupOf<S>& group, size_t block) {
  const size_t first = block * S::kRows;
  const size_t left = RowCount<S>(group) - first;
  return {first, left < S::kRows ? left : S::kRows};
}

template <class S>
size_t BlockCount(const GroupOf<S>& group) {
  return (RowCount<S>(group) + S::kRows - 1) / S::kRows;
}

// The keys that a block's tiles hold, and one, since a block that sees nothing
// still writes its zeros.
template <class S>
uint64_t BlockCost(const GroupOf<S>& group, size_t block) {
  const Rows rows = RowsOfBlock<S>(group, block);
  const size_t heads = S::Heads(group);
  const size_t last = (rows.first + rows.count - 1) / heads;
  return 1 + VisitedKeys<S>(group, FirstNearTile<S>(group, rows.first / heads),
                            VisibleEnd<S>(group, last));
}

template <class S>
uint64_t CostOfBlocks(const GroupOf<S>& group) {
  uint64_t cost = 0;
  for (size_t block = 0; block < BlockCount<S>(group); ++block) {
    cost += BlockCost<S>(group, block);
  }
  return cost;
}

template <class Leaf, class S>
void AttendHeadGroup(const GroupOf<S>& group, ScratchOf<Leaf, S>& scratch) {
  for (size_t block = 0; block < BlockCount<S>(group); ++block) {
    AttendBlock<Leaf, S>(group, RowsOfBlock<S>(group, block), scratch);
  }
}

// The blocks of one kv head that fall into the share; `before` is the cost of
// the heads before this one.
template <class Leaf, class S>
void AttendShare(const GroupOf<S>& group, const Share& share, uint64_t before,
                 ScratchOf<Leaf, S>& scratch) {
  for (size_t block = 0; block < BlockCount<S>(group); ++block) {
    const uint64_t cost = BlockCost<S>(group, block);
    if (share.Has(before, cost)) {
      AttendBlock<Leaf, S>(group, RowsOfBlock<S>(group, block), scratch);
    }
    before += cost;
  }
}

}  // namespace
}  // namespace integer
}  // namespace fovea

#endif  // FOVEA_KERNELS_INTEGER_ATTEND_H_
