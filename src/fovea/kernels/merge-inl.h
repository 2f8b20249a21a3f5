// SPDX-License-Identifier: Apache-2.0
// Merges partials of one row: with m' the largest m,
//
//   out = sum of numerator * 2^(m - m')  /  sum of l * 2^(m - m')
#if defined(FOVEA_KERNELS_MERGE_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FOVEA_KERNELS_MERGE_INL_H_
#undef FOVEA_KERNELS_MERGE_INL_H_
#else
#define FOVEA_KERNELS_MERGE_INL_H_
#endif

#include "fovea/kernels/log2-inl.h"
#include "fovea/kernels/online_softmax-inl.h"

HWY_BEFORE_NAMESPACE();
namespace fovea {
namespace HWY_NAMESPACE {
namespace {

// ln of the sum of e^score, of m and l in base 2; -inf where nothing is
// visible.
HWY_INLINE HWY_MAYBE_UNUSED float LogSumExp(float max, float sum) {
  const FloatTag d;
  if (sum == 0.0f) return hn::GetLane(MaskedScore());
  const Vec log2 = hn::Add(hn::Set(d, max), Log2(hn::Set(d, sum)));
  return hn::GetLane(hn::Mul(log2, hn::Set(d, kLn2)));
}

// Widen by every partial's m first, then add every l, then every numerator.
struct RowMerge {
  float max = kNoMax;
  float sum = 0.0f;

  HWY_INLINE Vec Factor(float partial_max) const {
    const FloatTag d;
    return Exp2(hn::Sub(hn::Set(d, partial_max), hn::Set(d, max)));
  }
  // A NaN stays out of m: it comes with a NaN l.
  HWY_INLINE void Widen(float partial_max) {
    if (partial_max > max) max = partial_max;
  }
  HWY_INLINE void Add(float partial_max, float partial_sum) {
    const FloatTag d;
    sum = hn::GetLane(
        Fma(hn::Set(d, partial_sum), Factor(partial_max), hn::Set(d, sum)));
  }
  HWY_INLINE void AddRow(float partial_max, const float* numerator,
                         size_t value_dim, bool first, float* out) const {
    const FloatTag d;
    const size_t lanes = hn::Lanes(d);
    const Vec factor = Factor(partial_max);
    for (size_t column = 0; column < value_dim; column += lanes) {
      const size_t n = value_dim - column;
      const Vec before = first ? hn::Zero(d) : hn::LoadN(d, out + column, n);
      const Vec after =
          Fma(hn::LoadN(d, numerator + column, n), factor, before);
      hn::StoreN(after, d, out + column, n);
    }
  }
  HWY_INLINE void Normalise(size_t value_dim, float* out) const {
    ScaleRow(out, value_dim, InverseSum(sum), out);
  }
  HWY_INLINE float Lse() const { return LogSumExp(max, sum); }
};

}  // namespace
// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace fovea
HWY_AFTER_NAMESPACE();

#endif  // FOVEA_KERNELS_MERGE_INL_H_
