// SPDX-License-Identifier: Apache-2.0
// From q . k to the score that the softmax sees, for one vector of scores:
//
//   softcap, score policy, ALiBi, bias, and -inf where the key is hidden
//
// The functions take a `place`, which knows what the lanes are: the rows of a
// block (OfQueries) or the keys of a tile (OfKeys).
#if defined(FOVEA_KERNELS_FINISH_SCORES_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FOVEA_KERNELS_FINISH_SCORES_INL_H_
#undef FOVEA_KERNELS_FINISH_SCORES_INL_H_
#else
#define FOVEA_KERNELS_FINISH_SCORES_INL_H_
#endif

#include "fovea/kernels/mask-inl.h"
#include "fovea/kernels/tanh-inl.h"

HWY_BEFORE_NAMESPACE();
namespace fovea {
namespace HWY_NAMESPACE {
namespace {

using BitTag = hn::RebindToUnsigned<FloatTag>;
using BitVec = hn::Vec<BitTag>;
using Mask = hn::Mask<FloatTag>;

// Row of `matrix` ([head][query][columns]) that belongs to a row of the group.
template <class Shape>
HWY_INLINE float* MatrixRow(const GroupOf<Shape>& group, float* matrix,
                            size_t row) {
  const size_t token = TokenOfRow<Shape>(group, row);
  const size_t head = HeadOfRow<Shape>(group, row);
  return matrix + (head * group.row_head_stride + token) * group.columns;
}

// The lanes are rows of the block from `lane` on, for one key of the tile.
template <class Shape>
struct OfQueries {
  const GroupOf<Shape>& group;
  const Rows& rows;
  const Tile& tile;
  const Scratch& scratch;
  size_t lane;
  size_t key;  // in the tile

  HWY_INLINE IntVec Query() const {
    return hn::Load(IntTag(), scratch.positions + lane);
  }
  HWY_INLINE IntVec Key() const {
    return hn::Set(IntTag(), static_cast<int32_t>(tile.first + key));
  }
  HWY_INLINE IntVec Head() const {
    return hn::Load(IntTag(), scratch.heads + lane);
  }
  HWY_INLINE Vec Slope() const {
    return hn::Load(FloatTag(), scratch.slopes + lane);
  }
  HWY_INLINE Vec Bias() const {
    const size_t width = Shape::kVecs * hn::Lanes(FloatTag());
    return hn::Load(FloatTag(), scratch.bias + key * width + lane);
  }
  // Lanes whose row sees the key.
  HWY_INLINE Mask Visible() const {
    const BitTag d;
    const BitVec bits = hn::Load(d, Words());
    const BitVec bit = hn::Set(d, uint32_t{1} << key % 32);
    return hn::RebindMask(FloatTag(), hn::TestBit(bits, bit));
  }
  HWY_INLINE void Hide(Mask hidden) const {
    const BitTag d;
    const BitVec bit = hn::Set(d, uint32_t{1} << key % 32);
    const BitVec bits = hn::Load(d, Words());
    const auto clear = hn::RebindMask(d, hidden);
    hn::Store(hn::IfThenElse(clear, hn::AndNot(bit, bits), bits), d, Words());
  }
  HWY_INLINE void Write(float* matrix, Vec value) const {
    HWY_ALIGN float lanes[kMaxLanes];
    hn::Store(value, FloatTag(), lanes);
    for (size_t i = 0; i < hn::Lanes(FloatTag()); ++i) {
      if (lane + i >= rows.count) return;
      MatrixRow<Shape>(group, matrix, rows.first + lane + i)[tile.first + key] =
          lanes[i];
    }
  }

 private:
  HWY_INLINE uint32_t* Words() const {
    return scratch.visible + key / 32 * Shape::kRows + lane;
  }
};

// The lanes are keys of the tile from `key` on, for row `row` of the block.
template <class Shape>
struct OfKeys {
  const GroupOf<Shape>& group;
  const Rows& rows;
  const Tile& tile;
  const Scratch& scratch;
  size_t row;
  size_t key;

