// SPDX-License-Identifier: Apache-2.0
// s = q . k in two orientations with the same bits: each score is one chain of
// fused multiply-adds over the dims.  q carries the softmax scale and log2(e).
//
//   QueryLanes  queries across the lanes, keys broadcast: keys are plain rows.
//               scores[key][query]
//   KeyLanes    keys across the lanes, queries broadcast: keys lie in panels.
//               scores[query][key]
#if defined(FOVEA_KERNELS_SCORES_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FOVEA_KERNELS_SCORES_INL_H_
#undef FOVEA_KERNELS_SCORES_INL_H_
#else
#define FOVEA_KERNELS_SCORES_INL_H_
#endif

#include "fovea/kernels/mask-inl.h"

HWY_BEFORE_NAMESPACE();
namespace fovea {
namespace HWY_NAMESPACE {
namespace {

template <class Shape>
HWY_INLINE const float* QueryRow(const HeadGroup& group, size_t row) {
  const typename Shape::Group heads(group.heads);
  return group.q + row / heads * group.q_token_stride +
         row % heads * group.q_head_stride;
}

// ---------------------------------------------------------------- QueryLanes

template <class Shape>
HWY_INLINE size_t BlockWidth() {
  return Shape::kVecs * hn::Lanes(FloatTag());
}

// queries[dim][row] = q[row][dim] * scale; lanes without a row are 0.
template <class Shape>
HWY_INLINE void LoadQueriesAcrossLanes(const HeadGroup& group, const Rows& rows,
                                       const Scratch& scratch) {
  const typename Shape::HeadDim head_dim(group.head_dim);
  const size_t width = BlockWidth<Shape>();
  for (size_t i = 0; i < rows.count; ++i) {
    const float* HWY_RESTRICT q = QueryRow<Shape>(group, rows.first + i);
    for (size_t dim = 0; dim < head_dim; ++dim) {
      scratch.queries[dim * width + i] = q[dim] * group.scale;
    }
  }
  for (size_t i = rows.count; i < width; ++i) {
    for (size_t dim = 0; dim < head_dim; ++dim) {
      scratch.queries[dim * width + i] = 0.0f;
    }
  }
}

// Stores the scores of some keys and raises each lane's maximum.
template <bool kMasked>
struct ScoreSink {
  float* scores;
  float* next_max;
  const float* limits;
  size_t width;
  size_t first_key;  // in the tile

