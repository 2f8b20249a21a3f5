// SPDX-License-Identifier: Apache-2.0
// Integer attention whose sizes and options are known at run time only: what
// the C interface has checked, and every leaf takes.
#ifndef FOVEA_RUN_TIME_INTEGER_PROBLEM_H_
#define FOVEA_RUN_TIME_INTEGER_PROBLEM_H_

#include <cstddef>
#include <cstdint>

#include "fovea/cache_span.h"
#include "fovea/integer_config.h"
#include "fovea/view.h"

namespace fovea {
namespace run_time {

// The keys and values of a cache.
struct IntegerArrays {
  const int8_t* keys;
  const int8_t* values;
  size_t keys_of_head;
  size_t values_of_head;
  RingSizes storage;     // of what is no ring: it does not go round
  size_t slots_earlier;  // see RingPlace
};

// Members as of IntegerAttention::Call, but for those that say more.
struct IntegerProblem {
  View<const int8_t> q, k, v;
  View<int8_t> out;
  size_t batch, heads, kv_heads, head_dim, value_dim, queries, keys;
  size_t group_heads;  // of a kv head
  int64_t first_position;
  const size_t* key_lengths;
  IntegerScales scales;
  bool causal;
  size_t window, sinks;  // window 0: none
  View<const uint8_t> mask;
  size_t mask_keys;  // resolved
  size_t part, parts;
  IntegerArrays cache;
};

}  // namespace run_time
}  // namespace fovea

#endif  // FOVEA_RUN_TIME_INTEGER_PROBLEM_H_
