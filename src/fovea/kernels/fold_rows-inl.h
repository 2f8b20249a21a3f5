// SPDX-License-Identifier: Apache-2.0
// Sums and maxima of several rows at once.
#if defined(FOVEA_KERNELS_FOLD_ROWS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FOVEA_KERNELS_FOLD_ROWS_INL_H_
#undef FOVEA_KERNELS_FOLD_ROWS_INL_H_
#else
#define FOVEA_KERNELS_FOLD_ROWS_INL_H_
#endif

#include "fovea/kernels/transpose-inl.h"

HWY_BEFORE_NAMESPACE();
namespace fovea {
namespace HWY_NAMESPACE {
namespace {

// A vector with one number of each of some rows, rows[16] apart, from `count`
// numbers of each: those half of `count` apart are folded, then those a quarter
// apart, until one is left.  No row waits for itself as in a reduction of its
// own (Zen 5: 17 -> 7 instructions a row).
#if HWY_MAX_BYTES == 64 && !HWY_HAVE_SCALABLE

// The same of 16 rows in registers, two at a time: what is folded of one lies
// beside what is folded of the other (7 -> 4 instructions a row).
template <class Fold>
struct RowFolder {
  const float* HWY_RESTRICT rows;
  const Fold& fold;

  HWY_INLINE Vec Halves(size_t row) const {
    const FloatTag d;
    const Vec a = hn::Load(d, rows + row * kPanel);
    const Vec b = hn::Load(d, rows + (row + 8) * kPanel);
    return fold(hn::ConcatLowerLower(d, b, a), hn::ConcatUpperUpper(d, b, a));
  }
  HWY_INLINE Vec Quarters(size_t row) const {
    const Vec a = Halves(row), b = Halves(row + 4);
    return fold(EvenBlocks(a, b), OddBlocks(a, b));
  }
  HWY_INLINE Vec Pairs(size_t row) const {
    const FloatTag d;
    const hn::RepartitionToWide<FloatTag> wide;
    const auto a = hn::BitCast(wide, Quarters(row));
    const auto b = hn::BitCast(wide, Quarters(row + 2));
    return fold(hn::BitCast(d, hn::InterleaveLower(wide, a, b)),
                hn::BitCast(d, hn::InterleaveUpper(wide, a, b)));
  }
  HWY_INLINE Vec Rows() const {
    const Vec a = Pairs(0), b = Pairs(1);
    return fold(hn::OddEven(hn::DupEven(b), a), hn::OddEven(b, hn::DupOdd(a)));
  }
};

template <class Fold>
HWY_INLINE Vec FoldRows(const float* HWY_RESTRICT rows, size_t,
                        const Fold& fold) {
  return RowFolder<Fold>{rows, fold}.Rows();
}

#else

template <class Fold>
HWY_INLINE Vec FoldRows(const float* HWY_RESTRICT rows, size_t count,
                        const Fold& fold) {
  const FloatTag d;
  const size_t lanes = hn::Lanes(d);
  HWY_ALIGN float columns[kPanel * kMaxLanes];
  const auto row_of = [&](size_t first, size_t i) {
    return rows + (first + i) * kPanel;
  };
  TransposeVector(row_of, count, 1.0f, columns, lanes);
  for (size_t half = count / 2; half >= 1; half /= 2) {
    for (size_t i = 0; i < half; ++i) {
      const Vec low = hn::Load(d, columns + i * lanes);
      const Vec high = hn::Load(d, columns + (i + half) * lanes);
      hn::Store(fold(low, high), d, columns + i * lanes);
    }
  }
  return hn::Load(d, columns);
}

#endif

// As TreeSum16 of each row.
HWY_INLINE Vec SumOfRows(const float* rows) {
  return FoldRows(rows, kPanel,
                  [](Vec a, Vec b) HWY_ATTR { return hn::Add(a, b); });
}
HWY_INLINE Vec MaxOfRows(const float* rows) {
  return FoldRows(rows, hn::Lanes(FloatTag()),
                  [](Vec a, Vec b) HWY_ATTR { return hn::Max(a, b); });
}

// The same of integers, whose bits lie there: [row][lanes] in rows of 16.
template <class Fold>
HWY_INLINE IntVec FoldIntRows(const float* rows, const Fold& fold) {
  const auto folded = [&](Vec a, Vec b) HWY_ATTR {
    const IntTag di;
    return hn::BitCast(FloatTag(),
                       fold(hn::BitCast(di, a), hn::BitCast(di, b)));
  };
  return hn::BitCast(IntTag(), FoldRows(rows, hn::Lanes(FloatTag()), folded));
}
HWY_INLINE IntVec SumOfIntRows(const float* rows) {
  return FoldIntRows(rows,
                     [](IntVec a, IntVec b) HWY_ATTR { return hn::Add(a, b); });
}
HWY_INLINE IntVec MaxOfIntRows(const float* rows) {
  return FoldIntRows(rows,
                     [](IntVec a, IntVec b) HWY_ATTR { return hn::Max(a, b); });
}

}  // namespace
// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace fovea
HWY_AFTER_NAMESPACE();

#endif  // FOVEA_KERNELS_FOLD_ROWS_INL_H_
