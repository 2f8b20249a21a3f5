// SPDX-License-Identifier: Apache-2.0
// Integer attention on the best target of this CPU, or on the one that was
// chosen.
#ifndef FOVEA_DISPATCH_INTEGER_ATTENTION_H_
#define FOVEA_DISPATCH_INTEGER_ATTENTION_H_

#include <cstddef>

#include "fovea/run_time/integer_problem.h"

namespace fovea {
namespace run_time {

// Unchecked, on tensors and on a cache.  workspace: 64-byte aligned,
// IntegerWorkspaceBytes, rows being queries times the query heads of a kv head.
void AttendIntegers(const IntegerProblem& problem, void* workspace) noexcept;
void AttendIntegerCache(const IntegerProblem& problem,
                        void* workspace) noexcept;
size_t IntegerWorkspaceBytes(size_t head_dim, size_t value_dim,
                             size_t rows) noexcept;

}  // namespace run_time
}  // namespace fovea

#endif  // FOVEA_DISPATCH_INTEGER_ATTENTION_H_
