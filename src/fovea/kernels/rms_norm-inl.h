// SPDX-License-Identifier: Apache-2.0
// y = x / sqrt(mean(x^2) + eps) * weight.
#if defined(FOVEA_KERNELS_RMS_NORM_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FOVEA_KERNELS_RMS_NORM_INL_H_
#undef FOVEA_KERNELS_RMS_NORM_INL_H_
#else
#define FOVEA_KERNELS_RMS_NORM_INL_H_
#endif

#include "fovea/kernels/rows-inl.h"

HWY_BEFORE_NAMESPACE();
namespace fovea {
namespace HWY_NAMESPACE {
namespace {

HWY_INLINE float SumOfSquares(const float* HWY_RESTRICT x, size_t dim) {
  const auto add = [](Vec value, Vec sum) { return Fma(value, value, sum); };
  return SumOverRow(x, dim, hn::Zero(FloatTag()), add);
}

HWY_NOINLINE HWY_MAYBE_UNUSED void RmsNormRow(const float* x,
                                              const float* weight, float eps,
                                              size_t dim, float* y) {
  const FloatTag d;
  const size_t lanes = hn::Lanes(d);
  const float mean = SumOfSquares(x, dim) / static_cast<float>(dim);
  const Vec scale = hn::Set(d, 1.0f / SquareRoot(mean + eps));
  size_t i = 0;
  for (; i + lanes <= dim; i += lanes) {
    const Vec scaled = hn::Mul(hn::LoadU(d, x + i), scale);
    hn::StoreU(hn::Mul(scaled, hn::LoadU(d, weight + i)), d, y + i);
  }
  if (i < dim) {
    const size_t rest = dim - i;
    const Vec scaled = hn::Mul(hn::LoadN(d, x + i, rest), scale);
    hn::StoreN(hn::Mul(scaled, hn::LoadN(d, weight + i, rest)), d, y + i, rest);
  }
}

}  // namespace
// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace fovea
HWY_AFTER_NAMESPACE();

#endif  // FOVEA_KERNELS_RMS_NORM_INL_H_
