// SPDX-License-Identifier: Apache-2.0
// Cortex-M's SMLAD, which adds two products of 16 bits: bytes 0 and 2 of a
// word, then 1 and 3.  The compiler unpacks a factor once for all its keys.
//
// Without a guard of its own: products-inl.h includes it once for each target
// that has these instructions.
#include "port/int8/plain_products-inl.h"

HWY_BEFORE_NAMESPACE();
namespace fovea {
namespace HWY_NAMESPACE {
namespace {

struct DspProducts {
  template <size_t, size_t>
  using Block = NoProductBlock;

  static constexpr int32_t kKeyOffset = 0;

  static HWY_INLINE IntVec OffsetKeys(IntVec keys) { return keys; }

  static HWY_INLINE IntVec AddKeys(int32_t factor, IntVec keys, IntVec sum) {
    const int32_t columns = hn::GetLane(keys);
    int32_t total = Add(Even(factor), Even(columns), hn::GetLane(sum));
    total = Add(Odd(factor), Odd(columns), total);
    return hn::Set(IntTag(), total);
  }

  static HWY_INLINE IntVec AddValues(int32_t factor, IntVec values,
                                     IntVec sum) {
    return AddKeys(factor, values, sum);
  }

 private:
  // Instructions, since not every compiler folds the rotation into the other.
  static HWY_INLINE int32_t Even(int32_t word) {
    int32_t to;
    __asm__("sxtb16 %0, %1" : "=r"(to) : "r"(word));
    return to;
  }
  static HWY_INLINE int32_t Odd(int32_t word) {
    int32_t to;
    __asm__("sxtb16 %0, %1, ror #8" : "=r"(to) : "r"(word));
    return to;
  }
  static HWY_INLINE int32_t Add(int32_t a, int32_t b, int32_t sum) {
    int32_t to;
    __asm__("smlad %0, %1, %2, %3" : "=r"(to) : "r"(a), "r"(b), "r"(sum));
    return to;
  }
};

}  // namespace
// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace fovea
HWY_AFTER_NAMESPACE();
