// SPDX-License-Identifier: Apache-2.0
// y = (x - mean) / sqrt(variance + eps) * weight + bias.  The variance is taken
// about the mean, so that a large mean costs it nothing.
#if defined(FOVEA_KERNELS_LAYER_NORM_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FOVEA_KERNELS_LAYER_NORM_INL_H_
#undef FOVEA_KERNELS_LAYER_NORM_INL_H_
#else
#define FOVEA_KERNELS_LAYER_NORM_INL_H_
#endif

#include "fovea/kernels/rows-inl.h"

HWY_BEFORE_NAMESPACE();
namespace fovea {
namespace HWY_NAMESPACE {
namespace {

HWY_INLINE float MeanOfRow(const float* x, size_t dim) {
  const auto add = [](Vec value, Vec sum) { return hn::Add(sum, value); };
  return SumOverRow(x, dim, hn::Zero(FloatTag()), add) /
         static_cast<float>(dim);
}

HWY_INLINE float VarianceOfRow(const float* x, size_t dim, float mean) {
  const Vec means = hn::Set(FloatTag(), mean);
  const auto add = [&](Vec value, Vec sum) {
    const Vec centred = hn::Sub(value, means);
    return Fma(centred, centred, sum);
  };
  return SumOverRow(x, dim, means, add) / static_cast<float>(dim);
}

// bias: null for none.  y may be x.
HWY_NOINLINE HWY_MAYBE_UNUSED void LayerNormRow(const float* x,
                                                const float* weight,
                                                const float* bias, float eps,
                                                size_t dim, float* y) {
  const FloatTag d;
  const float mean = MeanOfRow(x, dim);
  const float variance = VarianceOfRow(x, dim, mean);
  const Vec means = hn::Set(d, mean);
  const Vec scale = hn::Set(d, 1.0f / SquareRoot(variance + eps));
  for (size_t i = 0; i < dim; i += hn::Lanes(d)) {
    const size_t n = HWY_MIN(dim - i, hn::Lanes(d));
    const Vec centred = hn::Sub(hn::LoadN(d, x + i, n), means);
    const Vec normed = hn::Mul(centred, scale);
    const Vec offset = bias ? hn::LoadN(d, bias + i, n) : hn::Zero(d);
    hn::StoreN(Fma(normed, hn::LoadN(d, weight + i, n), offset), d, y + i, n);
  }
}

}  // namespace
// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace fovea
HWY_AFTER_NAMESPACE();

#endif  // FOVEA_KERNELS_LAYER_NORM_INL_H_
