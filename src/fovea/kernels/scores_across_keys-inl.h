// SPDX-License-Identifier: Apache-2.0
// Keys across the lanes, queries broadcast: for few queries, and for caches.
#if defined(FOVEA_KERNELS_SCORES_ACROSS_KEYS_INL_H_) == \
    defined(HWY_TARGET_TOGGLE)
#ifdef FOVEA_KERNELS_SCORES_ACROSS_KEYS_INL_H_
#undef FOVEA_KERNELS_SCORES_ACROSS_KEYS_INL_H_
#else
#define FOVEA_KERNELS_SCORES_ACROSS_KEYS_INL_H_
#endif

#include "fovea/kernels/online_softmax-inl.h"
#include "fovea/kernels/scores-inl.h"
#include "fovea/kernels/transpose-inl.h"

HWY_BEFORE_NAMESPACE();
namespace fovea {
namespace HWY_NAMESPACE {
namespace {

// to[row][dim] = q[row][dim] * scale.
template <class Shape>
HWY_INLINE void LoadQueriesAsRows(const GroupOf<Shape>& group, const Rows& rows,
                                  float* to) {
  const typename Shape::HeadDim head_dim(group.head_dim);
  QuerySource<Shape> query(group);
  for (size_t i = 0; i < rows.count; ++i) {
    float* row = to + i * head_dim;
    ScaleRow(query(rows.first + i, row, 0), head_dim, group.scale, row);
  }
}

// Stores scores[row][key].
template <bool kOneRow>
struct RowScoreSink {
  static constexpr bool kTakesBlocks = true;
  float* scores;
  Chain chain;

  // A single row's lie side by side.
  HWY_INLINE float* Place(float* room) const {
    return kOneRow && chain.first ? scores : room;
  }
  template <class Block>
  HWY_INLINE bool Take(const float* sums) const {
    return sums == scores;
  }

  HWY_INLINE void operator()(size_t row, size_t vec, Vec score) const {
    const FloatTag d;
    float* at = scores + row * kTile + vec * hn::Lanes(d);
    if (!chain.first) score = hn::Add(LoadLanes(at), score);
    StoreLanes(score, at);
  }
};

// Scores of whole panels: lanes past the tile's last key hold what the cache
// holds there, and the softmax masks them.
template <class Shape>
HWY_INLINE void ScoreRowsAcrossKeys(const GroupOf<Shape>& group,
                                    const Rows& rows, const Tile& tile,
                                    const Scratch& scratch) {
  constexpr size_t kMostRows = kUnrolled < 8 ? 1 : 4;
  constexpr size_t kRowGroup = PowerOfTwoAtMost(
      Shape::kMaxRows < kMostRows ? Shape::kMaxRows : kMostRows);
  constexpr size_t kVecsOfPanel = kPanel / kMaxLanes;
  const size_t lanes = hn::Lanes(FloatTag());
  const typename Shape::HeadDim head_dim(group.head_dim);
  const size_t slot = SlotOfTile<Shape>(group, tile.first);
  using Stored = typename Shape::Features::Stored;
  const Stored* panels = group.k + slot * head_dim;
  const Stored* values = group.v + slot * group.v_token_stride;
  const size_t first_vec = FirstKey<Shape>(tile) / kPanel * kPanel / lanes;
  const size_t vecs = RoundUp(tile.count, kPanel) / lanes;
  ForGroups<kRowGroup>(0, rows.count, [&](auto row_group, size_t row) HWY_ATTR {
    constexpr size_t kRows = row_group.value;
    constexpr size_t kAll = kTile / kMaxLanes;
    constexpr size_t kMost =
        kUnrolled / kRows < kAll ? kUnrolled / kRows : kAll;
    constexpr size_t kFewest = kVecsOfPanel < kMost ? kVecsOfPanel : kMost;
    const float* queries = scratch.queries + row * head_dim;
    const auto some_keys = [&](auto vec_group, size_t vec) HWY_ATTR {
      constexpr size_t kVecs = vec_group.value;
      constexpr bool kInOrder = Shape::kFetchesInOrder;
      ForChains(head_dim, [&](const Chain& chain) HWY_ATTR {
        const Factors<> q{queries + chain.dim, head_dim, 1};
        const size_t fetched =
            kInOrder ? (vec * head_dim + kVecs * chain.dim) * lanes
                     : chain.dim * kPanel;
        const WhileFetching<PanelColumns<Stored>, Stored, kVecs, kInOrder> k{
            {panels + chain.dim * kPanel, vec * lanes, kPanel * head_dim},
            values + fetched};
        const RowScoreSink<kRows == 1> sink{
            scratch.scores + row * kTile + vec * lanes, chain};
        OuterProduct<kRows, kVecs>::Run(q, k, AllSteps{chain.count}, sink);
      });
    };
    ForGroups<kMost, kFewest>(first_vec, vecs, some_keys);
  });
}

// The rows of as many keys as a vector has lanes.
struct KeyRows {
  const float* const* rows;

  HWY_INLINE const float* operator()(size_t first, size_t i) const {
    return rows[first + i];
  }
};

// Where the chains of neighbouring keys stand: sums[row * kTile + key].
struct KeyChains {
  float* HWY_RESTRICT sums;
  size_t rows;
  bool begin;

  HWY_INLINE Vec Start(size_t row, size_t key) const {
    const FloatTag d;
    return begin ? hn::Zero(d) : LoadLanes(sums + row * kTile + key);
  }
  HWY_INLINE void Keep(size_t row, size_t key, Vec sum) const {
    StoreLanes(sum, sums + row * kTile + key);
  }
};

// Queries as rows.
struct QueryRows {
  const float* data;
  size_t head_dim;

