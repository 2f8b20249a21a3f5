// SPDX-License-Identifier: Apache-2.0
#include "fovea/dispatch/softmax.h"

#include "fovea/c/status_out.h"
#include "fovea/c/struct_in.h"
#include "fovea/c/tensor_in.h"
#include "fovea/check.h"
#include "fovea/fovea.h"

namespace fovea {
namespace c {
namespace {

Status Check(const fovea_softmax& call) noexcept {
  if (call.rows == 0 || call.count == 0) return Status::kZeroCount;
  const Extent extent{1, 1, call.rows, call.count};
  const View<const float> x{call.x, 0, 0, call.x_stride};
  const View<float> y{call.y, 0, 0, call.y_stride};
  FOVEA_RETURN_IF_BAD(CheckTensor(x, extent, Shares::kBatch));
  FOVEA_RETURN_IF_BAD(CheckTensor(y, extent, Shares::kNothing));
  if (call.mask != nullptr) {
    const View<const uint8_t> mask{call.mask, 0, 0, call.mask_stride};
    FOVEA_RETURN_IF_BAD(CheckTensor(mask, extent, Shares::kAll));
  }
  return IsFinite(call.scale) ? Status::kOk : Status::kBadScale;
}

Status Run(const fovea_softmax* from) noexcept {
  FOVEA_RETURN_IF_BAD(CheckStruct(from));
  const fovea_softmax& call = *from;
  FOVEA_RETURN_IF_BAD(Check(call));
  run_time::Softmax({call.x, call.x_stride, call.rows, call.count, call.scale,
                     call.mask, call.mask_stride, call.y, call.y_stride,
                     call.logarithm != 0});
  return Status::kOk;
}

}  // namespace
}  // namespace c
}  // namespace fovea

extern "C" fovea_status fovea_softmax_run(const fovea_softmax* call) {
  return fovea::c::Out(fovea::c::Run(call));
}
