// SPDX-License-Identifier: Apache-2.0
// The leaf of Highway's own operations: what every other one must equal.
#if defined(FOVEA_PORT_INT8_PLAIN_PRODUCTS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FOVEA_PORT_INT8_PLAIN_PRODUCTS_INL_H_
#undef FOVEA_PORT_INT8_PLAIN_PRODUCTS_INL_H_
#else
#define FOVEA_PORT_INT8_PLAIN_PRODUCTS_INL_H_
#endif

#include "fovea/kernels/simd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace fovea {
namespace HWY_NAMESPACE {
namespace {

struct NoProductBlock {
  static constexpr bool kExists = false;
};

// Four factors of 16 bits: 0 and 2, and 1 and 3, the first of each in the lower
// half.
struct WideFactor {
  int32_t even, odd;
};

struct PlainProducts {
  template <size_t, size_t>
  using Block = NoProductBlock;

  static constexpr int32_t kKeyOffset = 0;
  // Where one lane multiplies whole registers.
  static constexpr bool kHasWide = HWY_TARGET == HWY_SCALAR;

  static HWY_INLINE IntVec OffsetKeys(IntVec keys) { return keys; }

  static HWY_INLINE IntVec AddKeys(int32_t factor, IntVec keys, IntVec sum) {
#if HWY_TARGET == HWY_SCALAR
    int32_t total = hn::GetLane(sum);
    const uint32_t x = static_cast<uint32_t>(factor);
    const uint32_t y = static_cast<uint32_t>(hn::GetLane(keys));
    for (int shift = 0; shift < 32; shift += 8) {
      total += int32_t{static_cast<int8_t>(x >> shift)} *
               int32_t{static_cast<int8_t>(y >> shift)};
    }
    return hn::Set(IntTag(), total);
#else
    const IntTag d;
    const hn::Repartition<int8_t, FloatTag> dq;
    return hn::SumOfMulQuadAccumulate(d, hn::BitCast(dq, hn::Set(d, factor)),
                                      hn::BitCast(dq, keys), sum);
#endif
  }

  static HWY_INLINE IntVec AddValues(int32_t factor, IntVec values,
                                     IntVec sum) {
    return AddKeys(factor, values, sum);
  }

#if HWY_TARGET == HWY_SCALAR
  template <size_t, size_t>
  using WideBlock = NoProductBlock;
  static HWY_INLINE IntVec AddWide(WideFactor factor, IntVec columns,
                                   IntVec sum) {
    const uint32_t bytes = static_cast<uint32_t>(hn::GetLane(columns));
    int32_t total = hn::GetLane(sum);
    total += int32_t{static_cast<int16_t>(factor.even)} *
             int32_t{static_cast<int8_t>(bytes)};
    total += int32_t{static_cast<int16_t>(factor.odd)} *
             int32_t{static_cast<int8_t>(bytes >> 8)};
    total += (factor.even >> 16) * int32_t{static_cast<int8_t>(bytes >> 16)};
    total += (factor.odd >> 16) * int32_t{static_cast<int8_t>(bytes >> 24)};
    return hn::Set(IntTag(), total);
  }
#endif
};

}  // namespace
// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace fovea
HWY_AFTER_NAMESPACE();

#endif  // FOVEA_PORT_INT8_PLAIN_PRODUCTS_INL_H_
