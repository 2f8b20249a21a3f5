// SPDX-License-Identifier: Apache-2.0
// s = q . k with queries and keys of int8, products and sums in integers:
//
//   q = scale_q * int8   k = scale_k * int8 + mean + two channels in float
//   s = (int8 . int8) * (scale_q * scale_k) + q . mean + q[c] * k[c] + ...
//
// The first 16 keys of a stream are float, and their scores those of the float
// arithmetic.  Keys lie across the lanes.
#if defined(FOVEA_KERNELS_SCORES_INT8_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FOVEA_KERNELS_SCORES_INT8_INL_H_
#undef FOVEA_KERNELS_SCORES_INT8_INL_H_
#else
#define FOVEA_KERNELS_SCORES_INT8_INL_H_
#endif

#include "fovea/int8_layout.h"
#include "fovea/kernels/fold_rows-inl.h"
#include "fovea/kernels/quad-inl.h"
#include "fovea/kernels/quantise_row-inl.h"
#include "fovea/kernels/scores_across_keys-inl.h"
#include "fovea/kernels/scores_of_means-inl.h"
#include "fovea/kernels/scores_quantised-inl.h"
#include "fovea/quantise.h"

HWY_BEFORE_NAMESPACE();
namespace fovea {
namespace HWY_NAMESPACE {
namespace {

template <class Shape>
HWY_INLINE void LoadInt8Queries(const GroupOf<Shape>& group, const Rows& rows,
                                const Scratch& scratch) {
  const typename Shape::HeadDim head_dim(group.head_dim);
  LoadQueriesAsRows<Shape>(group, rows, scratch.queries);
  const RowsToQuantise queries{scratch.queries,
                               head_dim,
                               head_dim,
                               reinterpret_cast<int8_t*>(scratch.query_quads),
                               scratch.query_scales,
                               scratch.query_offsets};
  queries.All(rows.count);
  for (size_t row = 0; row < rows.count; ++row) {
    scratch.query_offsets[row] *= kKeyOffset;
  }
  ScoreColumns<Shape>(group, rows, {group.first_keys, kPanel, 0, kPanel},
                      scratch, scratch.first_scores);
  ForgetMeans(scratch);
}

// No sum of products overflows, x86's unsigned factors up to 255 included, and
// all are integers that a float holds.
static_assert(256 * 255 * 128 < (1 << 24), "of 256 dims, the most there are");
static_assert(kTile * 127 * 128 < (1 << 24), "of the keys of a tile");

// Stores int8 . int8 of a row and some vectors of keys where the scores will
// be.
struct DotSink {
  float* scores;

  HWY_INLINE void operator()(size_t row, size_t vec, IntVec sum) const {
    const FloatTag d;
    float* to = scores + row * kTile + vec * hn::Lanes(d);
    hn::Store(hn::BitCast(d, sum), d, to);
  }
};

// Of whole panels from key `begin` of the tile on.
template <class Shape>
HWY_INLINE void DotInt8Panels(const GroupOf<Shape>& group, const Rows& rows,
                              const Tile& tile, size_t begin,
                              const Scratch& scratch) {
  constexpr size_t kMostVecs = kUnrolled < 16 ? 2 : 4;
  constexpr size_t kMostRows = kUnrolled / kMostVecs;
  constexpr size_t kRowGroup = PowerOfTwoAtMost(
      Shape::kMaxRows < kMostRows ? Shape::kMaxRows : kMostRows);
  constexpr size_t kVecsOfPanel = kPanel / kMaxLanes;
  constexpr size_t kFewest =
      kVecsOfPanel < kMostVecs ? kVecsOfPanel : kMostVecs;
  const size_t lanes = hn::Lanes(FloatTag());
  const typename Shape::HeadDim head_dim(group.head_dim);
  const size_t quads = RoundUp(head_dim, 4) / 4;
  const int8_t* panels =
      group.k + SlotOfTile<Shape>(group, tile.first) * 4 * quads;
  const size_t vecs = RoundUp(tile.count, kPanel) / lanes;
  ForGroups<kRowGroup>(0, rows.count, [&](auto row_group, size_t row) HWY_ATTR {
    const Factors<int32_t> q{scratch.query_quads + row * quads, quads, 1};
    const auto some_keys = [&](auto vec_group, size_t vec) HWY_ATTR {
      const size_t key = vec * lanes;
      const QuadPanels k{{panels, key, kPanel * 4 * quads}};
      const DotSink sink{scratch.scores + row * kTile + key};
      OuterProduct<row_group.value, vec_group.value, KeyProduct>::Run(
          q, k, AllSteps{Opaque(quads)}, sink);
    };
    ForGroups<kMostVecs, kFewest>(begin / lanes, vecs, some_keys);
  });
}

// What ScoresOfDots is asked for: keys [begin, end) of a tile.
struct DotRange {
  size_t slot;  // of the tile
  size_t begin;
  size_t end;
  ScoresOfMean mean;
  const int32_t* dims;  // of the channels
};

// Scores from `key` of the tile on, masked from the row's last visible one on.
struct VisiblePrefix {
  float count;