  HWY_INLINE IntVec Query() const {
    return hn::Set(IntTag(), scratch.positions[row]);
  }
  HWY_INLINE IntVec Key() const {
    return hn::Iota(IntTag(), static_cast<int32_t>(tile.first + key));
  }
  HWY_INLINE IntVec Head() const {
    return hn::Set(IntTag(), scratch.heads[row]);
  }
  HWY_INLINE Vec Slope() const {
    return hn::Set(FloatTag(), scratch.slopes[row]);
  }
  HWY_INLINE Vec Bias() const {
    const FloatTag d;
    const size_t column = tile.first + key;
    if (column >= group.mask_keys) return hn::Zero(d);
    const size_t token = TokenOfRow<Shape>(group, rows.first + row);
    const size_t head = HeadOfRow<Shape>(group, rows.first + row);
    return hn::LoadN(d, group.bias.Row(0, head, token) + column,
                     group.mask_keys - column);
  }
  HWY_INLINE Mask Visible() const {
    const BitTag d;
    const BitVec bits = hn::Set(d, *Word() >> key % 32);
    const BitVec bit = hn::Shl(hn::Set(d, 1u), hn::Iota(d, 0u));
    return hn::RebindMask(FloatTag(), hn::TestBit(bits, bit));
  }
  HWY_INLINE void Hide(Mask hidden) const {
    alignas(8) uint8_t bytes[8] = {};
    hn::StoreMaskBits(FloatTag(), hidden, bytes);
    const uint32_t bits = bytes[0] | uint32_t{bytes[1]} << 8;
    *Word() &= ~(bits << key % 32);
  }
  HWY_INLINE void Write(float* matrix, Vec value) const {
    const size_t column = tile.first + key;
    if (column >= group.keys) return;
    float* to = MatrixRow<Shape>(group, matrix, rows.first + row) + column;
    hn::StoreN(value, FloatTag(), to, group.keys - column);
  }

