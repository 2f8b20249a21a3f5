// SPDX-License-Identifier: Apache-2.0
// 64-bit Arm's smmla for blocks of four rows, and sdot for the rest.
//
// Without a guard of its own: products-inl.h includes it once for each target
// that has these instructions.

#include "port/aarch64/dot_products-inl.h"
#include "port/aarch64/matmul_block.h"

HWY_BEFORE_NAMESPACE();
namespace fovea {
namespace HWY_NAMESPACE {
namespace {

template <size_t kRows, size_t kVecs>
struct MatmulBlock : NoProductBlock {};

template <>
struct MatmulBlock<4, 4> {
  static constexpr bool kExists = true;

  static HWY_INLINE bool Sum(const int32_t* a, size_t row_stride, size_t a_step,
                             const int8_t* b, size_t b_step, size_t count,
                             float, int32_t* sums) {
    if (count == 0 || a_step != 1) return false;
    port::MatmulAlong4x4(a, row_stride, b, b_step, count, sums);
    return true;
  }
};

struct MatmulProducts : DotProducts {
  template <size_t kRows, size_t kVecs>
  using Block = MatmulBlock<kRows, kVecs>;
};

}  // namespace
// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace fovea
HWY_AFTER_NAMESPACE();
