// SPDX-License-Identifier: Apache-2.0
// tinylm with float activations: FOVEA_TINYLM_ELEMENT is what its linear
// layers' weights and its cache are of, float or int8_t.
#ifndef FOVEA_EXAMPLES_TINYLM_FIRMWARE_IN_FLOATS_H_
#define FOVEA_EXAMPLES_TINYLM_FIRMWARE_IN_FLOATS_H_

#include <cstddef>
#include <cstdint>

#include "examples/tinylm/model.h"
#include "examples/tinylm/weights.h"

extern "C" const tinylm::WeightsFileIn<FOVEA_TINYLM_ELEMENT>
    fovea_tinylm_weights;

namespace tinylm {
namespace {

// The prompt is read in chunks of 16: enough to read weights less often, in
// little memory.
using SmallModel = Model<16, FOVEA_TINYLM_ELEMENT, false, FOVEA_TINYLM_ELEMENT>;
constexpr size_t kWeightBytes = kBytesIn<FOVEA_TINYLM_ELEMENT>;

SmallModel::Weights found_weights;

// Null, or what is wrong with the weights.
const char* FindWeights(const SmallModel::Weights*& weights) {
  const unsigned char* const file = fovea_tinylm_weights.bytes;
  if (const char* error = CheckWeights(file, kWeightBytes)) return error;
  PointInto(file, found_weights);
  weights = &found_weights;
  return nullptr;
}

SmallModel::Sampler SamplerOf(uint32_t seed) { return {seed, 0.7f}; }

}  // namespace
}  // namespace tinylm

#endif  // FOVEA_EXAMPLES_TINYLM_FIRMWARE_IN_FLOATS_H_
