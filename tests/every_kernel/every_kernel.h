// SPDX-License-Identifier: Apache-2.0
// The sources here reach every public operation, for tests that look at how
// they compile and link.  Nothing of them is meant to be run.
#ifndef FOVEA_TESTS_EVERY_KERNEL_EVERY_KERNEL_H_
#define FOVEA_TESTS_EVERY_KERNEL_EVERY_KERNEL_H_

#include "fovea/attention.h"

namespace every_kernel {

struct Full : fovea::AttentionConfig {
  static constexpr size_t kHeads = 2, kHeadDim = 64;
  static constexpr size_t kMaxQueries = 3, kMaxKeys = 100;
};

}  // namespace every_kernel

#endif  // FOVEA_TESTS_EVERY_KERNEL_EVERY_KERNEL_H_
