// SPDX-License-Identifier: Apache-2.0
// tinylm as a stack of fovea's layers, which gives every head's weights.
#ifndef FOVEA_EXAMPLES_ATTENTION_MAP_MODEL_H_
#define FOVEA_EXAMPLES_ATTENTION_MAP_MODEL_H_

#include <cstddef>
#include <cstdint>

#include "../tinylm/shape.h"
#include "../tinylm/weights.h"
#include "fovea/rope.h"
#include "fovea/transformer.h"

namespace attention_map {

using tinylm::kContext;
using tinylm::kHeads;
using tinylm::kLayers;
using tinylm::kWidth;

struct Config : fovea::TransformerConfig {
  static constexpr size_t kModelDim = kWidth;
  static constexpr size_t kHeads = tinylm::kHeads;
  static constexpr size_t kKvHeads = tinylm::kKvHeads;
  static constexpr size_t kHeadDim = tinylm::kHeadDim;
  static constexpr size_t kRotaryDim = tinylm::kHeadDim;
  static constexpr size_t kMaxQueries = kContext, kMaxKeys = kContext;
  static constexpr size_t kHiddenDim = tinylm::kHidden;
  static constexpr size_t kLayers = tinylm::kLayers;
  static constexpr fovea::NormKind kNorm = fovea::NormKind::kRmsNorm;
  static constexpr fovea::Activation kActivation = fovea::Activation::kSwiGlu;
  static constexpr bool kCausal = true, kPreNorm = true, kWeights = true;
};
using Stack = fovea::TransformerEncoder<Config>;

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
  static constexpr fovea::Rope<tinylm::kHeadDim> kRope{
      static_cast<double>(tinylm::kRopeBase)};
  for (size_t l = 0; l < kLayers; ++l) {
    const tinylm::LayerWeights& from = weights.layers[l];
    Stack::Layer::Weights& to = m.layers[l];
    to.attention.q = from.q;
    to.attention.k = from.k;
    to.attention.v = from.v;
    to.attention.out = from.out;
    to.attention.rope = &kRope;
    to.attention_norm = {from.attention_norm, nullptr, tinylm::kNormEps};
    to.feed_forward = {from.gate, from.up, from.down};
    to.feed_forward_norm = {from.ffn_norm, nullptr, tinylm::kNormEps};
  }
  // The embedding's rows are columns of its panels: see tinylm's model.h.
  for (size_t t = 0; t < count; ++t) {
    const size_t panel = text[t] / fovea::kPanel * fovea::kPanel * kWidth;
    for (size_t i = 0; i < kWidth; ++i) {
      m.x[t * kWidth + i] =
          weights.embedding
              .panels[panel + i * fovea::kPanel + text[t] % fovea::kPanel];
    }
  }
  Stack::Call call;
  call.x = fovea::TokenMajor<const float>(m.x, 1, count, kWidth);
  call.y = fovea::TokenMajor(m.x, 1, count, kWidth);
  call.tokens = count;
  call.weights = m.maps;
  return Stack::Run({m.layers, {weights.norm, nullptr, tinylm::kNormEps}}, call,
                    m.workspace);
}

}  // namespace attention_map

#endif  // FOVEA_EXAMPLES_ATTENTION_MAP_MODEL_H_
