// SPDX-License-Identifier: Apache-2.0
// The vector vocabulary of the kernels: Highway's, capped at 16 lanes, with the
// few operations whose bits must not depend on the target.
#if defined(FOVEA_KERNELS_SIMD_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FOVEA_KERNELS_SIMD_INL_H_
#undef FOVEA_KERNELS_SIMD_INL_H_
#else
#define FOVEA_KERNELS_SIMD_INL_H_
#endif

#ifdef __FAST_MATH__
#error "fovea's bits are its contract: build without -ffast-math"
#endif

#if (defined(__arm__) && !defined(__ARM_FP)) || \
    (defined(__riscv) && !defined(__riscv_flen))
#error "fovea's float kernels need a floating-point unit"
#endif

#include <hwy/highway.h>

#include <cstddef>
#include <cstdint>
#include <utility>

#include "fovea/kernels/layout.h"

// After the parameters of a lambda that has to be inlined, as functions are by
// HWY_INLINE: on one lane, what a call hands over costs as much as a block of
// sums (Cortex-M4, 81 tokens of dim 32: 2.37 instead of 2.27 instructions a
// multiply-add).  Not where flash is scarce, nor where vectors make calls rare.
#undef FOVEA_INLINED
#if (HWY_ARCH_ARM_A64 || HWY_TARGET == HWY_SCALAR) && \
    !defined(__OPTIMIZE_SIZE__) && !HWY_COMPILER_MSVC
#define FOVEA_INLINED HWY_ATTR __attribute__((always_inline))
#else
#define FOVEA_INLINED HWY_ATTR
#endif

