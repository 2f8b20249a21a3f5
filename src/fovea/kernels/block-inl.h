// SPDX-License-Identifier: Apache-2.0
// What the attention kernels pass among themselves: one kv head's problem, a
// block of its rows, a tile of its keys, and the scratch they share.
#if defined(FOVEA_KERNELS_BLOCK_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FOVEA_KERNELS_BLOCK_INL_H_
#undef FOVEA_KERNELS_BLOCK_INL_H_
#else
#define FOVEA_KERNELS_BLOCK_INL_H_
#endif

#include "fovea/kernels/features.h"
#include "fovea/kernels/head_group.h"
#include "fovea/kernels/outer_product-inl.h"

HWY_BEFORE_NAMESPACE();
namespace fovea {
namespace HWY_NAMESPACE {
namespace {

// Compile-time shape of the kernels.  A dim of 0 is known at run time only.
template <size_t kHeadDimOr0, size_t kValueDimOr0, size_t kGroupOr0,
          size_t kMaxRowsArg, class FeaturesArg>
struct BlockShape {
  using HeadDim = Length<kHeadDimOr0>;
  using ValueDim = Length<kValueDimOr0>;
  // Whether groups of kDims leave no head dim over.
  template <size_t kDims>
  static constexpr bool kDivides = kHeadDimOr0 != 0 && kHeadDimOr0 % kDims == 0;
  using Group = Length<kGroupOr0>;  // query heads that share the kv head
  using Features = FeaturesArg;
  static constexpr size_t kMaxRows = kMaxRowsArg;  // of one kv head
  // Whether calls have one query: then kMaxRows is how many rows there are.
  static constexpr bool kIsOneToken = kGroupOr0 != 0 && kMaxRows == kGroupOr0;

  // See WhileFetching.
  static constexpr bool kFetchesInOrder = kMaxRows >= 4;

  // Vectors of queries that one block holds: enough accumulators for the
  // micro-kernel, few enough that a tile's scores stay in the L1 cache.
  static constexpr size_t kFullVecs =
      (kMaxLanes == kPanel || kAccumulators < 16) ? 2 : 4;
  static constexpr size_t kVecsOfMaxRows =
      (kMaxRows + kMaxLanes - 1) / kMaxLanes;
  static constexpr size_t kVecs =
      PowerOfTwoAtMost(kVecsOfMaxRows < kFullVecs ? kVecsOfMaxRows : kFullVecs);
  // Rows of scratch; a run-time lane count may use fewer.
  static constexpr size_t kRows = kVecs * kMaxLanes;
};

template <class Shape>
using GroupOf = GroupWith<typename Shape::Features>;

// Rows [first, first + count) of a head group, in the order token, head.
struct Rows {
  size_t first;
  size_t count;
};

template <class Shape>
HWY_INLINE size_t TokenOfRow(const HeadGroup& group, size_t row) {
  return row / typename Shape::Group(group.heads);
}
template <class Shape>
HWY_INLINE size_t HeadOfRow(const HeadGroup& group, size_t row) {
  return row % typename Shape::Group(group.heads);
}

// Which keys of a tile the rows of a block see.
enum class Sees : uint8_t {
  kNone,    // no row sees any
  kAll,     // every row sees all
  kPrefix,  // row i sees the first counts[i], which do not fall with i
  kMarked,  // row i sees those whose bit of visible[][i] is set
};

// Keys [first + begin, first + count) of the keys from `first` on are those
// that some row sees.
struct Tile {
  size_t first;  // a multiple of kTile
  size_t begin;  // 0 but for kMarked
  size_t count;
  Sees sees;
};

template <class Shape>
HWY_INLINE size_t EndOfSinks(const GroupOf<Shape>& group) {
  using F = typename Shape::Features;
  if constexpr (F::kRunTimeSpan) {
    return group.ring_begin;
  } else {
    return RoundUp(F::kSinks, kTile);
  }
}

// Where the tile that begins with that key lies in the storage.
template <class Shape>
HWY_INLINE size_t SlotOfTile(const GroupOf<Shape>& group, size_t key) {
  using F = typename Shape::Features;
  if constexpr (F::kRing) {
    if (key < EndOfSinks<Shape>(group)) return key;
    const size_t slot = key - group.ring_shift;
    return slot < group.ring_end ? slot : slot - group.ring_tokens;
  }
  return key;
}

// The mean that the keys of that tile are stored less of: see KeyMeans.
template <class Shape>
HWY_INLINE size_t MeanOfTile(const GroupOf<Shape>& group, size_t key) {
  using F = typename Shape::Features;
  const size_t tile = key / kTile;
  if constexpr (F::kRing) {
    if (key < EndOfSinks<Shape>(group)) return tile;
    const size_t mean = tile - group.means_earlier;
    const size_t last = group.ring_end / kTile;
    return mean <= last ? mean : mean - (group.ring_tokens / kTile + 1);
  }
  return tile;
}

// `begin`, as a constant where it is always 0.
template <class Shape>
HWY_INLINE size_t FirstKey(const Tile& tile) {
  return Shape::Features::kMarks ? tile.begin : 0;
}

// Scratch of one block; lengths in block_workspace.h.
struct Scratch {
  float* HWY_RESTRICT queries;
  float* HWY_RESTRICT scores;      // then the probabilities, unnormalised
  float* HWY_RESTRICT output;      // [row][RoundUp(value_dim, lanes)]
  float* HWY_RESTRICT max;         // m of each row
  float* HWY_RESTRICT next_max;    // m with this tile
  float* HWY_RESTRICT sum;         // l of each row
  float* HWY_RESTRICT correction;  // 2^(m - next_max)
  float* HWY_RESTRICT limits;      // `counts` as floats, to compare lanes with
  uint32_t* HWY_RESTRICT ends;     // keys that each row may see in all
  uint32_t* HWY_RESTRICT counts;   // keys of this tile that each row sees
  // What only some features need; null without them.
  uint32_t* HWY_RESTRICT visible;     // [2][row]: low and high half of 64 keys
  float* HWY_RESTRICT bias;           // [key][row]
  float* HWY_RESTRICT turned;         // queries of one vector, as rows
  float* HWY_RESTRICT slopes;         // of each row, times log2(e)
  int32_t* HWY_RESTRICT positions;    // of each row's query
  int32_t* HWY_RESTRICT heads;        // of each row
  int32_t* HWY_RESTRICT query_quads;  // [row], as Fine has them
  int32_t* HWY_RESTRICT query_offsets;  // [row][high, low]: see kKeyOffset
  float* HWY_RESTRICT query_scales;     // of each row
  float* HWY_RESTRICT mean_scores;      // [row][16]: of a panel of means
  size_t* HWY_RESTRICT scored_means;    // that panel
  float* HWY_RESTRICT first_scores;     // [row][16]: of the first 16 keys
  int32_t* HWY_RESTRICT weight_quads;   // [row], likewise
  float* HWY_RESTRICT weight_steps;     // of each row
  float* HWY_RESTRICT fine_steps;       // of each row; 0: none
  bool* HWY_RESTRICT has_fine;          // whether a row has one
  float* HWY_RESTRICT partials;         // [row][16]
};

// That of each tile of a span: what belongs to a tile lies where the rows of a
// larger block would be, and what belongs to a row they share.
template <class Shape, size_t kSpan>
class SpanScratch {
  static_assert(kSpan * Shape::kMaxRows <= Shape::kRows, "there is room");

