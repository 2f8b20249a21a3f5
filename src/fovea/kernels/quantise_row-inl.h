// SPDX-License-Identifier: Apache-2.0
// A row of floats as int8 with a scale, some entries at a time: the bits of
// QuantiseRow (quantise.h).
#if defined(FOVEA_KERNELS_QUANTISE_ROW_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FOVEA_KERNELS_QUANTISE_ROW_INL_H_
#undef FOVEA_KERNELS_QUANTISE_ROW_INL_H_
#else
#define FOVEA_KERNELS_QUANTISE_ROW_INL_H_
#endif

#include "fovea/kernels/quad-inl.h"
#include "fovea/quantise.h"

HWY_BEFORE_NAMESPACE();
namespace fovea {
namespace HWY_NAMESPACE {
namespace {

// QuantiseRow of `count` entries, all of them finite: load(i) gives those of a
// vector from i on, zeros past the last.  `to` has room for whole vectors.
template <class Load>
HWY_INLINE float QuantiseFiniteRow(size_t count, const Load& load,
                                   int8_t* HWY_RESTRICT to) {
  const FloatTag d;
  const hn::Rebind<int8_t, FloatTag> d8;
  const size_t lanes = hn::Lanes(d);
  Vec most = hn::Set(d, kLeastRow);
  for (size_t i = 0; i < count; i += lanes) {
    most = hn::Max(hn::Abs(load(i)), most);
  }
  const float largest = hn::ReduceMax(d, most);
  const Vec inverse = hn::Set(d, 127.0f / largest);
  for (size_t i = 0; i < count; i += lanes) {
    const IntVec entry = RoundToInts(hn::Mul(load(i), inverse));
    hn::StoreU(hn::DemoteTo(d8, entry), d8, to + i);
  }
  return largest / 127.0f;
}

struct QuantisedSum {
  float scale;
  int32_t sum;  // of the entries
};

// A row as int8 (dims rounded up to 4).  A row with NaN or infinity gives
// zeros and a scale of NaN.
HWY_INLINE QuantisedSum QuantiseRowAndSum(const float* row, size_t dims,
                                          int8_t* HWY_RESTRICT to) {
  const FloatTag d;
  const IntTag di;
  const hn::Rebind<int8_t, FloatTag> d8;
  const size_t lanes = hn::Lanes(d);
  const size_t padded = RoundUp(dims, 4);
  // Nothing past the last: one lane may begin there.
  const auto load = [&](size_t i) HWY_ATTR {
    const size_t left = i < dims ? dims - i : 0;
    return left >= lanes ? hn::LoadU(d, row + i) : hn::LoadN(d, row + i, left);
  };
  // As integers, magnitudes have the order of floats, with NaN the largest.
  IntVec bits = hn::Set(di, static_cast<int32_t>(BitsOfFloat(kLeastRow)));
  for (size_t i = 0; i < dims; i += lanes) {
    bits = hn::Max(bits, hn::BitCast(di, hn::Abs(load(i))));
  }
  const float most =
      FloatOfBits(static_cast<uint32_t>(hn::ReduceMax(di, bits)));
  const bool finite = most - most == 0.0f;
  const Vec inverse = hn::Set(d, 127.0f / most);
  IntVec sum = hn::Zero(di);
  for (size_t i = 0; i < padded; i += lanes) {
    const Vec x = finite ? hn::Mul(load(i), inverse) : hn::Zero(d);
    const IntVec entries = RoundToInts(x);
    sum = hn::Add(sum, entries);
    if (padded - i >= lanes) {
      hn::StoreU(hn::DemoteTo(d8, entries), d8, to + i);
    } else {
      hn::StoreN(hn::DemoteTo(d8, entries), d8, to + i, padded - i);
    }
  }
  return {finite ? most / 127.0f : most - most, hn::ReduceSum(di, sum)};
}

}  // namespace
// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace fovea
HWY_AFTER_NAMESPACE();

#endif  // FOVEA_KERNELS_QUANTISE_ROW_INL_H_
