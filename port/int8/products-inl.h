// SPDX-License-Identifier: Apache-2.0
// Sums of products of int8, four to a lane: the leaf for the instruction set
// that this is compiled for.  All of them give the same sums.
//
//   kKeyOffset   what a leaf adds to each key that it multiplies: the caller
//                takes kKeyOffset times the sum of the factors off again
//   OffsetKeys   keys as AddKeys wants them
//   AddKeys      sum + factor . keys; factors from -128 to 127
//   AddValues    sum + factor . values; factors from 0 to 127
//   kHasWide     whether there is AddWide: sum + factor . columns, where a
//                factor is a WideFactor, four numbers of 16 bits; and
//                WideBlock, as Block with such factors
//   Block        <rows, vecs>: blocks that the leaf sums by itself, if it has
//                kExists: Sum as PortBlock's (fovea/kernels/port_block-inl.h)
//
// A factor is four int8 in a word, the same for all lanes.
#if defined(FOVEA_PORT_INT8_PRODUCTS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FOVEA_PORT_INT8_PRODUCTS_INL_H_
#undef FOVEA_PORT_INT8_PRODUCTS_INL_H_
#else
#define FOVEA_PORT_INT8_PRODUCTS_INL_H_
#endif

#include "port/int8/plain_products-inl.h"

#undef FOVEA_INT8_PRODUCTS
// Highway knows vpdpbusd from AVX3_DL on; Cascade Lake has it without the rest
// of that, and CPUs without AVX-512 have a form of it (Alder Lake, Zen 5).
#if HWY_ARCH_X86 && (HWY_TARGET <= HWY_AVX3_DL ||                           \
                     (HWY_TARGET == HWY_AVX3 && defined(__AVX512VNNI__)) || \
                     (HWY_TARGET == HWY_AVX2 && defined(__AVXVNNI__)))
#include "port/x86/vnni_products-inl.h"
#define FOVEA_INT8_PRODUCTS VnniProducts
#elif HWY_ARCH_ARM_A64 && !HWY_HAVE_SCALABLE && HWY_TARGET != HWY_SCALAR && \
    HWY_TARGET != HWY_EMU128 &&                                             \
    (defined(__ARM_FEATURE_DOTPROD) || HWY_TARGET == HWY_NEON_BF16)
#if defined(__ARM_FEATURE_MATMUL_INT8) && defined(__ARM_FEATURE_DOTPROD) && \
    defined(__GNUC__) && !defined(__ARM_BIG_ENDIAN)
#include "port/aarch64/matmul_products-inl.h"
#define FOVEA_INT8_PRODUCTS MatmulProducts
#else
#include "port/aarch64/dot_products-inl.h"
#define FOVEA_INT8_PRODUCTS DotProducts
#endif
#elif HWY_TARGET == HWY_SCALAR && defined(__ARM_FEATURE_DSP) && \
    defined(__thumb2__)
#include "port/cortex_m/dsp_products-inl.h"
#define FOVEA_INT8_PRODUCTS DspProducts
#else
#define FOVEA_INT8_PRODUCTS PlainProducts
#endif

// No function, so none for the target's attributes: clang warns of regions that
// have nothing to apply them to.
namespace fovea {
namespace HWY_NAMESPACE {
namespace {

using Int8Products = FOVEA_INT8_PRODUCTS;

}  // namespace
// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace fovea

#endif  // FOVEA_PORT_INT8_PRODUCTS_INL_H_
