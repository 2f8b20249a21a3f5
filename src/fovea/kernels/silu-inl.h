// SPDX-License-Identifier: Apache-2.0
// SiLU and its gate: silu(x) = x / (1 + e^-x).
#if defined(FOVEA_KERNELS_SILU_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FOVEA_KERNELS_SILU_INL_H_
#undef FOVEA_KERNELS_SILU_INL_H_
#else
#define FOVEA_KERNELS_SILU_INL_H_
#endif

#include "fovea/kernels/exp2-inl.h"

HWY_BEFORE_NAMESPACE();
namespace fovea {
namespace HWY_NAMESPACE {
namespace {

HWY_INLINE Vec Silu(Vec x) {
  const Vec one = hn::Set(FloatTag(), 1.0f);
  return Divide(x, hn::Add(one, Exp(hn::Neg(x))));
}

// gate[i] = silu(gate[i]) * up[i].
HWY_NOINLINE HWY_MAYBE_UNUSED void SiluGate(float* gate, const float* up,
                                            size_t count) {
  const FloatTag d;
  for (size_t i = 0; i < count; i += hn::Lanes(d)) {
    const size_t n = HWY_MIN(count - i, hn::Lanes(d));
    const Vec activated = Silu(hn::LoadN(d, gate + i, n));
    hn::StoreN(hn::Mul(activated, hn::LoadN(d, up + i, n)), d, gate + i, n);
  }
}

}  // namespace
// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace fovea
HWY_AFTER_NAMESPACE();

#endif  // FOVEA_KERNELS_SILU_INL_H_
