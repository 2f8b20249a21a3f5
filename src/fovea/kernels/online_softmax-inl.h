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

#include <utility>

#include "fovea/kernels/exp2-inl.h"
#include "fovea/kernels/finish_scores-inl.h"
#include "fovea/kernels/port_lanes-inl.h"

HWY_BEFORE_NAMESPACE();
namespace fovea {
namespace HWY_NAMESPACE {
namespace {

// m before the first key.  Finite: a row that sees nothing must not subtract
// infinity from infinity.
constexpr float kNoMax = -3.402823466e+38f;

// 1 / l, or 0 for a row that saw no key.
HWY_INLINE float InverseSum(float sum) {
  return sum == 0.0f ? 0.0f : 1.0f / sum;
}

// to = from * factor; `to` may be `from`.
HWY_INLINE HWY_MAYBE_UNUSED void ScaleRow(const float* from, size_t count,
                                          float factor, float* to) {
  const FloatTag d;
  const size_t lanes = hn::Lanes(d);
  const Vec f = hn::Set(d, factor);
  size_t i = PortScale(from, count, factor, to, 1);
  // Short vectors: the loop costs as much as what is in it.
  if constexpr (kMaxLanes <= 4 && kUnrolled >= 8) {
    constexpr size_t kTurn = 4;
    for (; i + kTurn * lanes <= count; i += kTurn * lanes) {
      Repeat<kTurn>([&](size_t j) HWY_ATTR {
        const size_t at = i + j * lanes;
        if constexpr (kMaxLanes == 1) {
          StoreLanes(hn::Mul(LoadLanes(from + at), f), to + at);
        } else {
          hn::StoreU(hn::Mul(hn::LoadU(d, from + at), f), d, to + at);
        }
      });
    }
  }
  for (; i + lanes <= count; i += lanes) {
    hn::StoreU(hn::Mul(hn::LoadU(d, from + i), f), d, to + i);
  }
  if (i < count) {
    const size_t rest = count - i;
    hn::StoreN(hn::Mul(hn::LoadN(d, from + i, rest), f), d, to + i, rest);
  }
}

// The probability of a hidden key: exactly 0, and told from a visible one by
// its sign, so that P.V leaves out the key's values (accumulate-inl.h).
HWY_INLINE Vec HiddenProbability() { return hn::Set(FloatTag(), -0.0f); }

// Where blocks of scores come from a port, or there is one lane, the largest
// score of a query is found in a pass of its own: a maximum in a register costs
// less than one in memory.
constexpr bool kMaxInPass = kMaxLanes == 1 || PortBlock<4, 4>::kExists;

// The keys of one vector of queries, whose scores become probabilities.
template <class Shape, bool kMarked>
struct KeysOfQueries {
  const GroupOf<Shape>& group;
  const Rows& rows;
  const Tile& tile;
  const Scratch& scratch;
  size_t lane;
  float* HWY_RESTRICT scores;  // of the lane; in a Scratch it is read anew

  HWY_INLINE float* At(size_t key) const {
    const size_t width = Shape::kVecs * hn::Lanes(FloatTag());
    return scores + key * width;
  }

  // The largest of [key, count), or `most`.
  HWY_INLINE Vec Max(size_t key, size_t count, Vec most) const {
    constexpr size_t kTurn = kUnrolled >= 8 ? 4 : 1;
    for (; key + kTurn <= count; key += kTurn) {
      Repeat<kTurn>([&](size_t i) HWY_ATTR {
        most = Larger(LoadLanes(At(key + i)), most);
      });
    }
    for (; key < count; ++key) most = Larger(LoadLanes(At(key)), most);
    return most;
  }

  HWY_INLINE Vec Probability(size_t key, Vec max) const {
    float* at = At(key);
    Vec p = Exp2(hn::Sub(LoadLanes(at), max));
    if constexpr (kMarked) {
      const OfQueries<Shape> place{group, rows, tile, scratch, lane, key};
      p = hn::IfThenElse(place.Visible(), p, HiddenProbability());
    }
    StoreLanes(p, at);
    return p;
  }

