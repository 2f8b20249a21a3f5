// SPDX-License-Identifier: Apache-2.0
// The softmax of one row.  Additions keep the order of the attention kernels:
// 16 partial sums by index mod 16, then one tree.
#if defined(FOVEA_KERNELS_SOFTMAX_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FOVEA_KERNELS_SOFTMAX_INL_H_
#undef FOVEA_KERNELS_SOFTMAX_INL_H_
#else
#define FOVEA_KERNELS_SOFTMAX_INL_H_
#endif

#include "fovea/kernels/exp2-inl.h"
#include "fovea/kernels/online_softmax-inl.h"

HWY_BEFORE_NAMESPACE();
namespace fovea {
namespace HWY_NAMESPACE {
namespace {

// Largest x[i] * scale; `scale` may be negative.
HWY_INLINE float ScaledMax(const float* HWY_RESTRICT x, size_t count,
                           Vec scale) {
  const FloatTag d;
  const size_t lanes = hn::Lanes(d);
  Vec most = hn::Set(d, kNoMax);
  size_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    most = hn::Max(hn::Mul(hn::LoadU(d, x + i), scale), most);
  }
  float max = hn::ReduceMax(d, most);
  for (; i < count; ++i) {
    const float value = x[i] * hn::GetLane(scale);
    max = value > max ? value : max;
  }
  return max;
}

// y = 2^(x * scale - m) / l for a row of `count` entries; y may be x.
HWY_NOINLINE HWY_MAYBE_UNUSED void SoftmaxRow(const float* x, size_t count,
                                              float scale_log2, float* y) {
  const FloatTag d;
  const size_t lanes = hn::Lanes(d);
  const Vec scale = hn::Set(d, scale_log2);
  const Vec max = hn::Set(d, ScaledMax(x, count, scale));
  HWY_ALIGN float partial[kPanel] = {};
  for (size_t i = 0; i < count; i += lanes) {
    const size_t n = HWY_MIN(count - i, lanes);
    const Vec score = hn::Mul(hn::LoadN(d, x + i, n), scale);
    const Vec p =
        hn::IfThenElseZero(hn::FirstN(d, n), Exp2(hn::Sub(score, max)));
    hn::StoreN(p, d, y + i, n);
    float* residue = partial + i % kPanel;
    hn::Store(hn::Add(hn::Load(d, residue), p), d, residue);
  }
  const float sum = TreeSum16(partial);
  const Vec inverse = hn::Set(d, sum == 0.0f ? 0.0f : 1.0f / sum);
  for (size_t i = 0; i < count; i += lanes) {
    const size_t n = HWY_MIN(count - i, lanes);
    hn::StoreN(hn::Mul(hn::LoadN(d, y + i, n), inverse), d, y + i, n);
  }
}

}  // namespace
// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace fovea
HWY_AFTER_NAMESPACE();

#endif  // FOVEA_KERNELS_SOFTMAX_INL_H_
