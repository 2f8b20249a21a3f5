// SPDX-License-Identifier: Apache-2.0
// What computes attention in int8 (Arithmetic other than kFloat).
#ifndef FOVEA_RUN_TIME_INT8_ARITHMETIC_H_
#define FOVEA_RUN_TIME_INT8_ARITHMETIC_H_

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "fovea/int8_layout.h"
#include "fovea/run_time/attention_problem.h"

// Named by the caller, so that a program which does not use it does not hold
// it.
struct fovea_arithmetic {
  uint32_t element;  // of its caches: an ElementCode
  bool int8_values;  // else float
  // Unchecked.  workspace: 64-byte aligned, workspace_bytes.
  void (*attend)(const fovea::run_time::AttentionProblem& problem,
                 void* workspace);
  // keys: of tensors, 0 of a cache.
  size_t (*workspace_bytes)(size_t head_dim, size_t value_dim, size_t keys);
  // IsStorable of rows [count][dims].
  bool (*are_storable)(const float* rows, size_t stride, size_t count,
                       size_t dims, float room);
};

namespace fovea {
namespace run_time {

// The layout of one kv head.
template <class Int8Values>
using RunTimeInt8Rows = Int8Rows<Length<0>, Length<0>, Length<0>, Int8Values>;

}  // namespace run_time
}  // namespace fovea

#endif  // FOVEA_RUN_TIME_INT8_ARITHMETIC_H_
