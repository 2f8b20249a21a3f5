// SPDX-License-Identifier: Apache-2.0
// 2^x for softmax: the library's own, since libm's differs between C libraries.
// Accuracies are measured over every float (tests/exp2_test.cc), with fused
// multiply-add; without it Exp2 is within 1.1 ulp, and the others lose a long
// x's low bits: 45 ulp at 88.
#if defined(FOVEA_KERNELS_EXP2_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FOVEA_KERNELS_EXP2_INL_H_
#undef FOVEA_KERNELS_EXP2_INL_H_
#else
#define FOVEA_KERNELS_EXP2_INL_H_
#endif

#include "fovea/kernels/exp2_constants.h"
#include "fovea/kernels/simd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace fovea {
namespace HWY_NAMESPACE {
namespace {

// log2(e) and ln(2), between powers of two and of e; kLog2eLow is what kLog2e
// leaves out.
constexpr float kLog2e = 0x1.715476p0f;
constexpr float kLog2eLow = 0x1.4ae0c0p-26f;
constexpr float kLn2 = 0x1.62e430p-1f;

// 2^n of a sum with kRoundAndBias.
HWY_INLINE Vec PowerOfTwo(Vec rounded) {
  const IntTag di;
  return hn::BitCast(FloatTag(), hn::ShiftLeft<23>(hn::BitCast(di, rounded)));
}

// (2^f - 1) / f for f in [-0.5, 0.5].
HWY_INLINE Vec Exp2Slope(Vec f) {
  const FloatTag d;
  constexpr const float* c = kExp2Coefficients;
  Vec p = hn::Set(d, c[5]);
  p = Fma(p, f, hn::Set(d, c[4]));
  p = Fma(p, f, hn::Set(d, c[3]));
  p = Fma(p, f, hn::Set(d, c[2]));
  p = Fma(p, f, hn::Set(d, c[1]));
  return Fma(p, f, hn::Set(d, c[0]));
}

// 2^f and 2^f - 1 for f in [-0.5, 0.5].
HWY_INLINE Vec Exp2Fraction(Vec f) {
  return Fma(Exp2Slope(f), f, hn::Set(FloatTag(), 1.0f));
}
HWY_INLINE Vec Exp2FractionMinusOne(Vec f) { return hn::Mul(Exp2Slope(f), f); }

// 2^x for x <= 0: at most 0.80 ulp from the true value above kExp2Underflow,
// exactly 1 at 0, exactly 0 below kExp2Underflow (-inf too), NaN for NaN.
HWY_INLINE Vec Exp2(Vec x) {
  const FloatTag d;
  const Vec shift = hn::Set(d, kRoundAndBias);
  const Vec rounded = hn::Add(x, shift);
  const Vec fraction = hn::Sub(x, hn::Sub(rounded, shift));
  // A product, not an addition to the exponent: NaN stays NaN.
  const Vec result = hn::Mul(Exp2Fraction(fraction), PowerOfTwo(rounded));
  return ZeroWhereBelow(x, kExp2Underflow, result);
}

// x log2(e) = n + f: returns 2^n.  log2(e) in two parts keeps the error of a
// long x out of f.
HWY_INLINE Vec ReduceExp(Vec x, Vec& f) {
  const FloatTag d;
  const Vec log2e = hn::Set(d, kLog2e);
  const Vec shift = hn::Set(d, kRoundAndBias);
  const Vec rounded = Fma(x, log2e, shift);
  const Vec minus_n = hn::Sub(shift, rounded);
  f = Fma(x, hn::Set(d, kLog2eLow), Fma(x, log2e, minus_n));
  return PowerOfTwo(rounded);
}

// e^x, by the same 2^n * P(f), for x log2(e) within Exp2's range.
HWY_INLINE Vec ExpInRange(Vec x) {
  Vec f;
  const Vec power = ReduceExp(x, f);
  return hn::Mul(Exp2Fraction(f), power);
}

// e^x for any x: at most 1.02 ulp within [-87, 88], clamped to that range
// outside it, exactly 1 at 0, NaN for NaN.
HWY_INLINE Vec Exp(Vec x) {
  const FloatTag d;
  // Order matters: a NaN must pass both (x86's Max returns the second operand).
  const Vec low = hn::Set(d, -87.0f);
  const Vec high = hn::Set(d, 88.0f);
  Vec clamped = hn::IfThenElse(hn::Lt(x, low), low, x);
  clamped = hn::IfThenElse(hn::Gt(clamped, high), high, clamped);
  return ExpInRange(clamped);
}

// Below this ExpNonPositive gives exactly 0: kExp2Underflow * ln(2).
constexpr float kExpUnderflow = -69.3147181f;

// e^x for x <= 0, as Exp2: at most 1.02 ulp from the true value above
// kExpUnderflow, exactly 1 at 0, exactly 0 below kExpUnderflow (-inf too), NaN
// for NaN.
HWY_INLINE Vec ExpNonPositive(Vec x) {
  return ZeroWhereBelow(x, kExpUnderflow, ExpInRange(x));
}

}  // namespace
// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace fovea
HWY_AFTER_NAMESPACE();

#endif  // FOVEA_KERNELS_EXP2_INL_H_