HWY_BEFORE_NAMESPACE();
namespace fovea {
namespace HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

// At most 16 lanes on any target: a panel is 16 wide, and a target with longer
// vectors (SVE, RVV) gains nothing from lanes that a panel cannot fill.
using FloatTag = hn::CappedTag<float, kPanel>;
using IntTag = hn::RebindToSigned<FloatTag>;
using Vec = hn::Vec<FloatTag>;
using IntVec = hn::Vec<IntTag>;

// Upper bound of Lanes(FloatTag()), usable for array sizes and unrolling.
constexpr size_t kMaxLanes = hn::MaxLanes(FloatTag());

// Accumulators a micro-kernel keeps in registers: half of the register file,
// the other half holds what they are multiplied from.  A lone lane is a core
// whose scalar registers count (32 on an M-profile FPU and on RISC-V).
#if (HWY_ARCH_X86 && HWY_TARGET > HWY_AVX3) || HWY_ARCH_ARM_V7 || HWY_ARCH_WASM
constexpr size_t kVectorRegisters = 16;
#else
constexpr size_t kVectorRegisters = 32;
#endif
constexpr size_t kAccumulators =
    (kVectorRegisters >= 32 || kMaxLanes == 1) ? 16 : 8;

// How many of them are unrolled.  Where the compiler is told to save flash, few
// on a core with a lone lane: -Os on a Cortex-M4F, 4 heads of dim 64, a decode
// goes from 4.1 to 2.7 KB, a prefill from 10.2 to 3.4 KB.  No layout may depend
// on it: objects of both kinds may meet in one program.
#ifdef __OPTIMIZE_SIZE__
constexpr size_t kUnrolled = kMaxLanes == 1 ? 4 : kAccumulators;
#else
constexpr size_t kUnrolled = kAccumulators;
#endif

// Whether the target has a fused multiply-add, and so the bits of that class.
#if HWY_TARGET == HWY_SCALAR || HWY_TARGET == HWY_EMU128
#if defined(__FP_FAST_FMAF) || defined(__ARM_FEATURE_FMA)
constexpr bool kFuses = true;
#else
constexpr bool kFuses = false;
#endif
#else
constexpr bool kFuses = HWY_NATIVE_FMA != 0;
#endif

// a * b + c in one rounding, wherever the target has it in hardware.  Highway's
// scalar target would round twice.
HWY_INLINE Vec Fma(Vec a, Vec b, Vec c) {
#if HWY_TARGET == HWY_SCALAR && \
    (defined(__FP_FAST_FMAF) || defined(__ARM_FEATURE_FMA))
  return hn::Set(FloatTag(), __builtin_fmaf(hn::GetLane(a), hn::GetLane(b),
                                            hn::GetLane(c)));
#elif HWY_TARGET == HWY_EMU128 && \
    (defined(__FP_FAST_FMAF) || defined(__ARM_FEATURE_FMA))
  for (size_t i = 0; i < hn::Lanes(FloatTag()); ++i) {
    c.raw[i] = __builtin_fmaf(a.raw[i], b.raw[i], c.raw[i]);
  }
  return c;
#else
  return hn::MulAdd(a, b, c);
#endif
}

// c - a * b in one rounding.
HWY_INLINE Vec NegFma(Vec a, Vec b, Vec c) { return Fma(hn::Neg(a), b, c); }

// As Load and Store.  Highway's scalar target copies bytes, which to GCC may
// belong to any object: it then reloads all that it knows after each store.
HWY_INLINE Vec LoadLanes(const float* from) {
#if HWY_TARGET == HWY_SCALAR
  return hn::Set(FloatTag(), *from);
#else
  return hn::Load(FloatTag(), from);
#endif
}
HWY_INLINE void StoreLanes(Vec v, float* to) {
#if HWY_TARGET == HWY_SCALAR
  *to = hn::GetLane(v);
#else
  hn::Store(v, FloatTag(), to);
#endif
}

// The larger of a score and the largest so far, which a NaN does not replace on
// most targets.  Highway's scalar Max asks for NaN twice.
HWY_INLINE Vec Larger(Vec score, Vec most) {
#if HWY_TARGET == HWY_SCALAR
  const float a = hn::GetLane(score), b = hn::GetLane(most);
#if defined(__ARM_ARCH_PROFILE) && __ARM_ARCH_PROFILE == 'M' && \
    (__ARM_ARCH >= 8 || (__ARM_FP & 8))  // FPv5 has it as an instruction
  return hn::Set(FloatTag(), __builtin_fmaxf(a, b));
#else
  return hn::Set(FloatTag(), a > b ? a : b);
#endif
#else
  return hn::Max(score, most);
#endif
}

// y, but 0 where x < bound.  Highway's scalar select goes through a mask of
// integers.
HWY_INLINE Vec ZeroWhereBelow(Vec x, float bound, Vec y) {
  const FloatTag d;
#if HWY_TARGET == HWY_SCALAR
  return hn::Set(d, hn::GetLane(x) < bound ? 0.0f : hn::GetLane(y));
#else
  return hn::IfThenZeroElse(hn::Lt(x, hn::Set(d, bound)), y);
#endif
}

// The IEEE quotient.  Highway's ARMv7 Div is an approximation.
HWY_INLINE Vec Divide(Vec a, Vec b) {
#if HWY_ARCH_ARM_V7 && HWY_TARGET != HWY_SCALAR
  const FloatTag d;
  HWY_ALIGN float x[kMaxLanes];
  HWY_ALIGN float y[kMaxLanes];
  hn::Store(a, d, x);
  hn::Store(b, d, y);
  for (size_t i = 0; i < kMaxLanes; ++i) x[i] /= y[i];
  return hn::Load(d, x);
#else
  return hn::Div(a, b);
#endif
}

// The IEEE square root, without libm: sqrtf may set errno, so compilers keep a
// call to it, and Highway's ARMv7 Sqrt is an approximation.
HWY_INLINE float SquareRoot(float x) {
#if defined(__ARM_FP) && !defined(__aarch64__)
  float root;
  __asm__("vsqrt.f32 %0, %1" : "=t"(root) : "t"(x));
  return root;
#elif defined(__riscv_flen)
  float root;
  __asm__("fsqrt.s %0, %1" : "=f"(root) : "f"(x));
  return root;
#elif HWY_TARGET == HWY_SCALAR || HWY_TARGET == HWY_EMU128
  return __builtin_sqrtf(x);
#else
  const hn::CappedTag<float, 1> d;
  return hn::GetLane(hn::Sqrt(hn::Set(d, x)));
#endif
}

// Pins a loaded vector to a register.  Without it GCC folds one load into every
// instruction that uses it, and the micro-kernel runs out of load ports
// (measured on Zen 5, 512 x 512, D 64: 77 instead of 86 % of the FMA peak).
template <class V>
HWY_INLINE V InRegister(V v) {
#if HWY_COMPILER_GCC_ACTUAL && HWY_ARCH_X86 && HWY_TARGET != HWY_SCALAR && \
    HWY_TARGET != HWY_EMU128
  __asm__("" : "+v"(v.raw));
#endif
  return v;
}

template <size_t... kIndex, class Body>
HWY_INLINE void ForIndices(std::index_sequence<kIndex...>, const Body& body) {
  (body(kIndex), ...);
}

// Calls body(i) for i = 0 to kCount - 1, unrolled where flash is not scarce.
template <size_t kCount, class Body>
HWY_INLINE void Repeat(const Body& body) {
  if constexpr (kUnrolled >= 8) {
    ForIndices(std::make_index_sequence<kCount>(), body);
  } else {
    for (size_t i = 0; i < kCount; ++i) body(i);
  }
}

// Adds the upper half of 2 * kHalf vectors of partial sums to the lower, then
// folds that.
template <size_t kHalf>
HWY_INLINE void FoldVectors(float* HWY_RESTRICT partial) {
  const size_t lanes = hn::Lanes(FloatTag());
  Repeat<kHalf>([&](size_t i) HWY_ATTR {
    const Vec low = LoadLanes(partial + i * lanes);
    const Vec high = LoadLanes(partial + (i + kHalf) * lanes);
    StoreLanes(hn::Add(low, high), partial + i * lanes);
  });
  if constexpr (kHalf > 1) FoldVectors<kHalf / 2>(partial);
}

// Adds the upper half of 2 * kHalf partial sums to the lower, then folds that.
template <size_t kHalf>
HWY_INLINE void FoldHalves(float* HWY_RESTRICT partial) {
  const hn::CappedTag<float, kHalf> d;
  for (size_t i = 0; i < kHalf; i += hn::Lanes(d)) {
    const auto low = hn::LoadU(d, partial + i);
    const auto high = hn::LoadU(d, partial + i + kHalf);
    hn::StoreU(hn::Add(low, high), d, partial + i);
  }
  if constexpr (kHalf > 1) FoldHalves<kHalf / 2>(partial);
}

// The sum of 16 partial sums by one fixed tree: the same additions, hence the
// same bits, however many lanes computed them.  Overwrites `partial`.
HWY_INLINE float TreeSum16(float* HWY_RESTRICT partial) {
  if constexpr (kMaxLanes == 1) {
    FoldVectors<kPanel / 2>(partial);
  } else {
    FoldHalves<kPanel / 2>(partial);
  }
  return partial[0];
}

}  // namespace
// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace fovea
HWY_AFTER_NAMESPACE();

#endif  // FOVEA_KERNELS_SIMD_INL_H_
