// SPDX-License-Identifier: Apache-2.0
// What a text looks like to the model's first layer.
#ifndef FOVEA_EXAMPLES_TINYLM_EMBED_H_
#define FOVEA_EXAMPLES_TINYLM_EMBED_H_

#include <cstddef>
#include <cstdint>

#include "shape.h"
#include "weights.h"

namespace tinylm {

// Writes the embedding of `count` tokens to x [count][kWidth].  It shares the
// output layer's panels: row t is column t % 16 of panel t / 16.
inline void Embed(const Weights& weights, const uint8_t* tokens, size_t count,
                  float* x) {
  for (size_t t = 0; t < count; ++t) {
    const float* panel = weights.embedding.panels +
                         tokens[t] / fovea::kPanel * fovea::kPanel * kWidth +
                         tokens[t] % fovea::kPanel;
    for (size_t i = 0; i < kWidth; ++i) {
      x[t * kWidth + i] = panel[i * fovea::kPanel];
    }
  }
}

}  // namespace tinylm

#endif  // FOVEA_EXAMPLES_TINYLM_EMBED_H_
