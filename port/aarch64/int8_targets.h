// SPDX-License-Identifier: Apache-2.0
// NEON with the products of int8 that came after it.  Highway's next after NEON
// wants bfloat16 as well, which a Cortex-A76 lacks, and a newer compiler than
// g++ 12.  Longer vectors of SVE beat its blocks in assembly: 128 queries on a
// cache of int8 take 0.34 instructions a multiply-add with SVE of 256 bits,
// 0.49 with smmla and 0.61 with SVE of 128.
#ifndef FOVEA_PORT_AARCH64_INT8_TARGETS_H_
#define FOVEA_PORT_AARCH64_INT8_TARGETS_H_

#include <hwy/detect_targets.h>
#include <sys/auxv.h>

#define FOVEA_INT8_TARGET_A NEON_I8MM
#define FOVEA_INT8_TARGET_B NEON_DOTPROD

namespace fovea::port {
namespace {

constexpr int64_t kFloatsOfTargetA = HWY_NEON_WITHOUT_AES;
constexpr int64_t kFloatsOfTargetB = HWY_NEON_WITHOUT_AES;
constexpr size_t kVectorBytesOfTargetA = 16;
constexpr size_t kVectorBytesOfTargetB = 16;

// As Linux tells its programs.  The bits are the kernel's interface; older
// headers lack some of their names.
inline bool HasTargetB() noexcept {
  return (getauxval(AT_HWCAP) >> 20 & 1) != 0;  // HWCAP_ASIMDDP
}
inline bool HasTargetA() noexcept {
  // HWCAP2_I8MM
  return HasTargetB() && (getauxval(AT_HWCAP2) >> 13 & 1) != 0;
}

}  // namespace
}  // namespace fovea::port

#endif  // FOVEA_PORT_AARCH64_INT8_TARGETS_H_
