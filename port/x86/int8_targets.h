// SPDX-License-Identifier: Apache-2.0
// AVX-512 and AVX2 with vpdpbusd.  Highway has it from AVX3_DL on, with much
// else that Cascade Lake lacks and no kernel needs; and not in the encoding of
// CPUs without AVX-512 (Alder Lake).
#ifndef FOVEA_PORT_X86_INT8_TARGETS_H_
#define FOVEA_PORT_X86_INT8_TARGETS_H_

#include <cpuid.h>
#include <hwy/detect_targets.h>

#define FOVEA_INT8_TARGET_A AVX3_VNNI
#define FOVEA_INT8_TARGET_B AVX2_VNNI

namespace fovea::port {
namespace {

constexpr int64_t kFloatsOfTargetA = HWY_AVX3;
constexpr int64_t kFloatsOfTargetB = HWY_AVX2;
constexpr size_t kVectorBytesOfTargetA = 64;
constexpr size_t kVectorBytesOfTargetB = 32;

// Of the instruction alone: that vectors of such a size may be used is what
// the target of floats was chosen by.
inline bool HasTargetA() noexcept {
  unsigned a = 0, b = 0, c = 0, d = 0;
  return __get_cpuid_count(7, 0, &a, &b, &c, &d) != 0 && (c >> 11 & 1) != 0;
}
inline bool HasTargetB() noexcept {
  unsigned a = 0, b = 0, c = 0, d = 0;
  return __get_cpuid_count(7, 1, &a, &b, &c, &d) != 0 && (a >> 4 & 1) != 0;
}

}  // namespace
}  // namespace fovea::port

#endif  // FOVEA_PORT_X86_INT8_TARGETS_H_
