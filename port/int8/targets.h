// SPDX-License-Identifier: Apache-2.0
// Targets for int8 that Highway does not have: two an architecture, A the
// better.  Of each
//
//   FOVEA_INT8_TARGET_A      its name
//   kFloatsOfTargetA         the target of Highway's that it adds to: that of
//                            its floats
//   kVectorBytesOfTargetA    and that one's vectors
//   HasTargetA()             whether this CPU has what it adds
#ifndef FOVEA_PORT_INT8_TARGETS_H_
#define FOVEA_PORT_INT8_TARGETS_H_

#include <cstddef>
#include <cstdint>

#if defined(__x86_64__)
#include "port/x86/int8_targets.h"
#else
#include "port/aarch64/int8_targets.h"
#endif

#endif  // FOVEA_PORT_INT8_TARGETS_H_
