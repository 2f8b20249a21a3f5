// SPDX-License-Identifier: Apache-2.0
#ifndef FOVEA_C_NORM_H_
#define FOVEA_C_NORM_H_

#include "fovea/c/struct_in.h"
#include "fovea/c/tensor_in.h"
#include "fovea/check.h"
#include "fovea/fovea.h"
#include "fovea/run_time/row_problems.h"
#include "fovea/status.h"

namespace fovea {
namespace c {

inline Status CheckNorm(const fovea_norm& call) noexcept {
  FOVEA_RETURN_IF_BAD(CheckArray(call.weight));
  FOVEA_RETURN_IF_BAD(CheckOptionalArray(call.bias));
  if (!(IsFinite(call.eps) && call.eps >= 0.0f)) return Status::kBadScale;
  if (call.tokens == 0 || call.dim == 0) return Status::kZeroCount;
  const Extent extent{1, 1, call.tokens, call.dim};
  const View<const float> x{call.x, 0, 0, call.x_stride};
  const View<float> y{call.y, 0, 0, call.y_stride};
  FOVEA_RETURN_IF_BAD(CheckTensor(x, extent, Shares::kBatch));
  return CheckTensor(y, extent, Shares::kNothing);
}

inline Status ReadNorm(const fovea_norm* from, bool has_bias,
                       run_time::NormProblem& problem) noexcept {
  FOVEA_RETURN_IF_BAD(CheckStruct(from));
  const fovea_norm& call = *from;
  FOVEA_RETURN_IF_BAD(CheckNorm(call));
  if (call.bias != nullptr && !has_bias) return Status::kUnsupported;
  problem = {call.x,    call.x_stride, call.tokens, call.dim,     call.weight,
             call.bias, call.eps,      call.y,      call.y_stride};
  return Status::kOk;
}

}  // namespace c
}  // namespace fovea

#endif  // FOVEA_C_NORM_H_
