// SPDX-License-Identifier: Apache-2.0
// Root mean square layer normalisation (Zhang and Sennrich, arXiv 1910.07467).
#ifndef FOVEA_RMS_NORM_H_
#define FOVEA_RMS_NORM_H_

#include <cstddef>

#include "fovea/check.h"
#include "fovea/kernels/rms_norm-inl.h"
#include "fovea/status.h"
#include "fovea/target.h"

namespace fovea {
inline namespace FOVEA_TARGET_NAMESPACE {

// Over rows of kDim elements.
template <size_t kDim>
class RmsNorm {
  static_assert(kDim > 0, "a row has at least one element");

 public:
  // y[t][i] = x[t][i] / sqrt(mean over i of x[t][i]^2 + eps) * weight[i].
  //   x, x_stride  [tokens][kDim], elements from token to token
  //   weight       [kDim]
  //   eps          finite, not negative
  //   y, y_stride  [tokens][kDim]; may be x with the same stride
  // kNullPointer, kZeroCount, kBadStride, kMisaligned, kBadScale (eps).
  static Status Run(const float* x, size_t x_stride, size_t tokens,
                    const float* weight, float eps, float* y,
                    size_t y_stride) noexcept {
    FOVEA_RETURN_IF_BAD(Check(weight, eps));
    if (tokens == 0) return Status::kZeroCount;
    const View<const float> in{x, 0, 0, x_stride};
    const View<float> out{y, 0, 0, y_stride};
    FOVEA_RETURN_IF_BAD(CheckView(in, {1, 1, tokens, kDim}, Shares::kBatch));
    FOVEA_RETURN_IF_BAD(CheckView(out, {1, 1, tokens, kDim}, Shares::kNothing));
    Apply(x, x_stride, tokens, weight, eps, y, y_stride);
    return Status::kOk;
  }

  // Whether Run accepts these parameters.
  static Status Check(const float* weight, float eps) noexcept {
    FOVEA_RETURN_IF_BAD(CheckArray(weight));
    return IsFinite(eps) && eps >= 0.0f ? Status::kOk : Status::kBadScale;
  }

  // Run without its checks: for callers that made them for many layers.
  static void Apply(const float* x, size_t x_stride, size_t tokens,
                    const float* weight, float eps, float* y,
                    size_t y_stride) noexcept {
    for (size_t t = 0; t < tokens; ++t) {
      HWY_NAMESPACE::RmsNormRow(x + t * x_stride, weight, eps, kDim,
                                y + t * y_stride);
    }
  }
};

}  // namespace FOVEA_TARGET_NAMESPACE
}  // namespace fovea

#endif  // FOVEA_RMS_NORM_H_
