// SPDX-License-Identifier: Apache-2.0
#include "fovea/dispatch/linear.h"

#include "fovea/c/packed_floats.h"
#include "fovea/c/status_out.h"
#include "fovea/c/struct_in.h"
#include "fovea/c/tensor_in.h"
#include "fovea/check.h"
#include "fovea/fovea.h"
#include "fovea/pack_linear.h"

namespace fovea {
namespace c {
namespace {

Status Pack(const float* weight, size_t inputs, size_t outputs,
            float* packed) noexcept {
  FOVEA_RETURN_IF_BAD(CheckArray(weight));
  FOVEA_RETURN_IF_BAD(CheckArray(packed));
  if (inputs == 0 || outputs == 0) return Status::kZeroCount;
  if (PackedFloats(inputs, outputs) == 0) return Status::kUnsupported;
  return PackLinear(weight, inputs, outputs, packed);
}

Status Check(const fovea_linear& call) noexcept {
  FOVEA_RETURN_IF_BAD(CheckArray(call.packed));
  FOVEA_RETURN_IF_BAD(CheckOptionalArray(call.bias));
  if (call.tokens == 0 || call.inputs == 0 || call.outputs == 0) {
    return Status::kZeroCount;
  }
  const bool fits = PackedFloats(call.inputs, call.outputs) != 0;
  if (!fits) return Status::kUnsupported;
  const View<const float> x{call.x, 0, 0, call.x_stride};
  const View<float> y{call.y, 0, 0, call.y_stride};
  FOVEA_RETURN_IF_BAD(
      CheckTensor(x, {1, 1, call.tokens, call.inputs}, Shares::kBatch));
  return CheckTensor(y, {1, 1, call.tokens, call.outputs}, Shares::kNothing);
}

Status Run(const fovea_linear* from) noexcept {
  FOVEA_RETURN_IF_BAD(CheckStruct(from));
  const fovea_linear& call = *from;
  FOVEA_RETURN_IF_BAD(Check(call));
  run_time::Linear({call.x, call.x_stride, call.tokens, call.inputs,
                    call.outputs, call.packed, call.bias, call.y,
                    call.y_stride});
  return Status::kOk;
}

}  // namespace
}  // namespace c
}  // namespace fovea

extern "C" size_t fovea_linear_packed_floats(size_t inputs, size_t outputs) {
  return fovea::c::PackedFloats(inputs, outputs);
}

extern "C" fovea_status fovea_linear_pack(const float* weight, size_t inputs,
                                          size_t outputs, float* packed) {
  return fovea::c::Out(fovea::c::Pack(weight, inputs, outputs, packed));
}

extern "C" fovea_status fovea_linear_run(const fovea_linear* call) {
  return fovea::c::Out(fovea::c::Run(call));
}
