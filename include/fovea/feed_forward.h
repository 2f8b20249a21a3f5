// SPDX-License-Identifier: Apache-2.0
// The feed-forward of a transformer, plain or gated:
//
//   y = down(activation(up(x)))            ReLU, GELU (arXiv 1606.08415)
//   y = down(silu(gate(x)) * up(x))        SwiGLU (Shazeer, arXiv 2002.05202)
#ifndef FOVEA_FEED_FORWARD_H_
#define FOVEA_FEED_FORWARD_H_

#include <cstddef>
#include <cstdint>

#include "fovea/check.h"
#include "fovea/kernels/activation-inl.h"
#include "fovea/kernels/silu-inl.h"
#include "fovea/linear.h"
#include "fovea/linear_layers.h"
#include "fovea/status.h"
#include "fovea/target.h"
#include "fovea/view.h"

namespace fovea {

// What stands between the two linear layers.
enum class Activation : uint8_t {
  kSwiGlu,    // silu(gate(x)) * up(x), silu(x) = x / (1 + e^-x)
  kRelu,      // max(x, 0)
  kGelu,      // x Phi(x), with the normal distribution's Phi
  kGeluTanh,  // x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) / 2
};

inline namespace FOVEA_TARGET_NAMESPACE {

// Weights and scratch: a plain feed-forward has no gate.  Layers: LinearLayers.
template <class Layers, size_t kHidden, size_t kMaxTokens, bool kGated>
struct FeedForwardParts {
  struct Weights {
    typename Layers::Weights up;    // kDim -> kHidden
    typename Layers::Weights down;  // kHidden -> kDim
  };
  struct Buffers {
    float up[kMaxTokens * kHidden];
  };
};
template <class Layers, size_t kHidden, size_t kMaxTokens>
struct FeedForwardParts<Layers, kHidden, kMaxTokens, true> {
  struct Weights {
    typename Layers::Weights gate;  // kDim -> kHidden
    typename Layers::Weights up;    // kDim -> kHidden
    typename Layers::Weights down;  // kHidden -> kDim
  };
  struct Buffers {
    float gate[kMaxTokens * kHidden];
    float up[kMaxTokens * kHidden];
  };
};

// kMaxTokens: the most of one call, and what the workspace has room for.
// WeightElement: of all weights: float, packed by PackLinear, or int8_t, packed
// by PackLinearInt8; then the tokens are quantised before each layer, once for
// gate and up.
template <size_t kDim, size_t kHidden, size_t kMaxTokens = 1,
          Activation kActivation = Activation::kSwiGlu,
          class WeightElement = float>
class FeedForward {
  static constexpr bool kGated = kActivation == Activation::kSwiGlu;
  using Layers = LinearLayers<WeightElement>;
  using Parts = FeedForwardParts<Layers, kHidden, kMaxTokens, kGated>;
  using Widen = typename Layers::template Layer<kDim, kHidden, kMaxTokens>;
  using Narrow = typename Layers::template Layer<kHidden, kDim, kMaxTokens>;
  using LayerScratch =
      typename Layers::template Scratch<(kDim > kHidden ? kDim : kHidden),
                                        kMaxTokens>;

 public:
  using Weights = typename Parts::Weights;
  // Scratch of one call; its contents mean nothing between calls.
  struct alignas(64) Workspace : LayerScratch, Parts::Buffers {};

  //   x, x_stride  [tokens][kDim], elements from token to token
  //   y, y_stride  [tokens][kDim]; may be x
  // kNullPointer, kZeroCount, kTooManyTokens, kBadStride, kMisaligned; with
  // weights of int8 also kBadScale (one of their scales is not positive).
  static Status Run(const Weights& weights, const float* x, size_t x_stride,
                    size_t tokens, float* y, size_t y_stride,
                    Workspace& workspace) noexcept {
    if (!IsAligned(&workspace, alignof(Workspace))) return Status::kMisaligned;
    FOVEA_RETURN_IF_BAD(Check(weights));
    FOVEA_RETURN_IF_BAD(CheckCount(tokens, kMaxTokens));
    const View<const float> in{x, 0, 0, x_stride};
    const View<float> out{y, 0, 0, y_stride};
    FOVEA_RETURN_IF_BAD(CheckView(in, {1, 1, tokens, kDim}, Shares::kBatch));
    FOVEA_RETURN_IF_BAD(CheckView(out, {1, 1, tokens, kDim}, Shares::kNothing));
    Apply(weights, x, x_stride, tokens, y, y_stride, workspace);
    return Status::kOk;
  }

  // Whether Run accepts these weights.
  static Status Check(const Weights& weights) noexcept {
    if constexpr (kGated) FOVEA_RETURN_IF_BAD(Widen::Check(weights.gate));
    FOVEA_RETURN_IF_BAD(Widen::Check(weights.up));
    return Narrow::Check(weights.down);
  }

  // Run without its checks: for callers that made them for many layers.
  static void Apply(const Weights& weights, const float* x, size_t x_stride,
                    size_t tokens, float* y, size_t y_stride,
                    Workspace& w) noexcept {
    const float* hidden = w.up;
    if constexpr (kGated) {
      Layers::template ApplyBoth<Widen>(weights.up, weights.gate, x, x_stride,
                                        tokens, w.up, w.gate, kHidden, w);
      HWY_NAMESPACE::SiluGate(w.gate, w.up, tokens * kHidden);
      hidden = w.gate;
    } else {
      Layers::template Apply<Widen>(weights.up, x, x_stride, tokens, w.up,
                                    kHidden, w);
      Activate(w.up, tokens * kHidden);
    }
    Layers::template Apply<Narrow>(weights.down, hidden, kHidden, tokens, y,
                                   y_stride, w);
  }

 private:
  static void Activate(float* x, size_t count) noexcept {
    if constexpr (kActivation == Activation::kRelu) {
      HWY_NAMESPACE::ReluRow(x, count);
    } else if constexpr (kActivation == Activation::kGelu) {
      HWY_NAMESPACE::GeluRow(x, count);
    } else {
      HWY_NAMESPACE::GeluTanhRow(x, count);
    }
  }
};

}  // namespace FOVEA_TARGET_NAMESPACE
}  // namespace fovea

#endif  // FOVEA_FEED_FORWARD_H_
