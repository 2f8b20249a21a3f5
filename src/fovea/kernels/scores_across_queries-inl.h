// SPDX-License-Identifier: Apache-2.0
// Queries across the lanes, keys broadcast: for many queries.
#if defined(FOVEA_KERNELS_SCORES_ACROSS_QUERIES_INL_H_) == \
    defined(HWY_TARGET_TOGGLE)
#ifdef FOVEA_KERNELS_SCORES_ACROSS_QUERIES_INL_H_
#undef FOVEA_KERNELS_SCORES_ACROSS_QUERIES_INL_H_
#else
#define FOVEA_KERNELS_SCORES_ACROSS_QUERIES_INL_H_
#endif

#include "fovea/kernels/finish_scores-inl.h"
#include "fovea/kernels/online_softmax-inl.h"
#include "fovea/kernels/scores-inl.h"
#include "fovea/kernels/transpose-inl.h"

HWY_BEFORE_NAMESPACE();
namespace fovea {
namespace HWY_NAMESPACE {
namespace {

template <class Shape>
HWY_INLINE size_t BlockWidth() {
  return Shape::kVecs * hn::Lanes(FloatTag());
}

// to[dim][row of the block] = row(row of the group)[dim] * scale; lanes without
// a row repeat the last one.
template <class Shape, class Row>
HWY_INLINE void TransposeBlockRows(const Rows& rows, size_t dims, float scale,
                                   const Row& row, float* HWY_RESTRICT to) {
  const size_t lanes = hn::Lanes(FloatTag());
  const float* pointers[kMaxLanes];
  const auto row_of = [&](size_t first, size_t i) {
    return pointers[first + i];
  };
  for (size_t lane = 0; lane < BlockWidth<Shape>(); lane += lanes) {
    for (size_t i = 0; i < lanes; ++i) {
      pointers[i] = row(rows.first + HWY_MIN(lane + i, rows.count - 1));
    }
    TransposeVector(row_of, dims, scale, to + lane, BlockWidth<Shape>());
  }
}

// queries[dim][row] = q[row][dim] * scale.
template <class Shape>
HWY_INLINE void LoadQueriesAcrossLanes(const GroupOf<Shape>& group,
                                       const Rows& rows,
                                       const Scratch& scratch) {
  const typename Shape::HeadDim head_dim(group.head_dim);
  QuerySource<Shape> query(group);
  const auto row = [&](size_t i) {
    const size_t lane = (i - rows.first) % hn::Lanes(FloatTag());
    return query(i, scratch.turned, lane);
  };
  TransposeBlockRows<Shape>(rows, head_dim, group.scale, row, scratch.queries);
}

// bias[key][row] of the tile; columns past the mask's last are not written.
template <class Shape>
HWY_INLINE void LoadBiasAcrossLanes(const GroupOf<Shape>& group,
                                    const Rows& rows, const Tile& tile,
                                    const Scratch& scratch) {
  if (group.bias.data == nullptr || tile.first >= group.mask_keys) return;
  const size_t columns = HWY_MIN(group.mask_keys - tile.first, tile.count);
  const auto row = [&](size_t i) {
    return group.bias.Row(0, HeadOfRow<Shape>(group, i),
                          TokenOfRow<Shape>(group, i)) +
           tile.first;
  };
  TransposeBlockRows<Shape>(rows, columns, 1.0f, row, scratch.bias);
}

// Stores the scores of some keys and raises each lane's maximum.
template <class Shape, Sees kSees>
struct ScoreSink {
  static constexpr bool kTakesColumns = true;
  const GroupOf<Shape>& group;
  const Rows& rows;
  const Tile& tile;
  const Scratch& scratch;
  size_t first_lane;
  size_t first_key;  // in the tile
  Chain chain;

  template <class... Scores>
  HWY_INLINE void Column(size_t vec, Scores... scores) const {
    const FloatTag d;
    const size_t lane = first_lane + vec * hn::Lanes(d);
    size_t key = first_key;
    const bool first = chain.first;
    if (!chain.last) return (Keep(lane, key++, first, scores), ...);
    if constexpr (kMaxInPass)
      return ((void)Finish(lane, key++, first, scores), ...);
    float* max = scratch.next_max + lane;
    Vec most = LoadLanes(max);
    ((most = Larger(Finish(lane, key++, first, scores), most)), ...);
    StoreLanes(most, max);
  }

 private:
  HWY_INLINE float* At(size_t lane, size_t key) const {
    return scratch.scores + key * BlockWidth<Shape>() + lane;
  }
  // With the chains before.
  HWY_INLINE Vec Whole(size_t lane, size_t key, bool first, Vec score) const {
    if (first) return score;
    return hn::Add(LoadLanes(At(lane, key)), score);
  }
  HWY_INLINE void Keep(size_t lane, size_t key, bool first, Vec score) const {
    StoreLanes(Whole(lane, key, first, score), At(lane, key));
  }

