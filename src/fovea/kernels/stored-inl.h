// SPDX-License-Identifier: Apache-2.0
// Vectors of floats from what a cache stores: exact, and never by way of
// memory.
#if defined(FOVEA_KERNELS_STORED_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FOVEA_KERNELS_STORED_INL_H_
#undef FOVEA_KERNELS_STORED_INL_H_
#else
#define FOVEA_KERNELS_STORED_INL_H_
#endif

#include "fovea/kernels/simd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace fovea {
namespace HWY_NAMESPACE {
namespace {

template <class Element>
using StoredTag = hn::Rebind<Element, FloatTag>;

// A bfloat16 is the upper half of a float.
HWY_INLINE Vec BFloat16ToFloats(hn::Vec<StoredTag<uint16_t>> bits) {
  const hn::RebindToUnsigned<FloatTag> du;
  return hn::BitCast(FloatTag(), hn::ShiftLeft<16>(hn::PromoteTo(du, bits)));
}

// Highway converts by integers where the target has no instruction for it, and
// takes infinity and NaN for numbers from 2^16 on there.
HWY_INLINE Vec Float16ToFloats(hn::Vec<StoredTag<hwy::float16_t>> stored) {
  const FloatTag d;
  const Vec x = hn::PromoteTo(d, stored);
#if HWY_TARGET == HWY_SCALAR || HWY_ARCH_ARM_A64 || \
    (HWY_ARCH_X86 && HWY_TARGET <= HWY_AVX2)
  return x;
#else
  const Vec exponent = hn::BitCast(d, hn::Set(IntTag(), 0x7f800000));
  const auto beyond = hn::Ge(hn::Abs(x), hn::Set(d, 65536.0f));
  return hn::Or(x, hn::IfThenElseZero(beyond, exponent));
#endif
}

HWY_INLINE Vec LoadFloats(const float* from) {
  return kMaxLanes == 1 ? LoadLanes(from) : hn::LoadU(FloatTag(), from);
}
HWY_INLINE Vec LoadFloats(const hwy::bfloat16_t* from) {
  return BFloat16ToFloats(hn::LoadU(StoredTag<uint16_t>(),
                                    reinterpret_cast<const uint16_t*>(from)));
}
HWY_INLINE Vec LoadFloats(const hwy::float16_t* from) {
  return Float16ToFloats(hn::LoadU(StoredTag<hwy::float16_t>(), from));
}

// The first `count` of them; the rest is 0.
HWY_INLINE Vec LoadFloats(const float* from, size_t count) {
  return hn::LoadN(FloatTag(), from, count);
}
HWY_INLINE Vec LoadFloats(const hwy::bfloat16_t* from, size_t count) {
  return BFloat16ToFloats(hn::LoadN(
      StoredTag<uint16_t>(), reinterpret_cast<const uint16_t*>(from), count));
}
HWY_INLINE Vec LoadFloats(const hwy::float16_t* from, size_t count) {
  const auto bits = hn::LoadN(StoredTag<uint16_t>(),
                              reinterpret_cast<const uint16_t*>(from), count);
  return Float16ToFloats(hn::BitCast(StoredTag<hwy::float16_t>(), bits));
}

}  // namespace
// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace fovea
HWY_AFTER_NAMESPACE();

#endif  // FOVEA_KERNELS_STORED_INL_H_