  HWY_INLINE const float* At(size_t row, size_t dim) const {
    return data + row * head_dim + dim;
  }
};

#if HWY_HAVE_SCALABLE || HWY_TARGET == HWY_SCALAR

HWY_INLINE size_t DimsOfStep() { return hn::Lanes(FloatTag()); }

// Never called: there is no WithDims.
HWY_INLINE HWY_MAYBE_UNUSED void ScoreInRegisters(const float* const*, size_t,
                                                  const QueryRows&,
                                                  const KeyChains&) {}

#else

HWY_INLINE constexpr size_t DimsOfStep() { return kDimsInRegisters; }

// The chains of two vectors of keys go on over kDimsInRegisters dims.
HWY_INLINE void ScoreInRegisters(const float* const* rows, size_t dim,
                                 const QueryRows& queries,
                                 const KeyChains& chains) {
  const FloatTag d;
  const KeyRows low{rows}, high{rows + kMaxLanes};
  WithDims(low, dim, 1.0f, [&](auto... low_dims) HWY_ATTR {
    WithDims(high, dim, 1.0f, [&](auto... high_dims) HWY_ATTR {
      for (size_t row = 0; row < chains.rows; ++row) {
        const float* HWY_RESTRICT q = queries.At(row, dim);
        Vec low_sum = chains.Start(row, 0);
        Vec high_sum = chains.Start(row, kMaxLanes);
        ((low_sum = Fma(low_dims, hn::Set(d, *q), low_sum),
          high_sum = Fma(high_dims, hn::Set(d, *q), high_sum), ++q),
         ...);
        chains.Keep(row, 0, low_sum);
        chains.Keep(row, kMaxLanes, high_sum);
      }
    });
  });
}

#endif

// Those of one vector of keys, `key` of the chains', go on over as many dims as
// a vector has lanes, or as are left.
HWY_INLINE void ScorePacked(const float* const* rows, size_t dim, size_t key,
                            const QueryRows& queries, const KeyChains& chains,
                            float* HWY_RESTRICT packed) {
  const FloatTag d;
  const size_t lanes = hn::Lanes(d);
  const size_t head_dim = queries.head_dim;
  const size_t end = HWY_MIN(dim + lanes, head_dim);
  const KeyRows row_of{rows + key};
  size_t first = 0;  // dim that is packed first
  if (head_dim >= lanes) {
    first = end - lanes;
    TransposeSquare(row_of, first, 1.0f, packed, lanes);
  } else {
    TransposeVector(row_of, head_dim, 1.0f, packed, lanes);
  }
  for (size_t row = 0; row < chains.rows; ++row) {
    Vec sum = chains.Start(row, key);
    for (size_t i = dim; i < end; ++i) {
      const Vec column = LoadLanes(packed + (i - first) * lanes);
      sum = Fma(column, hn::Set(d, *queries.At(row, i)), sum);
    }
    chains.Keep(row, key, sum);
  }
}

// The same scores for keys in plain rows, which are transposed on the way:
// worth it for few queries (see WithPlainOrientation).
template <class Shape>
HWY_INLINE void ScoreRowsAcrossPlainKeys(const GroupOf<Shape>& group,
                                         const Rows& rows, const Tile& tile,
                                         const Scratch& scratch) {
  const FloatTag d;
  const size_t lanes = hn::Lanes(d);
  const typename Shape::HeadDim head_dim(group.head_dim);
  float* HWY_RESTRICT packed = scratch.queries;
  const QueryRows queries{packed + kPackedFloats, head_dim};
  // A second chain grows where the scores of more rows would lie.
  float* second = scratch.scores + kFewRows * kTile;
  const auto score = [&](const float* const* key_rows, size_t key,
                         size_t dim) HWY_ATTR {
    float* sums = (dim < kChain ? scratch.scores : second) + key;
    const KeyChains chains{sums, rows.count, dim % kChain == 0};
    if constexpr (kDimsInRegisters != 0) {
      if (Shape::template kDivides<kDimsInRegisters> ||
          head_dim - dim >= kDimsInRegisters) {
        return ScoreInRegisters(key_rows, dim, queries, chains);
      }
    }
    ScorePacked(key_rows, dim, 0, queries, chains, packed);
    ScorePacked(key_rows, dim, lanes, queries, chains, packed);
  };
  // Some chains in turn: one waits while the others go on.
  constexpr size_t kTurn = 4 * kMaxLanes;
  const float* key_rows[kTurn];
  const size_t begin = FirstKey<Shape>(tile) / kTurn * kTurn;
  for (size_t first = begin; first < tile.count; first += kTurn) {
    for (size_t i = 0; i < kTurn; ++i) {
      const size_t key = HWY_MIN(first + i, tile.count - 1);
      key_rows[i] = group.k + (tile.first + key) * group.k_token_stride;
    }
    const size_t count = HWY_MIN(tile.count - first, kTurn);
    for (size_t dim = 0; dim < head_dim; dim += DimsOfStep()) {
      for (size_t i = 0; i < count; i += 2 * lanes) {
        score(key_rows + i, first + i, dim);
      }
    }
  }
  if (head_dim <= kChain) return;
  for (size_t i = 0; i < rows.count * kTile; i += lanes) {
    const Vec sum =
        hn::Add(LoadLanes(scratch.scores + i), LoadLanes(second + i));
    StoreLanes(sum, scratch.scores + i);
  }
}

}  // namespace
// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace fovea
HWY_AFTER_NAMESPACE();

#endif  // FOVEA_KERNELS_SCORES_ACROSS_KEYS_INL_H_
