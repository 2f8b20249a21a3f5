// SPDX-License-Identifier: Apache-2.0
// Targets that Highway does not have: NEON with the products of int8 that came
// after it.  Highway's next after NEON wants bfloat16 as well, which a
// Cortex-A76 lacks, and a newer compiler than g++ 12.
//
// cmake/library.cmake compiles the dispatched files of int8 once more for each
// of them, with FOVEA_INT8_TARGET for its name; floats are those of NEON.  Such
// a file has
//
//   FOVEA_EXPORT_INT8(F)    for HWY_EXPORT(F), in no anonymous namespace
//   FOVEA_DISPATCH_INT8(F)  for HWY_DYNAMIC_DISPATCH(F)
//
// and leaves out, #ifdef FOVEA_INT8_TARGET, all else that is no kernel.
#ifndef FOVEA_DISPATCH_INT8_TARGETS_H_
#define FOVEA_DISPATCH_INT8_TARGETS_H_

#include <cstdint>

// After foreach_target.
#include <hwy/highway.h>

#if defined(FOVEA_INT8_TARGET)

#define FOVEA_EXPORT_INT8(FUNC)                          \
  extern decltype(&HWY_STATIC_DISPATCH(FUNC))            \
      const HWY_CONCAT(FUNC, FOVEA_INT8_TARGET);         \
  decltype(&HWY_STATIC_DISPATCH(FUNC)) const HWY_CONCAT( \
      FUNC, FOVEA_INT8_TARGET) = &HWY_STATIC_DISPATCH(FUNC)

#elif defined(FOVEA_HAS_INT8_TARGETS)

#define FOVEA_EXPORT_INT8(FUNC)                                        \
  extern decltype(&HWY_STATIC_DISPATCH(FUNC)) const FUNC##NeonI8mm;    \
  extern decltype(&HWY_STATIC_DISPATCH(FUNC)) const FUNC##NeonDotprod; \
  HWY_EXPORT(FUNC)
#define FOVEA_DISPATCH_INT8(FUNC)                                             \
  (*::fovea::run_time::KernelInUse(HWY_DYNAMIC_POINTER(FUNC), FUNC##NeonI8mm, \
                                   FUNC##NeonDotprod))

#else

#define FOVEA_EXPORT_INT8(FUNC) HWY_EXPORT(FUNC)
#define FOVEA_DISPATCH_INT8(FUNC) HWY_DYNAMIC_DISPATCH(FUNC)

#endif

namespace fovea {
namespace run_time {

#ifdef FOVEA_HAS_INT8_TARGETS

// Highway's bits of two targets that the library has disabled: in their order,
// a better target is a lower bit.
constexpr int64_t kNeonI8mm = HWY_NEON_BF16;
constexpr int64_t kNeonDotprod = HWY_NEON;
constexpr int64_t kInt8Targets = kNeonI8mm | kNeonDotprod;
static_assert((HWY_TARGETS & kInt8Targets) == 0, "bits of other targets");

int64_t Int8TargetsOfCpu() noexcept;

// The best of a set of targets for int8, floats having chosen theirs: one of
// these, or 0 where that of floats is better.  It stays in use.
int64_t ChooseInt8Target(int64_t targets) noexcept;
int64_t Int8TargetInUse() noexcept;

// Null for a target of Highway's.
inline const char* Int8TargetName(int64_t target) noexcept {
  if (target == kNeonI8mm) return "NEON_I8MM";
  return target == kNeonDotprod ? "NEON_DOTPROD" : nullptr;
}

template <class F>
F KernelInUse(F of_highway, F i8mm, F dotprod) noexcept {
  const int64_t target = Int8TargetInUse();
  if (target == kNeonI8mm) return i8mm;
  return target == kNeonDotprod ? dotprod : of_highway;
}

#else

constexpr int64_t kInt8Targets = 0;
inline int64_t Int8TargetsOfCpu() noexcept { return 0; }
inline int64_t ChooseInt8Target(int64_t) noexcept { return 0; }
inline int64_t Int8TargetInUse() noexcept { return 0; }
inline const char* Int8TargetName(int64_t) noexcept { return nullptr; }

#endif  // FOVEA_HAS_INT8_TARGETS

}  // namespace run_time
}  // namespace fovea

#endif  // FOVEA_DISPATCH_INT8_TARGETS_H_
