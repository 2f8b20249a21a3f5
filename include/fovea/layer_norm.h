// SPDX-License-Identifier: Apache-2.0
// Layer normalisation (Ba, Kiros and Hinton, arXiv 1607.06450), as
// torch.nn.LayerNorm over the last axis.
#ifndef FOVEA_LAYER_NORM_H_
#define FOVEA_LAYER_NORM_H_

#include <cstddef>

#include "fovea/check.h"
#include "fovea/kernels/layer_norm-inl.h"
#include "fovea/status.h"
#include "fovea/target.h"
#include "fovea/view.h"

namespace fovea {
inline namespace FOVEA_TARGET_NAMESPACE {

// Over rows of kDim elements (Ba et al., arXiv 1607.06450).
template <size_t kDim>
class LayerNorm {
  static_assert(kDim > 0, "a row has at least one element");

 public:
  // y[t][i] = (x[t][i] - mean) / sqrt(variance + eps) * weight[i] + bias[i],
  // with the mean over i of x[t][i], and of its squared distance from there.
  //   x, x_stride  [tokens][kDim], elements from token to token
  //   weight       [kDim]
  //   bias         [kDim], or null for none
  //   eps          finite, not negative (PyTorch: 1e-5)
  //   y, y_stride  [tokens][kDim]; may be x with the same stride
  // kNullPointer, kZeroCount, kBadStride, kMisaligned, kBadScale (eps).
  static Status Run(const float* x, size_t x_stride, size_t tokens,
                    const float* weight, const float* bias, float eps, float* y,
                    size_t y_stride) noexcept {
    FOVEA_RETURN_IF_BAD(Check(weight, bias, eps));
    if (tokens == 0) return Status::kZeroCount;
    const View<const float> in{x, 0, 0, x_stride};
    const View<float> out{y, 0, 0, y_stride};
    FOVEA_RETURN_IF_BAD(CheckView(in, {1, 1, tokens, kDim}, Shares::kBatch));
    FOVEA_RETURN_IF_BAD(CheckView(out, {1, 1, tokens, kDim}, Shares::kNothing));
    Apply(x, x_stride, tokens, weight, bias, eps, y, y_stride);
    return Status::kOk;
  }

  // Whether Run accepts these parameters.
  static Status Check(const float* weight, const float* bias,
                      float eps) noexcept {
    FOVEA_RETURN_IF_BAD(CheckArray(weight));
    FOVEA_RETURN_IF_BAD(CheckOptionalArray(bias));
    return IsFinite(eps) && eps >= 0.0f ? Status::kOk : Status::kBadScale;
  }

  // Run without its checks: for callers that made them for many layers.
  static void Apply(const float* x, size_t x_stride, size_t tokens,
                    const float* weight, const float* bias, float eps, float* y,
                    size_t y_stride) noexcept {
    for (size_t t = 0; t < tokens; ++t) {
      HWY_NAMESPACE::LayerNormRow(x + t * x_stride, weight, bias, eps, kDim,
                                  y + t * y_stride);
    }
  }
};

}  // namespace FOVEA_TARGET_NAMESPACE
}  // namespace fovea

#endif  // FOVEA_LAYER_NORM_H_
