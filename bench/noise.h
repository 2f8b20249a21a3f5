// SPDX-License-Identifier: Apache-2.0
// Inputs of the cases.
#ifndef FOVEA_BENCH_NOISE_H_
#define FOVEA_BENCH_NOISE_H_

#include <cstddef>
#include <cstdint>
#include <vector>

namespace fovea_bench {

// Uniform in [-1, 1), the same on every run.
inline std::vector<float> Noise(size_t count, uint32_t seed) {
  std::vector<float> values(count);
  uint32_t state = seed;
  for (float& value : values) {
    state = state * 1664525u + 1013904223u;
    value = static_cast<float>(static_cast<int32_t>(state)) * 0x1p-31f;
  }
  return values;
}

}  // namespace fovea_bench

#endif  // FOVEA_BENCH_NOISE_H_
