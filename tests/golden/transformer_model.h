// SPDX-License-Identifier: Apache-2.0
// The parameters of a transformer's stacks, from the streams of one case: the
// tensor numbers are those of transformer.py.
#ifndef FOVEA_TESTS_GOLDEN_TRANSFORMER_MODEL_H_
#define FOVEA_TESTS_GOLDEN_TRANSFORMER_MODEL_H_

#include <stddef.h>
#include <stdint.h>

#include <deque>
#include <vector>

#include "fovea/transformer.h"
#include "tests/golden/weights.h"

namespace fovea::golden {

// Factors of the weights by the width of their inputs.
struct LayerShape {
  size_t width, hidden;
  float width_factor, hidden_factor;
};

// Makes parameters and keeps them.
class Parameters {
 public:
  Parameters(uint64_t seed, const LayerShape& shape)
      : seed_(seed), shape_(shape) {}

  LinearWeights Square(uint64_t tensor) {
    return Pack(tensor, shape_.width, shape_.width);
  }
  LinearWeights Widen(uint64_t tensor) {
    return Pack(tensor, shape_.width, shape_.hidden);
  }
  LinearWeights Narrow(uint64_t tensor) {
    return Pack(tensor, shape_.hidden, shape_.width);
  }

  NormWeights Norm(uint64_t tensor) {
    std::vector<float> weight = Values(seed_, tensor, shape_.width, 0.25f);
    for (float& value : weight) value += 1.0f;
    rows_.push_back(weight);
    const float* data = rows_.back().data();
    rows_.push_back(Values(seed_, tensor + 1, shape_.width, 0.25f));
    return {data, rows_.back().data(), 1e-5f};
  }

  template <class Attention>
  typename Attention::Weights Attend(uint64_t tensor) {
    typename Attention::Weights weights;
    weights.q = Square(tensor);
    weights.k = Square(tensor + 2);
    weights.v = Square(tensor + 4);
    weights.out = Square(tensor + 6);
    return weights;
  }

 private:
  LinearWeights Pack(uint64_t tensor, size_t inputs, size_t outputs) {
    const float factor =
        inputs == shape_.width ? shape_.width_factor : shape_.hidden_factor;
    layers_.emplace_back(Values(seed_, tensor, inputs * outputs, factor),
                         inputs, outputs,
                         Values(seed_, tensor + 1, outputs, 0.25f));
    return layers_.back().weights();
  }

  uint64_t seed_;
  LayerShape shape_;
  std::deque<PackedLayer> layers_;
  std::deque<std::vector<float>> rows_;
};

constexpr uint64_t kEncoderNorm = 2, kDecoderNorm = 4;
constexpr uint64_t kEncoderLayers = 32, kDecoderLayers = 1024, kALayer = 32;
constexpr uint64_t kSelf = 0, kCross = 8, kHidden = 16, kNorms = 20;

template <class Encoder>
std::vector<typename Encoder::Layer::Weights> EncoderLayers(Parameters& p) {
  std::vector<typename Encoder::Layer::Weights> layers(Encoder::kLayers);
  uint64_t base = kEncoderLayers;
  for (auto& layer : layers) {
    layer.attention =
        p.Attend<typename Encoder::Layer::SelfAttention>(base + kSelf);
    layer.attention_norm = p.Norm(base + kNorms);
    layer.feed_forward.up = p.Widen(base + kHidden);
    layer.feed_forward.down = p.Narrow(base + kHidden + 2);
    layer.feed_forward_norm = p.Norm(base + kNorms + 2);
    base += kALayer;
  }
  return layers;
}

template <class Decoder>
std::vector<typename Decoder::Layer::Weights> DecoderLayers(Parameters& p) {
  std::vector<typename Decoder::Layer::Weights> layers(Decoder::kLayers);
  uint64_t base = kDecoderLayers;
  for (auto& layer : layers) {
    layer.self_attention =
        p.Attend<typename Decoder::Layer::SelfAttention>(base + kSelf);
    layer.self_attention_norm = p.Norm(base + kNorms);
    layer.cross_attention =
        p.Attend<typename Decoder::Layer::CrossAttention>(base + kCross);
    layer.cross_attention_norm = p.Norm(base + kNorms + 2);
    layer.feed_forward.up = p.Widen(base + kHidden);
    layer.feed_forward.down = p.Narrow(base + kHidden + 2);
    layer.feed_forward_norm = p.Norm(base + kNorms + 4);
    base += kALayer;
  }
  return layers;
}

}  // namespace fovea::golden

#endif  // FOVEA_TESTS_GOLDEN_TRANSFORMER_MODEL_H_
