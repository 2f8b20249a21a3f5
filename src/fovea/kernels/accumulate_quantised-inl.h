// SPDX-License-Identifier: Apache-2.0
// o = o * correction + p . v for values of int8: the probabilities times the
// scales of the values in two parts of 7 bits, against the tile's largest.
//
//   p * scale_v = step * (128 high + low)
//   p . v = (128 high . int8 + low . int8) * step
#if defined(FOVEA_KERNELS_ACCUMULATE_QUANTISED_INL_H_) == \
    defined(HWY_TARGET_TOGGLE)
#ifdef FOVEA_KERNELS_ACCUMULATE_QUANTISED_INL_H_
#undef FOVEA_KERNELS_ACCUMULATE_QUANTISED_INL_H_
#else
#define FOVEA_KERNELS_ACCUMULATE_QUANTISED_INL_H_
#endif

#include "fovea/kernels/block-inl.h"
#include "fovea/kernels/quad-inl.h"
#include "fovea/quantise.h"

HWY_BEFORE_NAMESPACE();
namespace fovea {
namespace HWY_NAMESPACE {
namespace {

// 127 * 128: the largest that two parts of 7 bits hold.
constexpr float kMostOfWeight = 16256.0f;

// p * scale of each key of the row, from `begin` to `end` (multiples of 16),
// over p; returns the largest.
HWY_INLINE float ScaleWeights(float* HWY_RESTRICT p, const float* scales,
                              size_t begin, size_t end) {
  const FloatTag d;
  Vec most = hn::Set(d, kLeastRow);
  for (size_t key = begin; key < end; key += hn::Lanes(d)) {
    // A key that nobody sees may have any scale.
    const Vec probability = hn::Load(d, p + key);
    const auto hidden = hn::Eq(probability, hn::Zero(d));
    const Vec weight = hn::IfThenZeroElse(
        hidden, hn::Mul(probability, hn::LoadU(d, scales + key)));
    hn::Store(weight, d, p + key);
    most = Larger(weight, most);
  }
  return hn::ReduceMax(d, most);
}

// A vector of weights from 0 to kMostOfWeight, as factors of a row of kTile.
HWY_INLINE void StoreWeights(IntVec weights, size_t key, int8_t* to) {
  if constexpr (Fine::kParts == 2) {
    const hn::Rebind<int8_t, FloatTag> d8;
    const IntVec low = hn::And(weights, hn::Set(IntTag(), 127));
    hn::StoreU(hn::DemoteTo(d8, hn::ShiftRight<7>(weights)), d8, to + key);
    hn::StoreU(hn::DemoteTo(d8, low), d8, to + kTile + key);
  } else {
    static_assert(Fine::kParts == 2 || kMaxLanes == 1, "a weight at a time");
    Fine::Store(0, hn::GetLane(weights), 0, key, kTile, to);
  }
}

// Writes each weight, 128 * high + low, as factors of a row of kTile; returns
// the step, which is NaN if `sum` is, that of the probabilities: Max may miss a
// NaN.
HWY_INLINE float QuantiseWeights(float* HWY_RESTRICT p, const float* scales,
                                 size_t begin, size_t end, float sum,
                                 int8_t* to) {
  const FloatTag d;
  const float most = ScaleWeights(p, scales, begin, end);
  const bool is_nan = sum != sum;
  const Vec inverse = hn::Set(d, kMostOfWeight / most);
  for (size_t key = begin; key < end; key += hn::Lanes(d)) {
    const Vec weight = is_nan ? hn::Zero(d) : hn::Load(d, p + key);
    const IntVec whole = RoundToInts(hn::Mul(weight, inverse));
    StoreWeights(whole, key, to);
  }
  return is_nan ? sum : most / kMostOfWeight;
}

// Takes a row's high sums, then its low ones, for some vectors of columns, or
// its only ones; the scores, of which nothing is left, hold the high ones
// meanwhile.
struct QuantisedOutputSink {
  const Scratch& scratch;
  size_t first_row;
  size_t column;
  size_t stride;

  HWY_INLINE void operator()(size_t part_of_row, size_t vec, IntVec sum) const {
    const FloatTag d;
    const size_t row = first_row + part_of_row / Fine::kParts;
    const size_t lane = vec * hn::Lanes(d);
    Vec whole = hn::ConvertTo(d, sum);
    if constexpr (Fine::kParts == 2) {
      float* high = scratch.scores + row * kTile + lane;
      if (part_of_row % 2 == 0) {
        return hn::Store(hn::Mul(whole, hn::Set(d, 128.0f)), d, high);
      }
      whole = hn::Add(hn::Load(d, high), whole);
    }
    const Vec product = hn::Mul(whole, hn::Set(d, scratch.weight_steps[row]));
    float* at = scratch.output + row * stride + column + lane;
    const Vec correction = hn::Set(d, scratch.correction[row]);
    hn::Store(Fma(hn::Load(d, at), correction, product), d, at);
  }
};

template <class Shape>
HWY_INLINE void AccumulateQuantised(const GroupOf<Shape>& group,
                                    const Rows& rows, const Tile& tile,
                                    const Scratch& scratch) {
  constexpr size_t kRowGroup = Shape::kMaxRows < 2 || kUnrolled < 8 ? 1 : 2;
  constexpr size_t kVecGroup = kUnrolled < 8 ? kUnrolled / Fine::kParts : 4;
  constexpr size_t kQuads = kTile / 4;
  const typename Shape::ValueDim value_dim(group.value_dim);
  const size_t lanes = hn::Lanes(FloatTag());
  const size_t stride = OutputStride(value_dim);
  const size_t slot = SlotOfTile<Shape>(group, tile.first);
  const size_t begin = FirstKey<Shape>(tile) / kPanel * kPanel;
  for (size_t row = 0; row < rows.count; ++row) {
    int8_t* weights =
        reinterpret_cast<int8_t*>(scratch.weight_quads + 2 * row * kQuads);
    scratch.weight_steps[row] = QuantiseWeights(
        scratch.scores + row * kTile, group.value_scales + slot, begin,
        RoundUp(tile.count, kPanel), scratch.sum[row], weights);
  }
  const int8_t* values = group.v + (slot + begin) * value_dim;
  const size_t step = 4 * value_dim;
  const AllSteps quads{(RoundUp(tile.count, 4) - begin) / 4};
  const auto some_columns = [&](auto vec_group, size_t column,
                                const auto& columns) HWY_ATTR {
    ForGroups<kRowGroup>(
        0, rows.count, [&](auto row_group, size_t row) HWY_ATTR {
          const auto p = Fine::Of(scratch.weight_quads + 2 * row * kQuads,
                                  kTile, begin / 4);
          const QuantisedOutputSink sink{scratch, row, column, stride};
          OuterProduct<Fine::kParts * row_group.value, vec_group.value,
                       Fine::ValueMath>::Run(p, columns, quads, sink);
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

}  // namespace
// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace fovea
HWY_AFTER_NAMESPACE();

#endif  // FOVEA_KERNELS_ACCUMULATE_QUANTISED_INL_H_
