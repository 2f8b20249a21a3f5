// SPDX-License-Identifier: Apache-2.0
// What the tests of block masks attend to, and with which mask.
#ifndef FOVEA_TESTS_GOLDEN_BLOCK_MASK_TENSORS_H_
#define FOVEA_TESTS_GOLDEN_BLOCK_MASK_TENSORS_H_

#include <gtest/gtest.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <vector>

#include "fovea/config.h"
#include "tests/golden/golden.h"
#include "tests/golden/weights.h"

namespace fovea::golden {

constexpr uint64_t kBlockMaskSeed = 11;
constexpr float kUntouched = 12345.0f;

struct BlockMaskShape {
  size_t batch, heads, kv_heads, tokens, dim;
};

// [batch][head][block of queries][block of keys]: about half of them, and all
// hidden from head 1's second block of queries.
inline std::vector<uint8_t> RandomBlocks(const BlockMaskShape& s) {
  const Stream stream(kBlockMaskSeed, 9);
  const size_t blocks = MaskBlocks(s.tokens);
  std::vector<uint8_t> mask(s.batch * s.heads * blocks * blocks);
  for (size_t i = 0; i < mask.size(); ++i) {
    const bool hidden = i / blocks % (s.heads * blocks) == blocks + 1;
    mask[i] = stream[i] > 0 && !hidden ? 3 : 0;
  }
  return mask;
}

// The boolean mask [batch][head][query][key] that says what those blocks say.
inline std::vector<uint8_t> ExpandedBlocks(const BlockMaskShape& s,
                                           const std::vector<uint8_t>& blocks) {
  const size_t columns = MaskBlocks(s.tokens);
  std::vector<uint8_t> mask;
  mask.reserve(s.batch * s.heads * s.tokens * s.tokens);
  for (size_t head = 0; head < s.batch * s.heads; ++head) {
    for (size_t i = 0; i < s.tokens; ++i) {
      const size_t row = head * columns + i / kMaskBlock;
      for (size_t j = 0; j < s.tokens; ++j) {
        mask.push_back(blocks[row * columns + j / kMaskBlock]);
      }
    }
  }
  return mask;
}

// [batch][head][token][dim], dense.
struct BlockMaskTensors {
  explicit BlockMaskTensors(const BlockMaskShape& s)
      : q(Values(kBlockMaskSeed, 0, s.batch * s.heads * s.tokens * s.dim)),
        k(Values(kBlockMaskSeed, 1, s.batch * s.kv_heads * s.tokens * s.dim)),
        v(Values(kBlockMaskSeed, 2, s.batch * s.kv_heads * s.tokens * s.dim)),
        out(q.size(), kUntouched),
        lse(s.batch * s.heads * s.tokens, kUntouched),
        blocks(RandomBlocks(s)),
        mask(ExpandedBlocks(s, blocks)) {}

  std::vector<float> q, k, v, out, lse;
  std::vector<uint8_t> blocks, mask;
};

inline void ExpectSame(const std::vector<float>& a,
                       const std::vector<float>& b) {
  ASSERT_EQ(a.size(), b.size());
  EXPECT_EQ(memcmp(a.data(), b.data(), a.size() * sizeof(float)), 0);
}
inline void ExpectSame(const BlockMaskTensors& a, const BlockMaskTensors& b) {
  ExpectSame(a.out, b.out);
  ExpectSame(a.lse, b.lse);
}

}  // namespace fovea::golden

#endif  // FOVEA_TESTS_GOLDEN_BLOCK_MASK_TENSORS_H_
