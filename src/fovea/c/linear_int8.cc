// SPDX-License-Identifier: Apache-2.0
#include "fovea/dispatch/linear_int8.h"

#include "fovea/c/packed_bytes.h"
#include "fovea/c/status_out.h"
#include "fovea/c/struct_in.h"
#include "fovea/c/tensor_in.h"
#include "fovea/check.h"
#include "fovea/fovea.h"
#include "fovea/pack_linear_int8.h"

namespace fovea {
namespace c {
namespace {

Status Pack(const float* weight, size_t inputs, size_t outputs, int8_t* packed,
            float* scales) noexcept {
  FOVEA_RETURN_IF_BAD(CheckArray(weight));
  FOVEA_RETURN_IF_BAD(CheckArray(packed));
  FOVEA_RETURN_IF_BAD(CheckArray(scales));
  FOVEA_RETURN_IF_BAD(CheckPackedSizes<kMostInt8Inputs>(inputs, outputs));
  return PackLinearInt8(weight, inputs, outputs, packed, scales);
}

Status CheckWeights(const fovea_linear_int8& call) noexcept {
  FOVEA_RETURN_IF_BAD(CheckArray(call.packed));
  FOVEA_RETURN_IF_BAD(CheckArray(call.scales));
  FOVEA_RETURN_IF_BAD(CheckOptionalArray(call.bias));
  if (!IsAligned(call.packed, 4)) return Status::kMisaligned;
  for (size_t o = 0; o < PackedLinearInt8Scales(call.outputs); ++o) {
    const bool good = call.scales[o] > 0.0f && IsFinite(call.scales[o]);
    if (!good) return Status::kBadScale;
  }
  return Status::kOk;
}

Status CheckWorkspace(const fovea_linear_int8& call) noexcept {
  if (call.workspace == nullptr) return Status::kNullPointer;
  if (!IsAligned(call.workspace, FOVEA_ALIGNMENT)) return Status::kMisaligned;
  const size_t needed = run_time::LinearInt8Bytes(call.inputs);
  return call.workspace_bytes < needed ? Status::kTooShort : Status::kOk;
}

Status Run(const fovea_linear_int8* from) noexcept {
  FOVEA_RETURN_IF_BAD(CheckStruct(from));
  const fovea_linear_int8& call = *from;
  if (call.tokens == 0) return Status::kZeroCount;
  FOVEA_RETURN_IF_BAD(
      CheckPackedSizes<kMostInt8Inputs>(call.inputs, call.outputs));
  FOVEA_RETURN_IF_BAD(CheckWeights(call));
  FOVEA_RETURN_IF_BAD(CheckWorkspace(call));
  const View<const float> x{call.x, 0, 0, call.x_stride};
  const View<float> y{call.y, 0, 0, call.y_stride};
  FOVEA_RETURN_IF_BAD(
      CheckTensor(x, {1, 1, call.tokens, call.inputs}, Shares::kBatch));
  FOVEA_RETURN_IF_BAD(
      CheckTensor(y, {1, 1, call.tokens, call.outputs}, Shares::kNothing));
  run_time::LinearInt8({call.x, call.x_stride, call.tokens, call.inputs,
                        call.outputs, call.packed, call.scales, call.bias,
                        call.y, call.y_stride, call.workspace});
  return Status::kOk;
}

}  // namespace
}  // namespace c
}  // namespace fovea

extern "C" size_t fovea_linear_int8_packed_bytes(size_t inputs,
                                                 size_t outputs) {
  return fovea::c::PackedBytes<fovea::kMostInt8Inputs>(inputs, outputs);
}

extern "C" size_t fovea_linear_int8_scales(size_t outputs) {
  const bool fits = outputs <= SIZE_MAX / sizeof(float) - fovea::kPanel;
  return fits ? fovea::PackedLinearInt8Scales(outputs) : 0;
}

extern "C" fovea_status fovea_linear_int8_pack(const float* weight,
                                               size_t inputs, size_t outputs,
                                               int8_t* packed, float* scales) {
  return fovea::c::Out(fovea::c::Pack(weight, inputs, outputs, packed, scales));
}

extern "C" size_t fovea_linear_int8_workspace_bytes(size_t inputs) {
  const bool good = inputs != 0 && inputs <= fovea::kMostInt8Inputs;
  return good ? fovea::run_time::LinearInt8Bytes(inputs) : 0;
}

extern "C" fovea_status fovea_linear_int8_run(const fovea_linear_int8* call) {
  return fovea::c::Out(fovea::c::Run(call));
}
