// SPDX-License-Identifier: Apache-2.0
#include "fovea/linear_integer.h"

#include <cstddef>
#include <cstdint>

#include "fovea/c/packed_bytes.h"
#include "fovea/c/status_out.h"
#include "fovea/c/struct_in.h"
#include "fovea/c/tensor_in.h"
#include "fovea/check.h"
#include "fovea/dispatch/linear_integer.h"
#include "fovea/fovea.h"
#include "fovea/linear_integer_pack.h"

namespace fovea {
namespace c {
namespace {

Quantisation QuantisationOf(const fovea_quantisation& of) noexcept {
  return {of.scale, of.zero_point};
}

Status Pack(const fovea_linear_real* from, int8_t* packed, int32_t* multipliers,
            int8_t* shifts, int32_t* bias) noexcept {
  FOVEA_RETURN_IF_BAD(CheckStruct(from));
  FOVEA_RETURN_IF_BAD(CheckArray(from->weight));
  FOVEA_RETURN_IF_BAD(CheckOptionalArray(from->bias));
  FOVEA_RETURN_IF_BAD(CheckArray(packed));
  FOVEA_RETURN_IF_BAD(CheckArray(multipliers));
  FOVEA_RETURN_IF_BAD(CheckArray(shifts));
  if (from->bias != nullptr) FOVEA_RETURN_IF_BAD(CheckArray(bias));
  FOVEA_RETURN_IF_BAD(
      CheckPackedSizes<kMostIntegerInputs>(from->inputs, from->outputs));
  const RealLinear real{from->weight,
                        from->bias,
                        from->inputs,
                        from->outputs,
                        QuantisationOf(from->x_quantisation),
                        QuantisationOf(from->y_quantisation)};
  return PackLinearInteger(real, {packed, multipliers, shifts, bias});
}

template <class Output>
Status CheckRows(const fovea_linear_integer& call, Output* y) noexcept {
  const View<const int8_t> x{call.x, 0, 0, call.x_stride};
  const View<Output> to{y, 0, 0, call.y_stride};
  FOVEA_RETURN_IF_BAD(
      CheckTensor(x, {1, 1, call.tokens, call.inputs}, Shares::kBatch));
  return CheckTensor(to, {1, 1, call.tokens, call.outputs}, Shares::kNothing);
}

Status CheckZeros(const fovea_linear_integer& call) noexcept {
  const auto is_byte = [](int32_t x) { return x >= -128 && x <= 127; };
  const bool good = is_byte(call.x_zero) && is_byte(call.y_zero);
  return good ? Status::kOk : Status::kBadScale;
}

run_time::LinearIntegerProblem ProblemOf(
    const fovea_linear_integer& call) noexcept {
  run_time::LinearIntegerProblem problem{};
  problem.x = call.x, problem.x_stride = call.x_stride;
  problem.y = call.y, problem.y16 = call.y16;
  problem.y_stride = call.y_stride;
  problem.tokens = call.tokens;
  problem.inputs = call.inputs, problem.outputs = call.outputs;
  problem.panels = call.packed;
  problem.bias = call.bias;
  problem.multipliers = call.multipliers, problem.shifts = call.shifts;
  problem.x_zero = call.x_zero, problem.y_zero = call.y_zero;
  return problem;
}

Status Run(const fovea_linear_integer* from) noexcept {
  FOVEA_RETURN_IF_BAD(CheckStruct(from));
  const fovea_linear_integer& call = *from;
  if (call.tokens == 0) return Status::kZeroCount;
  FOVEA_RETURN_IF_BAD(
      CheckPackedSizes<kMostIntegerInputs>(call.inputs, call.outputs));
  LinearIntegerWeights weights;
  weights.panels = call.packed;
  weights.multipliers = call.multipliers;
  weights.shifts = call.shifts;
  weights.bias = call.bias;
  FOVEA_RETURN_IF_BAD(CheckLinearInteger(weights, call.outputs));
  FOVEA_RETURN_IF_BAD(CheckZeros(call));
  if (call.y16 == nullptr) {
    FOVEA_RETURN_IF_BAD(CheckRows(call, call.y));
  } else if (call.y == nullptr) {
    FOVEA_RETURN_IF_BAD(CheckRows(call, call.y16));
  } else {
    return Status::kUnsupported;
  }
  run_time::LinearInteger(ProblemOf(call));
  return Status::kOk;
}

}  // namespace
}  // namespace c
}  // namespace fovea

extern "C" size_t fovea_linear_integer_packed_bytes(size_t inputs,
                                                    size_t outputs) {
  return fovea::c::PackedBytes<fovea::kMostIntegerInputs>(inputs, outputs);
}

extern "C" fovea_status fovea_linear_integer_pack(const fovea_linear_real* real,
                                                  int8_t* packed,
                                                  int32_t* multipliers,
                                                  int8_t* shifts,
                                                  int32_t* bias) {
  return fovea::c::Out(fovea::c::Pack(real, packed, multipliers, shifts, bias));
}

extern "C" fovea_status fovea_linear_integer_run(
    const fovea_linear_integer* call) {
  return fovea::c::Out(fovea::c::Run(call));
}
