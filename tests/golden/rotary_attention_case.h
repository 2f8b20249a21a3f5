// SPDX-License-Identifier: Apache-2.0
// The cases of rotary_attention.inc.
#ifndef FOVEA_TESTS_GOLDEN_ROTARY_ATTENTION_CASE_H_
#define FOVEA_TESTS_GOLDEN_ROTARY_ATTENTION_CASE_H_

#include <stddef.h>
#include <stdint.h>

#include <vector>

#include "fovea/rope_options.h"
#include "tests/golden/golden.h"

namespace fovea::golden {

struct RotaryCase {
  const char* name;
  uint16_t head_dim, rotary_dim, heads, kv_heads;
  bool interleaved;
  uint16_t window, sinks;
  RopeOptions rope;
  uint32_t first_position;
  uint16_t tokens;
  uint64_t seed;
  Expected expected;
};

// Tensors are [token][head][dim].
inline std::vector<float> RotaryValues(const RotaryCase& c, uint64_t tensor,
                                       size_t heads, float factor) {
  const Stream stream(c.seed, tensor);
  std::vector<float> values(c.tokens * heads * c.head_dim);
  for (size_t i = 0; i < values.size(); ++i) values[i] = stream[i] * factor;
  return values;
}

constexpr float kFactorOfQueries = 2.0f;

}  // namespace fovea::golden

#endif  // FOVEA_TESTS_GOLDEN_ROTARY_ATTENTION_CASE_H_
