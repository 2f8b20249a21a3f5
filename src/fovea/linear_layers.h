// SPDX-License-Identifier: Apache-2.0
// Linear layers by the element of their weights: what a module of several
// layers takes, and the scratch that they need in turn.
#ifndef FOVEA_LINEAR_LAYERS_H_
#define FOVEA_LINEAR_LAYERS_H_

#include <cstddef>
#include <cstdint>

#include "fovea/linear.h"
#include "fovea/linear_int8.h"
#include "fovea/target.h"

namespace fovea {
inline namespace FOVEA_TARGET_NAMESPACE {

// Element: float or int8_t.
template <class Element>
struct LinearLayers {
  using Weights = LinearWeights;
  template <size_t kInputs, size_t kOutputs, size_t kMaxTokens>
  using Layer = Linear<kInputs, kOutputs, kMaxTokens>;
  // Of the widest layer (its inputs) and the most tokens.  Empty here.
  template <size_t kDim, size_t kMaxTokens>
  struct Scratch {};
  // AnyLayer: a Layer of this element, without its checks.
  template <class AnyLayer, class AnyScratch>
  static void Apply(const Weights& weights, const float* x, size_t x_stride,
                    size_t tokens, float* y, size_t y_stride,
                    AnyScratch&) noexcept {
    AnyLayer::Apply(weights, x, x_stride, tokens, y, y_stride);
  }
  // Two layers of the same inputs.
  template <class AnyLayer, class AnyScratch>
  static void ApplyBoth(const Weights& a, const Weights& b, const float* x,
                        size_t x_stride, size_t tokens, float* y_of_a,
                        float* y_of_b, size_t y_stride, AnyScratch&) noexcept {
    AnyLayer::Apply(a, x, x_stride, tokens, y_of_a, y_stride);
    AnyLayer::Apply(b, x, x_stride, tokens, y_of_b, y_stride);
  }
};
template <>
struct LinearLayers<int8_t> {
  using Weights = LinearInt8Weights;
  template <size_t kInputs, size_t kOutputs, size_t kMaxTokens>
  using Layer = LinearInt8<kInputs, kOutputs, kMaxTokens>;
  template <size_t kDim, size_t kMaxTokens>
  struct Scratch {
    typename LinearInt8<kDim, 1, kMaxTokens>::Workspace layer;
  };
  template <class AnyLayer, class AnyScratch>
  static void Apply(const Weights& weights, const float* x, size_t x_stride,
                    size_t tokens, float* y, size_t y_stride,
                    AnyScratch& scratch) noexcept {
    AnyLayer::Apply(weights, x, x_stride, tokens, y, y_stride, scratch.layer);
  }
  template <class AnyLayer, class AnyScratch>
  static void ApplyBoth(const Weights& a, const Weights& b, const float* x,
                        size_t x_stride, size_t tokens, float* y_of_a,
                        float* y_of_b, size_t y_stride,
                        AnyScratch& scratch) noexcept {
    using Target = typename AnyLayer::Target;
    AnyLayer::ApplyTo(x, x_stride, tokens, y_stride, scratch.layer,
                      Target{a, y_of_a}, Target{b, y_of_b});
  }
};

}  // namespace FOVEA_TARGET_NAMESPACE
}  // namespace fovea

#endif  // FOVEA_LINEAR_LAYERS_H_