  HWY_INLINE Vec Masked(Vec score, size_t key) const {
    const FloatTag d;
    const Vec index = hn::Iota(d, static_cast<float>(key));
    const auto visible = hn::Lt(index, hn::Set(d, count));
    return hn::IfThenElse(visible, score, MaskedScore());
  }
};
struct AllVisible {
  HWY_INLINE Vec Masked(Vec score, size_t) const { return score; }
};

// Calls body(key) for keys 16 apart.  Those of a whole tile are unrolled where
// there are vectors (Cortex-A76, a prefill in int8: 2 % fewer instructions; no
// difference on Zen 5).
template <bool kIsWhole, class Body>
HWY_INLINE void ForEvery16th(size_t first, size_t end, const Body& body) {
  if constexpr (kIsWhole && kMaxLanes > 1) {
    ForIndices(std::make_index_sequence<kTile / kPanel>(),
               [&](size_t i) HWY_ATTR { body(first + i * kPanel); });
  } else {
    for (size_t key = first; key < end; key += kPanel) body(key);
  }
}

// Turns them into scores and returns the largest of each lane.
template <class Shape, bool kHasChannels, class Visible>
HWY_INLINE Vec ScoresOfDots(const GroupOf<Shape>& group, size_t row,
                            const DotRange& keys, const Visible& visible,
                            Vec most, const Scratch& scratch) {
  const FloatTag d;
  const typename Shape::HeadDim head_dim(group.head_dim);
  const float* HWY_RESTRICT key_scales = group.key_scales + keys.slot;
  float* HWY_RESTRICT scores = scratch.scores + row * kTile;
  const IntVec offset = hn::Set(IntTag(), scratch.query_offsets[row]);
  const Vec scale = hn::Set(d, scratch.query_scales[row]);
  const Vec of_mean =
      keys.mean.scores == nullptr ? hn::Zero(d) : hn::Set(d, keys.mean[row]);
  const float* HWY_RESTRICT channel0 = group.channels + keys.slot;
  const float* HWY_RESTRICT channel1 = channel0 + group.channel_stride;
  Vec q0 = scale, q1 = scale;
  if constexpr (kHasChannels) {
    const float* HWY_RESTRICT q = scratch.queries + row * head_dim;
    q0 = hn::Set(d, q[keys.dims[0]]);
    q1 = hn::Set(d, keys.dims[1] < 0 ? 0.0f : q[keys.dims[1]]);
  }
  for (size_t key = keys.begin; key < keys.end; key += hn::Lanes(d)) {
    const IntVec dot = hn::BitCast(IntTag(), hn::Load(d, scores + key));
    const Vec product = hn::Mul(hn::ConvertTo(d, hn::Sub(dot, offset)), scale);
    Vec rest = of_mean;
    if constexpr (kHasChannels) {
      rest = Fma(hn::LoadU(d, channel0 + key), q0, rest);
      rest = Fma(hn::LoadU(d, channel1 + key), q1, rest);
    }
    const Vec score =
        visible.Masked(Fma(product, hn::LoadU(d, key_scales + key), rest), key);
    hn::Store(score, d, scores + key);
    most = hn::Max(score, most);
  }
  return most;
}
static_assert(kFloatChannels == 2, "as ScoresOfDots has it");

template <class Visible>
HWY_INLINE Vec CopyFirstScores(size_t row, const Visible& visible, Vec most,
                               const Scratch& scratch) {
  const FloatTag d;
  for (size_t i = 0; i < kPanel; i += hn::Lanes(d)) {
    const Vec score =
        visible.Masked(hn::Load(d, scratch.first_scores + row * kPanel + i), i);
    hn::Store(score, d, scratch.scores + row * kTile + i);
    most = hn::Max(score, most);
  }
  return most;
}

// Whether scores are as q . k leaves them and each row sees the first keys of
// the tile: then they are masked on the way, and next_max has the largest of
// each row.
template <class Shape>
HWY_INLINE bool IsPlain(const Tile& tile) {
  return !Shape::Features::kFinishes && tile.sees != Sees::kMarked;
}
HWY_INLINE bool IsWhole(const Tile& tile) {
  return tile.sees == Sees::kAll && tile.count == kTile;
}

template <class Shape, bool kHasChannels>
HWY_INLINE void ScoresOfRows(const GroupOf<Shape>& group, const Rows& rows,
                             const Tile& tile, const DotRange& keys,
                             const Scratch& scratch) {
  const FloatTag d;
  const bool has_first = tile.first == 0 && FirstKey<Shape>(tile) < kPanel;
  const bool is_whole = IsWhole(tile) && !has_first;
  for (size_t row = 0; row < rows.count; ++row) {
    Vec most = hn::Set(d, kNoMax);
    if (is_whole) {  // a length that the compiler knows
      const DotRange whole{keys.slot, 0, kTile, keys.mean, keys.dims};
      most = ScoresOfDots<Shape, kHasChannels>(group, row, whole, AllVisible(),
                                               most, scratch);
    } else {
      // What is not plain is masked when it is finished.
      const size_t count = IsPlain<Shape>(tile) ? scratch.counts[row] : kTile;
      const VisiblePrefix visible{static_cast<float>(count)};
      if (has_first) most = CopyFirstScores(row, visible, most, scratch);
      most = ScoresOfDots<Shape, kHasChannels>(group, row, keys, visible, most,
                                               scratch);
    }
    hn::Store(most, d, scratch.partials + row * kPanel);
  }
}

template <class Shape>
HWY_INLINE void ScoreRowsAcrossInt8Keys(const GroupOf<Shape>& group,
                                        const Rows& rows, const Tile& tile,
                                        const Scratch& scratch) {
  const FloatTag d;
  size_t begin = FirstKey<Shape>(tile) / kPanel * kPanel;
  if (tile.first == 0 && begin == 0) begin = kPanel;
  const int32_t* dims = group.channel_dims +
                        MeanOfTile<Shape>(group, tile.first) * kFloatChannels;
  const DotRange keys{SlotOfTile<Shape>(group, tile.first), begin,
                      RoundUp(tile.count, kPanel),
                      ScoreMean<Shape>(group, rows, tile, scratch), dims};
  DotInt8Panels<Shape>(group, rows, tile, begin, scratch);
  if (keys.mean.scores != nullptr && begin < keys.end && dims[0] >= 0) {
    ScoresOfRows<Shape, true>(group, rows, tile, keys, scratch);
  } else {
    ScoresOfRows<Shape, false>(group, rows, tile, keys, scratch);
  }
  if (!IsPlain<Shape>(tile)) return;
  for (size_t row = 0; row < rows.count; row += hn::Lanes(d)) {
    hn::Store(MaxOfRows(scratch.partials + row * kPanel), d,
              scratch.next_max + row);
  }
}

}  // namespace
// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace fovea
HWY_AFTER_NAMESPACE();

#endif  // FOVEA_KERNELS_SCORES_INT8_INL_H_
