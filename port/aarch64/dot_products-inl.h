// SPDX-License-Identifier: Apache-2.0
// 64-bit Arm's sdot, which multiplies signed by signed.
//
// Without a guard of its own: products-inl.h includes it once for each target
// that has these instructions.

#include <arm_neon.h>

#include "port/float_block.h"
#include "port/int8/plain_products-inl.h"

HWY_BEFORE_NAMESPACE();
namespace fovea {
namespace HWY_NAMESPACE {
namespace {

// Blocks of 4 rows by 4 vectors in assembly: a load serves four factors, or
// four vectors (a prefill in int8, dim 64: 74 instructions instead of 132 for
// 64 products).
template <size_t kRows, size_t kVecs>
struct DotBlock : NoProductBlock {};

#if defined(__ARM_FEATURE_DOTPROD) && defined(__GNUC__) && \
    !defined(__ARM_BIG_ENDIAN)
template <>
struct DotBlock<4, 4> {
  static constexpr bool kExists = true;

  static HWY_INLINE bool Sum(const int32_t* a, size_t row_stride, size_t a_step,
                             const int8_t* b, size_t b_step, size_t count,
                             float, int32_t* sums) {
    if (count == 0 || a_step != 1) return false;
    port::DotAlong4x4(a, row_stride, b, b_step, count, sums);
    return true;
  }
};
#endif

struct DotProducts {
  template <size_t kRows, size_t kVecs>
  using Block = DotBlock<kRows, kVecs>;

  static constexpr int32_t kKeyOffset = 0;
  static constexpr bool kHasWide = false;

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
