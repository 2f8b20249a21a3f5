// SPDX-License-Identifier: Apache-2.0
// The micro-kernel's blocks that a port computes (port/float_block.h).
#if defined(FOVEA_KERNELS_PORT_BLOCK_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FOVEA_KERNELS_PORT_BLOCK_INL_H_
#undef FOVEA_KERNELS_PORT_BLOCK_INL_H_
#else
#define FOVEA_KERNELS_PORT_BLOCK_INL_H_
#endif

#include "fovea/kernels/simd-inl.h"
#include "port/float_block.h"

// No function, so none for the target's attributes: clang warns of regions that
// have nothing to apply them to.
namespace fovea {
namespace HWY_NAMESPACE {
namespace {

// What the port computes of blocks of kRows x kVecs.
template <size_t kRows, size_t kVecs>
struct PortBlock {
  static constexpr bool kExists = false;
};

}  // namespace
// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace fovea

#if FOVEA_PORT_BLOCK_LANES && !HWY_HAVE_SCALABLE && HWY_TARGET != HWY_EMU128

HWY_BEFORE_NAMESPACE();
namespace fovea {
namespace HWY_NAMESPACE {
namespace {

template <>
struct PortBlock<4, 4> {
  static constexpr bool kExists = kMaxLanes == FOVEA_PORT_BLOCK_LANES;
  static constexpr size_t kColumns = 4 * FOVEA_PORT_BLOCK_LANES;
  static constexpr size_t kSums = 4 * kColumns;

  // Writes sums[row][column] over `count` steps of factors
  // a[row * row_stride + k * a_step] and columns b[k * b_step + column], and
  // returns true; or false, and writes nothing, where the port has no such
  // block.
  static HWY_INLINE bool Sum(const float* a, size_t row_stride, size_t a_step,
                             const float* b, size_t b_step, size_t count,
                             float start, float* sums) {
    if (count == 0) return false;
    if (a_step == 1 && b_step == kColumns) {
      port::SumAlong4x4<kColumns>(a, row_stride, b, count, start, sums);
    } else if (a_step == 1 && b_step == kPanel) {
      port::SumAlong4x4<kPanel>(a, row_stride, b, count, start, sums);
    } else if (row_stride == 1 && a_step == kColumns) {
      port::SumAcross4x4(a, b, b_step, count, start, sums);
    } else {
      return false;
    }
    return true;
  }

  // output[row * stride + column] = that * correction[row] + sums.
  static HWY_INLINE void Join(const float* sums, const float* correction,
                              float* output, size_t stride) {
    port::Join4x4(sums, correction, output, stride);
  }

  // Sum for `blocks` times four rows with a_step 1 and b_step kColumns.
  static HWY_INLINE void SumRows(const float* a, size_t row_stride,
                                 size_t blocks, const float* b, size_t count,
                                 float start, float* sums) {
    for (; blocks != 0; --blocks, a += 4 * row_stride, sums += kSums) {
      port::SumAlong4x4<kColumns>(a, row_stride, b, count, start, sums);
    }
  }

  // Sum and Join for `blocks` times kColumns columns, with row_stride 1 and
  // a_step kColumns.
  static HWY_INLINE void JoinColumns(const float* a, const float* b,
                                     size_t b_step, size_t blocks, size_t count,
                                     float start, const float* correction,
                                     float* output, size_t stride) {
    HWY_ALIGN float sums[kSums];
    for (; blocks != 0; --blocks, b += kColumns, output += kColumns) {
      port::SumAcross4x4(a, b, b_step, count, start, sums);
      port::Join4x4(sums, correction, output, stride);
    }
  }
};

#if FOVEA_PORT_BLOCK_LANES == 1

template <>
struct PortBlock<1, 16> {
  static constexpr bool kExists = kMaxLanes == 1;

  static HWY_INLINE bool Sum(const float* a, size_t, size_t a_step,
                             const float* b, size_t b_step, size_t count,
                             float start, float* sums) {
    if (count == 0 || a_step != 1) return false;
    port::SumAlong1x16(a, b, b_step, count, start, sums);
    return true;
  }
  static HWY_INLINE void Join(const float* sums, const float* correction,
                              float* output, size_t) {
    port::Join1x16(sums, *correction, output);
  }
};

#endif

}  // namespace
// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace fovea
HWY_AFTER_NAMESPACE();

#endif

#endif  // FOVEA_KERNELS_PORT_BLOCK_INL_H_
