// SPDX-License-Identifier: Apache-2.0
// o = o * correction + p . v over one tile: the tile's products start from
// zero and join the output in one fused multiply-add, so the rescaling of the
// online softmax costs no pass of its own and long rows lose less to rounding.
#if defined(FOVEA_KERNELS_ACCUMULATE_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FOVEA_KERNELS_ACCUMULATE_INL_H_
#undef FOVEA_KERNELS_ACCUMULATE_INL_H_
#else
#define FOVEA_KERNELS_ACCUMULATE_INL_H_
#endif

#include "fovea/kernels/block-inl.h"

HWY_BEFORE_NAMESPACE();
namespace fovea {
namespace HWY_NAMESPACE {
namespace {

struct OutputSink {
  static constexpr bool kTakesBlocks = true;
  float* output;
  size_t stride;
  const float* correction;

  HWY_INLINE float* Place(float* room) const { return room; }
  template <class Block>
  HWY_INLINE bool Take(const float* sums) const {
    Block::Join(sums, correction, output, stride);
    return true;
  }

  HWY_INLINE void operator()(size_t row, size_t vec, Vec sum) const {
    const FloatTag d;
    float* at = output + row * stride + vec * hn::Lanes(d);
    StoreLanes(Fma(LoadLanes(at), hn::Set(d, correction[row]), sum), at);
  }
};

// Where the probability of (row, key) lies: scores + row * row + key * key.
struct ProbabilityStrides {
  size_t row;
  size_t key;
};

// One group of value columns for all rows.
template <class Shape, size_t kVecs, bool kMarked, class Columns>
HWY_INLINE void AccumulateColumns(const HeadGroup& group, const Rows& rows,
                                  const Tile& tile, ProbabilityStrides strides,
                                  size_t column, const Columns& v,
                                  const Scratch& scratch) {
  constexpr size_t kMost = kUnrolled / kVecs;
  constexpr size_t kRowGroup =
      PowerOfTwoAtMost(Shape::kMaxRows < kMost ? Shape::kMaxRows : kMost);
  const typename Shape::ValueDim value_dim(group.value_dim);
  const size_t stride = OutputStride(value_dim);
  const auto some_rows = [&](auto row_group, size_t row) FOVEA_INLINED {
    const Factors<> p{scratch.scores + row * strides.row +
                          FirstKey<Shape>(tile) * strides.key,
                      strides.row, strides.key};
    const OutputSink sink{scratch.output + row * stride + column, stride,
                          scratch.correction + row};
    using Product = OuterProduct<row_group.value, kVecs>;
    if constexpr (kMarked) {
      Product::Run(p, v, StepsNotMarked{tile.count - FirstKey<Shape>(tile)},
                   sink);
    } else {
      const StepsOfRow<row_group.value> keys{scratch.counts + row};
      Product::Run(p, v, keys, sink);
    }
  };
  // Rows that see nothing of this tile keep their output as it is.
  size_t first = 0;
  if constexpr (!kMarked) {
    while (first + 1 < rows.count && scratch.counts[first] == 0) ++first;
  }
  ForGroups<kRowGroup>(first, rows.count, some_rows);
}

// The values of a tile that stays in the cache for many rows.
struct PlainValues {
  template <size_t kVecs>
  HWY_INLINE AdjacentColumns<> Columns(const float* values, size_t column,
                                       size_t step) const {
    return {values + column, step};
  }
};

// The values of a tile that is read once: meanwhile the next tile's keys come.
template <class Shape>
struct StreamedValues {
  using Stored = typename Shape::Features::Stored;
  const Stored* next_keys;

  template <size_t kVecs>
  HWY_INLINE WhileFetching<AdjacentColumns<Stored>, Stored, kVecs,
                           Shape::kFetchesInOrder>
  Columns(const Stored* values, size_t column, size_t step) const {
    const size_t place = Shape::kFetchesInOrder ? column * kTile : column;
    return {{values + column, step}, next_keys + place};
  }
};

// What the port adds of four rows that see the same keys, or of several times
// four; returns the first vector of columns that is left.
template <class Shape, bool kMarked>
HWY_INLINE size_t AccumulateByPort(const GroupOf<Shape>& group,
                                   const Rows& rows, const Tile& tile,
                                   ProbabilityStrides strides,
                                   const float* values,
                                   const Scratch& scratch) {
  using Block = PortBlock<4, Shape::kFullVecs>;
  if constexpr (Block::kExists && !kMarked && kUnrolled >= 16) {
    const typename Shape::ValueDim value_dim(group.value_dim);
    const size_t stride = OutputStride(value_dim);
    const bool fits = strides.row == 1 && strides.key == Block::kColumns &&
                      tile.sees == Sees::kAll && rows.count % 4 == 0;
    if (!fits) return 0;
    const size_t blocks = value_dim / Block::kColumns;
    for (size_t row = 0; row < rows.count; row += 4) {
      Block::JoinColumns(scratch.scores + row, values, group.v_token_stride,
                         blocks, tile.count, StepsOfRow<4>::kStart,
                         scratch.correction + row,
                         scratch.output + row * stride, stride);
    }
    return 4 * blocks;
  } else {
    return 0;
  }
}

// The block's rows must see at least one key of the tile among them.
template <class Shape, bool kMarked, class Values>
HWY_INLINE void Accumulate(const GroupOf<Shape>& group, const Rows& rows,
                           const Tile& tile, ProbabilityStrides strides,
                           const Values& how, const Scratch& scratch) {
  const typename Shape::ValueDim value_dim(group.value_dim);
  const size_t lanes = hn::Lanes(FloatTag());
  using Value = typename Shape::Features::Value;
  const Value* values =
      group.v + (SlotOfTile<Shape>(group, tile.first) + FirstKey<Shape>(tile)) *
                    group.v_token_stride;
  const size_t vecs = value_dim / lanes;
  // A single row has few chains, each of which waits for itself.
  constexpr size_t kVecsOfOne = kMaxLanes == 1 ? 16 : 8;
  constexpr size_t kVecGroup =
      Shape::kMaxRows == 1 && kUnrolled >= 16 ? kVecsOfOne : 4;
  size_t first = 0;
  if constexpr (std::is_same<Value, float>::value) {
    first = AccumulateByPort<Shape, kMarked>(group, rows, tile, strides, values,
                                             scratch);
  }
  ForGroups<kVecGroup>(first, vecs,
                       [&](auto vec_group, size_t vec) FOVEA_INLINED {
                         const size_t column = vec * lanes;
                         const auto v = how.template Columns<vec_group.value>(
                             values, column, group.v_token_stride);
                         AccumulateColumns<Shape, vec_group.value, kMarked>(
                             group, rows, tile, strides, column, v, scratch);
                       });
  if (vecs * lanes < value_dim) {
    const size_t column = vecs * lanes;
    const LastColumns<Value> v{values + column, group.v_token_stride,
                               value_dim - column};
    AccumulateColumns<Shape, 1, kMarked>(group, rows, tile, strides, column, v,
                                         scratch);
  }
}

}  // namespace
// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace fovea
HWY_AFTER_NAMESPACE();

#endif  // FOVEA_KERNELS_ACCUMULATE_INL_H_
