// SPDX-License-Identifier: Apache-2.0
// s = q . k for keys of int8: the query in two int8 parts, so that it loses
// nothing that matters, products and sums in integers, scales in float.
//
//   q = scale_q * (256 high + low)   k = scale_k * int8 + mean
//   s = (256 high . int8 + low . int8) * (scale_q * scale_k) + q . mean
#if defined(FOVEA_KERNELS_SCORES_QUANTISED_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FOVEA_KERNELS_SCORES_QUANTISED_INL_H_
#undef FOVEA_KERNELS_SCORES_QUANTISED_INL_H_
#else
#define FOVEA_KERNELS_SCORES_QUANTISED_INL_H_
#endif

#include "fovea/kernels/quad-inl.h"
#include "fovea/kernels/scores_of_means-inl.h"
#include "fovea/quantise.h"

HWY_BEFORE_NAMESPACE();
namespace fovea {
namespace HWY_NAMESPACE {
namespace {

// 127 * 256: the largest that two int8 parts hold.
constexpr float kMostOfQuery = 32512.0f;

// The factors of a row, 256 * high + low, with zeros up to a multiple of four;
// returns the scale.
HWY_INLINE float QuantiseQuery(const float* row, size_t dims, int8_t* to) {
  const size_t padded = RoundUp(dims, 4);
  const float most = LargestOf(row, dims);
  const bool finite = most - most == 0.0f;
  const float inverse = finite ? kMostOfQuery / most : 0.0f;
  for (size_t dim = 0; dim < padded; ++dim) {
    const float x = dim < dims && finite ? row[dim] * inverse : 0.0f;
    const int32_t whole = RoundToInt(x);
    const int32_t h = (whole + 128) >> 8;
    Fine::Store(h, whole - 256 * h, 8, dim, padded, to);
  }
  // An infinite or NaN entry makes every score NaN.
  return finite ? most / kMostOfQuery : most - most;
}

template <class Shape>
HWY_INLINE void LoadQuantisedQueries(const GroupOf<Shape>& group,
                                     const Rows& rows, const Scratch& scratch) {
  const typename Shape::HeadDim head_dim(group.head_dim);
  const size_t quads = RoundUp(head_dim, 4) / 4;
  LoadQueriesAsRows<Shape>(group, rows, scratch.queries);
  for (size_t row = 0; row < rows.count; ++row) {
    const float* q = scratch.queries + row * head_dim;
    int8_t* parts =
        reinterpret_cast<int8_t*>(scratch.query_quads + 2 * row * quads);
    scratch.query_scales[row] = QuantiseQuery(q, head_dim, parts);
    for (size_t part = 0; kKeyOffset != 0 && part < 2; ++part) {
      int32_t sum = 0;
      for (size_t i = 0; i < 4 * quads; ++i) sum += parts[part * 4 * quads + i];
      scratch.query_offsets[2 * row + part] = kKeyOffset * sum;
    }
  }
  ForgetMeans(scratch);
}

// Takes a row's high sums, then its low ones, for some vectors of keys; or its
// only ones.
template <class Shape>
struct QuantisedScoreSink {
  const GroupOf<Shape>& group;
  const Scratch& scratch;
  size_t first_row;
  size_t first_key;  // of the tile
  size_t slot;       // of the tile
  ScoresOfMean mean;
  size_t first_with_mean;  // key

  HWY_INLINE void operator()(size_t part_of_row, size_t vec, IntVec sum) const {
    const FloatTag d;
    const size_t row = first_row + part_of_row / Fine::kParts;
    const size_t key = first_key + vec * hn::Lanes(d);
    float* at = scratch.scores + row * kTile + key;
    if constexpr (kKeyOffset != 0) {
      sum = hn::Sub(
          sum, hn::Set(IntTag(),
                       scratch.query_offsets[2 * first_row + part_of_row]));
    }
    Vec dot = hn::ConvertTo(d, sum);
    if constexpr (Fine::kParts == 2) {
      if (part_of_row % 2 == 0) {
        return hn::Store(hn::Mul(dot, hn::Set(d, 256.0f)), d, at);
      }
      dot = hn::Add(hn::Load(d, at), dot);
    }
    const Vec scale = hn::Mul(hn::LoadU(d, group.key_scales + slot + key),
                              hn::Set(d, scratch.query_scales[row]));
    const Vec of_mean =
        key < first_with_mean ? hn::Zero(d) : hn::Set(d, mean[row]);
    hn::Store(Fma(dot, scale, of_mean), d, at);
  }
};

// Scores of whole panels, as ScoreRowsAcrossKeys.
template <class Shape>
HWY_INLINE void ScoreRowsAcrossQuantisedKeys(const GroupOf<Shape>& group,
                                             const Rows& rows, const Tile& tile,
                                             const Scratch& scratch) {
  constexpr size_t kRowGroup = Shape::kMaxRows < 2 || kUnrolled < 8 ? 1 : 2;
  constexpr size_t kVecsOfPanel = kPanel / kMaxLanes;
  constexpr size_t kVecs = kUnrolled < 8 ? kUnrolled / Fine::kParts : 4;
  constexpr size_t kFewest = kVecsOfPanel < kVecs ? kVecsOfPanel : kVecs;
  const size_t lanes = hn::Lanes(FloatTag());
  const typename Shape::HeadDim head_dim(group.head_dim);
  const size_t quads = RoundUp(head_dim, 4) / 4;
  const size_t slot = SlotOfTile<Shape>(group, tile.first);
  const int8_t* panels = group.k + slot * 4 * quads;
  const size_t first_vec = FirstKey<Shape>(tile) / kPanel * kPanel / lanes;
  const size_t vecs = RoundUp(tile.count, kPanel) / lanes;
  const ScoresOfMean mean = ScoreMean<Shape>(group, rows, tile, scratch);
  const size_t first_with_mean = mean.scores == nullptr ? kTile
                                 : tile.first == 0      ? kMeanTokens
                                                        : 0;
  ForGroups<kRowGroup>(0, rows.count, [&](auto row_group, size_t row) HWY_ATTR {
    ForGroups<kVecs, kFewest>(
        first_vec, vecs, [&](auto vec_group, size_t vec) HWY_ATTR {
          const auto q =
              Fine::Of(scratch.query_quads + 2 * row * quads, 4 * quads, 0);
          const QuadPanels k{{panels, vec * lanes, kPanel * 4 * quads}};
          const QuantisedScoreSink<Shape> sink{
              group, scratch, row, vec * lanes, slot, mean, first_with_mean};
          OuterProduct<Fine::kParts * row_group.value, vec_group.value,
                       Fine::KeyMath>::Run(q, k, AllSteps{Opaque(quads)}, sink);
        });
  });
}

}  // namespace
// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace fovea
HWY_AFTER_NAMESPACE();

#endif  // FOVEA_KERNELS_SCORES_QUANTISED_INL_H_