  // Adds the keys [key, count), at most a panel, to their partial sums.
  HWY_INLINE void AddSome(size_t key, size_t count, Vec max,
                          float* HWY_RESTRICT partial) const {
    const size_t lanes = hn::Lanes(FloatTag());
    float* sum = partial + key % kPanel * lanes;
    for (; key < count; ++key, sum += lanes) {
      StoreLanes(hn::Add(LoadLanes(sum), Probability(key, max)), sum);
    }
  }

  // Of a whole tile.
  template <size_t... kIndex>
  HWY_INLINE Vec SumOfAll(size_t residue, Vec max,
                          std::index_sequence<kIndex...>) const {
    Vec sum = hn::Zero(FloatTag());
    ((sum = hn::Add(sum, Probability(residue + kIndex * kPanel, max))), ...);
    return sum;
  }
};

// Replaces the keys of one vector of queries, [begin, count) of the tile, by
// their probabilities; returns their sum.
template <class Shape, bool kMarked>
HWY_INLINE Vec ProbabilitiesOfQueries(const KeysOfQueries<Shape, kMarked>& keys,
                                      size_t begin, size_t count, Vec max) {
  const size_t lanes = hn::Lanes(FloatTag());
  HWY_ALIGN float partial[kPanel * kMaxLanes];
  constexpr bool kUnrolls = !kMarked && kUnrolled >= 8;
  if (kUnrolls && count == kTile) {
    for (size_t residue = 0; residue < kPanel; ++residue) {
      const Vec sum = keys.SumOfAll(residue, max,
                                    std::make_index_sequence<kTile / kPanel>());
      StoreLanes(sum, partial + residue * lanes);
    }
  } else {
    hwy::ZeroBytes(partial, kPanel * lanes * sizeof(float));
    for (size_t key = begin; key < count;) {
      const size_t end = HWY_MIN(key / kPanel * kPanel + kPanel, count);
      keys.AddSome(key, end, max, partial);
      key = end;
    }
  }
  FoldVectors<kPanel / 2>(partial);
  return LoadLanes(partial);
}

// The block's new maxima, corrections and sums, from the sums of the tile.
HWY_INLINE void RaiseRows(size_t lane, Vec max, Vec sum,
                          const Scratch& scratch) {
  const Vec correction = Exp2(hn::Sub(LoadLanes(scratch.max + lane), max));
  StoreLanes(correction, scratch.correction + lane);
  StoreLanes(max, scratch.max + lane);
  StoreLanes(Fma(LoadLanes(scratch.sum + lane), correction, sum),
             scratch.sum + lane);
}

// Whether the port does it, for whole vectors of queries that see every key.
template <class Shape, bool kMarked>
HWY_INLINE bool SoftmaxOfQueriesByPort(const Rows& rows, const Tile& tile,
                                       const Scratch& scratch) {
  if constexpr (!kMarked && kPortLanes != 0 && Shape::kRows == kPortLanes) {
    if (tile.sees != Sees::kAll || rows.count != kPortLanes) return false;
    HWY_ALIGN float max[Shape::kRows];
    HWY_ALIGN float sums[Shape::kRows];
    hwy::CopyBytes<sizeof(max)>(scratch.max, max);
    PortSoftmaxOfQueries(scratch.scores, tile.count, max, sums);
    for (size_t i = 0; i < kPortLanes; ++i) {
      RaiseRows(i, LoadLanes(max + i), LoadLanes(sums + i), scratch);
    }
    return true;
  } else {
    return false;
  }
}

// scores[key][query]; the maximum is already in next_max, or found here.
template <class Shape, bool kMarked>
HWY_INLINE void SoftmaxOfQueries(const GroupOf<Shape>& group, const Rows& rows,
                                 const Tile& tile, const Scratch& scratch) {
  const size_t lanes = hn::Lanes(FloatTag());
  const size_t begin = FirstKey<Shape>(tile);
  if (SoftmaxOfQueriesByPort<Shape, kMarked>(rows, tile, scratch)) return;
  for (size_t lane = 0; lane < rows.count; lane += lanes) {
    const KeysOfQueries<Shape, kMarked> keys{
        group, rows, tile, scratch, lane, scratch.scores + lane};
    // Without marks the vector's last row sees the most keys.
    const size_t count =
        kMarked ? tile.count : scratch.counts[lane + lanes - 1];
    const Vec max = kMaxInPass
                        ? keys.Max(begin, count, LoadLanes(scratch.max + lane))
                        : LoadLanes(scratch.next_max + lane);
    const Vec sum = ProbabilitiesOfQueries(keys, begin, count, max);
    RaiseRows(lane, max, sum, scratch);
  }
}

// Finishes the row's scores and returns its maximum; keys past the last that it
// sees are masked.
template <class Shape, bool kMarked>
HWY_INLINE float FinishAndMax(const GroupOf<Shape>& group, const Rows& rows,
                              const Tile& tile, size_t row, float max,
                              const Scratch& scratch) {
  const FloatTag d;
  const size_t lanes = hn::Lanes(d);
  float* HWY_RESTRICT scores = scratch.scores + row * kTile;
  const size_t padded = RoundUp(tile.count, kPanel);
  const size_t count = scratch.counts[row];
  size_t key = FirstKey<Shape>(tile) / kPanel * kPanel;
  constexpr bool kPlain = !Shape::Features::kFinishes && !kMarked;
  if constexpr (kPlain && kPortLanes != 0) {
    key = PortMaxOfRow(scores, count, max);
  }
  Vec most = hn::Set(d, max);
  if constexpr (kPlain) {
    for (; key + lanes <= count; key += lanes) {
      most = Larger(LoadLanes(scores + key), most);
    }
  }
  for (; key < padded; key += lanes) {
    const OfKeys<Shape> place{group, rows, tile, scratch, row, key};
    Vec score = LoadLanes(scores + key);
    if constexpr (Shape::Features::kFinishes || kMarked) {
      score = ChangeScore<Shape>(score, place);
    }
    if constexpr (kMarked) {
      score = hn::IfThenElse(place.Visible(), score, MaskedScore());
    } else {
      const Vec index = hn::Iota(d, static_cast<float>(key));
      const auto visible = hn::Lt(index, hn::Set(d, static_cast<float>(count)));
      score = hn::IfThenElse(visible, score, MaskedScore());
    }
    if constexpr (Shape::Features::kFinishes) {
      WriteFinished<Shape>(score, place);
    }
    StoreLanes(score, scores + key);
    most = Larger(score, most);
  }
  return hn::ReduceMax(d, most);
}

// Replaces the row's scores, from key `begin` (whole panels) on, by
// probability(key, score - max); returns their sum.
template <class Probability>
HWY_INLINE float ProbabilitiesOfRow(float* HWY_RESTRICT scores, size_t begin,
                                    size_t padded, Vec max,
                                    const Probability& probability) {
  const FloatTag d;
  const size_t lanes = hn::Lanes(d);
  HWY_ALIGN float partial[kPanel];
  for (size_t residue = 0; residue < kPanel; residue += lanes) {
    Vec sum = hn::Zero(d);
    for (size_t key = begin + residue; key < padded; key += kPanel) {
      const Vec p = probability(key, hn::Sub(LoadLanes(scores + key), max));
      StoreLanes(p, scores + key);
      sum = hn::Add(sum, p);
    }
    StoreLanes(sum, partial + residue);
  }
  return TreeSum16(partial);
}

// scores[row][key] for whole panels.
template <class Shape, bool kMarked>
HWY_INLINE void SoftmaxOfRows(const GroupOf<Shape>& group, const Rows& rows,
                              const Tile& tile, const Scratch& scratch) {
  const FloatTag d;
  for (size_t row = 0; row < rows.count; ++row) {
    const float old_max = scratch.max[row];
    const float new_max =
        FinishAndMax<Shape, kMarked>(group, rows, tile, row, old_max, scratch);
    const Vec max = hn::Set(d, new_max);
    const Vec correction = Exp2(hn::Sub(hn::Set(d, old_max), max));
    const auto probability = [&](size_t key, Vec x) HWY_ATTR {
      const Vec p = Exp2(x);
      if constexpr (!kMarked) return p;
      const OfKeys<Shape> place{group, rows, tile, scratch, row, key};
      return hn::IfThenElse(place.Visible(), p, HiddenProbability());
    };
    float* scores = scratch.scores + row * kTile;
    const size_t padded = RoundUp(tile.count, kPanel);
    const float sum = !kMarked && kPortLanes != 0
                          ? PortProbabilitiesOfRow(scores, padded, new_max)
                          : ProbabilitiesOfRow(
                                scores, FirstKey<Shape>(tile) / kPanel * kPanel,
                                padded, max, probability);
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
