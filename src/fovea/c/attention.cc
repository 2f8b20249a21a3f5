// SPDX-License-Identifier: Apache-2.0
#include "fovea/dispatch/attention.h"

#include "fovea/c/attention_call.h"
#include "fovea/c/status_out.h"
#include "fovea/c/struct_in.h"
#include "fovea/check.h"
#include "fovea/fovea.h"

namespace fovea {
namespace c {

Status CheckRun(const fovea_attention* call, bool is_partial) noexcept {
  FOVEA_RETURN_IF_BAD(CheckShape(call));
  FOVEA_RETURN_IF_BAD(CheckCount(call->keys, kMaxTokens));
  const size_t bytes =
      run_time::WorkspaceBytes(call->head_dim, call->value_dim);
  return CheckCall(*call, Reads::kTensors, call->keys, bytes, is_partial);
}

void RunChecked(const fovea_attention& call) noexcept {
  const auto problem = ProblemOf(call, call.keys, false);
  if (problem.is_rich) {
    run_time::AttendRich(problem, call.workspace);
  } else {
    run_time::AttendPlain(problem, call.workspace);
  }
}

namespace {

Status Run(const fovea_attention* call) noexcept {
  FOVEA_RETURN_IF_BAD(CheckRun(call, false));
  RunChecked(*call);
  return Status::kOk;
}

Status RunPartial(const fovea_attention* call, size_t first_key, size_t end_key,
                  const fovea_partial* to) noexcept {
  FOVEA_RETURN_IF_BAD(CheckRun(call, true));
  FOVEA_RETURN_IF_BAD(CheckRange(first_key, end_key, call->keys));
  FOVEA_RETURN_IF_BAD(CheckPartial(to, *call));
  auto problem = ProblemOf(*call, call->keys, true);
  SetPartial(*to, first_key, end_key, problem);
  run_time::AttendRich(problem, call->workspace);
  return Status::kOk;
}

}  // namespace
}  // namespace c
}  // namespace fovea

extern "C" size_t fovea_attention_workspace_bytes(size_t head_dim,
                                                  size_t value_dim) {
  const bool good = head_dim >= 1 && head_dim <= fovea::c::kMaxDim &&
                    value_dim >= 1 && value_dim <= fovea::c::kMaxDim;
  return good ? fovea::run_time::WorkspaceBytes(head_dim, value_dim) : 0;
}

extern "C" fovea_status fovea_attention_run(const fovea_attention* call) {
  return fovea::c::Out(fovea::c::Run(call));
}

extern "C" fovea_status fovea_attention_run_partial(
    const fovea_attention* call, size_t first_key, size_t end_key,
    const fovea_partial* partial) {
  return fovea::c::Out(fovea::c::RunPartial(call, first_key, end_key, partial));
}
