// SPDX-License-Identifier: Apache-2.0
// A row of floats as int8 with a scale, some entries at a time: the bits of
// QuantiseRow (quantise.h).
#if defined(FOVEA_KERNELS_QUANTISE_ROW_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FOVEA_KERNELS_QUANTISE_ROW_INL_H_
#undef FOVEA_KERNELS_QUANTISE_ROW_INL_H_
#else
#define FOVEA_KERNELS_QUANTISE_ROW_INL_H_
#endif

#include "fovea/kernels/fold_rows-inl.h"
#include "fovea/kernels/quad-inl.h"
#include "fovea/quantise.h"

HWY_BEFORE_NAMESPACE();
namespace fovea {
namespace HWY_NAMESPACE {
namespace {

// Whether rows are quantised a vector's lanes of them at a time.
constexpr bool kRowsTogether = kMaxLanes >= 4;

// RoundToInt of each lane, of -128 to 127: the lowest byte of the rounding sum.
HWY_INLINE void StoreRounded(Vec x, int8_t* to) {
  const FloatTag d;
  const hn::RebindToUnsigned<FloatTag> du;
  const hn::Rebind<uint8_t, FloatTag> d8;
  const auto bits = hn::BitCast(du, hn::Add(x, hn::Set(d, kRoundingShift)));
  hn::StoreU(hn::TruncateTo(d8, bits), d8, reinterpret_cast<uint8_t*>(to));
}

// QuantiseRow of `count` entries, all of them finite: load(i) gives those of a
// vector from i on, zeros past the last.  `to` has room for whole vectors.
template <class Load>
HWY_INLINE float QuantiseFiniteRow(size_t count, const Load& load,
                                   int8_t* HWY_RESTRICT to) {
  const FloatTag d;
  const size_t lanes = hn::Lanes(d);
  Vec most = hn::Set(d, kLeastRow);
  for (size_t i = 0; i < count; i += lanes) {
    most = hn::Max(hn::Abs(load(i)), most);
  }
  const float largest = hn::ReduceMax(d, most);
  const Vec inverse = hn::Set(d, 127.0f / largest);
  for (size_t i = 0; i < count; i += lanes) {
    StoreRounded(hn::Mul(load(i), inverse), to + i);
  }
  return largest / 127.0f;
}

// The same of as many rows as a vector has lanes, load(row, i), whose maxima
// and quotients are found side by side; `to` has a row every `stride` bytes.
template <class Load>
HWY_INLINE void QuantiseFiniteRows(size_t count, const Load& load,
                                   float* HWY_RESTRICT scales,
                                   int8_t* HWY_RESTRICT to, size_t stride) {
  const FloatTag d;
  const size_t lanes = hn::Lanes(d);
  HWY_ALIGN float largest[kMaxLanes * kPanel];
  HWY_ALIGN float inverse[kMaxLanes];
  for (size_t row = 0; row < lanes; ++row) {
    Vec most = hn::Set(d, kLeastRow);
    for (size_t i = 0; i < count; i += lanes) {
      most = hn::Max(hn::Abs(load(row, i)), most);
    }
    hn::Store(most, d, largest + row * kPanel);
  }
  const Vec of_rows = MaxOfRows(largest);
  const Vec limit = hn::Set(d, 127.0f);
  hn::Store(Divide(limit, of_rows), d, inverse);
  hn::StoreU(Divide(of_rows, limit), d, scales);
  for (size_t row = 0; row < lanes; ++row) {
    const Vec factor = hn::Set(d, inverse[row]);
    for (size_t i = 0; i < count; i += lanes) {
      StoreRounded(hn::Mul(load(row, i), factor), to + row * stride + i);
    }
  }
}

// Rows as int8 with a scale, each with the sum of its entries.  A row with NaN
// or infinity gives zeros and a scale of NaN.
struct RowsToQuantise {
  const float* rows;
  size_t stride;  // from row to row, in floats
  size_t dims;
  int8_t* HWY_RESTRICT to;  // one after the other, dims rounded up to 4
  float* HWY_RESTRICT scales;
  int32_t* HWY_RESTRICT sums;

