// SPDX-License-Identifier: Apache-2.0
// s = q . k in two orientations with the same bits: each score adds chains of
// fused multiply-adds over kChain dims in order.  q carries the softmax scale
// and log2(e).
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

// A part of the dims whose products are one chain.
struct Chain {
  size_t dim;
  size_t count;
  bool first;
  bool last;
};

// Calls body(chain) for the dims in order.
template <class Body>
HWY_INLINE void ForChains(size_t dims, const Body& body) {
  for (size_t dim = 0; dim < dims; dim += kChain) {
    const bool last = dims - dim <= kChain;
    body(Chain{dim, last ? dims - dim : kChain, dim == 0, last});
  }
}

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

// to[dim * width + i] = rows[i][dim] * scale for four rows and whole vectors of
// dims; returns how many dims that was.
HWY_INLINE size_t TransposeFourRows(const float* const* rows, size_t dims,
                                    float scale, float* HWY_RESTRICT to,
                                    size_t width) {
  const FloatTag d;
  const size_t lanes = hn::Lanes(d);
  const Vec factor = hn::Set(d, scale);
  const hn::CappedTag<float, 4> four;
  HWY_ALIGN float block[4 * kMaxLanes];  // [dim][4 rows]
  size_t dim = 0;
  for (; dim + lanes <= dims; dim += lanes) {
    hn::StoreInterleaved4(hn::Mul(hn::LoadU(d, rows[0] + dim), factor),
                          hn::Mul(hn::LoadU(d, rows[1] + dim), factor),
                          hn::Mul(hn::LoadU(d, rows[2] + dim), factor),
                          hn::Mul(hn::LoadU(d, rows[3] + dim), factor), d,
                          block);
    for (size_t i = 0; i < lanes; ++i) {
      float* at = to + (dim + i) * width;
      for (size_t row = 0; row < 4; row += hn::Lanes(four)) {
        hn::StoreU(hn::LoadU(four, block + 4 * i + row), four, at + row);
      }
    }
  }
  return dim;
}

// queries[dim][row] = q[row][dim] * scale; lanes without a row are 0.
template <class Shape>
HWY_INLINE void LoadQueriesAcrossLanes(const HeadGroup& group, const Rows& rows,
                                       const Scratch& scratch) {
  const typename Shape::HeadDim head_dim(group.head_dim);
  const size_t width = BlockWidth<Shape>();
  size_t i = 0;
  if constexpr (kMaxLanes > 1) {
    for (; i + 4 <= rows.count; i += 4) {
      const float* row[4];
      for (size_t r = 0; r < 4; ++r) {
        row[r] = QueryRow<Shape>(group, rows.first + i + r);
      }
      size_t dim = TransposeFourRows(row, head_dim, group.scale,
                                     scratch.queries + i, width);
      for (; dim < head_dim; ++dim) {
        for (size_t r = 0; r < 4; ++r) {
          scratch.queries[dim * width + i + r] = row[r][dim] * group.scale;
        }
      }
    }
  }
  for (; i < rows.count; ++i) {
    const float* HWY_RESTRICT q = QueryRow<Shape>(group, rows.first + i);
    for (size_t dim = 0; dim < head_dim; ++dim) {
      scratch.queries[dim * width + i] = q[dim] * group.scale;
    }
  }
  for (; i < width; ++i) {
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
  Chain chain;

  HWY_INLINE void operator()(size_t key, size_t vec, Vec score) const {
    const FloatTag d;
    const size_t lane = vec * hn::Lanes(d);
    float* at = scores + key * width + lane;
    if (!chain.first) score = hn::Add(hn::Load(d, at), score);
    if (!chain.last) return hn::Store(score, d, at);
    if constexpr (kMasked) {
      const Vec index = hn::Set(d, static_cast<float>(first_key + key));
      score = hn::IfThenElse(hn::Lt(index, hn::Load(d, limits + lane)), score,
                             MaskedScore());
    }
    hn::Store(score, d, at);
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
    const float* rows_of_keys =
        group.k + (tile.first + key) * group.k_token_stride;
    ForChains(head_dim, [&](const Chain& chain) HWY_ATTR {
      const Factors k{rows_of_keys + chain.dim, group.k_token_stride, 1};
      const AdjacentColumns q{scratch.queries + chain.dim * width + lane,
                              width};
      const ScoreSink<kMasked> sink{scratch.scores + key * width + lane,
                                    scratch.next_max + lane,
                                    scratch.limits + lane,
                                    width,
                                    key,
                                    chain};
      WithConstant<Shape::kVecs>(
          vecs.end - vecs.begin, [&](auto vec_count) HWY_ATTR {
            OuterProduct<key_group.value, vec_count.value>::Run(
                k, q, AllSteps{chain.count}, sink);
          });
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
  Chain chain;

  HWY_INLINE void operator()(size_t row, size_t vec, Vec score) const {
    const FloatTag d;
    float* at = scores + row * kTile + vec * hn::Lanes(d);
    if (!chain.first) score = hn::Add(hn::Load(d, at), score);
    hn::Store(score, d, at);
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
  const float* values = group.v + tile.first * group.v_token_stride;
  const size_t vecs = RoundUp(tile.count, kPanel) / lanes;
  ForGroups<kRowGroup>(0, rows.count, [&](auto row_group, size_t row) HWY_ATTR {
    constexpr size_t kRows = row_group.value;
    constexpr size_t kMost = kTile / kMaxLanes;
    constexpr size_t kVecs =
        kAccumulators / kRows < kMost ? kAccumulators / kRows : kMost;
    constexpr size_t kFewest = kVecsOfPanel < kVecs ? kVecsOfPanel : kVecs;
    const float* queries = scratch.queries + row * head_dim;
    const auto some_keys = [&](auto vec_group, size_t vec) HWY_ATTR {
      ForChains(head_dim, [&](const Chain& chain) HWY_ATTR {
        const Factors q{queries + chain.dim, head_dim, 1};
        const WhileFetching<PanelColumns> k{
            {panels + chain.dim * kPanel, vec * lanes, kPanel * head_dim},
            values + chain.dim * kPanel};
        const RowScoreSink sink{scratch.scores + row * kTile + vec * lanes,
                                chain};
        OuterProduct<kRows, vec_group.value>::Run(q, k, AllSteps{chain.count},
                                                  sink);
      });
    };
    ForGroups<kVecs, kFewest>(0, vecs, some_keys);
  });
}

}  // namespace
// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace fovea
HWY_AFTER_NAMESPACE();

#endif  // FOVEA_KERNELS_SCORES_INL_H_
