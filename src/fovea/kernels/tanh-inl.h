// SPDX-License-Identifier: Apache-2.0
// tanh for the softcap: the library's own, since libm's differs between C
// libraries.
#if defined(FOVEA_KERNELS_TANH_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FOVEA_KERNELS_TANH_INL_H_
#undef FOVEA_KERNELS_TANH_INL_H_
#else
#define FOVEA_KERNELS_TANH_INL_H_
#endif

#include "fovea/kernels/exp2-inl.h"

HWY_BEFORE_NAMESPACE();
namespace fovea {
namespace HWY_NAMESPACE {
namespace {

// e^x - 1 for -80 <= x <= 0, with a small relative error near 0 too: for
// x log2(e) = n + f it is 2^n * (2^f - 1) + (2^n - 1).
HWY_INLINE Vec ExpMinusOne(Vec x) {
  Vec f;
  const Vec power = ReduceExp(x, f);
  return Fma(power, Exp2FractionMinusOne(f),
             hn::Sub(power, hn::Set(FloatTag(), 1.0f)));
}

// At most 3.5 ulp from the true value; odd, tanh(0) = 0 with its sign, exactly
// 1 from about 9 on, NaN for NaN.
HWY_INLINE Vec Tanh(Vec x) {
  const FloatTag d;
  const Vec magnitude = hn::Abs(x);
  const Vec most = hn::Set(d, 20.0f);  // written so that a NaN passes
  const Vec clamped = hn::IfThenElse(hn::Gt(magnitude, most), most, magnitude);
  // e^-2|x| - 1, in (-1, 0].
  const Vec t = ExpMinusOne(hn::Mul(clamped, hn::Set(d, -2.0f)));
  const Vec tanh = Divide(hn::Neg(t), hn::Add(t, hn::Set(d, 2.0f)));
  return hn::CopySignToAbs(hn::Abs(tanh), x);
}

}  // namespace
// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace fovea
HWY_AFTER_NAMESPACE();

#endif  // FOVEA_KERNELS_TANH_INL_H_