 private:
  HWY_INLINE uint32_t* Word() const {
    return scratch.visible + key / 32 * Shape::kRows + row;
  }
};

// The row information that the features need, once a block.
template <class Shape>
HWY_INLINE void DescribeRows(const GroupOf<Shape>& group, const Rows& rows,
                             size_t padded, const Scratch& scratch) {
  using F = typename Shape::Features;
  for (size_t i = 0; i < padded; ++i) {
    const size_t row = rows.first + HWY_MIN(i, rows.count - 1);
    if constexpr (F::kPositions) {
      scratch.positions[i] =
          group.query_position +
          static_cast<int32_t>(TokenOfRow<Shape>(group, row));
    }
    if constexpr (F::kHasPolicy) {
      scratch.heads[i] =
          static_cast<int32_t>(group.first_head + HeadOfRow<Shape>(group, row));
    }
    if constexpr (F::kAlibi) {
      const float* slopes = group.alibi_slopes;
      scratch.slopes[i] =
          slopes ? slopes[HeadOfRow<Shape>(group, row)] * kLog2e : 0.0f;
    }
  }
}

// -slope * |query - key| in base 2.
template <class Place>
HWY_INLINE Vec AddAlibi(Vec score, const Place& place) {
  const IntVec distance = hn::Abs(hn::Sub(place.Query(), place.Key()));
  return NegFma(place.Slope(), hn::ConvertTo(FloatTag(), distance), score);
}

// A bias that times log2(e) is still finite stands for the larger ones: PyTorch
// users hide with -FLT_MAX, and a row of nothing else is still a softmax.
template <class Place>
HWY_INLINE Vec AddBias(Vec score, const Place& place) {
  const FloatTag d;
  const Vec most = hn::Set(d, 0x1.62e42ep127f);
  const Vec least = hn::Neg(most);
  Vec bias = place.Bias();  // written so that a NaN passes
  bias = hn::IfThenElse(hn::Lt(bias, least), least, bias);
  bias = hn::IfThenElse(hn::Gt(bias, most), most, bias);
  return Fma(bias, hn::Set(d, kLog2e), score);
}

template <class Shape>
HWY_INLINE ScoreStage StageOf(const GroupOf<Shape>& group) {
  using F = typename Shape::Features;
  if constexpr (F::kRunTimeStage) {
    return group.score_stage;
  } else {
    return F::kScores;
  }
}

template <class Shape, class Place>
HWY_INLINE void WriteScores(ScoreStage stage, float unit, Vec score,
                            const Place& place) {
  using F = typename Shape::Features;
  if constexpr (F::kHasScores) {
    if (stage != StageOf<Shape>(place.group)) return;
    if (place.group.scores == nullptr) return;
    place.Write(place.group.scores, hn::Mul(score, hn::Set(FloatTag(), unit)));
  }
}

// Everything that happens to q . k before the key may be hidden.
template <class Shape, class Place>
HWY_INLINE Vec ChangeScoreInline(Vec score, const Place& place) {
  using F = typename Shape::Features;
  const FloatTag d;
  const GroupOf<Shape>& group = place.group;
  constexpr float kUnit = F::kHasPolicy ? 1.0f : kLn2;  // of an uncapped score
  bool capped = false;
  if constexpr (F::kSoftcap) capped = group.softcap != 0.0f;
  if constexpr (F::kSoftcap) {
    if (capped) {  // the score is q . k / softcap
      WriteScores<Shape>(ScoreStage::kScaled, group.softcap, score, place);
      const float unit = group.softcap * (F::kHasPolicy ? 1.0f : kLog2e);
      score = hn::Mul(Tanh(score), hn::Set(d, unit));
    }
  }
  if (!capped) WriteScores<Shape>(ScoreStage::kScaled, kUnit, score, place);
  WriteScores<Shape>(ScoreStage::kSoftcapped, kUnit, score, place);
  if constexpr (F::kHasPolicy) {
    score =
        group.score_policy(d, score, place.Query(), place.Key(), place.Head());
    if constexpr (F::kPolicyMasks) place.Hide(hn::Eq(score, MaskedScore()));
    score = hn::Mul(score, hn::Set(d, kLog2e));
  }
  if constexpr (F::kAlibi) score = AddAlibi(score, place);
  if constexpr (F::kHasBias) {
    if (group.bias.data != nullptr) score = AddBias(score, place);
  }
  return score;
}

template <class Shape, class Place>
HWY_NOINLINE Vec ChangeScoreByCall(Vec score, const Place& place) {
  return ChangeScoreInline<Shape>(score, place);
}

// With features that a call turns on it is long, and would stand in the kernel
// once for each score of each size of block: by call, the prefill of all
// features takes 300 KB instead of 510 (AVX-512).
template <class Shape, class Place>
HWY_INLINE Vec ChangeScore(Vec score, const Place& place) {
  if constexpr (Shape::Features::kRunTimeSpan) {
    return ChangeScoreByCall<Shape>(score, place);
  } else {
    return ChangeScoreInline<Shape>(score, place);
  }
}

// Writes what the softmax sees where the call asks for it; the weights are
// finished from it once the row's sum is known.
template <class Shape, class Place>
HWY_INLINE void WriteFinished(Vec score, const Place& place) {
  using F = typename Shape::Features;
  WriteScores<Shape>(ScoreStage::kMasked, kLn2, score, place);
  if constexpr (F::kWeights) {
    if (place.group.weights) place.Write(place.group.weights, score);
  }
}

template <class Shape>
HWY_INLINE void HideRows(const GroupOf<Shape>& group, const Rows& rows,
                         float* matrix) {
  if (matrix == nullptr) return;
  const float hidden = hn::GetLane(MaskedScore());
  for (size_t i = 0; i < rows.count; ++i) {
    float* row = MatrixRow<Shape>(group, matrix, rows.first + i);
    for (size_t key = 0; key < group.columns; ++key) row[key] = hidden;
  }
}

// Before a block's tiles: nothing is visible that no tile shows.
template <class Shape>
HWY_INLINE void HideAll(const GroupOf<Shape>& group, const Rows& rows) {
  using F = typename Shape::Features;
  if constexpr (F::kWeights) HideRows<Shape>(group, rows, group.weights);
  if constexpr (F::kHasScores) {
    if (StageOf<Shape>(group) != ScoreStage::kMasked) return;
    HideRows<Shape>(group, rows, group.scores);
  }
}

// weights = 2^(score - m) / l.
template <class Shape>
HWY_INLINE void FinishWeights(const GroupOf<Shape>& group, size_t row,
                              float max, float inverse) {
  const FloatTag d;
  const size_t lanes = hn::Lanes(d);
  if (group.weights == nullptr) return;
  float* weights = MatrixRow<Shape>(group, group.weights, row);
  for (size_t key = 0; key < group.columns; key += lanes) {
    const size_t n = group.columns - key;
    const Vec score = hn::LoadN(d, weights + key, n);
    const Vec p = Exp2(hn::Sub(score, hn::Set(d, max)));
    hn::StoreN(hn::Mul(p, hn::Set(d, inverse)), d, weights + key, n);
  }
}

}  // namespace
// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace fovea
HWY_AFTER_NAMESPACE();

#endif  // FOVEA_KERNELS_FINISH_SCORES_INL_H_
