// SPDX-License-Identifier: Apache-2.0
// The compile-time description of a transformer's layers, and their norms.
#ifndef FOVEA_TRANSFORMER_CONFIG_H_
#define FOVEA_TRANSFORMER_CONFIG_H_

#include <cstddef>
#include <cstdint>

#include "fovea/feed_forward.h"
#include "fovea/layer_norm.h"
#include "fovea/multi_head.h"
#include "fovea/rms_norm.h"
#include "fovea/status.h"
#include "fovea/target.h"

namespace fovea {

// Which norm: layer_norm.h, rms_norm.h.
enum class NormKind : uint8_t { kLayerNorm, kRmsNorm };

// Derive, and name only what differs.  kMaxQueries is the most tokens of one
// call; the features of AttentionConfig (causal, window, masks, grouped heads,
// rotary positions, cache elements...) are those of the self-attention;
// WeightElement is that of all linear layers.
struct TransformerConfig : MultiHeadConfig {
  static constexpr size_t kHiddenDim = 256;  // of the feed-forward
  static constexpr Activation kActivation = Activation::kRelu;  // likewise
  static constexpr NormKind kNorm = NormKind::kLayerNorm;       // of every norm
  // Where a norm stands: before its branch (GPT-2, Llama; PyTorch's
  // norm_first), or after the sum with it ("Attention Is All You Need").
  static constexpr bool kPreNorm = false;
  static constexpr size_t kLayers = 1;  // of a stack
  // Tokens of a decoder's memory; 0: as kMaxKeys.
  static constexpr size_t kMaxMemory = 0;
};

// The parameters of one norm.
struct NormWeights {
  const float* weight = nullptr;  // [kModelDim]
  const float* bias = nullptr;    // [kModelDim] or null; not with kRmsNorm
  float eps = 1e-5f;              // finite, not negative
};

inline namespace FOVEA_TARGET_NAMESPACE {

// LayerNorm or RmsNorm with its parameters in one struct.
template <NormKind kKind, size_t kDim>
struct Norm {
  // kNullPointer (weight), kMisaligned, kBadScale (eps), kUnsupported (a bias
  // with kRmsNorm).
  static Status Check(const NormWeights& w) noexcept {
    if constexpr (kKind == NormKind::kLayerNorm) {
      return LayerNorm<kDim>::Check(w.weight, w.bias, w.eps);
    } else {
      if (w.bias != nullptr) return Status::kUnsupported;
      return RmsNorm<kDim>::Check(w.weight, w.eps);
    }
  }

  // Rows x [tokens][kDim] to y, which may be x with the same stride.
  static void Apply(const NormWeights& w, const float* x, size_t x_stride,
                    size_t tokens, float* y, size_t y_stride) noexcept {
    if constexpr (kKind == NormKind::kLayerNorm) {
      LayerNorm<kDim>::Apply(x, x_stride, tokens, w.weight, w.bias, w.eps, y,
                             y_stride);
    } else {
      RmsNorm<kDim>::Apply(x, x_stride, tokens, w.weight, w.eps, y, y_stride);
    }
  }
};

}  // namespace FOVEA_TARGET_NAMESPACE
}  // namespace fovea

#endif  // FOVEA_TRANSFORMER_CONFIG_H_