  HWY_INLINE void operator()(size_t key, size_t vec, Vec score) const {
    const FloatTag d;
    const size_t lane = vec * hn::Lanes(d);
    if constexpr (kMasked) {
      const Vec index = hn::Set(d, static_cast<float>(first_key + key));
      score = hn::IfThenElse(hn::Lt(index, hn::Load(d, limits + lane)), score,
                             MaskedScore());
    }
    hn::Store(score, d, scores + key * width + lane);
    hn::Store(hn::Max(score, hn::Load(d, next_max + lane)), d, next_max + lane);
  }
};

// Calls body(Constant<n>) for the run-time n in [1, kMost].
template <size_t kMost, class Body>
HWY_INLINE void WithConstant(size_t n, const Body& body) {
  if constexpr (kMost > 1) {
    if (n < kMost) return WithConstant<kMost - 1>(n, body);
  }
  body(Constant<kMost>());
}

// Vectors [begin, end) of the block have a row that sees a key from `key` on.
struct VecRange {
  size_t begin;
  size_t end;
};

HWY_INLINE VecRange SeeingVecs(const Rows& rows, size_t key,
                               const uint32_t* HWY_RESTRICT counts) {
  const size_t lanes = hn::Lanes(FloatTag());
  const size_t end = (rows.count + lanes - 1) / lanes;
  size_t begin = 0;
  while (begin + 1 < end && counts[(begin + 1) * lanes - 1] <= key) ++begin;
  return {begin, end};
}

template <class Shape, bool kMasked>
HWY_INLINE void ScoreKeysAcrossQueries(const HeadGroup& group, const Rows& rows,
                                       const Tile& tile,
                                       const Scratch& scratch) {
  constexpr size_t kKeys = kAccumulators / Shape::kVecs;
  const typename Shape::HeadDim head_dim(group.head_dim);
  const size_t width = BlockWidth<Shape>();
  const auto keys = [&](auto key_group, size_t key) HWY_ATTR {
    const VecRange vecs = SeeingVecs(rows, key, scratch.counts);
    const size_t lane = vecs.begin * hn::Lanes(FloatTag());
    const Factors k{group.k + (tile.first + key) * group.k_token_stride,
                    group.k_token_stride, 1};
    const AdjacentColumns q{scratch.queries + lane, width};
    const ScoreSink<kMasked> sink{scratch.scores + key * width + lane,
                                  scratch.next_max + lane,
                                  scratch.limits + lane, width, key};
    const AllSteps dims{head_dim};
    WithConstant<Shape::kVecs>(
        vecs.end - vecs.begin, [&](auto vec_count) HWY_ATTR {
          OuterProduct<key_group.value, vec_count.value>::Run(k, q, dims, sink);
        });
  };
  ForGroups<kKeys>(0, tile.count, keys);
}

// ------------------------------------------------------------------ KeyLanes

// queries[row][dim] = q[row][dim] * scale.
template <class Shape>
HWY_INLINE void LoadQueriesAsRows(const HeadGroup& group, const Rows& rows,
                                  const Scratch& scratch) {
  const typename Shape::HeadDim head_dim(group.head_dim);
  for (size_t i = 0; i < rows.count; ++i) {
    const float* HWY_RESTRICT q = QueryRow<Shape>(group, rows.first + i);
    float* HWY_RESTRICT scaled = scratch.queries + i * head_dim;
    for (size_t dim = 0; dim < head_dim; ++dim) {
      scaled[dim] = q[dim] * group.scale;
    }
  }
}

// Stores scores[row][key].
struct RowScoreSink {
  float* scores;

  HWY_INLINE void operator()(size_t row, size_t vec, Vec score) const {
    const FloatTag d;
    hn::Store(score, d, scores + row * kTile + vec * hn::Lanes(d));
  }
};

// Scores of whole panels: lanes past the tile's last key hold what the cache
// holds there, and the softmax masks them.
template <class Shape>
HWY_INLINE void ScoreRowsAcrossKeys(const HeadGroup& group, const Rows& rows,
                                    const Tile& tile, const Scratch& scratch) {
  constexpr size_t kRowGroup =
      PowerOfTwoAtMost(Shape::kMaxRows < 4 ? Shape::kMaxRows : 4);
  constexpr size_t kVecsOfPanel = kPanel / kMaxLanes;
  const size_t lanes = hn::Lanes(FloatTag());
  const typename Shape::HeadDim head_dim(group.head_dim);
  const float* panels = group.k + tile.first * head_dim;
  const size_t vecs = RoundUp(tile.count, kPanel) / lanes;
  const AllSteps dims{head_dim};
  ForGroups<kRowGroup>(0, rows.count, [&](auto row_group, size_t row) HWY_ATTR {
    constexpr size_t kRows = row_group.value;
    constexpr size_t kMost = kTile / kMaxLanes;
    constexpr size_t kVecs =
        kAccumulators / kRows < kMost ? kAccumulators / kRows : kMost;
    constexpr size_t kFewest = kVecsOfPanel < kVecs ? kVecsOfPanel : kVecs;
    const Factors q{scratch.queries + row * head_dim, head_dim, 1};
    ForGroups<kVecs, kFewest>(
        0, vecs, [&](auto vec_group, size_t vec) HWY_ATTR {
          const PanelColumns k{panels, vec * lanes, kPanel * head_dim};
          const RowScoreSink sink{scratch.scores + row * kTile + vec * lanes};
          OuterProduct<kRows, vec_group.value>::Run(q, k, dims, sink);
        });
  });
}

}  // namespace
// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace fovea
HWY_AFTER_NAMESPACE();

#endif  // FOVEA_KERNELS_SCORES_INL_H_
