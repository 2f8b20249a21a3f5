// SPDX-License-Identifier: Apache-2.0
// Attention in int8 on the target in use: what a fovea_arithmetic names.
#ifndef FOVEA_DISPATCH_INT8_H_
#define FOVEA_DISPATCH_INT8_H_

#include <cstddef>

#include "fovea/run_time/int8_arithmetic.h"

namespace fovea {
namespace run_time {

void AttendInt8Scores(const AttentionProblem& problem, void* workspace);
void AttendInt8(const AttentionProblem& problem, void* workspace);

// Of a workspace; keys: of tensors, 0 of a cache.
size_t Int8ScoresBytes(size_t head_dim, size_t value_dim, size_t keys);
size_t Int8Bytes(size_t head_dim, size_t value_dim, size_t keys);

// IsStorable of rows [count][dims].
bool AreStorableRows(const float* rows, size_t stride, size_t count,
                     size_t dims, float room);

}  // namespace run_time
}  // namespace fovea

#endif  // FOVEA_DISPATCH_INT8_H_
