// SPDX-License-Identifier: Apache-2.0
// Targets for int8 that Highway does not have: those of port/int8/targets.h.
//
// cmake/library.cmake compiles the dispatched files of int8 once more for each
// of them, with FOVEA_INT8_TARGET for its name; floats are those of a target of
// Highway's.  Such a file has
//
//   FOVEA_EXPORT_INT8(F)    for HWY_EXPORT(F), in no anonymous namespace
//   FOVEA_DISPATCH_INT8(F)  for HWY_DYNAMIC_DISPATCH(F)
//
// and leaves out, #ifdef FOVEA_INT8_TARGET, all else that is no kernel.
#ifndef FOVEA_DISPATCH_INT8_TARGETS_H_
#define FOVEA_DISPATCH_INT8_TARGETS_H_

#include <cstddef>
#include <cstdint>

// After foreach_target.
#include <hwy/highway.h>

// Pointers to the kernels of a target, with C's linkage: all of fovea is in
// another namespace there, so that no function of it is taken for one that
// every CPU can run.
#define FOVEA_INT8_POINTER(FUNC, TARGET) \
  HWY_CONCAT(fovea_, HWY_CONCAT(FUNC, HWY_CONCAT(_, TARGET)))
#define FOVEA_DECLARE_INT8(FUNC, TARGET)                                    \
  extern "C" decltype(&HWY_STATIC_DISPATCH(FUNC)) const FOVEA_INT8_POINTER( \
      FUNC, TARGET)

#if defined(FOVEA_INT8_TARGET)

#define FOVEA_EXPORT_INT8(FUNC)                                  \
  FOVEA_DECLARE_INT8(FUNC, FOVEA_INT8_TARGET);                   \
  decltype(&HWY_STATIC_DISPATCH(FUNC)) const FOVEA_INT8_POINTER( \
      FUNC, FOVEA_INT8_TARGET) = &HWY_STATIC_DISPATCH(FUNC)

#elif defined(FOVEA_HAS_INT8_TARGETS)

#include "port/int8/targets.h"

#define FOVEA_EXPORT_INT8(FUNC)                  \
  FOVEA_DECLARE_INT8(FUNC, FOVEA_INT8_TARGET_A); \
  FOVEA_DECLARE_INT8(FUNC, FOVEA_INT8_TARGET_B); \
  HWY_EXPORT(FUNC)
#define FOVEA_DISPATCH_INT8(FUNC)                    \
  (*::fovea::run_time::KernelInUse(                  \
      FOVEA_INT8_POINTER(FUNC, FOVEA_INT8_TARGET_A), \
      FOVEA_INT8_POINTER(FUNC, FOVEA_INT8_TARGET_B), \
      HWY_DYNAMIC_POINTER(FUNC)))

#else

#define FOVEA_EXPORT_INT8(FUNC) HWY_EXPORT(FUNC)
#define FOVEA_DISPATCH_INT8(FUNC) HWY_DYNAMIC_DISPATCH(FUNC)

#endif

namespace fovea {
namespace run_time {

struct Int8Target {
  const char* name;
  int64_t floats;  // Highway's target of its floats
  size_t vector_bytes;
  bool (*is_of_cpu)();
};

#if defined(FOVEA_HAS_INT8_TARGETS) && !defined(FOVEA_INT8_TARGET)

constexpr Int8Target kInt8Targets[] = {
    {HWY_STR(FOVEA_INT8_TARGET_A), port::kFloatsOfTargetA,
     port::kVectorBytesOfTargetA, port::HasTargetA},
    {HWY_STR(FOVEA_INT8_TARGET_B), port::kFloatsOfTargetB,
     port::kVectorBytesOfTargetB, port::HasTargetB},
    {nullptr, 0, 0, nullptr}};
constexpr size_t kNoInt8Target = 2;

// Which of them is in use, or kNoInt8Target: the kernels are those of floats.
size_t Int8TargetInUse() noexcept;

// Stays in use.  The best for the target of floats: one that has vectors as
// long as that one's.
void UseInt8Target(size_t index) noexcept;
size_t UseBestInt8Target() noexcept;

template <class F>
F KernelInUse(F a, F b, F of_highway) noexcept {
  const F kernels[] = {a, b, of_highway};
  return kernels[Int8TargetInUse()];
}

#else

constexpr Int8Target kInt8Targets[] = {{nullptr, 0, 0, nullptr}};
constexpr size_t kNoInt8Target = 0;
inline size_t Int8TargetInUse() noexcept { return kNoInt8Target; }
inline void UseInt8Target(size_t) noexcept {}
inline size_t UseBestInt8Target() noexcept { return kNoInt8Target; }

#endif

}  // namespace run_time
}  // namespace fovea

#endif  // FOVEA_DISPATCH_INT8_TARGETS_H_
