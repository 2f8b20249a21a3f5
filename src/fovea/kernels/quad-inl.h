// SPDX-License-Identifier: Apache-2.0
// Sums of products of int8, four to a lane.  Integers: exact in any order, so
// the bits are the same however a target does it.
#if defined(FOVEA_KERNELS_QUAD_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FOVEA_KERNELS_QUAD_INL_H_
#undef FOVEA_KERNELS_QUAD_INL_H_
#else
#define FOVEA_KERNELS_QUAD_INL_H_
#endif

#include "fovea/kernels/outer_product-inl.h"
#include "fovea/quantise.h"

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

HWY_INLINE IntVec AddQuadProducts(int32_t a, IntVec b, IntVec sum) {
  int32_t total = hn::GetLane(sum);
  const uint32_t x = static_cast<uint32_t>(a);
  const uint32_t y = static_cast<uint32_t>(hn::GetLane(b));
  for (int shift = 0; shift < 32; shift += 8) {
    total += int32_t{static_cast<int8_t>(x >> shift)} *
             int32_t{static_cast<int8_t>(y >> shift)};
  }
  return hn::Set(IntTag(), total);
}

#else

using QuadTag = hn::Repartition<int8_t, FloatTag>;

HWY_INLINE IntVec LoadQuads(const int8_t* from) {
  return hn::BitCast(IntTag(), hn::LoadU(QuadTag(), from));
}
HWY_INLINE IntVec LoadQuads(const int8_t* from, size_t count) {
  return hn::BitCast(IntTag(), hn::LoadN(QuadTag(), from, 4 * count));
}

// Factors from -127 to 127.
HWY_INLINE IntVec AddQuadProducts(int32_t a, IntVec b, IntVec sum) {
  const IntTag d;
  const QuadTag dq;
  return hn::SumOfMulQuadAccumulate(d, hn::BitCast(dq, hn::Set(d, a)),
                                    hn::BitCast(dq, b), sum);
}

#endif

// x86 multiplies unsigned by signed.  Keys are then read 128 larger, and what
// that adds to a sum is known beforehand: 128 times the sum of the factors.
#if HWY_ARCH_X86 && HWY_TARGET <= HWY_AVX3_DL

constexpr int32_t kKeyOffset = 128;

HWY_INLINE IntVec OffsetKeys(IntVec keys) {
  const IntTag d;
  return hn::Xor(keys, hn::Set(d, static_cast<int32_t>(0x80808080u)));
}
// sum + the products of unsigned and signed bytes.  g++ 12 copies the sum to
// another register and back around its builtin, which has another type: half of
// the instructions of a loop (Zen 5: D2 342 -> 288 us).
HWY_INLINE IntVec AddByteProducts(IntVec of_unsigned, IntVec of_signed,
                                  IntVec sum) {
#if HWY_COMPILER_GCC_ACTUAL
  __asm__("vpdpbusd %2, %1, %0"
          : "+v"(sum.raw)
          : "v"(of_unsigned.raw), "v"(of_signed.raw));
  return sum;
#else
  const hn::RebindToUnsigned<QuadTag> du;
  return hn::SumOfMulQuadAccumulate(IntTag(), hn::BitCast(du, of_unsigned),
                                    hn::BitCast(QuadTag(), of_signed), sum);
#endif
}
HWY_INLINE IntVec AddKeyProducts(int32_t factor, IntVec keys, IntVec sum) {
  return AddByteProducts(keys, hn::Set(IntTag(), factor), sum);
}
// Factors from 0 to 127.
HWY_INLINE IntVec AddValueProducts(int32_t factor, IntVec values, IntVec sum) {
  return AddByteProducts(hn::Set(IntTag(), factor), values, sum);
}

#else

constexpr int32_t kKeyOffset = 0;

HWY_INLINE IntVec OffsetKeys(IntVec keys) { return keys; }
HWY_INLINE IntVec AddKeyProducts(int32_t factor, IntVec keys, IntVec sum) {
  return AddQuadProducts(factor, keys, sum);
}
HWY_INLINE IntVec AddValueProducts(int32_t factor, IntVec values, IntVec sum) {
  return AddQuadProducts(factor, values, sum);
}

#endif

// For OuterProduct: a factor is four int8 in a word, b's columns are quads.
struct KeyProduct {
  using Factor = int32_t;
  using Sum = IntVec;

  static HWY_INLINE IntVec Start(float) { return hn::Zero(IntTag()); }
  template <bool>
  static HWY_INLINE IntVec Add(int32_t factor, IntVec column, IntVec sum) {
    return AddKeyProducts(factor, column, sum);
  }
  static HWY_INLINE IntVec Pinned(IntVec column) { return InRegister(column); }
};
struct ValueProduct : KeyProduct {
  template <bool>
  static HWY_INLINE IntVec Add(int32_t factor, IntVec column, IntVec sum) {
    return AddValueProducts(factor, column, sum);
  }
};

// Keys in panels [dim/4][16][4], `panel_stride` bytes apart.  The first column
// is a multiple of the vector length.
struct QuadPanels {
  static constexpr bool kSideBySide = false;
  const int8_t* data;
  size_t first;
  size_t panel_stride;
  static constexpr size_t step = 4 * kPanel;

  HWY_INLINE IntVec Load(const int8_t* step_data, size_t vec) const {
    const size_t column = first + vec * hn::Lanes(FloatTag());
    return OffsetKeys(LoadQuads(step_data + column / kPanel * panel_stride +
                                column % kPanel * 4));
  }
  HWY_INLINE void Fetch(const int8_t*, size_t, size_t) const {}
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
