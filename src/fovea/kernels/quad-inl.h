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

  template <size_t kRows, size_t kVecs>
  using Block = Int8Products::Block<kRows, kVecs>;
  using Element = int32_t;
  static HWY_INLINE IntVec Load(const int32_t* from) {
    return hn::Load(IntTag(), from);
  }
};
struct ValueProduct : KeyProduct {
  template <bool>
  static HWY_INLINE IntVec Add(int32_t factor, IntVec column, IntVec sum) {
    return Int8Products::AddValues(factor, column, sum);
  }
};

// Factors of more than 7 bits, four dims at a time: in two parts of int8, whose
// sums the caller puts together; or whole, where the port has such products,
// for half of them (a decode from an int8 cache on a Cortex-M4F: 6.5
// instructions a multiply-add in parts, 3.8 whole).
//
//   kParts  products of a row: kParts * rows for OuterProduct
//   Store   one row's factor i of `count`, a multiple of four: it is
//           high * 2^kShift + low
//   Of      some rows' factors, 2 * count / 4 words each, from quad `first` on
template <class Products, bool kWide>
struct FineFactors {
  static constexpr size_t kParts = 2;
  using KeyMath = KeyProduct;
  using ValueMath = ValueProduct;

  static HWY_INLINE void Store(int32_t high, int32_t low, int /*shift*/,
                               size_t i, size_t count, int8_t* row) {
    row[i] = static_cast<int8_t>(high);
    row[count + i] = static_cast<int8_t>(low);
  }
  static HWY_INLINE Factors<int32_t> Of(const int32_t* rows, size_t count,
                                        size_t first) {
    return {rows + first, count / 4, 1};
  }
};
template <class Products>
struct FineFactors<Products, true> {
  static constexpr size_t kParts = 1;
  struct KeyMath : KeyProduct {
    using Factor = WideFactor;
    template <bool>
    static HWY_INLINE IntVec Add(WideFactor factor, IntVec column, IntVec sum) {
      return Products::AddWide(factor, column, sum);
    }
    template <size_t kRows, size_t kVecs>
    using Block = typename Products::template WideBlock<kRows, kVecs>;
  };
  using ValueMath = KeyMath;

  static HWY_INLINE void Store(int32_t high, int32_t low, int shift, size_t i,
                               size_t /*count*/, int8_t* row) {
    const int16_t whole = static_cast<int16_t>(high * (1 << shift) + low);
    const size_t at = i / 4 * 4 + i % 2 * 2 + i % 4 / 2;
    hwy::CopyBytes<sizeof(whole)>(&whole, row + 2 * at);
  }
  static HWY_INLINE Factors<WideFactor> Of(const int32_t* rows, size_t count,
                                           size_t first) {
    return {reinterpret_cast<const WideFactor*>(rows) + first, count / 4, 1};
  }
};
using Fine = FineFactors<Int8Products, Int8Products::kHasWide>;

// Keys in panels [dim/4][16][4], `panel_stride` bytes apart, as they lie there.
// The first column is a multiple of the vector length.
struct RawQuadPanels {
  // Where a block is never wider than a panel: of up to four lanes.
  static constexpr bool kSideBySide = kMaxLanes <= 4;
  const int8_t* data;
  size_t first;
  size_t panel_stride;
  static constexpr size_t step = 4 * kPanel;

  HWY_INLINE const int8_t* At(const int8_t* step_data, size_t vec) const {
    const size_t column = first + vec * hn::Lanes(FloatTag());
    return step_data + column / kPanel * panel_stride + column % kPanel * 4;
  }
  HWY_INLINE IntVec Load(const int8_t* step_data, size_t vec) const {
    return LoadQuads(At(step_data, vec));
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
  static constexpr bool kSideBySide = true;
  const int8_t* data;
  size_t step;

  HWY_INLINE const int8_t* At(const int8_t* step_data, size_t vec) const {
    return step_data + vec * hn::Lanes(FloatTag()) * 4;
  }
  HWY_INLINE IntVec Load(const int8_t* step_data, size_t vec) const {
    return LoadQuads(At(step_data, vec));
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

// Four rows of values as [dim][4], in vectors of at most kBytes.
template <size_t kBytes, class Dim>
HWY_INLINE void InterleaveBytes(Dim dim, const int8_t* const (&rows)[4],
                                int8_t* HWY_RESTRICT to) {
  size_t column = 0;
  if constexpr (kMaxLanes > 1) {
    const hn::CappedTag<int8_t, kBytes> d;
    const size_t lanes = hn::Lanes(d);
    const auto interleave = [&](size_t first) HWY_ATTR {
      hn::StoreInterleaved4(hn::LoadU(d, rows[0] + first),
                            hn::LoadU(d, rows[1] + first),
                            hn::LoadU(d, rows[2] + first),
                            hn::LoadU(d, rows[3] + first), d, to + 4 * first);
    };
    for (; column + lanes <= dim; column += lanes) interleave(column);
    // The rest again with some before it, where there are enough.
    if (column > 0 && column < dim) return interleave(dim - lanes);
  }
  for (; column < dim; ++column) {
    for (size_t i = 0; i < 4; ++i) to[4 * column + i] = rows[i][column];
  }
}
template <class Dim>
HWY_INLINE void InterleaveFour(Dim dim, const int8_t* const (&rows)[4],
                               int8_t* HWY_RESTRICT to) {
  if (kMaxLanes == kPanel && dim >= 64) {
    InterleaveBytes<64>(dim, rows, to);
  } else if (kMaxLanes >= 8 && dim >= 32) {
    InterleaveBytes<32>(dim, rows, to);
  } else {
    InterleaveBytes<16>(dim, rows, to);
  }
}

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
