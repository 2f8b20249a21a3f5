// SPDX-License-Identifier: Apache-2.0
// Draws the next token: the same one for the same seed on every target.
#ifndef FOVEA_EXAMPLES_TINYLM_SAMPLER_H_
#define FOVEA_EXAMPLES_TINYLM_SAMPLER_H_

#include <cstddef>
#include <cstdint>

#include "fovea/softmax.h"
#include "shape.h"
#include "uniform.h"

namespace tinylm {

class Sampler {
 public:
  // temperature > 0: lower is more careful.
  Sampler(uint64_t seed, float temperature)
      : uniform_(seed), scale_(1.0f / temperature) {}

  // Overwrites the logits [kVocab] by probabilities.
  uint8_t Draw(float* logits) {
    fovea::Softmax(logits, kVocab, scale_, logits);
    // 24 bits make an exact float.
    const float target = static_cast<float>(uniform_.Next24()) * 0x1p-24f;
    float below = 0;
    for (size_t token = 0; token < kVocab; ++token) {
      below += logits[token];
      if (target < below) return static_cast<uint8_t>(token);
    }
    return MostLikely(logits);  // rounding left the sum just below 1
  }

 private:
  static uint8_t MostLikely(const float* p) {
    size_t best = 0;
    for (size_t token = 1; token < kVocab; ++token) {
      if (p[token] > p[best]) best = token;
    }
    return static_cast<uint8_t>(best);
  }

  Uniform uniform_;
  float scale_;
};

}  // namespace tinylm

#endif  // FOVEA_EXAMPLES_TINYLM_SAMPLER_H_
