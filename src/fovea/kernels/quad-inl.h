// SPDX-License-Identifier: Apache-2.0
// Columns of int8, four to a lane, for the micro-kernel.  Sums of integers are
// exact in any order, so the bits are the same however a port multiplies
// (port/int8/products-inl.h).
#if defined(FOVEA_KERNELS_QUAD_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FOVEA_KERNELS_QUAD_INL_H_
#undef FOVEA_KERNELS_QUAD_INL_H_
#else
#define FOVEA_KERNELS_QUAD_INL_H_
#endif

#include "fovea/kernels/outer_product-inl.h"
#include "fovea/quantise.h"
#include "port/int8/products-inl.h"

HWY_BEFORE_NAMESPACE();
namespace fovea {
namespace HWY_NAMESPACE {
namespace {

// Four int8 in each lane.
#if HWY_TARGET == HWY_SCALAR

HWY_INLINE IntVec LoadQuads(const int8_t* from, size_t) {
  int32_t quad;
  hwy::CopySameSize(reinterpret_cast<const int32_t*>(from), &quad);
  return hn::Set(IntTag(), quad);
}
HWY_INLINE IntVec LoadQuads(const int8_t* from) { return LoadQuads(from, 1); }

#else

using QuadTag = hn::Repartition<int8_t, FloatTag>;

HWY_INLINE IntVec LoadQuads(const int8_t* from) {
  return hn::BitCast(IntTag(), hn::LoadU(QuadTag(), from));
}
HWY_INLINE IntVec LoadQuads(const int8_t* from, size_t count) {
  return hn::BitCast(IntTag(), hn::LoadN(QuadTag(), from, 4 * count));
}

#endif

constexpr int32_t kKeyOffset = Int8Products::kKeyOffset;

// For OuterProduct: a factor is four int8 in a word, b's columns are quads.
struct KeyProduct {
  using Factor = int32_t;
  using Sum = IntVec;

  static HWY_INLINE IntVec Start(float) { return hn::Zero(IntTag()); }
  template <bool>
  static HWY_INLINE IntVec Add(int32_t factor, IntVec column, IntVec sum) {
    return Int8Products::AddKeys(factor, column, sum);
  }
  static HWY_INLINE IntVec Pinned(IntVec column) { return InRegister(column); }
};
struct ValueProduct : KeyProduct {
  template <bool>
  static HWY_INLINE IntVec Add(int32_t factor, IntVec column, IntVec sum) {
    return Int8Products::AddValues(factor, column, sum);
  }
};

// Keys in panels [dim/4][16][4], `panel_stride` bytes apart, as they lie there.
// The first column is a multiple of the vector length.
struct RawQuadPanels {
  static constexpr bool kSideBySide = false;
  const int8_t* data;
  size_t first;
  size_t panel_stride;
  static constexpr size_t step = 4 * kPanel;

  HWY_INLINE IntVec Load(const int8_t* step_data, size_t vec) const {
    const size_t column = first + vec * hn::Lanes(FloatTag());
    return LoadQuads(step_data + column / kPanel * panel_stride +
                     column % kPanel * 4);
  }
  HWY_INLINE void Fetch(const int8_t*, size_t, size_t) const {}
};

// The same as the port multiplies them.
struct QuadPanels : RawQuadPanels {
  HWY_INLINE IntVec Load(const int8_t* step_data, size_t vec) const {
    return Int8Products::OffsetKeys(RawQuadPanels::Load(step_data, vec));
  }
};

// Values in rows [token/4][value_dim][4].
struct QuadColumns {
  static constexpr bool kSideBySide = false;
  const int8_t* data;
  size_t step;

  HWY_INLINE IntVec Load(const int8_t* step_data, size_t vec) const {
    return LoadQuads(step_data + vec * hn::Lanes(FloatTag()) * 4);
  }
  HWY_INLINE void Fetch(const int8_t*, size_t, size_t) const {}
};

// The last of them, fewer than a vector.
struct LastQuadColumns {
  static constexpr bool kSideBySide = false;
  const int8_t* data;
  size_t step;
  size_t count;

  HWY_INLINE IntVec Load(const int8_t* step_data, size_t) const {
    return LoadQuads(step_data, count);
  }
  HWY_INLINE void Fetch(const int8_t*, size_t, size_t) const {}
};

// The count, which the compiler is not to know: g++ 12 copies the sums of a
// loop of constant length to other registers and back.
HWY_INLINE size_t Opaque(size_t count) {
#if HWY_COMPILER_GCC_ACTUAL
  __asm__("" : "+r"(count));
#endif
  return count;
}

// RoundToInt of each lane.
HWY_INLINE IntVec RoundToInts(Vec x) {
  const FloatTag d;
  const IntTag di;
  const Vec shift = hn::Set(d, kRoundingShift);
  return hn::Sub(hn::BitCast(di, hn::Add(x, shift)), hn::BitCast(di, shift));
}

}  // namespace
// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace fovea
HWY_AFTER_NAMESPACE();

#endif  // FOVEA_KERNELS_QUAD_INL_H_
