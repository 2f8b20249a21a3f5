// SPDX-License-Identifier: Apache-2.0
// What a text looks like to the model's first layer.
#ifndef FOVEA_EXAMPLES_TINYLM_EMBED_H_
#define FOVEA_EXAMPLES_TINYLM_EMBED_H_

#include <cstddef>
#include <cstdint>

#include "shape.h"
#include "weights.h"

namespace tinylm {

// Entry i of an embedding's row t.  It shares the output layer's panels: row t
// is column t % 16 of panel t / 16.
inline float Entry(const fovea::LinearWeights& embedding, size_t t, size_t i) {
  using fovea::kPanel;
  return embedding
      .panels[t / kPanel * kPanel * kWidth + i * kPanel + t % kPanel];
}
inline float Entry(const fovea::LinearInt8Weights& embedding, size_t t,
                   size_t i) {
  using fovea::kPanel;
  const int8_t entry =
      embedding.panels[t / kPanel * kPanel * kWidth + i / 4 * 4 * kPanel +
                       t % kPanel * 4 + i % 4];
  return static_cast<float>(entry) * embedding.scales[t];
}

// Writes the embedding of `count` tokens to x [count][kWidth].
template <class Element>
void Embed(const WeightsIn<Element>& weights, const uint8_t* tokens,
           size_t count, float* x) {
  for (size_t t = 0; t < count; ++t) {
    for (size_t i = 0; i < kWidth; ++i) {
      x[t * kWidth + i] = Entry(weights.embedding, tokens[t], i);
    }
  }
}

}  // namespace tinylm

#endif  // FOVEA_EXAMPLES_TINYLM_EMBED_H_
