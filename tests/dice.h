// SPDX-License-Identifier: Apache-2.0
// Random sizes and bytes, the same on every run and target.
#ifndef FOVEA_TESTS_DICE_H_
#define FOVEA_TESTS_DICE_H_

#include <cstddef>
#include <cstdint>

namespace fovea {

class Dice {
 public:
  explicit Dice(uint32_t seed) : state_(seed) {}

  // In [least, most].
  size_t Roll(size_t least, size_t most) {
    state_ = state_ * 6364136223846793005u + 1442695040888963407u;
    return least + static_cast<size_t>(state_ >> 33) % (most - least + 1);
  }

  int8_t Byte() { return static_cast<int8_t>(Roll(0, 255)); }

 private:
  uint64_t state_;
};

}  // namespace fovea

#endif  // FOVEA_TESTS_DICE_H_
