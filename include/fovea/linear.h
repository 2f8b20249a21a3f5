// SPDX-License-Identifier: Apache-2.0
// y = x W^T + b, with weights packed once from PyTorch's [out][in].
#ifndef FOVEA_LINEAR_H_
#define FOVEA_LINEAR_H_

#include <cstddef>

#include "fovea/check.h"
#include "fovea/kernels/layout.h"
#include "fovea/kernels/linear-inl.h"
#include "fovea/pack_linear.h"
#include "fovea/status.h"
#include "fovea/target.h"

namespace fovea {

// Packed weights in the caller's memory, flash included.
//   panels  [ceil(outputs / 16)][inputs][16]: weight[o][i] of PyTorch stands at
//           [o / 16][i][o % 16]; rows of padding are 0.  64-byte alignment is
//           fastest, 4 is enough.
//   bias    [outputs], or null for none
struct LinearWeights {
  const float* panels = nullptr;
  const float* bias = nullptr;
};

inline namespace FOVEA_TARGET_NAMESPACE {

// kMaxTokens only prunes code that cannot run; 1 gives the smallest.
template <size_t kInputs, size_t kOutputs, size_t kMaxTokens = size_t{1} << 20>
class Linear {
  static_assert(kInputs > 0 && kOutputs > 0 && kMaxTokens > 0,
                "a linear layer has inputs, outputs and tokens");

 public:
  // y[t][o] = bias[o] + sum over i of weight[o][i] * x[t][i], each the same
  // bits for any number of tokens.
  //   x, x_stride  [tokens][kInputs], elements from token to token
  //   y, y_stride  [tokens][kOutputs]; must not overlap x
  // kNullPointer (x, y or the panels), kZeroCount, kTooManyTokens, kBadStride
  // (smaller than the row while tokens > 1), kMisaligned.
  static Status Run(const LinearWeights& weights, const float* x,
                    size_t x_stride, size_t tokens, float* y,
                    size_t y_stride) noexcept {
    FOVEA_RETURN_IF_BAD(Check(weights));
    FOVEA_RETURN_IF_BAD(CheckCount(tokens, kMaxTokens));
    const View<const float> inputs{x, 0, 0, x_stride};
    const View<float> outputs{y, 0, 0, y_stride};
    FOVEA_RETURN_IF_BAD(
        CheckView(inputs, {1, 1, tokens, kInputs}, Shares::kBatch));
    FOVEA_RETURN_IF_BAD(
        CheckView(outputs, {1, 1, tokens, kOutputs}, Shares::kNothing));
    Apply(weights, x, x_stride, tokens, y, y_stride);
    return Status::kOk;
  }

  // Whether Run accepts these weights.
  static Status Check(const LinearWeights& weights) noexcept {
    if (weights.panels == nullptr) return Status::kNullPointer;
    const bool aligned = IsAligned(weights.panels, alignof(float)) &&
                         IsAligned(weights.bias, alignof(float));
    return aligned ? Status::kOk : Status::kMisaligned;
  }

  // Run without its checks: for callers that made them for many layers.
  static void Apply(const LinearWeights& weights, const float* x,
                    size_t x_stride, size_t tokens, float* y,
                    size_t y_stride) noexcept {
    HWY_NAMESPACE::ApplyLinear<kMaxTokens>(
        {x, x_stride, weights.panels, weights.bias, y, y_stride, kInputs,
         kOutputs},
        tokens);
  }
};

}  // namespace FOVEA_TARGET_NAMESPACE
}  // namespace fovea

#endif  // FOVEA_LINEAR_H_
