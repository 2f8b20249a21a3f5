// SPDX-License-Identifier: Apache-2.0
// tinylm reads a whole text and says where every head looked.
#ifndef FOVEA_EXAMPLES_ATTENTION_MAP_MODEL_H_
#define FOVEA_EXAMPLES_ATTENTION_MAP_MODEL_H_

#include <cstddef>
#include <cstdint>

#include "../tinylm/embed.h"
#include "../tinylm/shape.h"
#include "../tinylm/stack.h"
#include "../tinylm/weights.h"

namespace attention_map {

using tinylm::kContext;
using tinylm::kHeads;
using tinylm::kLayers;
using tinylm::kWidth;

using Stack = tinylm::Stack<kContext>;

// Everything that reading a text takes.
struct Memory {
  Stack::Workspace workspace;
  Stack::Layer::Weights layers[kLayers];
  float x[kContext * kWidth];
  float maps[kLayers * kHeads * kContext * kContext];
};

// Reads `count` bytes of text and writes maps [layer][head][query][key].
inline fovea::Status Read(const tinylm::Weights& weights, const uint8_t* text,
                          size_t count, Memory& m) {
  tinylm::Embed(weights, text, count, m.x);
  Stack::Call call;
  call.x = fovea::TokenMajor<const float>(m.x, 1, count, kWidth);
  call.y = fovea::TokenMajor(m.x, 1, count, kWidth);
  call.tokens = count;
  call.weights = m.maps;
  return Stack::Run(tinylm::WeightsOf<Stack>(weights, m.layers), call,
                    m.workspace);
}

}  // namespace attention_map

#endif  // FOVEA_EXAMPLES_ATTENTION_MAP_MODEL_H_
