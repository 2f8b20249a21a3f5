// SPDX-License-Identifier: Apache-2.0
// A partial: one unnormalised output row o with its m and l, to which keys are
// added in tiles (Milakov and Gimelshein, arXiv 1805.02867):
//
//   o = o * e^(m - m') + p . v    l = l * e^(m - m') + sum of p
#if defined(FOVEA_KERNELS_SOFTMAX_ACCUMULATOR_INL_H_) == \
    defined(HWY_TARGET_TOGGLE)
#ifdef FOVEA_KERNELS_SOFTMAX_ACCUMULATOR_INL_H_
#undef FOVEA_KERNELS_SOFTMAX_ACCUMULATOR_INL_H_
#else
#define FOVEA_KERNELS_SOFTMAX_ACCUMULATOR_INL_H_
#endif

#include "fovea/kernels/outer_product-inl.h"
#include "fovea/kernels/softmax-inl.h"

HWY_BEFORE_NAMESPACE();
namespace fovea {
namespace HWY_NAMESPACE {
namespace {

// Logits [count] and the values [count][dim] that belong to them.
struct Keys {
  const float* logits;
  const float* values;
  size_t value_stride;
  size_t count;
};

struct OutputRow {
  float* data;
  size_t dim;
};

HWY_INLINE bool IsMasked(float logit) {
  return logit == hn::GetLane(MaskedScore());
}

// The keys of a tile but for the masked ones.
struct VisibleSteps {
  const float* logits;
  size_t common;  // visible keys before the first masked one
  size_t count;
  static constexpr float kStart = -0.0f;
  static constexpr bool kSkipsMarked = false;

  HWY_INLINE size_t Common() const { return common; }
  HWY_INLINE size_t Longest() const { return count; }
  HWY_INLINE bool Any(size_t k) const { return !IsMasked(logits[k]); }
  constexpr bool Has(size_t, size_t) const { return true; }
};

HWY_INLINE VisibleSteps FindVisible(const float* logits, size_t count) {
  size_t common = 0;
  while (common < count && !IsMasked(logits[common])) ++common;
  return {logits, common, count};
}

struct JoinSink {
  float* output;
  size_t columns;  // from `output` on
  float correction;

  HWY_INLINE void operator()(size_t, size_t vec, Vec sum) const {
    const FloatTag d;
    const size_t column = vec * hn::Lanes(d);
    const size_t n = HWY_MIN(columns - column, hn::Lanes(d));
    const Vec old = hn::LoadN(d, output + column, n);
    hn::StoreN(Fma(old, hn::Set(d, correction), sum), d, output + column, n);
  }
};

// o = o * correction + p . v over one tile.
HWY_INLINE void AddValues(const float* p, const VisibleSteps& steps,
                          const Keys& tile, float correction,
                          const OutputRow& output) {
  const size_t lanes = hn::Lanes(FloatTag());
  const Factors<> factors{p, 0, 1};
  const auto sink = [&](size_t column) {
    return JoinSink{output.data + column, output.dim - column, correction};
  };
  const size_t vecs = output.dim / lanes;
  ForGroups<4>(0, vecs, [&](auto vec_group, size_t vec) HWY_ATTR {
    const size_t column = vec * lanes;
    const AdjacentColumns<> v{tile.values + column, tile.value_stride};
    OuterProduct<1, vec_group.value>::Run(factors, v, steps, sink(column));
  });
  if (vecs * lanes < output.dim) {
    const size_t column = vecs * lanes;
    const LastColumns<> v{tile.values + column, tile.value_stride,
                          output.dim - column};
    OuterProduct<1, 1>::Run(factors, v, steps, sink(column));
  }
}

HWY_NOINLINE HWY_MAYBE_UNUSED void AddKeys(const Keys& keys,
                                           const OutputRow& output,
                                           RowSum& row) {
  HWY_ALIGN float p[kTile];
  const LogitRow logits{keys.logits, nullptr, keys.count, 1.0f};
  for (size_t first = 0; first < keys.count; first += kTile) {
    const Keys tile{keys.logits + first,
                    keys.values + first * keys.value_stride, keys.value_stride,
                    HWY_MIN(keys.count - first, kTile)};
    const float tile_max = LoadTile(logits, first, tile.count, p);
    const float correction = AddTile(p, tile.count, tile_max, row);
    AddValues(p, FindVisible(tile.logits, tile.count), tile, correction,
              output);
  }
}

// Joins two partials of disjoint keys.  An empty one has l = 0 and o = 0.
HWY_NOINLINE HWY_MAYBE_UNUSED void MergePartial(const float* other_output,
                                                const RowSum& other,
                                                const OutputRow& output,
                                                RowSum& row) {
  const FloatTag d;
  const size_t lanes = hn::Lanes(d);
  const float new_max = other.max > row.max ? other.max : row.max;
  const Vec max = hn::Set(d, new_max);
  const Vec mine = ExpNonPositive(hn::Sub(hn::Set(d, row.max), max));
  const Vec theirs = ExpNonPositive(hn::Sub(hn::Set(d, other.max), max));
  const auto join = [&](Vec a, Vec b)
                        HWY_ATTR { return Fma(a, mine, hn::Mul(b, theirs)); };
  for (size_t i = 0; i < output.dim; i += lanes) {
    const size_t n = HWY_MIN(output.dim - i, lanes);
    const Vec a = hn::LoadN(d, output.data + i, n);
    const Vec b = hn::LoadN(d, other_output + i, n);
    hn::StoreN(join(a, b), d, output.data + i, n);
  }
  row.max = new_max;
  row.sum = hn::GetLane(join(hn::Set(d, row.sum), hn::Set(d, other.sum)));
}

// m + ln(l): -inf for no key.
HWY_INLINE float LogSumExp(const RowSum& row) {
  const FloatTag d;
  return hn::GetLane(
      Fma(Log2(hn::Set(d, row.sum)), hn::Set(d, kLn2), hn::Set(d, row.max)));
}

// out = o / l, or 0 for no key.
HWY_NOINLINE HWY_MAYBE_UNUSED void StoreNormalised(const float* output,
                                                   size_t dim, float sum,
                                                   float* out) {
  ScaleRow(output, dim, InverseSum(sum), out);
}

}  // namespace
// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace fovea
HWY_AFTER_NAMESPACE();

#endif  // FOVEA_KERNELS_SOFTMAX_ACCUMULATOR_INL_H_
