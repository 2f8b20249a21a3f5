// SPDX-License-Identifier: Apache-2.0
// Draws the next token from integer logits: the same one for the same seed on
// every target.
#ifndef FOVEA_EXAMPLES_TINYLM_INTEGER_SAMPLER_H_
#define FOVEA_EXAMPLES_TINYLM_INTEGER_SAMPLER_H_

#include <cstddef>
#include <cstdint>

#include "fovea/kernels/integer_math.h"
#include "integer_weights.h"
#include "uniform.h"

namespace tinylm {

class IntegerSampler {
 public:
  // octaves: of IntegerSampler::OctavesOf.
  IntegerSampler(uint64_t seed, uint32_t octaves)
      : uniform_(seed), octaves_(octaves) {}

  // What a step of a logit is worth in factors of 2, times 2^31: of a constant,
  // where there is no floating point.  temperature: 0.01 to 10, lower is more
  // careful.
  static constexpr uint32_t OctavesOf(double temperature) {
    constexpr double kLog2e = 1.44269504088896340736;
    const double octaves =
        kLog2e / temperature * (uint32_t{1} << (31 - kLogitBits)) + 0.5;
    return static_cast<uint32_t>(octaves);
  }

  uint8_t Draw(const int16_t* logits) {
    int32_t most = logits[0];
    for (size_t token = 1; token < kVocab; ++token) {
      most = logits[token] > most ? logits[token] : most;
    }
    uint32_t sum = 0;
    for (size_t token = 0; token < kVocab; ++token) {
      sum += WeightOf(logits[token], most);
    }
    // Below the sum, so that a token is always found.
    const uint32_t target =
        static_cast<uint32_t>(uint64_t{sum} * uniform_.Next24() >> 24);
    uint32_t below = 0;
    for (size_t token = 0;; ++token) {
      below += WeightOf(logits[token], most);
      if (target < below) return static_cast<uint8_t>(token);
    }
  }

 private:
  // The exponential of integer attention, 15 bits.
  uint32_t WeightOf(int32_t logit, int32_t most) const {
    namespace integer = fovea::integer;
    return static_cast<uint32_t>(integer::WeightOf(
        integer::StepsBelow(most, logit, integer::ScoreScaleOf(octaves_))));
  }

  Uniform uniform_;
  uint32_t octaves_;
};

}  // namespace tinylm

#endif  // FOVEA_EXAMPLES_TINYLM_INTEGER_SAMPLER_H_
