// SPDX-License-Identifier: Apache-2.0
#ifndef FOVEA_EXAMPLES_TINYLM_UNIFORM_H_
#define FOVEA_EXAMPLES_TINYLM_UNIFORM_H_

#include <cstdint>

namespace tinylm {

// SplitMix64 (Steele, Lea, Flood 2014).
class Uniform {
 public:
  explicit Uniform(uint64_t seed) : state_(seed) {}

  // 24 bits.
  uint32_t Next24() {
    state_ += 0x9e3779b97f4a7c15;
    uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    z ^= z >> 31;
    return static_cast<uint32_t>(z >> 40);
  }

 private:
  uint64_t state_;
};

}  // namespace tinylm

#endif  // FOVEA_EXAMPLES_TINYLM_UNIFORM_H_
