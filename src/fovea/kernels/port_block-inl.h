// SPDX-License-Identifier: Apache-2.0
// The micro-kernel's blocks that a port computes where Highway has one lane
// (port/float_block.h).
#if defined(FOVEA_KERNELS_PORT_BLOCK_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FOVEA_KERNELS_PORT_BLOCK_INL_H_
#undef FOVEA_KERNELS_PORT_BLOCK_INL_H_
#else
#define FOVEA_KERNELS_PORT_BLOCK_INL_H_
#endif

#include "fovea/kernels/simd-inl.h"
#include "port/float_block.h"

HWY_BEFORE_NAMESPACE();
namespace fovea {
namespace HWY_NAMESPACE {
namespace {

// kRows x kVecs sums over the first steps of chains that begin with `start`:
// factors a[row * row_stride + k * a_step], columns b[k * b_step + column].
// Writes sums[row][column] and returns how many steps they hold; 0: none, and
// nothing is written.
template <size_t kRows, size_t kVecs>
struct PortBlock {
  static constexpr bool kExists = false;
};

#if FOVEA_HAS_FLOAT_BLOCKS && HWY_TARGET == HWY_SCALAR

HWY_INLINE constexpr size_t WholeTurns(size_t count) {
  return count / port::kBlockSteps * port::kBlockSteps;
}

template <>
struct PortBlock<4, 4> {
  static constexpr bool kExists = true;

  static HWY_INLINE size_t Sum(const float* a, size_t row_stride, size_t a_step,
                               const float* b, size_t b_step, size_t count,
                               float start, float* sums) {
    const size_t whole = WholeTurns(count);
    if (whole == 0) return 0;
    if (a_step == 1) {
      port::SumBlockAlong4x4(a, row_stride, b, b_step, whole, start, sums);
    } else if (row_stride == 1 && a_step == 4) {
      port::SumBlockAcross4x4(a, b, b_step, whole, start, sums);
    } else {
      return 0;
    }
    return whole;
  }
};

template <>
struct PortBlock<1, 16> {
  static constexpr bool kExists = true;

  static HWY_INLINE size_t Sum(const float* a, size_t, size_t a_step,
                               const float* b, size_t b_step, size_t count,
                               float start, float* sums) {
    const size_t whole = WholeTurns(count);
    if (whole == 0 || a_step != 1) return 0;
    port::SumBlockAlong1x16(a, b, b_step, whole, start, sums);
    return whole;
  }
};

#endif

}  // namespace
// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace fovea
HWY_AFTER_NAMESPACE();

#endif  // FOVEA_KERNELS_PORT_BLOCK_INL_H_
