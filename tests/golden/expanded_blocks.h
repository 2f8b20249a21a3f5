// SPDX-License-Identifier: Apache-2.0
#ifndef FOVEA_TESTS_GOLDEN_EXPANDED_BLOCKS_H_
#define FOVEA_TESTS_GOLDEN_EXPANDED_BLOCKS_H_

#include <stddef.h>
#include <stdint.h>

#include <vector>

#include "fovea/config.h"

namespace fovea::golden {

// The boolean mask [head][query][key] that says what the block mask says,
// [head][block of queries][block of keys].
inline std::vector<uint8_t> ExpandedBlocks(const std::vector<uint8_t>& blocks,
                                           size_t heads, size_t queries,
                                           size_t keys) {
  std::vector<uint8_t> mask;
  mask.reserve(heads * queries * keys);
  for (size_t head = 0; head < heads; ++head) {
    for (size_t i = 0; i < queries; ++i) {
      const size_t row = head * MaskBlocks(queries) + i / kMaskBlock;
      for (size_t j = 0; j < keys; ++j) {
        mask.push_back(blocks[row * MaskBlocks(keys) + j / kMaskBlock]);
      }
    }
  }
  return mask;
}

}  // namespace fovea::golden

#endif  // FOVEA_TESTS_GOLDEN_EXPANDED_BLOCKS_H_
