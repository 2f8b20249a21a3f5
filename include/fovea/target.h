// SPDX-License-Identifier: Apache-2.0
// Names what depends on the instruction set that this file is compiled for, so
// that two translation units with other flags never share a symbol.
#ifndef FOVEA_TARGET_H_
#define FOVEA_TARGET_H_

#include <hwy/highway.h>

// The inline namespace of every template that reaches a kernel.
#define FOVEA_TARGET_NAMESPACE HWY_CONCAT(for_, HWY_NAMESPACE)

#endif  // FOVEA_TARGET_H_
