// SPDX-License-Identifier: Apache-2.0
#ifndef FOVEA_DISPATCH_LINEAR_INT8_H_
#define FOVEA_DISPATCH_LINEAR_INT8_H_

#include "fovea/run_time/row_problems.h"

namespace fovea {
namespace run_time {

// Tokens that are quantised together, and what that takes of a workspace.
constexpr size_t kTokensTogether = 32;
size_t LinearInt8Bytes(size_t inputs) noexcept;

// Unchecked.
void LinearInt8(const LinearInt8Problem& problem) noexcept;

}  // namespace run_time
}  // namespace fovea

#endif  // FOVEA_DISPATCH_LINEAR_INT8_H_
