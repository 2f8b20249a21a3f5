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

// What the port computes of blocks of kRows x kVecs.
template <size_t kRows, size_t kVecs>
struct PortBlock {
  static constexpr bool kExists = false;
};

#if FOVEA_PORT_BLOCK_LANES == 4 && !HWY_HAVE_SCALABLE && \
    HWY_TARGET <= HWY_NEON_WITHOUT_AES

template <>
struct PortBlock<4, 4> {
  static constexpr bool kExists = true;

  // Writes sums[row][column], rows `stride` floats apart where the sink has a
  // place for them, over `count` steps of factors a[row * row_stride +
  // k * a_step] and columns b[k * b_step + column], and returns true; or
  // false, and writes nothing, where the port has no such block.
  static HWY_INLINE bool Sum(const float* a, size_t row_stride, size_t a_step,
                             const float* b, size_t b_step, size_t count,
                             float start, float* sums) {
    if (count == 0) return false;
    if (a_step == 1) {
      port::SumAlong4x4(a, row_stride, b, b_step, count, start, sums, 16);
    } else if (row_stride == 1) {
      port::SumAcross4x4(a, a_step, b, b_step, count, start, sums);
    } else {
      return false;
    }
    return true;
  }
  static HWY_INLINE void Join(const float* sums, const float* correction,
                              float* output, size_t stride) {
    port::Join4x4(sums, correction, output, stride);
  }
};

#elif FOVEA_PORT_BLOCK_LANES == 1 && HWY_TARGET == HWY_SCALAR

template <>
struct PortBlock<4, 4> {
  static constexpr bool kExists = true;

  // Writes sums[row][column] over `count` steps of factors
  // a[row * row_stride + k * a_step] and columns b[k * b_step + column], and
  // returns true; or false, and writes nothing, where the port has no such
  // block.
  static HWY_INLINE bool Sum(const float* a, size_t row_stride, size_t a_step,
                             const float* b, size_t b_step, size_t count,
                             float start, float* sums) {
    if (count == 0) return false;
    if (a_step == 1 && b_step == 4) {
      port::SumAlong4x4<4>(a, row_stride, b, count, start, sums);
    } else if (a_step == 1 && b_step == kPanel) {
      port::SumAlong4x4<kPanel>(a, row_stride, b, count, start, sums);
    } else if (row_stride == 1 && a_step == 4) {
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
};

template <>
struct PortBlock<1, 16> {
  static constexpr bool kExists = true;

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

#endif  // FOVEA_KERNELS_PORT_BLOCK_INL_H_
