// SPDX-License-Identifier: Apache-2.0
// x86's vpdpbusd, which multiplies unsigned by signed.  Keys are read 128
// larger; values are the signed ones.  With 16 lanes it is AVX-512's, with 8
// that of CPUs without AVX-512, whose encoding has to be asked for.
//
// Without a guard of its own: products-inl.h includes it once for each target
// that has these instructions.

#include <immintrin.h>

#include "port/int8/plain_products-inl.h"

HWY_BEFORE_NAMESPACE();
namespace fovea {
namespace HWY_NAMESPACE {
namespace {

struct VnniProducts {
  template <size_t, size_t>
  using Block = NoProductBlock;

  static constexpr int32_t kKeyOffset = 128;
  static constexpr bool kHasWide = false;

  static HWY_INLINE IntVec OffsetKeys(IntVec keys) {
    const IntTag d;
    return hn::Xor(keys, hn::Set(d, static_cast<int32_t>(0x80808080u)));
  }

  // sum + the products of unsigned and signed bytes.  g++ 12 copies the sum to
  // another register and back around its builtin, which has another type: half
  // of the instructions of a loop (Zen 5: D2 342 -> 288 us).
  static HWY_INLINE IntVec Add(IntVec of_unsigned, IntVec of_signed,
                               IntVec sum) {
#if HWY_COMPILER_GCC_ACTUAL && HWY_TARGET == HWY_AVX2
    __asm__("%{vex%} vpdpbusd %2, %1, %0"
            : "+x"(sum.raw)
            : "x"(of_unsigned.raw), "x"(of_signed.raw));
    return sum;
#elif HWY_COMPILER_GCC_ACTUAL
    __asm__("vpdpbusd %2, %1, %0"
            : "+v"(sum.raw)
            : "v"(of_unsigned.raw), "v"(of_signed.raw));
    return sum;
#elif HWY_TARGET == HWY_AVX2
    return IntVec{
        _mm256_dpbusd_avx_epi32(sum.raw, of_unsigned.raw, of_signed.raw)};
#else
    return IntVec{_mm512_dpbusd_epi32(sum.raw, of_unsigned.raw, of_signed.raw)};
#endif
  }

  static HWY_INLINE IntVec AddKeys(int32_t factor, IntVec keys, IntVec sum) {
    return Add(keys, hn::Set(IntTag(), factor), sum);
  }
  static HWY_INLINE IntVec AddValues(int32_t factor, IntVec values,
                                     IntVec sum) {
    return Add(hn::Set(IntTag(), factor), values, sum);
  }
};

}  // namespace
// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace fovea
HWY_AFTER_NAMESPACE();
