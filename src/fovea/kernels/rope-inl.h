// SPDX-License-Identifier: Apache-2.0
// Rotary positions: sine and cosine of a phase, and the rotation of a row.
// A phase is a fraction of a turn in 32 bits, so that range reduction is
// integer arithmetic and exact at any position.
#if defined(FOVEA_KERNELS_ROPE_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FOVEA_KERNELS_ROPE_INL_H_
#undef FOVEA_KERNELS_ROPE_INL_H_
#else
#define FOVEA_KERNELS_ROPE_INL_H_
#endif

#include "fovea/kernels/simd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace fovea {
namespace HWY_NAMESPACE {
namespace {

// A fourth of a turn, in phase units.
constexpr int32_t kQuarter = 1 << 30;

// sin and cos of phase * 2 pi / 2^32, at most 1.5 * 2^-24 from the true value.
HWY_INLINE void SinCos(hn::Vec<IntTag> phase, Vec& sin, Vec& cos) {
  const FloatTag d;
  const IntTag di;
  // The nearest quarter, and what is left of it: within an eighth of a turn.
  const auto quarter =
      hn::ShiftRight<30>(hn::Add(phase, hn::Set(di, kQuarter / 2)));
  const auto rest = hn::Sub(phase, hn::ShiftLeft<30>(quarter));
  // 2 pi / 2^32 in two parts.
  const Vec turns = hn::ConvertTo(d, rest);
  const Vec angle = Fma(turns, hn::Set(d, 0x1.921fb6p-30f),
                        hn::Mul(turns, hn::Set(d, -0x1.777a5cp-55f)));
  const Vec square = hn::Mul(angle, angle);
  // Minimax on [0, pi / 4]; relative error 4e-9, absolute error 1e-10.
  Vec s = hn::Set(d, -0x1.9953fep-13f);
  s = Fma(s, square, hn::Set(d, 0x1.110778p-7f));
  s = Fma(s, square, hn::Set(d, -0x1.555546p-3f));
  const Vec sine = Fma(hn::Mul(s, square), angle, angle);
  Vec c = hn::Set(d, 0x1.99e0e6p-16f);
  c = Fma(c, square, hn::Set(d, -0x1.6c0c1ap-10f));
  c = Fma(c, square, hn::Set(d, 0x1.55554ap-5f));
  c = Fma(c, square, hn::Set(d, -0.5f));
  const Vec cosine = Fma(c, square, hn::Set(d, 1.0f));
  // An odd quarter swaps them; quarters 2, 3 negate sin and 1, 2 negate cos.
  const auto one = hn::Set(di, 1);
  const auto swap = hn::RebindMask(d, hn::Eq(hn::And(quarter, one), one));
  const auto sine_sign = hn::ShiftLeft<30>(hn::And(quarter, hn::Set(di, 2)));
  const auto cosine_sign =
      hn::ShiftLeft<30>(hn::And(hn::Add(quarter, one), hn::Set(di, 2)));
  sin = hn::Xor(hn::IfThenElse(swap, cosine, sine), hn::BitCast(d, sine_sign));
  cos =
      hn::Xor(hn::IfThenElse(swap, sine, cosine), hn::BitCast(d, cosine_sign));
}

// phases, sin and cos are whole vectors: RoundUp(count, 16) entries.
HWY_NOINLINE HWY_MAYBE_UNUSED void SinCosOf(const int32_t* phases, size_t count,
                                            float* sin, float* cos) {
  const FloatTag d;
  const IntTag di;
  for (size_t i = 0; i < count; i += hn::Lanes(d)) {
    Vec s;
    Vec c;
    SinCos(hn::LoadU(di, phases + i), s, c);
    hn::StoreU(s, d, sin + i);
    hn::StoreU(c, d, cos + i);
  }
}

// (a, b) -> (a cos - b sin, b cos + a sin), each in one fused multiply-add.
template <class V>
HWY_INLINE void RotatePair(V& a, V& b, V cos, V sin) {
  const V turned_a = NegFma(b, sin, hn::Mul(a, cos));
  b = Fma(a, sin, hn::Mul(b, cos));
  a = turned_a;
}

// Pairs (x[i], x[i + pairs]) of `from`, to the same places of `to`.  A vector
// of pairs is loaded whole before it is stored, so `to` may be `from` itself;
// other overlaps are not allowed.  cos and sin are whole vectors.
HWY_NOINLINE HWY_MAYBE_UNUSED void RotateHalfSplit(const float* from, float* to,
                                                   size_t pairs,
                                                   const float* cos,
                                                   const float* sin) {
  const FloatTag d;
  for (size_t i = 0; i < pairs; i += hn::Lanes(d)) {
    const size_t count = HWY_MIN(pairs - i, hn::Lanes(d));
    Vec a = hn::LoadN(d, from + i, count);
    Vec b = hn::LoadN(d, from + pairs + i, count);
    RotatePair(a, b, hn::LoadU(d, cos + i), hn::LoadU(d, sin + i));
    hn::StoreN(a, d, to + i, count);
    hn::StoreN(b, d, to + pairs + i, count);
  }
}

// The same of pairs (x[2 i], x[2 i + 1]).
HWY_NOINLINE HWY_MAYBE_UNUSED void RotateInterleaved(const float* from,
                                                     float* to, size_t pairs,
                                                     const float* cos,
                                                     const float* sin) {
  const FloatTag d;
  const size_t whole = pairs / hn::Lanes(d) * hn::Lanes(d);
  for (size_t i = 0; i < whole; i += hn::Lanes(d)) {
    Vec a;
    Vec b;
    hn::LoadInterleaved2(d, from + 2 * i, a, b);
    RotatePair(a, b, hn::LoadU(d, cos + i), hn::LoadU(d, sin + i));
    hn::StoreInterleaved2(a, b, d, to + 2 * i);
  }
  for (size_t i = whole; i < pairs; ++i) {
    Vec a = hn::Set(d, from[2 * i]);
    Vec b = hn::Set(d, from[2 * i + 1]);
    RotatePair(a, b, hn::Set(d, cos[i]), hn::Set(d, sin[i]));
    to[2 * i] = hn::GetLane(a);
    to[2 * i + 1] = hn::GetLane(b);
  }
}

}  // namespace
// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace fovea
HWY_AFTER_NAMESPACE();

#endif  // FOVEA_KERNELS_ROPE_INL_H_
