// SPDX-License-Identifier: Apache-2.0
// q . mean, for keys of int8 that are stored less a mean of their tile
// (KeyMeans): as the scores of float keys, which means lie like, those of some
// tiles at once.
#if defined(FOVEA_KERNELS_SCORES_OF_MEANS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FOVEA_KERNELS_SCORES_OF_MEANS_INL_H_
#undef FOVEA_KERNELS_SCORES_OF_MEANS_INL_H_
#else
#define FOVEA_KERNELS_SCORES_OF_MEANS_INL_H_
#endif

#include "fovea/kernels/scores_across_keys-inl.h"

HWY_BEFORE_NAMESPACE();
namespace fovea {
namespace HWY_NAMESPACE {
namespace {

// Stores scores[row * 16 + column].
struct PanelScoreSink {
  float* scores;
  Chain chain;

  HWY_INLINE void operator()(size_t row, size_t vec, Vec score) const {
    const FloatTag d;
    float* at = scores + row * kPanel + vec * hn::Lanes(d);
    if (!chain.first) score = hn::Add(LoadLanes(at), score);
    StoreLanes(score, at);
  }
};

// Up to 16 float keys, [head_dim][step]: columns [begin, end) and what shares a
// vector with them.
struct KeyColumns {
  const float* data;
  size_t step;  // a multiple of 4, 16 at most
  size_t begin;
  size_t end;
};

// to[row][16]: their scores.
template <class Shape>
HWY_INLINE void ScoreColumns(const GroupOf<Shape>& group, const Rows& rows,
                             const KeyColumns& keys, const Scratch& scratch,
                             float* to) {
  constexpr size_t kVecs = kPanel / kMaxLanes;
  constexpr size_t kVecGroup = kVecs < 4 ? kVecs : kUnrolled < 8 ? 2 : 4;
  constexpr size_t kMostRows = kUnrolled / kVecGroup;
  constexpr size_t kRowGroup = PowerOfTwoAtMost(
      Shape::kMaxRows < kMostRows ? Shape::kMaxRows : kMostRows);
  const size_t lanes = hn::Lanes(FloatTag());
  const typename Shape::HeadDim head_dim(group.head_dim);
  const size_t end = (keys.end + lanes - 1) / lanes;
  const size_t whole = HWY_MIN(end, keys.step / lanes);
  ForGroups<kRowGroup>(0, rows.count, [&](auto row_group, size_t row) HWY_ATTR {
    const auto score = [&](auto vec_group, size_t vec, auto columns) HWY_ATTR {
      ForChains(head_dim, [&](const Chain& chain) HWY_ATTR {
        const Factors<> q{scratch.queries + row * head_dim + chain.dim,
                          head_dim, 1};
        columns.data = keys.data + chain.dim * keys.step + vec * lanes;
        const PanelScoreSink sink{to + row * kPanel + vec * lanes, chain};
        OuterProduct<row_group.value, vec_group.value>::Run(
            q, columns, AllSteps{chain.count}, sink);
      });
    };
    ForGroups<kVecGroup>(
        keys.begin / lanes, whole, [&](auto vec_group, size_t vec) HWY_ATTR {
          score(vec_group, vec, AdjacentColumns<>{nullptr, keys.step});
        });
    if (kMaxLanes > 4 && whole < end) {
      const size_t left = keys.step - whole * lanes;
      score(Constant<1>(), whole, LastColumns<>{nullptr, keys.step, left});
    }
  });
}

// Before the first tile of a block.
HWY_INLINE HWY_MAYBE_UNUSED void ForgetMeans(const Scratch& scratch) {
  *scratch.scored_means = ~size_t{0};
}

// q . mean of one tile: of each row, 16 apart.
struct ScoresOfMean {
  const float* scores;  // null: keys are stored as they are

  HWY_INLINE float operator[](size_t row) const { return scores[row * kPanel]; }
};

// Those of a tile; what else is left of its panel, up to the last tile that the
// rows see, is scored with it.
template <class Shape>
HWY_INLINE ScoresOfMean ScoreMean(const GroupOf<Shape>& group, const Rows& rows,
                                  const Tile& tile, const Scratch& scratch) {
  if (group.means.count == 0) return {nullptr};
  const typename Shape::HeadDim head_dim(group.head_dim);
  const size_t mean = MeanOfTile<Shape>(group, tile.first);
  const size_t panel = mean / kPanel;
  if (panel != *scratch.scored_means) {
    size_t begin = 0, end = group.means.count;
    if constexpr (!Shape::Features::kRing) {
      begin = mean;
      end = HWY_MIN((scratch.ends[rows.count - 1] + kTile - 1) / kTile, end);
    }
    const size_t first = panel * kPanel;
    ScoreColumns<Shape>(
        group, rows,
        {group.means.data + first * head_dim, group.means.columns,
         begin < first ? 0 : begin - first, HWY_MIN(end - first, kPanel)},
        scratch, scratch.mean_scores);
    *scratch.scored_means = panel;
  }
  return {scratch.mean_scores + mean % kPanel};
}

}  // namespace
// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace fovea
HWY_AFTER_NAMESPACE();

#endif  // FOVEA_KERNELS_SCORES_OF_MEANS_INL_H_
