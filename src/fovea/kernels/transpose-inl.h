// SPDX-License-Identifier: Apache-2.0
// Rows across the lanes: to[dim][row] = row_of(row, 0)[dim] * scale.
#if defined(FOVEA_KERNELS_TRANSPOSE_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FOVEA_KERNELS_TRANSPOSE_INL_H_
#undef FOVEA_KERNELS_TRANSPOSE_INL_H_
#else
#define FOVEA_KERNELS_TRANSPOSE_INL_H_
#endif

#include "fovea/kernels/port_lanes-inl.h"

HWY_BEFORE_NAMESPACE();
namespace fovea {
namespace HWY_NAMESPACE {
namespace {

// A scale of 1, a constant to the compiler, costs nothing.
HWY_INLINE Vec Scaled(Vec v, float scale) {
  return scale == 1.0f ? v : hn::Mul(v, hn::Set(FloatTag(), scale));
}

#if HWY_HAVE_SCALABLE || HWY_TARGET == HWY_SCALAR

// Vectors without a size can't be members, so there is no WithDims.
constexpr size_t kDimsInRegisters = 0;

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

// Dims that WithDims hands out.
constexpr size_t kDimsInRegisters = kMaxLanes == kPanel ? 8 : 4;

struct Four {
  Vec v0, v1, v2, v3;
};

// In each block of four lanes: four dims of one row in, of four rows out.
HWY_INLINE Four TransposeBlocks(const Four& rows, float scale) {
  const FloatTag d;
  const Vec low02 = hn::InterleaveLower(d, rows.v0, rows.v2);
  const Vec low13 = hn::InterleaveLower(d, rows.v1, rows.v3);
  const Vec high02 = hn::InterleaveUpper(d, rows.v0, rows.v2);
  const Vec high13 = hn::InterleaveUpper(d, rows.v1, rows.v3);
  return {Scaled(hn::InterleaveLower(d, low02, low13), scale),
          Scaled(hn::InterleaveUpper(d, low02, low13), scale),
          Scaled(hn::InterleaveLower(d, high02, high13), scale),
          Scaled(hn::InterleaveUpper(d, high02, high13), scale)};
}

#if HWY_MAX_BYTES == 16

// Four dims, from `dim` on, of rows first to first + 3.
template <class Row>
HWY_INLINE Four LoadFour(const Row& row_of, size_t first, size_t dim,
                         float scale) {
  const FloatTag d;
  const auto load = [&](size_t i) HWY_ATTR {
    return hn::LoadU(d, row_of(first, i) + dim);
  };
  return TransposeBlocks({load(0), load(1), load(2), load(3)}, scale);
}

#else

// As many dims as half a vector has lanes, from `dim` on, of rows first to
// first + 3, and of those half a vector further: a half that comes from memory
// costs no shuffle.
template <class Row>
HWY_INLINE Four LoadFour(const Row& row_of, size_t first, size_t dim,
                         float scale) {
  const FloatTag d;
  const hn::Half<FloatTag> half;
  const auto low = [&](size_t i) HWY_ATTR {
    return hn::LoadU(half, row_of(first, i) + dim);
  };
  const auto both = [&](auto l, size_t i) HWY_ATTR {
    return hn::Combine(
        d, hn::LoadU(half, row_of(first + kMaxLanes / 2, i) + dim), l);
  };
  const auto l0 = low(0), l1 = low(1), l2 = low(2), l3 = low(3);
  return TransposeBlocks({both(l0, 0), both(l1, 1), both(l2, 2), both(l3, 3)},
                         scale);
}

#endif

#if HWY_MAX_BYTES == 64

// Of four blocks of four lanes in a and b: a0 b0 a2 b2, and a1 b1 a3 b3.
HWY_INLINE Vec EvenBlocks(Vec a, Vec b) {
  return hn::OddEvenBlocks(hn::SwapAdjacentBlocks(b), a);
}
HWY_INLINE Vec OddBlocks(Vec a, Vec b) {
  return hn::OddEvenBlocks(b, hn::SwapAdjacentBlocks(a));
}

template <class Row, class Body>
HWY_INLINE void WithDims(const Row& row_of, size_t dim, float scale,
                         const Body& body) {
  const Four a = LoadFour(row_of, 0, dim, scale);
  const Four b = LoadFour(row_of, 4, dim, scale);
  body(EvenBlocks(a.v0, b.v0), EvenBlocks(a.v1, b.v1), EvenBlocks(a.v2, b.v2),
       EvenBlocks(a.v3, b.v3), OddBlocks(a.v0, b.v0), OddBlocks(a.v1, b.v1),
       OddBlocks(a.v2, b.v2), OddBlocks(a.v3, b.v3));
}

#else

// Calls body(v0, v1, ...) with kDimsInRegisters dims, from `dim` on, of as many
// rows as a vector has lanes.
template <class Row, class Body>
HWY_INLINE void WithDims(const Row& row_of, size_t dim, float scale,
                         const Body& body) {
  const Four dims = LoadFour(row_of, 0, dim, scale);
  body(dims.v0, dims.v1, dims.v2, dims.v3);
}

#endif

template <class Row>
HWY_INLINE void TransposeSquare(const Row& row_of, size_t dim, float scale,
                                float* HWY_RESTRICT to, size_t width) {
  const FloatTag d;
  for (size_t i = 0; i < kMaxLanes; i += kDimsInRegisters) {
    WithDims(row_of, dim + i, scale, [&](auto... dims) HWY_ATTR {
      size_t at = i * width;
      ((hn::StoreU(dims, d, to + at), at += width), ...);
    });
  }
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
  if constexpr (kMaxLanes == 1 && kUnrolled >= 8) {
    const float* HWY_RESTRICT row = row_of(0, 0);
    constexpr size_t kTurn = 4;
    dim = PortScale(row, dims, scale, to, width);
    for (; dim + kTurn <= dims; dim += kTurn) {
      Repeat<kTurn>([&](size_t i) HWY_ATTR {
        to[(dim + i) * width] = row[dim + i] * scale;
      });
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
