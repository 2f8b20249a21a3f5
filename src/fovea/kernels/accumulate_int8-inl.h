// SPDX-License-Identifier: Apache-2.0
// o = o * correction + p . v for values of int8 and the weights that the
// softmax made of a tile's probabilities: p . v = (weight . int8) * step, and
// where there are fine weights the same of those.
#if defined(FOVEA_KERNELS_ACCUMULATE_INT8_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FOVEA_KERNELS_ACCUMULATE_INT8_INL_H_
#undef FOVEA_KERNELS_ACCUMULATE_INT8_INL_H_
#else
#define FOVEA_KERNELS_ACCUMULATE_INT8_INL_H_
#endif

#include "fovea/kernels/block-inl.h"
#include "fovea/kernels/quad-inl.h"
#include "fovea/kernels/softmax_int8-inl.h"

HWY_BEFORE_NAMESPACE();
namespace fovea {
namespace HWY_NAMESPACE {
namespace {

// Of some rows and columns.  Pointers of its own: those in a Scratch would be
// read anew after each store.
struct Int8OutputSink {
  float* output;
  size_t stride;
  const float* correction;
  const float* steps;

  HWY_INLINE void operator()(size_t row, size_t vec, IntVec sum) const {
    const FloatTag d;
    float* at = output + row * stride + vec * hn::Lanes(d);
    const Vec product = hn::Mul(hn::ConvertTo(d, sum), hn::Set(d, steps[row]));
    hn::Store(Fma(hn::Load(d, at), hn::Set(d, correction[row]), product), d,
              at);
  }
};

// Adds the fine part to the rows that have one.
struct FineOutputSink {
  float* output;
  size_t stride;
  const float* fine_steps;

  HWY_INLINE void operator()(size_t row, size_t vec, IntVec sum) const {
    const FloatTag d;
    if (fine_steps[row] == 0.0f) return;
    float* at = output + row * stride + vec * hn::Lanes(d);
    hn::Store(Fma(hn::ConvertTo(d, sum), hn::Set(d, fine_steps[row]),
                  hn::Load(d, at)),
              d, at);
  }
};

// Weights times values of the groups of rows that are wanted(row, count), all
// columns: sink(row, column) takes the sums.
template <class Shape, class Wanted, class MakeSink>
HWY_INLINE void WeightValues(const GroupOf<Shape>& group, const Rows& rows,
                             const Tile& tile, const int32_t* weights,
                             const Wanted& wanted, const MakeSink& sink) {
  constexpr size_t kVecGroup = kUnrolled < 16 ? 2 : 4;
  constexpr size_t kMostRows = kUnrolled / kVecGroup;
  constexpr size_t kRowGroup = PowerOfTwoAtMost(
      Shape::kMaxRows < kMostRows ? Shape::kMaxRows : kMostRows);
  constexpr size_t kQuads = kTile / 4;
  const typename Shape::ValueDim value_dim(group.value_dim);
  const size_t lanes = hn::Lanes(FloatTag());
  const size_t slot = SlotOfTile<Shape>(group, tile.first);
  const size_t begin = FirstKey<Shape>(tile) / kPanel * kPanel;
  const int8_t* values = group.v + (slot + begin) * value_dim;
  const size_t step = 4 * value_dim;
  const size_t quads = (RoundUp(tile.count, 4) - begin) / 4;
  const auto some_columns = [&](auto vec_group, size_t column,
                                const auto& columns) HWY_ATTR {
    ForGroups<kRowGroup>(
        0, rows.count, [&](auto row_group, size_t row) HWY_ATTR {
          if (!wanted(row, row_group.value)) return;
          const Factors<int32_t> p{weights + row * kQuads + begin / 4, kQuads,
                                   1};
          OuterProduct<row_group.value, vec_group.value, ValueProduct>::Run(
              p, columns, AllSteps{quads}, sink(row, column));
        });
  };
  const size_t vecs = value_dim / lanes;
  ForGroups<kVecGroup>(0, vecs, [&](auto vec_group, size_t vec) HWY_ATTR {
    const size_t column = vec * lanes;
    some_columns(vec_group, column, QuadColumns{values + 4 * column, step});
  });
  if (vecs * lanes < value_dim) {
    const size_t column = vecs * lanes;
    some_columns(
        Constant<1>(), column,
        LastQuadColumns{values + 4 * column, step, value_dim - column});
  }
}

HWY_INLINE bool HasFineWeights(size_t rows, const float* fine_steps) {
  bool has = false;
  for (size_t row = 0; row < rows; ++row) {
    has = has || fine_steps[row] != 0.0f;
  }
  return has;
}

template <class Shape>
HWY_NOINLINE void AddFineParts(const GroupOf<Shape>& group, const Rows& rows,
                               const Tile& tile, size_t stride,
                               const Scratch& scratch) {
  const auto fine = [&](size_t row, size_t count) {
    return HasFineWeights(count, scratch.fine_steps + row);
  };
  WeightValues<Shape>(
      group, rows, tile, scratch.weight_quads + Shape::kRows * kTile / 4, fine,
      [&](size_t row, size_t column) HWY_ATTR {
        return FineOutputSink{scratch.output + row * stride + column, stride,
                              scratch.fine_steps + row};
      });
}

template <class Shape>
HWY_INLINE void AccumulateInt8(const GroupOf<Shape>& group, const Rows& rows,
                               const Tile& tile, const Scratch& scratch) {
  const size_t stride = OutputStride(typename Shape::ValueDim(group.value_dim));
  const auto all = [](size_t, size_t) { return true; };
  WeightValues<Shape>(group, rows, tile, scratch.weight_quads, all,
                      [&](size_t row, size_t column) HWY_ATTR {
                        return Int8OutputSink{
                            scratch.output + row * stride + column, stride,
                            scratch.correction + row,
                            scratch.weight_steps + row};
                      });
  if (*scratch.has_fine) {
    AddFineParts<Shape>(group, rows, tile, stride, scratch);
  }
}

}  // namespace
// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace fovea
HWY_AFTER_NAMESPACE();

#endif  // FOVEA_KERNELS_ACCUMULATE_INT8_INL_H_
