// SPDX-License-Identifier: Apache-2.0
// out = softmax(q . k) . v, a block of rows at a time: composes the kernels in
// the order of the formula.
#if defined(FOVEA_KERNELS_ATTEND_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FOVEA_KERNELS_ATTEND_INL_H_
#undef FOVEA_KERNELS_ATTEND_INL_H_
#else
#define FOVEA_KERNELS_ATTEND_INL_H_
#endif

#include "fovea/kernels/accumulate-inl.h"
#include "fovea/kernels/mask-inl.h"
#include "fovea/kernels/online_softmax-inl.h"
#include "fovea/kernels/scores-inl.h"
#include "fovea/kernels/share.h"

HWY_BEFORE_NAMESPACE();
namespace fovea {
namespace HWY_NAMESPACE {
namespace {

// Queries across the lanes; keys are plain rows.
template <class ShapeArg>
struct QueryLanes {
  using Shape = ShapeArg;

  // Rows of a block; lanes without a row are computed too, on zeros.
  static HWY_INLINE size_t Width() { return BlockWidth<Shape>(); }
  static HWY_INLINE size_t Padded(const Rows&) { return Width(); }

  static HWY_INLINE void LoadQueries(const HeadGroup& group, const Rows& rows,
                                     const Scratch& scratch) {
    LoadQueriesAcrossLanes<Shape>(group, rows, scratch);
  }

  static HWY_INLINE void Scores(const HeadGroup& group, const Rows& rows,
                                const Tile& tile, const Scratch& scratch) {
    hwy::CopyBytes(scratch.max, scratch.next_max, Width() * sizeof(float));
    // On one lane the compare is cheaper than a second copy of the kernel.
    if constexpr (Shape::kCausal && kMaxLanes == 1) {
      ScoreKeysAcrossQueries<Shape, true>(group, rows, tile, scratch);
    } else if constexpr (Shape::kCausal) {
      tile.masked
          ? ScoreKeysAcrossQueries<Shape, true>(group, rows, tile, scratch)
          : ScoreKeysAcrossQueries<Shape, false>(group, rows, tile, scratch);
    } else {
      ScoreKeysAcrossQueries<Shape, false>(group, rows, tile, scratch);
    }
  }

  static HWY_INLINE void Softmax(const Rows& rows, const Tile&,
                                 const Scratch& scratch) {
    SoftmaxOfQueries<Shape>(rows, scratch);
  }

  static HWY_INLINE void Output(const HeadGroup& group, const Rows& rows,
                                const Tile& tile, const Scratch& scratch) {
    Accumulate<Shape>(group, rows, tile, {1, Width()}, PlainValues(), scratch);
  }
};

// Keys across the lanes; keys lie in the panels of a cache.
template <class ShapeArg>
struct KeyLanes {
  using Shape = ShapeArg;

  static HWY_INLINE size_t Width() { return Shape::kRows; }
  static HWY_INLINE size_t Padded(const Rows& rows) { return rows.count; }

  static HWY_INLINE void LoadQueries(const HeadGroup& group, const Rows& rows,
                                     const Scratch& scratch) {
    LoadQueriesAsRows<Shape>(group, rows, scratch);
  }

  static HWY_INLINE void Scores(const HeadGroup& group, const Rows& rows,
                                const Tile& tile, const Scratch& scratch) {
    ScoreRowsAcrossKeys<Shape>(group, rows, tile, scratch);
  }

  static HWY_INLINE void Softmax(const Rows& rows, const Tile& tile,
                                 const Scratch& scratch) {
    SoftmaxOfRows(rows, tile, scratch);
  }

