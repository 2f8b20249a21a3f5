// SPDX-License-Identifier: Apache-2.0
// What this CPU has beyond NEON, as Linux tells its programs.
#ifndef FOVEA_PORT_AARCH64_CPU_H_
#define FOVEA_PORT_AARCH64_CPU_H_

#include <sys/auxv.h>

namespace fovea::port {
namespace {

// The bits are the kernel's interface; older headers lack some of their names.
inline bool HasDotProducts() noexcept {
  return (getauxval(AT_HWCAP) >> 20 & 1) != 0;  // HWCAP_ASIMDDP
}

inline bool HasMatrixProducts() noexcept {
  return (getauxval(AT_HWCAP2) >> 13 & 1) != 0;  // HWCAP2_I8MM
}

}  // namespace
}  // namespace fovea::port

#endif  // FOVEA_PORT_AARCH64_CPU_H_
