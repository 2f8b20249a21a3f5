// SPDX-License-Identifier: Apache-2.0
// The online softmax over one tile (Milakov and Gimelshein, arXiv 1805.02867),
// base 2 since log2(e) is in the scores:
//
//   m' = max(m, s)    p = 2^(s - m')    l' = l * 2^(m - m') + sum of p
//
// The sum over a tile keeps 16 partial sums by key mod 16 and adds them by one
// tree, in both orientations (see scores-inl.h).
#if defined(FOVEA_KERNELS_ONLINE_SOFTMAX_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FOVEA_KERNELS_ONLINE_SOFTMAX_INL_H_
#undef FOVEA_KERNELS_ONLINE_SOFTMAX_INL_H_
#else
#define FOVEA_KERNELS_ONLINE_SOFTMAX_INL_H_
#endif

#include "fovea/kernels/exp2-inl.h"
#include "fovea/kernels/mask-inl.h"

HWY_BEFORE_NAMESPACE();
namespace fovea {
namespace HWY_NAMESPACE {
namespace {

// m before the first key.  Finite: a row that sees nothing must not subtract
// infinity from infinity.
constexpr float kNoMax = -3.402823466e+38f;

// Replaces keys [0, count) of one vector of queries by their probabilities;
// returns their sum.
HWY_INLINE Vec ProbabilitiesOfQueries(float* HWY_RESTRICT scores, size_t width,
                                      size_t count, Vec max) {
  const FloatTag d;
  const size_t lanes = hn::Lanes(d);
  HWY_ALIGN float partial[kPanel * kMaxLanes];
  for (size_t residue = 0; residue < kPanel; ++residue) {
    Vec sum = hn::Zero(d);
    for (size_t key = residue; key < count; key += kPanel) {
      float* at = scores + key * width;
      const Vec p = Exp2(hn::Sub(hn::Load(d, at), max));
      hn::Store(p, d, at);
      sum = hn::Add(sum, p);
    }
    hn::Store(sum, d, partial + residue * lanes);
  }
  for (size_t half = kPanel / 2; half >= 1; half /= 2) {
    for (size_t i = 0; i < half; ++i) {
      const Vec low = hn::Load(d, partial + i * lanes);
      const Vec high = hn::Load(d, partial + (i + half) * lanes);
      hn::Store(hn::Add(low, high), d, partial + i * lanes);
    }
  }
  return hn::Load(d, partial);
}

// scores[key][query], the maximum already in next_max.
template <class Shape>
HWY_INLINE void SoftmaxOfQueries(const Rows& rows, const Scratch& scratch) {
  const FloatTag d;
  const size_t lanes = hn::Lanes(d);
  const size_t width = Shape::kVecs * lanes;
  for (size_t lane = 0; lane < rows.count; lane += lanes) {
    const Vec max = hn::Load(d, scratch.next_max + lane);
    const Vec correction = Exp2(hn::Sub(hn::Load(d, scratch.max + lane), max));
    // The vector's last row sees the most keys.
    const Vec sum = ProbabilitiesOfQueries(
        scratch.scores + lane, width, scratch.counts[lane + lanes - 1], max);
    hn::Store(correction, d, scratch.correction + lane);
    hn::Store(max, d, scratch.max + lane);
    hn::Store(Fma(hn::Load(d, scratch.sum + lane), correction, sum), d,
              scratch.sum + lane);
  }
}

// Masks the keys from `count` on and returns the row's maximum.
HWY_INLINE float MaskAndMax(float* HWY_RESTRICT scores, size_t count,
                            size_t padded, float max) {
  const FloatTag d;
  const size_t lanes = hn::Lanes(d);
  Vec most = hn::Set(d, max);
  size_t key = 0;
  for (; key + lanes <= count; key += lanes) {
    most = hn::Max(hn::Load(d, scores + key), most);
  }
  for (; key < padded; key += lanes) {
    const Vec index = hn::Iota(d, static_cast<float>(key));
    const auto visible = hn::Lt(index, hn::Set(d, static_cast<float>(count)));
    const Vec score =
        hn::IfThenElse(visible, hn::Load(d, scores + key), MaskedScore());
    hn::Store(score, d, scores + key);
    most = hn::Max(score, most);
  }
  return hn::ReduceMax(d, most);
}

// Replaces the row's scores by probabilities, exp(score - max) to the base that
// the scores are logarithms of; returns their sum.
template <class Exponential>
HWY_INLINE float ProbabilitiesOfRow(float* HWY_RESTRICT scores, size_t padded,
                                    Vec max, const Exponential& exp) {
  const FloatTag d;
  const size_t lanes = hn::Lanes(d);
  HWY_ALIGN float partial[kPanel];
  for (size_t residue = 0; residue < kPanel; residue += lanes) {
    Vec sum = hn::Zero(d);
    for (size_t key = residue; key < padded; key += kPanel) {
      const Vec p = exp(hn::Sub(hn::Load(d, scores + key), max));
      hn::Store(p, d, scores + key);
      sum = hn::Add(sum, p);
    }
    hn::Store(sum, d, partial + residue);
  }
  return TreeSum16(partial);
}

// scores[row][key] for whole panels.
HWY_INLINE void SoftmaxOfRows(const Rows& rows, const Tile& tile,
                              const Scratch& scratch) {
  const FloatTag d;
  const size_t padded = RoundUp(tile.count, kPanel);
  for (size_t row = 0; row < rows.count; ++row) {
    float* HWY_RESTRICT scores = scratch.scores + row * kTile;
    const float old_max = scratch.max[row];
    const float new_max =
        MaskAndMax(scores, scratch.counts[row], padded, old_max);
    const Vec max = hn::Set(d, new_max);
    const Vec correction = Exp2(hn::Sub(hn::Set(d, old_max), max));
    const float sum = ProbabilitiesOfRow(
        scores, padded, max, [](Vec x) HWY_ATTR { return Exp2(x); });
    scratch.correction[row] = hn::GetLane(correction);
    scratch.max[row] = new_max;
    scratch.sum[row] = hn::GetLane(
        Fma(hn::Set(d, scratch.sum[row]), correction, hn::Set(d, sum)));
  }
}

}  // namespace
// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace fovea
HWY_AFTER_NAMESPACE();

#endif  // FOVEA_KERNELS_ONLINE_SOFTMAX_INL_H_
