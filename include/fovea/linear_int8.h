// SPDX-License-Identifier: Apache-2.0
// y = x W^T + b with weights of int8, packed once from PyTorch's [out][in] in
// float, and activations quantised on the way in: a quarter of the memory.
#ifndef FOVEA_LINEAR_INT8_H_
#define FOVEA_LINEAR_INT8_H_

#include <cstddef>
#include <cstdint>

#include "fovea/check.h"
#include "fovea/kernels/layout.h"
#include "fovea/kernels/linear_int8-inl.h"
#include "fovea/pack_linear_int8.h"
#include "fovea/quantise.h"
#include "fovea/status.h"
#include "fovea/target.h"

namespace fovea {

// Packed weights in the caller's memory, flash included.
//   panels  [ceil(outputs / 16)][ceil(inputs / 4)][16][4] int8, 4-byte aligned
//           (64 is fastest): weight[o][i] stands at [o / 16][i / 4][o % 16]
//           [i % 4]; padding is 0
//   scales  [ceil(outputs / 16) * 16]: what an entry of row o is worth; finite
//           and positive
//   bias    [outputs], or null for none
struct LinearInt8Weights {
  const int8_t* panels = nullptr;
  const float* scales = nullptr;
  const float* bias = nullptr;
};

inline namespace FOVEA_TARGET_NAMESPACE {

// kMaxTokens only prunes code that cannot run and sizes the workspace.
template <size_t kInputs, size_t kOutputs, size_t kMaxTokens = size_t{1} << 20>
class LinearInt8 {
  static_assert(kInputs > 0 && kOutputs > 0 && kMaxTokens > 0,
                "a linear layer has inputs, outputs and tokens");
  static_assert(kInputs <= kMostInt8Inputs, "sums of int8 products fit");

  // Tokens that are quantised together: enough for the panels to be read from
  // beyond the L1 cache seldom.
  static constexpr size_t kTogether = kMaxTokens < 32 ? kMaxTokens : 32;
  static constexpr size_t kQuads = RoundUp(kInputs, 4) / 4;

 public:
  // Scratch of one call; its contents mean nothing between calls.
  struct alignas(64) Workspace {
    int32_t quads[kTogether * kQuads];
    float scales[kTogether];
    int32_t offsets[kTogether];
  };

  // y[t][o] = bias[o] + sum over i of weight[o][i] * x[t][i], each the same
  // bits for any number of tokens.  Each token has a scale, max|x| / 127; one
  // with NaN or infinity gives NaN.
  //   x, x_stride  [tokens][kInputs], elements from token to token
  //   y, y_stride  [tokens][kOutputs]; must not overlap x
  // kNullPointer (x, y, panels or scales), kZeroCount, kTooManyTokens,
  // kBadStride (smaller than the row while tokens > 1), kMisaligned, kBadScale.
  static Status Run(const LinearInt8Weights& weights, const float* x,
                    size_t x_stride, size_t tokens, float* y, size_t y_stride,
                    Workspace& workspace) noexcept {
    FOVEA_RETURN_IF_BAD(Check(weights));
    if (!IsAligned(&workspace, alignof(Workspace))) return Status::kMisaligned;
    FOVEA_RETURN_IF_BAD(CheckCount(tokens, kMaxTokens));
    const View<const float> inputs{x, 0, 0, x_stride};
    const View<float> outputs{y, 0, 0, y_stride};
    FOVEA_RETURN_IF_BAD(
        CheckView(inputs, {1, 1, tokens, kInputs}, Shares::kBatch));
    FOVEA_RETURN_IF_BAD(
        CheckView(outputs, {1, 1, tokens, kOutputs}, Shares::kNothing));
    Apply(weights, x, x_stride, tokens, y, y_stride, workspace);
    return Status::kOk;
  }

  // Whether Run accepts these weights: kNullPointer, kMisaligned, kBadScale (a
  // scale is 0, negative, NaN or infinite).
  static Status Check(const LinearInt8Weights& weights) noexcept {
    FOVEA_RETURN_IF_BAD(CheckArray(weights.panels));
    FOVEA_RETURN_IF_BAD(CheckArray(weights.scales));
    FOVEA_RETURN_IF_BAD(CheckOptionalArray(weights.bias));
    if (!IsAligned(weights.panels, 4)) return Status::kMisaligned;
    for (size_t o = 0; o < RoundUp(kOutputs, kPanel); ++o) {
      const float scale = weights.scales[o];
      if (!(scale > 0.0f && IsFinite(scale))) return Status::kBadScale;
    }
    return Status::kOk;
  }

  // Run without its checks: for callers that made them for many layers.  The
  // workspace may be that of a layer with more inputs and as many tokens.
  template <class AnyWorkspace>
  static void Apply(const LinearInt8Weights& weights, const float* x,
                    size_t x_stride, size_t tokens, float* y, size_t y_stride,
                    AnyWorkspace& workspace) noexcept {
    ApplyTo(x, x_stride, tokens, y_stride, workspace, Target{weights, y});
  }

  // One of the layers of such a size that have the same inputs.
  struct Target {
    const LinearInt8Weights& weights;
    float* y;
  };

  // Each target's Apply, for which the tokens are quantised once.
  template <class AnyWorkspace, class... Targets>
  static void ApplyTo(const float* x, size_t x_stride, size_t tokens,
                      size_t y_stride, AnyWorkspace& workspace,
                      const Targets&... targets) noexcept {
    static_assert(sizeof(workspace.quads) >= sizeof(Workspace::quads) &&
                      sizeof(workspace.scales) >= sizeof(Workspace::scales),
                  "the layer fits");
    const HWY_NAMESPACE::QuantisedTokens quantised{
        workspace.quads, workspace.scales, workspace.offsets};
    for (size_t first = 0; first < tokens; first += kTogether) {
      const size_t left = tokens - first;
      const size_t count = left < kTogether ? left : kTogether;
      HWY_NAMESPACE::QuantiseTokens(x + first * x_stride, x_stride, kInputs,
                                    count, quantised);
      (HWY_NAMESPACE::ApplyLinearInt8<kTogether>(
           {targets.weights.panels, targets.weights.scales,
            targets.weights.bias, kInputs, kOutputs,
            targets.y + first * y_stride, y_stride},
           quantised, count),
       ...);
    }
  }
};

}  // namespace FOVEA_TARGET_NAMESPACE
}  // namespace fovea

#endif  // FOVEA_LINEAR_INT8_H_
