// SPDX-License-Identifier: Apache-2.0
// Keys across the lanes, queries broadcast: for few queries, and for caches.
#if defined(FOVEA_KERNELS_SCORES_ACROSS_KEYS_INL_H_) == \
    defined(HWY_TARGET_TOGGLE)
#ifdef FOVEA_KERNELS_SCORES_ACROSS_KEYS_INL_H_
#undef FOVEA_KERNELS_SCORES_ACROSS_KEYS_INL_H_
#else
#define FOVEA_KERNELS_SCORES_ACROSS_KEYS_INL_H_
#endif

#include "fovea/kernels/scores-inl.h"
#include "fovea/kernels/transpose-inl.h"

HWY_BEFORE_NAMESPACE();
namespace fovea {
namespace HWY_NAMESPACE {
namespace {

// to[row][dim] = q[row][dim] * scale.
template <class Shape>
HWY_INLINE void LoadQueriesAsRows(const HeadGroup& group, const Rows& rows,
                                  float* to) {
  const typename Shape::HeadDim head_dim(group.head_dim);
  for (size_t i = 0; i < rows.count; ++i) {
    const float* HWY_RESTRICT q = QueryRow<Shape>(group, rows.first + i);
    float* HWY_RESTRICT scaled = to + i * head_dim;
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
  const size_t first_vec = FirstKey<Shape>(tile) / kPanel * kPanel / lanes;
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
    ForGroups<kVecs, kFewest>(first_vec, vecs, some_keys);
  });
}

// Keys of a tile in plain rows.
struct PlainKeys {
  const float* rows;
  size_t stride;
  size_t count;

  // Calls body(row_of) for a vector of keys (see transpose-inl.h): those past
  // the last one are the last one.
  template <class Body>
  HWY_INLINE void WithRows(size_t key, const Body& body) const {
    const size_t lanes = hn::Lanes(FloatTag());
    const float* first = rows + key * stride;
    if (key + lanes <= count) {
      body([=](size_t four, size_t i)
               HWY_ATTR { return first + four * stride + i * stride; });
    } else {
      const size_t last = count - 1 - key;
      body([=](size_t four, size_t i) {
        return first + HWY_MIN(four + i, last) * stride;
      });
    }
  }
};

// Where the chain of a vector of keys stands: sums[row * kTile].
struct KeyChains {
  float* sums;
  size_t rows;
  bool first;  // the chain begins

  HWY_INLINE Vec Start(size_t row) const {
    const FloatTag d;
    return first ? hn::Zero(d) : hn::Load(d, sums + row * kTile);
  }
};

// The chains go on over dims that lie packed, packed[dim][key].
HWY_INLINE void ScorePacked(const float* HWY_RESTRICT packed, size_t dims,
                            const float* queries, size_t query_stride,
                            const KeyChains& chains) {
  const FloatTag d;
  const size_t lanes = hn::Lanes(d);
  for (size_t row = 0; row < chains.rows; ++row) {
    const float* HWY_RESTRICT q = queries + row * query_stride;
    Vec sum = chains.Start(row);
    for (size_t i = 0; i < dims; ++i) {
      sum = Fma(hn::Load(d, packed + i * lanes), hn::Set(d, q[i]), sum);
    }
    hn::Store(sum, d, chains.sums + row * kTile);
  }
}

// The chains go on over as many dims, from `dim` on, as a vector has lanes.
template <class Row>
HWY_INLINE void ScoreSquare(const Row& row_of, size_t dim, const float* queries,
                            size_t query_stride, const KeyChains& chains,
                            float* HWY_RESTRICT packed) {
  const FloatTag d;
  if constexpr (kHasSquare) {
    WithSquare(row_of, dim, 1.0f, [&](auto... dims) HWY_ATTR {
      for (size_t row = 0; row < chains.rows; ++row) {
        const float* HWY_RESTRICT q = queries + row * query_stride + dim;
        Vec sum = chains.Start(row);
        ((sum = Fma(dims, hn::Set(d, *q), sum), ++q), ...);
        hn::Store(sum, d, chains.sums + row * kTile);
      }
    });
    static_cast<void>(packed);
  } else {
    TransposeSquare(row_of, dim, 1.0f, packed, hn::Lanes(d));
    ScorePacked(packed, hn::Lanes(d), queries + dim, query_stride, chains);
  }
}

// The chains go on over the last dims of a row, fewer than a vector has lanes.
template <class Row>
HWY_INLINE void ScoreLastDims(const Row& row_of, size_t dim, size_t head_dim,
                              const float* queries, size_t query_stride,
                              const KeyChains& chains,
                              float* HWY_RESTRICT packed) {
  const size_t lanes = hn::Lanes(FloatTag());
  size_t first = 0;  // dim that is packed first
  if (head_dim >= lanes) {
    first = head_dim - lanes;
    TransposeSquare(row_of, first, 1.0f, packed, lanes);
  } else {
    TransposeVector(row_of, head_dim, 1.0f, packed, lanes);
  }
  ScorePacked(packed + (dim - first) * lanes, head_dim - dim, queries + dim,
              query_stride, chains);
}

// The same scores for keys in plain rows, which are transposed on the way:
// worth it for few queries (see WithPlainOrientation).
template <class Shape>
HWY_INLINE void ScoreRowsAcrossPlainKeys(const HeadGroup& group,
                                         const Rows& rows, const Tile& tile,
                                         const Scratch& scratch) {
  const FloatTag d;
  const size_t lanes = hn::Lanes(d);
  const typename Shape::HeadDim head_dim(group.head_dim);
  const PlainKeys keys{group.k + tile.first * group.k_token_stride,
                       group.k_token_stride, tile.count};
  float* HWY_RESTRICT packed = scratch.queries;
  const float* queries = packed + kPackedFloats;
  // A second chain grows where the scores of more rows would lie.
  float* second = scratch.scores + kFewRows * kTile;
  const auto score = [&](size_t key, size_t dim) HWY_ATTR {
    float* sums = (dim < kChain ? scratch.scores : second) + key;
    const KeyChains chains{sums, rows.count, dim % kChain == 0};
    keys.WithRows(key, [&](const auto& row_of) HWY_ATTR {
      if (Shape::kWholeVectors || head_dim - dim >= lanes) {
        ScoreSquare(row_of, dim, queries, head_dim, chains, packed);
      } else {
        ScoreLastDims(row_of, dim, head_dim, queries, head_dim, chains, packed);
      }
    });
  };
  // Two vectors of keys in turn: one's chain waits while the other's goes on.
  const size_t begin = FirstKey<Shape>(tile) / lanes * lanes;
  for (size_t key = begin; key < tile.count; key += 2 * lanes) {
    for (size_t dim = 0; dim < head_dim; dim += lanes) {
      score(key, dim);
      if (key + lanes < tile.count) score(key + lanes, dim);
    }
  }
  if (head_dim <= kChain) return;
  for (size_t i = 0; i < rows.count * kTile; i += lanes) {
    const Vec sum =
        hn::Add(hn::Load(d, scratch.scores + i), hn::Load(d, second + i));
    hn::Store(sum, d, scratch.scores + i);
  }
}

}  // namespace
// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace fovea
HWY_AFTER_NAMESPACE();

#endif  // FOVEA_KERNELS_SCORES_ACROSS_KEYS_INL_H_
