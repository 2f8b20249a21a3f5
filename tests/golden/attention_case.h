// SPDX-License-Identifier: Apache-2.0
// One row of attention.inc, and its inputs.
#ifndef FOVEA_TESTS_GOLDEN_ATTENTION_CASE_H_
#define FOVEA_TESTS_GOLDEN_ATTENTION_CASE_H_

#include <stddef.h>
#include <stdint.h>

#include "tests/golden/golden.h"

namespace fovea::golden {

// How a tensor [batch][head][token][dim] lies in memory.  Padded: odd gaps
// between rows, heads and batches, which nobody may write or use.
enum class Layout : uint8_t {
  kHeadMajor,
  kTokenMajor,
  kPaddedHeads,
  kPaddedTokens
};

enum class Recipe : uint8_t {
  kUniform,
  kLargeLogits,   // the queries are scaled until a logit reaches +-80
  kHugeKey,       // one key is 64 times as long
  kConstantKeys,  // all keys are equal
};

struct AttentionCase {
  const char* name;
  uint16_t heads, kv_heads, head_dim;
  bool causal;
  uint16_t batch, queries, keys;
  int16_t first_position;
  Layout layout;
  Recipe recipe;
  float q_factor;
  uint16_t special_key;  // the huge one, or the one that the others repeat
  float scale;           // 0: 1 / sqrt(head_dim)
  uint64_t seed;
  Expected expected;

  constexpr size_t OutputSize() const {
    return size_t{batch} * heads * queries * head_dim;
  }
};

// Whether the case is a stream from its start, which the cache can play too.
constexpr bool IsStream(const AttentionCase& c) {
  return c.causal && c.batch == 1 && c.queries == c.keys &&
         c.first_position == 0;
}

// Element i of the flattened [batch][head][token][dim] tensors.
inline float QueryAt(const AttentionCase& c, size_t i) {
  return Stream(c.seed, 0)[i] * c.q_factor;
}

inline float KeyAt(const AttentionCase& c, size_t i) {
  const size_t key = i / c.head_dim % c.keys;
  const Stream stream(c.seed, 1);
  switch (c.recipe) {
    case Recipe::kHugeKey:
      return key == c.special_key ? stream[i] * 64 : stream[i];
    case Recipe::kConstantKeys:
      return stream[i - key * c.head_dim + size_t{c.special_key} * c.head_dim];
    case Recipe::kUniform:
    case Recipe::kLargeLogits:
      break;
  }
  return stream[i];
}

inline float ValueAt(const AttentionCase& c, size_t i) {
  return Stream(c.seed, 2)[i];
}

}  // namespace fovea::golden

#endif  // FOVEA_TESTS_GOLDEN_ATTENTION_CASE_H_
