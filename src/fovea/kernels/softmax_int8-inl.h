// SPDX-License-Identifier: Apache-2.0
// The online softmax over one tile for keys of int8.  With values of int8 too,
// a tile's probabilities are taken against its own maximum, so that a dominant
// key takes no precision from those of other tiles,
//
//   M = max of the tile's s    p = 2^(s - M)      m' = max(m, M)
//   l' = l * 2^(m - m') + (sum of p) * 2^(M - m')
//
// and rounded, with the scales of the values, to 7 bits:
//
//   p * scale_v = step * weight, 0 to 127
//
// Seven and not eight, since signed products are what every instruction set
// has.  Where one key outweighs the others of its tile, as a sink does, seven
// more bits keep those from collapsing.
#if defined(FOVEA_KERNELS_SOFTMAX_INT8_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FOVEA_KERNELS_SOFTMAX_INT8_INL_H_
#undef FOVEA_KERNELS_SOFTMAX_INT8_INL_H_
#else
#define FOVEA_KERNELS_SOFTMAX_INT8_INL_H_
#endif

#include "fovea/kernels/online_softmax-inl.h"
#include "fovea/kernels/quad-inl.h"
#include "fovea/kernels/scores_int8-inl.h"

HWY_BEFORE_NAMESPACE();
namespace fovea {
namespace HWY_NAMESPACE {
namespace {

constexpr float kMostOfInt8Weight = 127.0f;

// A tile whose probabilities, the largest of which is 1, sum to less has fine
// weights: it has few large ones.  Of scores from N(0, 1) few tiles do.
constexpr float kFewKeys = 3.0f;

HWY_INLINE Mask KeysBelow(size_t key, size_t count) {
  const FloatTag d;
  return hn::Lt(hn::Iota(d, static_cast<float>(key)),
                hn::Set(d, static_cast<float>(count)));
}

// 2^x for x <= 0, as Exp2 with a polynomial of degree 3: relative error 1.1e-4,
// a fortieth of what rounding to 7 bits costs the largest weight.
HWY_INLINE Vec Exp2ForWeights(Vec x) {
  const FloatTag d;
  const Vec shift = hn::Set(d, kRoundAndBias);
  const Vec rounded = hn::Add(x, shift);
  const Vec f = hn::Sub(x, hn::Sub(rounded, shift));
  Vec p = hn::Set(d, 0x1.c2a218p-5f);
  p = Fma(p, f, hn::Set(d, 0x1.f00c4ep-3f));
  p = Fma(p, f, hn::Set(d, 0x1.62f5fap-1f));
  p = Fma(p, f, hn::Set(d, 1.0f));
  const Vec result = hn::Mul(p, PowerOfTwo(rounded));
  return hn::IfThenZeroElse(hn::Lt(x, hn::Set(d, kExp2Underflow)), result);
}

// The scales of the tile's values, 0 for keys past its last, which may be
// anything.
HWY_INLINE void LoadScales(const float* scales, size_t begin, size_t count,
                           float* HWY_RESTRICT to) {
  const FloatTag d;
  for (size_t key = begin; key < RoundUp(count, kPanel); key += hn::Lanes(d)) {
    const Vec scale = hn::LoadU(d, scales + key);
    hn::Store(hn::IfThenElseZero(KeysBelow(key, count), scale), d, to + key);
  }
}

// The largest of those whose key is visible, `begin` and `end` in whole panels.
template <class Visible>
HWY_INLINE float LargestScale(const float* HWY_RESTRICT scales, size_t begin,
                              size_t end, const Visible& visible) {
  const FloatTag d;
  Vec most = hn::Set(d, kLeastRow);
  for (size_t key = begin; key < end; key += hn::Lanes(d)) {
    const Vec scale = hn::Load(d, scales + key);
    most = hn::Max(hn::IfThenElseZero(visible(key), scale), most);
  }
  return hn::ReduceMax(d, most);
}

// Of the keys that a row sees.
template <class Shape, bool kMarked>
HWY_INLINE float LargestVisibleScale(const GroupOf<Shape>& group,
                                     const Rows& rows, const Tile& tile,
                                     size_t row,
                                     const float* HWY_RESTRICT scales,
                                     const Scratch& scratch) {
  const size_t begin = FirstKey<Shape>(tile) / kPanel * kPanel;
  const size_t end = RoundUp(tile.count, kPanel);
  if constexpr (kMarked) {
    return LargestScale(scales, begin, end, [&](size_t key) HWY_ATTR {
      return OfKeys<Shape>{group, rows, tile, scratch, row, key}.Visible();
    });
  } else {
    const size_t count = scratch.counts[row];
    return LargestScale(scales, begin, end, [&](size_t key) HWY_ATTR {
      return KeysBelow(key, count);
    });
  }
}

// What a probability is multiplied by: the scales of the keys over the step.
HWY_INLINE void LoadFactors(const float* HWY_RESTRICT scales, size_t begin,
                            size_t end, float inverse,
                            float* HWY_RESTRICT factors) {
  const FloatTag d;
  for (size_t key = begin; key < end; key += hn::Lanes(d)) {
    hn::Store(hn::Mul(hn::Load(d, scales + key), hn::Set(d, inverse)), d,
              factors + key);
  }
}

// The row's probabilities as weights, and the 16 partial sums of them.  As
// ProbabilitiesOfRow, but for the probabilities, which nobody needs.
template <bool kIsWhole>
HWY_INLINE void WeightsOfRow(const float* HWY_RESTRICT scores, size_t begin,
                             size_t end, float max,
                             const float* HWY_RESTRICT factors,
                             uint8_t* HWY_RESTRICT weights,
                             float* HWY_RESTRICT partial) {
  const FloatTag d;
  const hn::RebindToUnsigned<FloatTag> du;
  const hn::Rebind<uint8_t, FloatTag> d8;
  const size_t lanes = hn::Lanes(d);
  const Vec most = hn::Set(d, max);
  const Vec shift = hn::Set(d, kRoundingShift);
  for (size_t residue = 0; residue < kPanel; residue += lanes) {
    Vec sum = hn::Zero(d);
    ForEvery16th<kIsWhole>(begin + residue, end, [&](size_t key) HWY_ATTR {
      const Vec p = Exp2ForWeights(hn::Sub(hn::Load(d, scores + key), most));
      sum = hn::Add(sum, p);
      // Rounds: the weight is the sum's lowest byte.
      const Vec weight = Fma(p, hn::Load(d, factors + key), shift);
      hn::StoreU(hn::TruncateTo(d8, hn::BitCast(du, weight)), d8,
                 weights + key);
    });
    hn::Store(sum, d, partial + residue);
  }
}

// Weights of 14 bits, in two parts of 7.
HWY_INLINE void FineWeightsOfRow(const float* HWY_RESTRICT scores, size_t begin,
                                 size_t end, float max,
                                 const float* HWY_RESTRICT scales,
                                 float inverse, uint8_t* HWY_RESTRICT high,
                                 uint8_t* HWY_RESTRICT low) {
  const FloatTag d;
  const hn::RebindToUnsigned<FloatTag> du;
  const hn::Rebind<uint8_t, FloatTag> d8;
  const Vec factor = hn::Set(d, inverse);
  for (size_t key = begin; key < end; key += hn::Lanes(d)) {
    const Vec x = hn::Sub(hn::Load(d, scores + key), hn::Set(d, max));
    const Vec scale = hn::Mul(hn::Load(d, scales + key), factor);
    const Vec fine = hn::Mul(scale, hn::Set(d, 128.0f));
    const Vec sum = Fma(Exp2ForWeights(x), fine, hn::Set(d, kRoundingShift));
    const auto bits = hn::BitCast(du, sum);
    const auto seven = hn::Set(du, 127u);
    const auto upper = hn::And(hn::ShiftRight<7>(bits), seven);
    hn::StoreU(hn::TruncateTo(d8, upper), d8, high + key);
    hn::StoreU(hn::TruncateTo(d8, hn::And(bits, seven)), d8, low + key);
  }
}

// m, l and the steps of all rows, from the tile's maxima, partial sums and
// steps; returns whether a row has fine ones.
HWY_INLINE bool JoinTile(const Rows& rows, const Scratch& scratch) {
  const FloatTag d;
  bool has_fine = false;
  for (size_t row = 0; row < rows.count; row += hn::Lanes(d)) {
    const Vec old_max = hn::Load(d, scratch.max + row);
    const Vec of_tile = hn::Load(d, scratch.next_max + row);
    const Vec max = hn::Max(of_tile, old_max);
    const Vec correction = Exp2(hn::Sub(old_max, max));
    const Vec factor = Exp2(hn::Sub(of_tile, max));
    const Vec tile_sum = SumOfRows(scratch.partials + row * kPanel);
    const Vec sum = hn::Load(d, scratch.sum + row);
    const Vec step = hn::Mul(hn::Load(d, scratch.weight_steps + row), factor);
    hn::Store(max, d, scratch.max + row);
    hn::Store(correction, d, scratch.correction + row);
    hn::Store(Fma(sum, correction, hn::Mul(tile_sum, factor)), d,
              scratch.sum + row);
    // A NaN may be missing in the maximum and is lost in the weights.
    const Vec nan_or_step = hn::IfThenElse(hn::IsNaN(tile_sum), tile_sum, step);
    hn::Store(nan_or_step, d, scratch.weight_steps + row);
    const auto few = hn::Lt(tile_sum, hn::Set(d, kFewKeys));
    const Vec fine = hn::Mul(nan_or_step, hn::Set(d, 1.0f / 128.0f));
    hn::Store(hn::IfThenElseZero(few, fine), d, scratch.fine_steps + row);
    has_fine = has_fine || !hn::AllFalse(d, few);
  }
  return has_fine;
}

// SoftmaxOfRows of a plain tile, whose maxima are in next_max: the same bits,
// but no row waits for its sums.
template <bool kIsWhole>
HWY_INLINE void SoftmaxOfPlainTile(const Rows& rows, size_t end,
                                   const Scratch& scratch) {
  const FloatTag d;
  const size_t lanes = hn::Lanes(d);
  for (size_t row = 0; row < rows.count; row += lanes) {
    const Vec old_max = hn::Load(d, scratch.max + row);
    const Vec max = hn::Max(hn::Load(d, scratch.next_max + row), old_max);
    hn::Store(Exp2(hn::Sub(old_max, max)), d, scratch.correction + row);
    hn::Store(max, d, scratch.max + row);
  }
  for (size_t row = 0; row < rows.count; ++row) {
    float* HWY_RESTRICT scores = scratch.scores + row * kTile;
    float* HWY_RESTRICT partial = scratch.partials + row * kPanel;
    const Vec max = hn::Set(d, scratch.max[row]);
    for (size_t residue = 0; residue < kPanel; residue += lanes) {
      Vec sum = hn::Zero(d);
      ForEvery16th<kIsWhole>(residue, end, [&](size_t key) HWY_ATTR {
        const Vec p = Exp2(hn::Sub(hn::Load(d, scores + key), max));
        hn::Store(p, d, scores + key);
        sum = hn::Add(sum, p);
      });
      hn::Store(sum, d, partial + residue);
    }
  }
  for (size_t row = 0; row < rows.count; row += lanes) {
    const Vec tile_sum = SumOfRows(scratch.partials + row * kPanel);
    const Vec sum = hn::Load(d, scratch.sum + row);
    const Vec correction = hn::Load(d, scratch.correction + row);
    hn::Store(Fma(sum, correction, tile_sum), d, scratch.sum + row);
  }
}

// For values that are float.
template <class Shape, bool kMarked>
HWY_INLINE void SoftmaxOfInt8Scores(const GroupOf<Shape>& group,
                                    const Rows& rows, const Tile& tile,
                                    const Scratch& scratch) {
  if (!IsPlain<Shape>(tile)) {
    SoftmaxOfRows<Shape, kMarked>(group, rows, tile, scratch);
  } else if (IsWhole(tile)) {
    SoftmaxOfPlainTile<true>(rows, kTile, scratch);
  } else {
    SoftmaxOfPlainTile<false>(rows, RoundUp(tile.count, kPanel), scratch);
  }
}

// Fine weights for the rows that have fine steps, zeros for the others' fine
// part.  Out of the way of the loop that every tile takes.
template <class Shape, bool kMarked>
HWY_NOINLINE void RefineWeights(const GroupOf<Shape>& group, const Rows& rows,
                                const Tile& tile,
                                const float* HWY_RESTRICT scales,
                                const Scratch& scratch) {
  const size_t begin = FirstKey<Shape>(tile) / kPanel * kPanel;
  const size_t end = RoundUp(tile.count, kPanel);
  uint8_t* weights = reinterpret_cast<uint8_t*>(scratch.weight_quads);
  for (size_t row = 0; row < rows.count; ++row) {
    uint8_t* low = weights + (Shape::kRows + row) * kTile;
    if (scratch.fine_steps[row] == 0.0f) {
      hwy::ZeroBytes(low, kTile);
      continue;
    }
    const float largest = LargestVisibleScale<Shape, kMarked>(
        group, rows, tile, row, scales, scratch);
    FineWeightsOfRow(scratch.scores + row * kTile, begin, end,
                     scratch.next_max[row], scales, kMostOfInt8Weight / largest,
                     weights + row * kTile, low);
  }
}

// For values of int8.
template <class Shape, bool kMarked>
HWY_INLINE void SoftmaxToWeights(const GroupOf<Shape>& group, const Rows& rows,
                                 const Tile& tile, const Scratch& scratch) {
  const size_t begin = FirstKey<Shape>(tile) / kPanel * kPanel;
  const size_t end = RoundUp(tile.count, kPanel);
  HWY_ALIGN float scales[kTile];
  HWY_ALIGN float factors[kTile];
  LoadScales(group.value_scales + SlotOfTile<Shape>(group, tile.first), begin,
             tile.count, scales);
  float largest = 0.0f;
  for (size_t row = 0; row < rows.count; ++row) {
    if (!IsPlain<Shape>(tile)) {
      scratch.next_max[row] =
          FinishAndMax<Shape, kMarked>(group, rows, tile, row, kNoMax, scratch);
    }
    if (row == 0 || kMarked || tile.sees != Sees::kAll) {
      largest = LargestVisibleScale<Shape, kMarked>(group, rows, tile, row,
                                                    scales, scratch);
      LoadFactors(scales, begin, end, kMostOfInt8Weight / largest, factors);
    }
    uint8_t* weights =
        reinterpret_cast<uint8_t*>(scratch.weight_quads + row * kTile / 4);
    const float* scores = scratch.scores + row * kTile;
    const float max = scratch.next_max[row];
    float* partial = scratch.partials + row * kPanel;
    if (IsWhole(tile)) {
      WeightsOfRow<true>(scores, 0, kTile, max, factors, weights, partial);
    } else {
      WeightsOfRow<false>(scores, begin, end, max, factors, weights, partial);
    }
    scratch.weight_steps[row] = largest / kMostOfInt8Weight;
  }
  *scratch.has_fine = JoinTile(rows, scratch);
  if (*scratch.has_fine) {
    RefineWeights<Shape, kMarked>(group, rows, tile, scales, scratch);
  }
}

}  // namespace
// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace fovea
HWY_AFTER_NAMESPACE();

#endif  // FOVEA_KERNELS_SOFTMAX_INT8_INL_H_
