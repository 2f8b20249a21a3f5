// SPDX-License-Identifier: Apache-2.0
// log2(x) for the log-sum-exp of a row: the library's own, since libm's differs
// between C libraries.
#if defined(FOVEA_KERNELS_LOG2_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FOVEA_KERNELS_LOG2_INL_H_
#undef FOVEA_KERNELS_LOG2_INL_H_
#else
#define FOVEA_KERNELS_LOG2_INL_H_
#endif

#include "fovea/kernels/exp2-inl.h"

HWY_BEFORE_NAMESPACE();
namespace fovea {
namespace HWY_NAMESPACE {
namespace {

// log2(1 + r) for r in [sqrt(1/2) - 1, sqrt(2) - 1], as r * log2(e) + r^2 *
// Q(r) with log2(e) in two parts and Q the minimax polynomial of degree 8 for
// the relative error of the whole: 4.6e-9 with these coefficients, before
// rounding (degree 7: 3.0e-8, half an ulp).
HWY_INLINE Vec Log2OnePlus(Vec r) {
  const FloatTag d;
  Vec q = hn::Set(d, -0x1.c39b8ap-4f);
  q = Fma(q, r, hn::Set(d, 0x1.7f281cp-3f));
  q = Fma(q, r, hn::Set(d, -0x1.87f7eep-3f));
  q = Fma(q, r, hn::Set(d, 0x1.a2c9dcp-3f));
  q = Fma(q, r, hn::Set(d, -0x1.eaa24ap-3f));
  q = Fma(q, r, hn::Set(d, 0x1.277f44p-2f));
  q = Fma(q, r, hn::Set(d, -0x1.715afep-2f));
  q = Fma(q, r, hn::Set(d, 0x1.ec7094p-2f));
  q = Fma(q, r, hn::Set(d, -0x1.715470p-1f));
  const Vec log2e_low = hn::Set(d, kLog2eLow);
  const Vec small = Fma(hn::Mul(r, r), q, hn::Mul(r, log2e_low));
  return Fma(r, hn::Set(d, kLog2e), small);
}

// log2(x) for normal x > 0: at most 0.98 ulp from the true value (2 without
// fused multiply-add), exact at powers of two, +0 at 1.  -inf for either 0,
// +inf for +inf, NaN for NaN and for x < 0. A denormal gives any value, as
// targets differ in what they make of one.
HWY_INLINE Vec Log2(Vec x) {
  const FloatTag d;
  const IntTag di;
  // x = 2^e * m: from sqrt(1/2) on, the bits of x count the binades of m.
  constexpr int32_t kSqrtHalf = 0x3f3504f3;
  const auto bits = hn::BitCast(di, x);
  const auto e = hn::ShiftRight<23>(hn::Sub(bits, hn::Set(di, kSqrtHalf)));
  const Vec m = hn::BitCast(d, hn::Sub(bits, hn::ShiftLeft<23>(e)));
  const Vec fraction = Log2OnePlus(hn::Sub(m, hn::Set(d, 1.0f)));
  const Vec log = hn::Add(hn::ConvertTo(d, e), fraction);

  const Vec zero = hn::Zero(d);
  const Vec inf = hn::Inf(d);
  const Vec of_no_positive =
      hn::IfThenElse(hn::Eq(x, zero), hn::Neg(inf), hn::NaN(d));
  const Vec of_finite = hn::IfThenElse(hn::Gt(x, zero), log, of_no_positive);
  return hn::IfThenElse(hn::Eq(x, inf), inf, of_finite);
}

}  // namespace
// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace fovea
HWY_AFTER_NAMESPACE();

#endif  // FOVEA_KERNELS_LOG2_INL_H_
