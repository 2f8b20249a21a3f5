// SPDX-License-Identifier: Apache-2.0
// Rows across the lanes: to[dim][row] = row_of(row, 0)[dim] * scale.
#if defined(FOVEA_KERNELS_TRANSPOSE_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FOVEA_KERNELS_TRANSPOSE_INL_H_
#undef FOVEA_KERNELS_TRANSPOSE_INL_H_
#else
#define FOVEA_KERNELS_TRANSPOSE_INL_H_
#endif

#include "fovea/kernels/simd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace fovea {
namespace HWY_NAMESPACE {
namespace {

// A scale of 1, a constant to the compiler, costs nothing.
HWY_INLINE Vec Scaled(Vec v, float scale) {
  return scale == 1.0f ? v : hn::Mul(v, hn::Set(FloatTag(), scale));
}

#if HWY_HAVE_SCALABLE || HWY_TARGET == HWY_SCALAR

// Vectors without a size can't be members, so there is no WithSquare.
constexpr bool kHasSquare = false;

HWY_INLINE Vec LoadScaled(const float* from, float scale) {
  return Scaled(hn::LoadU(FloatTag(), from), scale);
}

// to[dim * width + row], of four rows and `Lanes` dims.  Works for vectors of
// any length, through memory.
template <class Row>
HWY_INLINE void TransposeFour(const Row& row_of, size_t first, size_t dim,
                              float scale, float* HWY_RESTRICT to,
                              size_t width) {
  const FloatTag d;
  const hn::CappedTag<float, 4> four;
  HWY_ALIGN float block[4 * kMaxLanes];  // [dim][4 rows]
  hn::StoreInterleaved4(LoadScaled(row_of(first, 0) + dim, scale),
                        LoadScaled(row_of(first, 1) + dim, scale),
                        LoadScaled(row_of(first, 2) + dim, scale),
                        LoadScaled(row_of(first, 3) + dim, scale), d, block);
  for (size_t i = 0; i < hn::Lanes(d); ++i) {
    for (size_t row = 0; row < 4; row += hn::Lanes(four)) {
      hn::StoreU(hn::LoadU(four, block + 4 * i + row), four,
                 to + i * width + row);
    }
  }
}

// to[dim * width + row] of as many rows and dims as a vector has lanes.
template <class Row>
HWY_INLINE void TransposeSquare(const Row& row_of, size_t dim, float scale,
                                float* HWY_RESTRICT to, size_t width) {
  for (size_t row = 0; row < hn::Lanes(FloatTag()); row += 4) {
    TransposeFour(row_of, row, dim, scale, to + row, width);
  }
}

#else

constexpr bool kHasSquare = true;

struct Four {
  Vec v0, v1, v2, v3;
};

// Four dims of row `first`, in a block of four lanes, then those of rows
// first + 4, first + 8 and first + 12.  A block that comes from memory costs no
// shuffle.
template <class Row>
HWY_INLINE Vec LoadBlocks(const Row& row_of, size_t first, size_t dim) {
  const FloatTag d;
  const hn::CappedTag<float, 4> block;
  const auto load = [&](size_t four) HWY_ATTR {
    return hn::LoadU(block, row_of(four, first) + dim);
  };
  if constexpr (kMaxLanes == 4) {
    return load(0);
  } else {
    const Vec v = hn::InsertBlock<1>(hn::ResizeBitCast(d, load(0)), load(4));
    if constexpr (kMaxLanes == 8) {
      return v;
    } else {
      return hn::InsertBlock<3>(hn::InsertBlock<2>(v, load(8)), load(12));
    }
  }
}

// Dims dim to dim + 3 of as many rows as a vector has lanes.
template <class Row>
HWY_INLINE Four LoadFourDims(const Row& row_of, size_t dim, float scale) {
  const FloatTag d;
  const Vec r0 = LoadBlocks(row_of, 0, dim);
  const Vec r1 = LoadBlocks(row_of, 1, dim);
  const Vec r2 = LoadBlocks(row_of, 2, dim);
  const Vec r3 = LoadBlocks(row_of, 3, dim);
  const Vec low02 = hn::InterleaveLower(d, r0, r2);
  const Vec low13 = hn::InterleaveLower(d, r1, r3);
  const Vec high02 = hn::InterleaveUpper(d, r0, r2);
  const Vec high13 = hn::InterleaveUpper(d, r1, r3);
  return {Scaled(hn::InterleaveLower(d, low02, low13), scale),
          Scaled(hn::InterleaveUpper(d, low02, low13), scale),
          Scaled(hn::InterleaveLower(d, high02, high13), scale),
          Scaled(hn::InterleaveUpper(d, high02, high13), scale)};
}

// Calls body(v0, v1, ...) with as many dims, from `dim` on, of as many rows as
// a vector has lanes.  They stay in registers.
template <class Row, class Body>
HWY_INLINE void WithSquare(const Row& row_of, size_t dim, float scale,
                           const Body& body) {
  const Four a = LoadFourDims(row_of, dim, scale);
  if constexpr (kMaxLanes == 4) {
    body(a.v0, a.v1, a.v2, a.v3);
  } else {
    const Four b = LoadFourDims(row_of, dim + 4, scale);
    if constexpr (kMaxLanes == 8) {
      body(a.v0, a.v1, a.v2, a.v3, b.v0, b.v1, b.v2, b.v3);
    } else {
      const Four c = LoadFourDims(row_of, dim + 8, scale);
      const Four e = LoadFourDims(row_of, dim + 12, scale);
      body(a.v0, a.v1, a.v2, a.v3, b.v0, b.v1, b.v2, b.v3, c.v0, c.v1, c.v2,
           c.v3, e.v0, e.v1, e.v2, e.v3);
    }
  }
}

template <class Row>
HWY_INLINE void TransposeSquare(const Row& row_of, size_t dim, float scale,
                                float* HWY_RESTRICT to, size_t width) {
  const FloatTag d;
  WithSquare(row_of, dim, scale, [&](auto... dims) HWY_ATTR {
    size_t at = 0;
    ((hn::StoreU(dims, d, to + at), at += width), ...);
  });
}

#endif

// to[dim * width + row] for all dims of as many rows as a vector has lanes.
template <class Row>
HWY_INLINE void TransposeVector(const Row& row_of, size_t dims, float scale,
                                float* HWY_RESTRICT to, size_t width) {
  const size_t lanes = hn::Lanes(FloatTag());
  size_t dim = 0;
  if constexpr (kMaxLanes > 1) {
    for (; dim + lanes <= dims; dim += lanes) {
      TransposeSquare(row_of, dim, scale, to + dim * width, width);
    }
    // The rest again with some dims before it, where there are enough.
    if (dim < dims && dims >= lanes) {
      const size_t last = dims - lanes;
      TransposeSquare(row_of, last, scale, to + last * width, width);
      return;
    }
  }
  for (; dim < dims; ++dim) {
    for (size_t row = 0; row < lanes; ++row) {
      to[dim * width + row] = row_of(row, 0)[dim] * scale;
    }
  }
}

}  // namespace
// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace fovea
HWY_AFTER_NAMESPACE();

#endif  // FOVEA_KERNELS_TRANSPOSE_INL_H_
