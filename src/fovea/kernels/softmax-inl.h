// SPDX-License-Identifier: Apache-2.0
// Softmax and log-softmax of one row (Milakov and Gimelshein, arXiv
// 1805.02867): one pass finds m and l tile by tile, in the order of additions
// of the attention kernels, and one pass writes.
//
// Logits stay natural, unlike the scores of attention: where log2(e) cannot be
// folded into a query, rounding x * log2(e) before m is subtracted costs an
// error that grows with the logit (logits up to 160: 19 times PyTorch's).
#if defined(FOVEA_KERNELS_SOFTMAX_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FOVEA_KERNELS_SOFTMAX_INL_H_
#undef FOVEA_KERNELS_SOFTMAX_INL_H_
#else
#define FOVEA_KERNELS_SOFTMAX_INL_H_
#endif

#include "fovea/kernels/exp2-inl.h"
#include "fovea/kernels/log2-inl.h"
#include "fovea/kernels/online_softmax-inl.h"

HWY_BEFORE_NAMESPACE();
namespace fovea {
namespace HWY_NAMESPACE {
namespace {

// logit[i] = x[i] * scale, or -inf where it is masked.
struct LogitRow {
  const float* x;
  const uint8_t* mask;  // 0: masked; null: nothing is
  size_t count;
  float scale;
};

// m and l of the logits seen so far.
struct RowSum {
  float max;
  float sum;
};

constexpr RowSum kNoSum = {kNoMax, 0.0f};

// A vector of logits from entry i on; -inf where they are masked.
HWY_INLINE Vec LoadLogits(const LogitRow& row, size_t i) {
  const FloatTag d;
  const Vec logits = hn::Mul(hn::LoadU(d, row.x + i), hn::Set(d, row.scale));
  if (row.mask == nullptr) return logits;
  const hn::Rebind<uint8_t, FloatTag> bytes;
  const IntTag words;
  const auto mask = hn::PromoteTo(words, hn::LoadU(bytes, row.mask + i));
  const auto masked = hn::RebindMask(d, hn::Eq(mask, hn::Zero(words)));
  return hn::IfThenElse(masked, MaskedScore(), logits);
}

// The row's last `count` logits, fewer than a vector, and -inf after them.
HWY_INLINE Vec LoadLastLogits(const LogitRow& row, size_t i, size_t count) {
  const FloatTag d;
  const float masked = hn::GetLane(MaskedScore());
  HWY_ALIGN float logits[kMaxLanes];
  for (size_t lane = 0; lane < hn::Lanes(d); ++lane) {
    const bool visible =
        lane < count && (row.mask == nullptr || row.mask[i + lane] != 0);
    logits[lane] = visible ? row.x[i + lane] * row.scale : masked;
  }
  return hn::Load(d, logits);
}

// Copies `count` logits and fills their last panel; returns the largest.
HWY_INLINE float LoadTile(const LogitRow& row, size_t first, size_t count,
                          float* HWY_RESTRICT logits) {
  const FloatTag d;
  const size_t lanes = hn::Lanes(d);
  Vec most = hn::Set(d, kNoMax);
  size_t i = 0;
  const auto add = [&](Vec logit) HWY_ATTR {
    hn::Store(logit, d, logits + i);
    most = Larger(logit, most);
  };
  for (; i + lanes <= count; i += lanes) add(LoadLogits(row, first + i));
  if (i < count) {
    add(LoadLastLogits(row, first + i, count - i));
    i += lanes;
  }
  for (; i % kPanel != 0; i += lanes) {
    hn::Store(MaskedScore(), d, logits + i);
  }
  return hn::ReduceMax(d, most);
}

// Joins a tile to the sum, and replaces its logits by e^(logit - m').  Returns
// e^(m - m').
HWY_INLINE float AddTile(float* HWY_RESTRICT logits, size_t count,
                         float tile_max, RowSum& row) {
  const FloatTag d;
  const auto exp = [](Vec x) HWY_ATTR { return ExpNonPositive(x); };
  const float new_max = tile_max > row.max ? tile_max : row.max;
  const Vec max = hn::Set(d, new_max);
  // Most tiles raise no maximum (Zen 5, AVX-512: 0.32 instead of 0.39 ns an
  // entry of a long row).
  const Vec correction = new_max == row.max
                             ? hn::Set(d, 1.0f)
                             : exp(hn::Sub(hn::Set(d, row.max), max));
  const float sum =
      ProbabilitiesOfRow(logits, 0, RoundUp(count, kPanel), max,
                         [exp](size_t, Vec x) HWY_ATTR { return exp(x); });
  row.max = new_max;
  row.sum = hn::GetLane(Fma(hn::Set(d, row.sum), correction, hn::Set(d, sum)));
  return hn::GetLane(correction);
}

HWY_NOINLINE RowSum SumOfRow(const LogitRow& row) {
  HWY_ALIGN float logits[kTile];
  RowSum total = kNoSum;
  for (size_t first = 0; first < row.count; first += kTile) {
    const size_t count = HWY_MIN(row.count - first, kTile);
    const float tile_max = LoadTile(row, first, count, logits);
    AddTile(logits, count, tile_max, total);
  }
  return total;
}

// Stores value(logit) of every entry; what is masked gets `masked`, whatever
// the row's sum is.
template <class Value>
HWY_INLINE void WriteRow(const LogitRow& row, Vec masked, float* y,
                         const Value& value) {
  const FloatTag d;
  const size_t lanes = hn::Lanes(d);
  const auto result = [&](Vec logit) HWY_ATTR {
    // Not Ne, which on x86 is false for a NaN.
    const auto hidden = hn::Eq(logit, MaskedScore());
    return hn::IfThenElse(hidden, masked, value(logit));
  };
  size_t i = 0;
  for (; i + lanes <= row.count; i += lanes) {
    hn::StoreU(result(LoadLogits(row, i)), d, y + i);
  }
  if (i < row.count) {
    const size_t rest = row.count - i;
    hn::StoreN(result(LoadLastLogits(row, i, rest)), d, y + i, rest);
  }
}

// y = e^(logit - m) / l; y may be x.
HWY_NOINLINE HWY_MAYBE_UNUSED void SoftmaxRow(const LogitRow& row, float* y) {
  const FloatTag d;
  const RowSum total = SumOfRow(row);
  const Vec max = hn::Set(d, total.max);
  const Vec inverse = hn::Set(d, InverseSum(total.sum));
  WriteRow(row, hn::Zero(d), y, [&](Vec logit) HWY_ATTR {
    return hn::Mul(ExpNonPositive(hn::Sub(logit, max)), inverse);
  });
}

// y = (logit - m) - ln(l); y may be x.
HWY_NOINLINE HWY_MAYBE_UNUSED void LogSoftmaxRow(const LogitRow& row,
                                                 float* y) {
  const FloatTag d;
  const RowSum total = SumOfRow(row);
  const Vec max = hn::Set(d, total.max);
  const Vec log2_sum = Log2(hn::Set(d, total.sum));
  const Vec ln2 = hn::Set(d, kLn2);
  WriteRow(row, MaskedScore(), y, [&](Vec logit) HWY_ATTR {
    return NegFma(log2_sum, ln2, hn::Sub(logit, max));
  });
}

}  // namespace
// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace fovea
HWY_AFTER_NAMESPACE();

#endif  // FOVEA_KERNELS_SOFTMAX_INL_H_