  // Nothing past the last: one lane may begin there.
  HWY_INLINE Vec Load(size_t row, size_t i) const {
    const FloatTag d;
    const float* from = rows + row * stride;
    const size_t left = i < dims ? dims - i : 0;
    return left >= hn::Lanes(d) ? hn::LoadU(d, from + i)
                                : hn::LoadN(d, from + i, left);
  }

  // The largest magnitude of each lane: as integers they have the order of
  // floats, with NaN the largest.
  HWY_INLINE IntVec Largest(size_t row) const {
    const IntTag di;
    IntVec bits = hn::Set(di, static_cast<int32_t>(BitsOfFloat(kLeastRow)));
    for (size_t i = 0; i < dims; i += hn::Lanes(di)) {
      bits = hn::Max(bits, hn::BitCast(di, hn::Abs(Load(row, i))));
    }
    return bits;
  }

  // Stores the entries of a row, whose largest magnitude is 127 / inverse, and
  // returns their sum in each lane.
  HWY_INLINE IntVec Store(size_t row, bool finite, float inverse) const {
    const FloatTag d;
    const IntTag di;
    const hn::RebindToUnsigned<FloatTag> du;
    const hn::Rebind<uint8_t, FloatTag> d8;
    const size_t lanes = hn::Lanes(d);
    const size_t padded = RoundUp(dims, 4);
    auto* of_row = reinterpret_cast<uint8_t*>(to + row * padded);
    const Vec factor = hn::Set(d, inverse);
    IntVec sum = hn::Zero(di);
    for (size_t i = 0; i < padded; i += lanes) {
      const Vec x = finite ? hn::Mul(Load(row, i), factor) : hn::Zero(d);
      const IntVec entries = RoundToInts(x);
      sum = hn::Add(sum, entries);
      const auto bytes = hn::TruncateTo(d8, hn::BitCast(du, entries));
      if (padded - i >= lanes) {
        hn::StoreU(bytes, d8, of_row + i);
      } else {
        hn::StoreN(bytes, d8, of_row + i, padded - i);
      }
    }
    return sum;
  }

  HWY_INLINE void One(size_t row) const {
    const IntTag di;
    const float most =
        FloatOfBits(static_cast<uint32_t>(hn::ReduceMax(di, Largest(row))));
    const bool finite = most - most == 0.0f;
    sums[row] = hn::ReduceSum(di, Store(row, finite, 127.0f / most));
    scales[row] = finite ? most / 127.0f : most - most;
  }

  // As many as a vector has lanes, whose maxima, quotients and sums are found
  // side by side.
  HWY_INLINE void Some(size_t first) const {
    const FloatTag d;
    const IntTag di;
    const size_t lanes = hn::Lanes(d);
    HWY_ALIGN float room[kMaxLanes * kPanel];
    HWY_ALIGN float inverse[kMaxLanes];
    for (size_t i = 0; i < lanes; ++i) {
      hn::Store(hn::BitCast(d, Largest(first + i)), d, room + i * kPanel);
    }
    const Vec most = hn::BitCast(d, MaxOfIntRows(room));
    const Vec limit = hn::Set(d, 127.0f);
    const Vec nothing = hn::Sub(most, most);  // 0, or NaN
    const auto finite = hn::Eq(nothing, hn::Zero(d));
    hn::Store(Divide(limit, most), d, inverse);
    hn::StoreU(hn::IfThenElse(finite, Divide(most, limit), nothing), d,
               scales + first);
    for (size_t i = 0; i < lanes; ++i) {
      const float scale = scales[first + i];
      const IntVec sum = Store(first + i, scale == scale, inverse[i]);
      hn::Store(hn::BitCast(d, sum), d, room + i * kPanel);
    }
    hn::StoreU(SumOfIntRows(room), di, sums + first);
  }

  HWY_NOINLINE void All(size_t count) const {
    size_t row = 0;
    if constexpr (kRowsTogether) {
      const size_t lanes = hn::Lanes(FloatTag());
      for (; row + lanes <= count; row += lanes) Some(row);
    }
    for (; row < count; ++row) One(row);
  }
};

}  // namespace
// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace fovea
HWY_AFTER_NAMESPACE();

#endif  // FOVEA_KERNELS_QUANTISE_ROW_INL_H_
