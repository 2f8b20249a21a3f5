// SPDX-License-Identifier: Apache-2.0
// tinylm as a stack of fovea's layers, which gives every head's weights.  The
// same bits as model.h, which puts the layers together itself.
#ifndef FOVEA_EXAMPLES_TINYLM_STACK_H_
#define FOVEA_EXAMPLES_TINYLM_STACK_H_

#include <cstddef>

#include "fovea/rope.h"
#include "fovea/transformer.h"
#include "shape.h"
#include "weights.h"

namespace tinylm {

// kMaxChunk tokens at most go through the layers in one call.
template <size_t kMaxChunk>
struct StackConfig : fovea::TransformerConfig {
  static constexpr size_t kModelDim = kWidth;
  static constexpr size_t kHeads = tinylm::kHeads;
  static constexpr size_t kKvHeads = tinylm::kKvHeads;
  static constexpr size_t kHeadDim = tinylm::kHeadDim;
  static constexpr size_t kRotaryDim = tinylm::kHeadDim;
  static constexpr size_t kMaxQueries = kMaxChunk, kMaxKeys = kContext;
  static constexpr size_t kHiddenDim = tinylm::kHidden;
  static constexpr size_t kLayers = tinylm::kLayers;
  static constexpr fovea::NormKind kNorm = fovea::NormKind::kRmsNorm;
  static constexpr fovea::Activation kActivation = fovea::Activation::kSwiGlu;
  static constexpr bool kCausal = true, kPreNorm = true, kWeights = true;
};
template <size_t kMaxChunk>
using Stack = fovea::TransformerEncoder<StackConfig<kMaxChunk>>;

// The weights as the stack takes them: `layers` [kLayers] is what the result
// points into.
template <class AnyStack>
typename AnyStack::Weights WeightsOf(
    const Weights& weights, typename AnyStack::Layer::Weights* layers) {
  static constexpr fovea::Rope<kHeadDim> kRope{static_cast<double>(kRopeBase)};
  for (size_t l = 0; l < kLayers; ++l) {
    const LayerWeights& from = weights.layers[l];
    typename AnyStack::Layer::Weights& to = layers[l];
    to.attention.q = from.q;
    to.attention.k = from.k;
    to.attention.v = from.v;
    to.attention.out = from.out;
    to.attention.rope = &kRope;
    to.attention_norm = {from.attention_norm, nullptr, kNormEps};
    to.feed_forward = {from.gate, from.up, from.down};
    to.feed_forward_norm = {from.ffn_norm, nullptr, kNormEps};
  }
  return {layers, {weights.norm, nullptr, kNormEps}};
}

}  // namespace tinylm

#endif  // FOVEA_EXAMPLES_TINYLM_STACK_H_
