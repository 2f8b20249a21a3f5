// SPDX-License-Identifier: Apache-2.0
// What the attention kernels pass among themselves: one kv head's problem, a
// block of its rows, a tile of its keys, and the scratch they share.
#if defined(FOVEA_KERNELS_BLOCK_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FOVEA_KERNELS_BLOCK_INL_H_
#undef FOVEA_KERNELS_BLOCK_INL_H_
#else
#define FOVEA_KERNELS_BLOCK_INL_H_
#endif

#include "fovea/kernels/head_group.h"
#include "fovea/kernels/outer_product-inl.h"

HWY_BEFORE_NAMESPACE();
namespace fovea {
namespace HWY_NAMESPACE {
namespace {

// Compile-time shape of the kernels.  A dim of 0 is known at run time only.
template <size_t kHeadDimOr0, size_t kValueDimOr0, size_t kGroupOr0,
          size_t kMaxRowsArg, bool kCausalArg>
struct BlockShape {
  using HeadDim = Length<kHeadDimOr0>;
  using ValueDim = Length<kValueDimOr0>;
  using Group = Length<kGroupOr0>;  // query heads that share the kv head
  static constexpr size_t kMaxRows = kMaxRowsArg;  // of one kv head
  static constexpr bool kCausal = kCausalArg;

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

// Rows [first, first + count) of a head group, in the order token, head.
struct Rows {
  size_t first;
  size_t count;
};

// Keys [first, first + count); `masked` when some row of the block does not
// see all of them.
struct Tile {
  size_t first;
  size_t count;
  bool masked;
};

// Scratch of one block; lengths in BlockScratch (attention.h).
struct Scratch {
  float* HWY_RESTRICT queries;
  float* HWY_RESTRICT scores;      // then the probabilities, unnormalised
  float* HWY_RESTRICT output;      // [row][RoundUp(value_dim, lanes)]
  float* HWY_RESTRICT max;         // m of each row
  float* HWY_RESTRICT next_max;    // m with this tile
  float* HWY_RESTRICT sum;         // l of each row
  float* HWY_RESTRICT correction;  // 2^(m - next_max)
  float* HWY_RESTRICT limits;      // `counts` as floats, to compare lanes with
  uint32_t* HWY_RESTRICT ends;     // keys that each row sees in all
  uint32_t* HWY_RESTRICT counts;   // keys of this tile that each row sees
};

constexpr size_t OutputStride(size_t value_dim) {
  return RoundUp(value_dim, kMaxLanes);
}

}  // namespace
// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace fovea
HWY_AFTER_NAMESPACE();

#endif  // FOVEA_KERNELS_BLOCK_INL_H_
