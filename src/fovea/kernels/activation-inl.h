// SPDX-License-Identifier: Apache-2.0
// What stands between the two layers of a feed-forward, over a run of floats.
#if defined(FOVEA_KERNELS_ACTIVATION_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FOVEA_KERNELS_ACTIVATION_INL_H_
#undef FOVEA_KERNELS_ACTIVATION_INL_H_
#else
#define FOVEA_KERNELS_ACTIVATION_INL_H_
#endif

#include "fovea/kernels/gelu-inl.h"
#include "fovea/kernels/simd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace fovea {
namespace HWY_NAMESPACE {
namespace {

// max(x, 0), NaN for NaN.
HWY_INLINE Vec Relu(Vec x) {
  return hn::IfThenZeroElse(hn::Lt(x, hn::Zero(FloatTag())), x);
}

// x[i] = activation(x[i]).
template <class Activation>
HWY_INLINE void Activate(const Activation& activation, float* x, size_t count) {
  const FloatTag d;
  for (size_t i = 0; i < count; i += hn::Lanes(d)) {
    const size_t n = HWY_MIN(count - i, hn::Lanes(d));
    hn::StoreN(activation(hn::LoadN(d, x + i, n)), d, x + i, n);
  }
}

HWY_NOINLINE HWY_MAYBE_UNUSED void ReluRow(float* x, size_t count) {
  Activate([](Vec v) { return Relu(v); }, x, count);
}

HWY_NOINLINE HWY_MAYBE_UNUSED void GeluRow(float* x, size_t count) {
  Activate([](Vec v) { return Gelu(v); }, x, count);
}

HWY_NOINLINE HWY_MAYBE_UNUSED void GeluTanhRow(float* x, size_t count) {
  Activate([](Vec v) { return GeluTanh(v); }, x, count);
}

}  // namespace
// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace fovea
HWY_AFTER_NAMESPACE();

#endif  // FOVEA_KERNELS_ACTIVATION_INL_H_
