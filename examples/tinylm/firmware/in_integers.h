// SPDX-License-Identifier: Apache-2.0
// tinylm in integers alone, for a core without a floating-point unit.
#ifndef FOVEA_EXAMPLES_TINYLM_FIRMWARE_IN_INTEGERS_H_
#define FOVEA_EXAMPLES_TINYLM_FIRMWARE_IN_INTEGERS_H_

#include <cstddef>
#include <cstdint>

#include "examples/tinylm/integer_model.h"
#include "examples/tinylm/integer_weights.h"

extern "C" const tinylm::IntegerFile fovea_tinylm_weights;

namespace tinylm {
namespace {

using SmallModel = IntegerModel<16>;
constexpr size_t kWeightBytes = sizeof(IntegerFile);

// Null, or what is wrong with the weights.
const char* FindWeights(const SmallModel::Weights*& weights) {
  weights = &fovea_tinylm_weights;
  return CheckIntegerWeights(*weights, kWeightBytes);
}

SmallModel::Sampler SamplerOf(uint32_t seed) {
  constexpr uint32_t kOctaves = IntegerSampler::OctavesOf(0.7);
  return {seed, kOctaves};
}

}  // namespace
}  // namespace tinylm

#endif  // FOVEA_EXAMPLES_TINYLM_FIRMWARE_IN_INTEGERS_H_
