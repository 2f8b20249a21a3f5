// SPDX-License-Identifier: Apache-2.0
// MultiplyHigh (fovea/kernels/integer_math.h) in Highway's vectors.
#if defined(FOVEA_PORT_INTEGER_MULTIPLY_HIGH_INL_H_) == \
    defined(HWY_TARGET_TOGGLE)
#ifdef FOVEA_PORT_INTEGER_MULTIPLY_HIGH_INL_H_
#undef FOVEA_PORT_INTEGER_MULTIPLY_HIGH_INL_H_
#else
#define FOVEA_PORT_INTEGER_MULTIPLY_HIGH_INL_H_
#endif

#include <cstdint>

#include "fovea/kernels/quad-inl.h"

HWY_BEFORE_NAMESPACE();
namespace fovea {
namespace integer {
inline namespace FOVEA_INTEGER_NAMESPACE {
namespace vector {

namespace hn = hwy::HWY_NAMESPACE;
using fovea::HWY_NAMESPACE::IntTag;
using fovea::HWY_NAMESPACE::IntVec;

// MultiplyHigh of each lane.
HWY_INLINE IntVec MultiplyHighOf(IntVec a, IntVec b) {
  const IntTag d;
  const hn::RepartitionToWide<IntTag> wide;
  const auto half = hn::Set(wide, int64_t{1} << 30);
  const auto even = hn::Add(hn::MulEven(a, b), half);
  const auto odd = hn::Add(hn::MulOdd(a, b), half);
  return hn::OddEven(hn::BitCast(d, hn::ShiftLeft<1>(odd)),
                     hn::BitCast(d, hn::ShiftRight<31>(even)));
}

}  // namespace vector
}  // namespace FOVEA_INTEGER_NAMESPACE
}  // namespace integer
}  // namespace fovea
HWY_AFTER_NAMESPACE();

#endif  // FOVEA_PORT_INTEGER_MULTIPLY_HIGH_INL_H_