  static HWY_INLINE void Output(const HeadGroup& group, const Rows& rows,
                                const Tile& tile, const Scratch& scratch) {
    const typename Shape::HeadDim head_dim(group.head_dim);
    const size_t next = tile.first + kTile;
    const size_t key = next < group.keys ? next : tile.first;
    const StreamedValues values{group.v + tile.first * group.v_token_stride,
                                group.k + key * head_dim};
    Accumulate<Shape>(group, rows, tile, {kTile, 1}, values, scratch);
  }
};

template <class Shape>
HWY_INLINE void ResetRows(const HeadGroup& group, size_t rows,
                          const Scratch& scratch) {
  const typename Shape::ValueDim value_dim(group.value_dim);
  for (size_t i = 0; i < rows; ++i) {
    scratch.max[i] = kNoMax;
    scratch.sum[i] = 0.0f;
  }
  hwy::ZeroBytes(scratch.output,
                 rows * OutputStride(value_dim) * sizeof(float));
}

// out = o / l; a row that saw no key gives zeros.
template <class Shape>
HWY_INLINE void StoreRows(const HeadGroup& group, const Rows& rows,
                          const Scratch& scratch) {
  const FloatTag d;
  const size_t lanes = hn::Lanes(d);
  const typename Shape::Group heads(group.heads);
  const typename Shape::ValueDim value_dim(group.value_dim);
  for (size_t i = 0; i < rows.count; ++i) {
    const float l = scratch.sum[i];
    const Vec inverse = hn::Set(d, l == 0.0f ? 0.0f : 1.0f / l);
    const size_t row = rows.first + i;
    const float* from = scratch.output + i * OutputStride(value_dim);
    float* to = group.out + row / heads * group.out_token_stride +
                row % heads * group.out_head_stride;
    size_t column = 0;
    for (; column + lanes <= value_dim; column += lanes) {
      hn::StoreU(hn::Mul(hn::Load(d, from + column), inverse), d, to + column);
    }
    if (column < value_dim) {
      hn::StoreN(hn::Mul(hn::Load(d, from + column), inverse), d, to + column,
                 value_dim - column);
    }
  }
}

template <class Orientation>
HWY_INLINE void AttendBlock(const HeadGroup& group, const Rows& rows,
                            const Scratch& scratch) {
  using Shape = typename Orientation::Shape;
  const size_t padded = Orientation::Padded(rows);
  FindEnds<Shape>(group, rows, padded, scratch);
  Orientation::LoadQueries(group, rows, scratch);
  ResetRows<Shape>(group, padded, scratch);
  const size_t end = scratch.ends[rows.count - 1];
  for (size_t key = 0; key < end; key += kTile) {
    const Tile tile = MakeTile(key, end, padded, scratch);
    Orientation::Scores(group, rows, tile, scratch);
    Orientation::Softmax(rows, tile, scratch);
    Orientation::Output(group, rows, tile, scratch);
  }
  StoreRows<Shape>(group, rows, scratch);
}

// Blocks of rows of one kv head (query heads of the group x tokens), and how
// many keys the last row of a block sees: what the block costs.
template <class Orientation>
HWY_INLINE size_t BlockCount(const HeadGroup& group) {
  const size_t width = Orientation::Width();
  return (group.queries * group.heads + width - 1) / width;
}

template <class Orientation>
HWY_INLINE Rows RowsOfBlock(const HeadGroup& group, size_t block) {
  const size_t width = Orientation::Width();
  const size_t first = block * width;
  const size_t left = group.queries * group.heads - first;
  return {first, left < width ? left : width};
}

template <class Orientation>
HWY_INLINE size_t BlockCost(const HeadGroup& group, size_t block) {
  const Rows rows = RowsOfBlock<Orientation>(group, block);
  const size_t last_token = (rows.first + rows.count - 1) / group.heads;
  // A block that sees nothing still writes its zeros.
  return 1 + VisibleEnd<typename Orientation::Shape>(group, last_token);
}

template <class Orientation>
HWY_INLINE uint64_t CostOfBlocks(const HeadGroup& group) {
  uint64_t cost = 0;
  const size_t blocks = BlockCount<Orientation>(group);
  for (size_t block = 0; block < blocks; ++block) {
    cost += BlockCost<Orientation>(group, block);
  }
  return cost;
}

// The blocks of one kv head that fall into the share; `before` is the cost of
// the heads before this one.
template <class Orientation>
HWY_NOINLINE void AttendShare(const HeadGroup& group, const Share& share,
                              uint64_t before, const Scratch& scratch) {
  const size_t blocks = BlockCount<Orientation>(group);
  for (size_t block = 0; block < blocks; ++block) {
    const uint64_t cost = BlockCost<Orientation>(group, block);
    if (share.Has(before, cost)) {
      const Rows rows = RowsOfBlock<Orientation>(group, block);
      AttendBlock<Orientation>(group, rows, scratch);
    }
    before += cost;
  }
}

// All rows of one kv head.
template <class Orientation>
HWY_NOINLINE void AttendHeadGroup(const HeadGroup& group,
                                  const Scratch& scratch) {
  const size_t blocks = BlockCount<Orientation>(group);
  for (size_t block = 0; block < blocks; ++block) {
    const Rows rows = RowsOfBlock<Orientation>(group, block);
    AttendBlock<Orientation>(group, rows, scratch);
  }
}

}  // namespace
// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace fovea
HWY_AFTER_NAMESPACE();

#endif  // FOVEA_KERNELS_ATTEND_INL_H_
