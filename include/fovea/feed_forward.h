// SPDX-License-Identifier: Apache-2.0
// The SwiGLU feed-forward of a transformer (Shazeer, arXiv 2002.05202):
//
//   y = down(silu(gate(x)) * up(x)),  silu(x) = x / (1 + e^-x)
#ifndef FOVEA_FEED_FORWARD_H_
#define FOVEA_FEED_FORWARD_H_

#include <cstddef>

#include "fovea/check.h"
#include "fovea/kernels/silu-inl.h"
#include "fovea/linear.h"
#include "fovea/status.h"
#include "fovea/target.h"

namespace fovea {
inline namespace FOVEA_TARGET_NAMESPACE {

template <size_t kDim, size_t kHidden, size_t kMaxTokens = 1>
class FeedForward {
  using Widen = Linear<kDim, kHidden, kMaxTokens>;
  using Narrow = Linear<kHidden, kDim, kMaxTokens>;

 public:
  struct Weights {
    LinearWeights gate;  // kDim -> kHidden
    LinearWeights up;    // kDim -> kHidden
    LinearWeights down;  // kHidden -> kDim
  };

  struct alignas(64) Workspace {
    float gate[kMaxTokens * kHidden];
    float up[kMaxTokens * kHidden];
  };

  //   x, x_stride  [tokens][kDim], elements from token to token
  //   y, y_stride  [tokens][kDim]; may be x
  // kNullPointer, kZeroCount, kTooManyTokens, kBadStride, kMisaligned.
  static Status Run(const Weights& weights, const float* x, size_t x_stride,
                    size_t tokens, float* y, size_t y_stride,
                    Workspace& workspace) noexcept {
    if (!IsAligned(&workspace, alignof(Workspace))) return Status::kMisaligned;
    FOVEA_RETURN_IF_BAD(Widen::Check(weights.gate));
    FOVEA_RETURN_IF_BAD(Widen::Check(weights.up));
    FOVEA_RETURN_IF_BAD(Narrow::Check(weights.down));
    FOVEA_RETURN_IF_BAD(CheckCount(tokens, kMaxTokens));
    const View<const float> in{x, 0, 0, x_stride};
    const View<float> out{y, 0, 0, y_stride};
    FOVEA_RETURN_IF_BAD(CheckView(in, {1, 1, tokens, kDim}, Shares::kBatch));
    FOVEA_RETURN_IF_BAD(CheckView(out, {1, 1, tokens, kDim}, Shares::kNothing));
    Widen::Apply(weights.gate, x, x_stride, tokens, workspace.gate, kHidden);
    Widen::Apply(weights.up, x, x_stride, tokens, workspace.up, kHidden);
    HWY_NAMESPACE::SiluGate(workspace.gate, workspace.up, tokens * kHidden);
    Narrow::Apply(weights.down, workspace.gate, kHidden, tokens, y, y_stride);
    return Status::kOk;
  }
};

}  // namespace FOVEA_TARGET_NAMESPACE
}  // namespace fovea

#endif  // FOVEA_FEED_FORWARD_H_
