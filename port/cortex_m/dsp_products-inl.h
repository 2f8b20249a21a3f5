// SPDX-License-Identifier: Apache-2.0
// Cortex-M's SMLAD, which adds two products of 16 bits: bytes 0 and 2 of a
// word, then 1 and 3.  The compiler unpacks a factor once for all its keys.
//
// Without a guard of its own: products-inl.h includes it once for each target
// that has these instructions.
#include "port/cortex_m/dsp_words.h"
#include "port/int8/plain_products-inl.h"

HWY_BEFORE_NAMESPACE();
namespace fovea {
namespace HWY_NAMESPACE {
namespace {

// Some rows of wide factors times four columns.  Without optimisation a
// function may want a register for its frame that the loop takes.
template <size_t kRows, size_t kVecs>
struct DspWideBlock : NoProductBlock {};
#ifdef __OPTIMIZE__
template <size_t kRows>
struct DspWideBlock<kRows, 4> {
  static constexpr bool kExists = true;

  static HWY_INLINE bool Sum(const WideFactor* a, size_t row_stride,
                             size_t a_step, const int8_t* b, size_t b_step,
                             size_t count, float, int32_t* sums) {
    if (a_step != 1) return false;
    for (size_t row = 0; row < kRows; ++row) {
      int32_t* to = sums + 4 * row;
      to[0] = to[1] = to[2] = to[3] = 0;
      dsp_words::AddFourColumns<0>(
          reinterpret_cast<const uint32_t*>(a + row * row_stride), b, count, to,
          b_step);
    }
    return true;
  }
};
#endif

struct DspProducts {
  template <size_t, size_t>
  using Block = NoProductBlock;
  template <size_t kRows, size_t kVecs>
  using WideBlock = DspWideBlock<kRows, kVecs>;

  static constexpr int32_t kKeyOffset = 0;
  static constexpr bool kHasWide = true;

  static HWY_INLINE IntVec OffsetKeys(IntVec keys) { return keys; }

  static HWY_INLINE IntVec AddKeys(int32_t factor, IntVec keys, IntVec sum) {
    const auto word = static_cast<uint32_t>(factor);
    const auto even = static_cast<int32_t>(dsp_words::Even(word));
    const auto odd = static_cast<int32_t>(dsp_words::Odd(word));
    return hn::Set(IntTag(),
                   AddPairs(even, odd, hn::GetLane(keys), hn::GetLane(sum)));
  }

  static HWY_INLINE IntVec AddValues(int32_t factor, IntVec values,
                                     IntVec sum) {
    return AddKeys(factor, values, sum);
  }

  static HWY_INLINE IntVec AddWide(WideFactor factor, IntVec columns,
                                   IntVec sum) {
    return hn::Set(IntTag(), AddPairs(factor.even, factor.odd,
                                      hn::GetLane(columns), hn::GetLane(sum)));
  }

 private:
  static HWY_INLINE int32_t AddPairs(int32_t a, int32_t b, int32_t columns,
                                     int32_t sum) {
    const auto bytes = static_cast<uint32_t>(columns);
    sum = dsp_words::AddProducts(static_cast<uint32_t>(a),
                                 dsp_words::Even(bytes), sum);
    return dsp_words::AddProducts(static_cast<uint32_t>(b),
                                  dsp_words::Odd(bytes), sum);
  }
};

}  // namespace
// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace fovea
HWY_AFTER_NAMESPACE();
