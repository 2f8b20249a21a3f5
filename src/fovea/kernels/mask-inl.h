// SPDX-License-Identifier: Apache-2.0
// Which keys a row sees.  A row sees keys [0, end), and end does not fall from
// one row of a block to the next.
#if defined(FOVEA_KERNELS_MASK_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FOVEA_KERNELS_MASK_INL_H_
#undef FOVEA_KERNELS_MASK_INL_H_
#else
#define FOVEA_KERNELS_MASK_INL_H_
#endif

#include "fovea/kernels/block-inl.h"

HWY_BEFORE_NAMESPACE();
namespace fovea {
namespace HWY_NAMESPACE {
namespace {

// A masked score: below any other, and its probability is exactly 0.
HWY_INLINE Vec MaskedScore() { return hn::Neg(hn::Inf(FloatTag())); }

// Causal: key j is visible to query i iff j <= i + first_position.
template <class Shape>
HWY_INLINE uint32_t VisibleEnd(const HeadGroup& group, size_t token) {
  if constexpr (!Shape::kCausal) return static_cast<uint32_t>(group.keys);
  const ptrdiff_t keys = static_cast<ptrdiff_t>(group.keys);
  // Compared before it is added to: any offset is allowed.
  if (group.first_position >= keys) return static_cast<uint32_t>(keys);
  const ptrdiff_t end =
      static_cast<ptrdiff_t>(token) + group.first_position + 1;
  if (end <= 0) return 0;
  return static_cast<uint32_t>(end < keys ? end : keys);
}

// Fills `ends` for the block; rows of padding repeat the last one.
template <class Shape>
HWY_INLINE void FindEnds(const HeadGroup& group, const Rows& rows,
                         size_t padded, const Scratch& scratch) {
  const typename Shape::Group heads(group.heads);
  for (size_t i = 0; i < rows.count; ++i) {
    scratch.ends[i] = VisibleEnd<Shape>(group, (rows.first + i) / heads);
  }
  for (size_t i = rows.count; i < padded; ++i) {
    scratch.ends[i] = scratch.ends[rows.count - 1];
  }
}

// The tile of keys from `first` on, and how many of them each row sees.
HWY_INLINE Tile MakeTile(size_t first, size_t end, size_t padded,
                         const Scratch& scratch) {
  const size_t count = end - first < kTile ? end - first : kTile;
  for (size_t i = 0; i < padded; ++i) {
    const size_t row_end = scratch.ends[i];
    const size_t visible = row_end > first ? row_end - first : 0;
    const uint32_t clamped =
        static_cast<uint32_t>(visible < count ? visible : count);
    scratch.counts[i] = clamped;
    scratch.limits[i] = static_cast<float>(clamped);
  }
  return {first, count, scratch.counts[0] < count};
}

}  // namespace
// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace fovea
HWY_AFTER_NAMESPACE();

#endif  // FOVEA_KERNELS_MASK_INL_H_
