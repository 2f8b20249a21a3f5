// SPDX-License-Identifier: Apache-2.0
#include "fovea/dispatch/integer_attention.h"

#include "fovea/c/integer_call.h"
#include "fovea/c/status_out.h"
#include "fovea/check.h"
#include "fovea/fovea.h"
#include "fovea/integer_config.h"

namespace fovea {
namespace c {
namespace {

Status Run(const fovea_integer_attention* call) noexcept {
  FOVEA_RETURN_IF_BAD(CheckShape(call));
  FOVEA_RETURN_IF_BAD(CheckCount(call->keys, kMostIntegerKeys));
  FOVEA_RETURN_IF_BAD(CheckCall(*call, Reads::kTensors, call->keys));
  run_time::AttendIntegers(ProblemOf(*call, call->keys), call->workspace);
  return Status::kOk;
}

}  // namespace
}  // namespace c
}  // namespace fovea

extern "C" size_t fovea_integer_attention_workspace_bytes(size_t head_dim,
                                                          size_t value_dim,
                                                          size_t rows) {
  const bool good = head_dim >= 1 && head_dim <= fovea::c::kMaxDim &&
                    value_dim >= 1 && value_dim <= fovea::c::kMaxDim &&
                    rows >= 1;
  return good
             ? fovea::run_time::IntegerWorkspaceBytes(head_dim, value_dim, rows)
             : 0;
}

extern "C" fovea_status fovea_integer_attention_run(
    const fovea_integer_attention* call) {
  return fovea::c::Out(fovea::c::Run(call));
}
