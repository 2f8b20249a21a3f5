// SPDX-License-Identifier: Apache-2.0
// Which instruction set the dispatched functions use.
#ifndef FOVEA_DISPATCH_TARGET_H_
#define FOVEA_DISPATCH_TARGET_H_

#include <cstddef>

namespace fovea {
namespace run_time {

const char* TargetInUse() noexcept;
bool TargetFuses() noexcept;

// Those of this CPU and library, best first; null after the last.
const char* TargetAt(size_t index) noexcept;

// False where it is none of them; null: the best.
bool UseTarget(const char* name) noexcept;

}  // namespace run_time
}  // namespace fovea

#endif  // FOVEA_DISPATCH_TARGET_H_