 public:
  explicit HWY_INLINE SpanScratch(const Scratch& scratch) {
    for (size_t i = 0; i < kSpan; ++i) {
      tiles_[i] = scratch;
      MoveTo(i * Shape::kMaxRows, tiles_[i]);
    }
  }
  HWY_INLINE const Scratch& operator[](size_t i) const { return tiles_[i]; }

 private:
  static HWY_INLINE void MoveTo(size_t row, Scratch& scratch) {
    scratch.scores += row * kTile;
    scratch.correction += row;
    scratch.limits += row;
    scratch.counts += row;
    if constexpr (Shape::Features::kMarks) scratch.visible += row;
  }

  Scratch tiles_[kSpan];
};

template <class Shape>
class SpanScratch<Shape, 1> {
 public:
  explicit HWY_INLINE SpanScratch(const Scratch& scratch) : only_(scratch) {}
  HWY_INLINE const Scratch& operator[](size_t) const { return only_; }

 private:
  const Scratch& only_;
};

// Up to so many rows on plain keys have the keys across the lanes: packing a
// tile costs about as much as scoring it for so many.
constexpr size_t kFewRows = kMaxLanes / 2;

// A vector of keys with as many dims, which lies before their queries.
constexpr size_t kPackedFloats = kMaxLanes * kMaxLanes;

// Room for the queries across the lanes, or for few of them and packed keys.
template <class Shape>
constexpr size_t QueryFloats(size_t head_dim) {
  constexpr size_t kFew = HWY_MIN(kFewRows, Shape::kMaxRows);
  const size_t few = kFew == 0 ? 0 : kPackedFloats + kFew * head_dim;
  return RoundUp(HWY_MAX(head_dim * Shape::kRows, few), kMaxLanes);
}

// Room for those of one vector, turned before they are laid across its lanes.
template <class Shape>
constexpr size_t TurnedFloats(size_t head_dim) {
  const bool is_needed = Shape::Features::kTurns && Shape::kMaxRows > kFewRows;
  return is_needed ? kMaxLanes * head_dim : 0;
}

constexpr size_t OutputStride(size_t value_dim) {
  return RoundUp(value_dim, kMaxLanes);
}

}  // namespace
// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace fovea
HWY_AFTER_NAMESPACE();

#endif  // FOVEA_KERNELS_BLOCK_INL_H_