  // Returns what it stores, the score that the softmax sees.
  HWY_INLINE Vec Finish(size_t lane, size_t key, bool first, Vec score) const {
    const FloatTag d;
    score = Whole(lane, key, first, score);
    const OfQueries<Shape> place{group, rows, tile, scratch, lane, key};
    if constexpr (Shape::Features::kFinishes || kSees == Sees::kMarked) {
      score = ChangeScore<Shape>(score, place);
    }
    if constexpr (kSees == Sees::kPrefix) {
      const Vec index = hn::Set(d, static_cast<float>(key));
      const auto visible = hn::Lt(index, LoadLanes(scratch.limits + lane));
      score = hn::IfThenElse(visible, score, MaskedScore());
    } else if constexpr (kSees == Sees::kMarked) {
      score = hn::IfThenElse(place.Visible(), score, MaskedScore());
    }
    if constexpr (Shape::Features::kFinishes) {
      WriteFinished<Shape>(score, place);
    }
    StoreLanes(score, At(lane, key));
    return score;
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

HWY_INLINE VecRange AllVecs(const Rows& rows) {
  const size_t lanes = hn::Lanes(FloatTag());
  return {0, (rows.count + lanes - 1) / lanes};
}

HWY_INLINE VecRange SeeingVecs(const Rows& rows, size_t key,
                               const uint32_t* HWY_RESTRICT counts) {
  const size_t lanes = hn::Lanes(FloatTag());
  VecRange vecs = AllVecs(rows);
  while (vecs.begin + 1 < vecs.end &&
         counts[(vecs.begin + 1) * lanes - 1] <= key) {
    ++vecs.begin;
  }
  return vecs;
}

// Scores that stay as the port sums them, of blocks of keys for a whole block
// of queries; returns the first key that is left.
template <class Shape, Sees kSees>
HWY_INLINE size_t ScoreKeysByPort(const GroupOf<Shape>& group, const Rows& rows,
                                  const Tile& tile, const Scratch& scratch) {
  using Block = PortBlock<4, Shape::kVecs>;
  const size_t first = FirstKey<Shape>(tile);
  if constexpr (Block::kExists && kUnrolled >= 16 && kSees == Sees::kAll &&
                !Shape::Features::kFinishes) {
    const typename Shape::HeadDim head_dim(group.head_dim);
    if (rows.count != Block::kColumns || head_dim > kChain) return first;
    const size_t blocks = (tile.count - first) / 4;
    Block::SumRows(group.k + (tile.first + first) * group.k_token_stride,
                   group.k_token_stride, blocks, scratch.queries, head_dim,
                   AllSteps::kStart, scratch.scores + first * Block::kColumns);
    return first + 4 * blocks;
  } else {
    return first;
  }
}

template <class Shape, Sees kSees>
HWY_INLINE void ScoreKeysAcrossQueries(const GroupOf<Shape>& group,
                                       const Rows& rows, const Tile& tile,
                                       const Scratch& scratch) {
  constexpr size_t kKeys = kUnrolled / Shape::kVecs;
  const typename Shape::HeadDim head_dim(group.head_dim);
  const size_t width = BlockWidth<Shape>();
  const auto keys = [&](auto key_group, size_t key) FOVEA_INLINED {
    const VecRange vecs = kSees == Sees::kPrefix
                              ? SeeingVecs(rows, key, scratch.counts)
                              : AllVecs(rows);
    const size_t lane = vecs.begin * hn::Lanes(FloatTag());
    const float* rows_of_keys =
        group.k + (tile.first + key) * group.k_token_stride;
    ForChains(head_dim, [&](const Chain& chain) FOVEA_INLINED {
      const Factors<> k{rows_of_keys + chain.dim, group.k_token_stride, 1};
      const AdjacentColumns<> q{scratch.queries + chain.dim * width + lane,
                                width};
      const ScoreSink<Shape, kSees> sink{group, rows, tile, scratch,
                                         lane,  key,  chain};
      WithConstant<Shape::kVecs>(
          vecs.end - vecs.begin, [&](auto vec_count) FOVEA_INLINED {
            OuterProduct<key_group.value, vec_count.value>::Run(
                k, q, AllSteps{chain.count}, sink);
          });
    });
  };
  const size_t first =
      ScoreKeysByPort<Shape, kSees>(group, rows, tile, scratch);
  ForGroups<kKeys>(first, tile.count, keys);
}

}  // namespace
// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace fovea
HWY_AFTER_NAMESPACE();

#endif  // FOVEA_KERNELS_SCORES_ACROSS_QUERIES_INL_H_
