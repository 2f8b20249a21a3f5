// SPDX-License-Identifier: Apache-2.0
// 64-bit Arm's sdot, which multiplies signed by signed.
// Without an include guard: port/int8/products-inl.h has one, and a toggle
// would count on every target, of which this is included for some.

#include <arm_neon.h>

#include "fovea/kernels/simd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace fovea {
namespace HWY_NAMESPACE {
namespace {

struct DotProducts {
  static constexpr int32_t kKeyOffset = 0;

  static HWY_INLINE IntVec OffsetKeys(IntVec keys) { return keys; }

  static HWY_INLINE IntVec AddKeys(int32_t factor, IntVec keys, IntVec sum) {
    return IntVec(vdotq_s32(sum.raw, vreinterpretq_s8_s32(keys.raw),
                            vreinterpretq_s8_s32(vdupq_n_s32(factor))));
  }

  static HWY_INLINE IntVec AddValues(int32_t factor, IntVec values,
                                     IntVec sum) {
    return AddKeys(factor, values, sum);
  }
};

}  // namespace
// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace fovea
HWY_AFTER_NAMESPACE();
