// SPDX-License-Identifier: Apache-2.0
// GELU (Hendrycks and Gimpel, arXiv 1606.08415): x times the normal
// distribution's Phi(x), and the form with tanh.  The library's own, since
// libm's erf and tanh differ between C libraries.
#if defined(FOVEA_KERNELS_GELU_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FOVEA_KERNELS_GELU_INL_H_
#undef FOVEA_KERNELS_GELU_INL_H_
#else
#define FOVEA_KERNELS_GELU_INL_H_
#endif

#include "fovea/kernels/exp2-inl.h"

HWY_BEFORE_NAMESPACE();
namespace fovea {
namespace HWY_NAMESPACE {
namespace {

// Phi(-z) e^(z^2 / 2) for z >= 0, Mills' ratio over sqrt(2 pi): with
// t = 1 / (1 + 9/32 z) it is t times a minimax polynomial of degree 9, relative
// error 4.7e-9 up to z = 11.8, here in powers of t - 1: where the tail is large
// its first terms alone count, and what they round.
HWY_INLINE Vec ScaledTail(Vec z) {
  const FloatTag d;
  const Vec one = hn::Set(d, 1.0f);
  const Vec t = Divide(one, Fma(z, hn::Set(d, 0.28125f), one));
  const Vec s = hn::Sub(t, one);
  Vec p = hn::Set(d, -0x1.00b752p-6f);
  p = Fma(p, s, hn::Set(d, -0x1.23b240p-5f));
  p = Fma(p, s, hn::Set(d, 0x1.29601ap-7f));
  p = Fma(p, s, hn::Set(d, 0x1.b21c36p-5f));
  p = Fma(p, s, hn::Set(d, -0x1.0a7132p-4f));
  p = Fma(p, s, hn::Set(d, -0x1.0b2280p-3f));
  p = Fma(p, s, hn::Set(d, 0x1.01860ep-2f));
  p = Fma(p, s, hn::Set(d, 0x1.a5ad20p-1f));
  p = Fma(p, s, hn::Set(d, 0x1.d640a4p-1f));
  p = Fma(p, s, hn::Set(d, 0.5f));
  return hn::Mul(p, t);
}

// Phi(-z) for z >= 0, exactly 0 from about 11.8 on.  What z * z loses in
// rounding is put back: without it the result is off by z^2 half ulps.
HWY_INLINE Vec NormalTail(Vec z) {
  const FloatTag d;
  const Vec half = hn::Set(d, -0.5f);
  const Vec square = hn::Mul(z, z);
  const Vec lost = NegFma(z, z, square);
  const Vec power = ExpNonPositive(hn::Mul(square, half));
  const Vec tail = hn::Mul(power, ScaledTail(z));
  return NegFma(hn::Mul(lost, half), tail, tail);
}

// Phi(x) for |x| <= 1: 1/2 + x times a polynomial of degree 5 in x^2, absolute
// error 2.7e-10.
HWY_INLINE Vec NormalNearZero(Vec x) {
  const FloatTag d;
  const Vec square = hn::Mul(x, x);
  Vec p = hn::Set(d, -0x1.010b86p-17f);
  p = Fma(p, square, hn::Set(d, 0x1.dc102ap-14f));
  p = Fma(p, square, hn::Set(d, -0x1.36fe32p-10f));
  p = Fma(p, square, hn::Set(d, 0x1.46ce58p-7f));
  p = Fma(p, square, hn::Set(d, -0x1.105832p-4f));
  p = Fma(p, square, hn::Set(d, 0x1.988454p-2f));
  return Fma(p, x, hn::Set(d, 0.5f));
}

// x Phi(x).  Far from 0 it is |x| Phi(-|x|), taken from x where x is positive:
// no sum near 1 loses the tail.
HWY_INLINE Vec Gelu(Vec x) {
  const FloatTag d;
  const Vec magnitude = hn::Abs(x);
  const Vec most = hn::Set(d, 12.0f);  // written so that a NaN passes
  const Vec z = hn::IfThenElse(hn::Gt(magnitude, most), most, magnitude);
  const Vec share = hn::Mul(z, NormalTail(z));
  const auto negative = hn::Lt(x, hn::Zero(d));
  const Vec far = hn::IfThenElse(negative, hn::Neg(share), hn::Sub(x, share));
  const Vec near = hn::Mul(x, NormalNearZero(x));
  return hn::IfThenElse(hn::Lt(magnitude, hn::Set(d, 1.0f)), near, far);
}

// x (1 + tanh(u)) / 2 = x / (1 + e^(-2 u)), u = sqrt(2 / pi) (x + 0.044715
// x^3).
HWY_INLINE Vec GeluTanh(Vec x) {
  const FloatTag d;
  const Vec one = hn::Set(d, 1.0f);
  // -2 sqrt(2 / pi), and 0.044715 times it.
  const Vec linear = hn::Set(d, -1.59576912f);
  const Vec cubic = hn::Set(d, -0.0713548163f);
  const Vec exponent = hn::Mul(x, Fma(hn::Mul(x, x), cubic, linear));
  const Vec gelu = Divide(x, hn::Add(one, Exp(exponent)));
  // Where Exp is clamped the quotient would go on growing.
  const Vec least = hn::Set(d, -10.0f);
  return hn::IfThenZeroElse(hn::Lt(x, least), gelu);
}

}  // namespace
// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace fovea
HWY_AFTER_NAMESPACE();

#endif  // FOVEA_KERNELS_GELU_INL_H_
