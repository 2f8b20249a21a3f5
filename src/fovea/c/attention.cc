// SPDX-License-Identifier: Apache-2.0
#include "fovea/dispatch/attention.h"

#include "fovea/c/attention_call.h"
#include "fovea/c/status_out.h"
#include "fovea/c/struct_in.h"
#include "fovea/check.h"
#include "fovea/fovea.h"
#include "fovea/quantised_layout.h"
#include "fovea/run_time/int8_arithmetic.h"

namespace fovea {
namespace c {
namespace {

// Whether what one head's keys and values take as int8 can be counted: at most
// 8 times this.
bool FitsInt8(const fovea_attention& call, size_t keys) noexcept {
  size_t most = 0;
  return Multiply(keys + kTile, call.head_dim + call.value_dim + kPanel,
                  most) &&
         Multiply(most, 2 * 2 * sizeof(float), most);
}

// Keys of a batch entry that are read.
size_t KeysOf(const fovea_attention& call, size_t batch,
              bool is_partial) noexcept {
  const bool every = !is_partial && call.scores != nullptr &&
                     (call.score_stage == FOVEA_SCORES_SCALED ||
                      call.score_stage == FOVEA_SCORES_SOFTCAPPED);
  return call.key_lengths == nullptr || every ? call.keys
                                              : call.key_lengths[batch];
}

}  // namespace

Status RunBytes(const fovea_attention& call, size_t keys,
                size_t& bytes) noexcept {
  const fovea_arithmetic* arithmetic = call.arithmetic;
  if (arithmetic == nullptr) {
    bytes = run_time::WorkspaceBytes(call.head_dim, call.value_dim);
    return Status::kOk;
  }
  if (!FitsInt8(call, keys)) return Status::kUnsupported;
  bytes = arithmetic->workspace_bytes(call.head_dim, call.value_dim, keys);
  return Status::kOk;
}

Status CheckRun(const fovea_attention* call, bool is_partial) noexcept {
  FOVEA_RETURN_IF_BAD(CheckShape(call));
  FOVEA_RETURN_IF_BAD(CheckCount(call->keys, kMaxTokens));
  size_t bytes = 0;
  FOVEA_RETURN_IF_BAD(RunBytes(*call, call->keys, bytes));
  return CheckCall(*call, Reads::kTensors, call->keys, bytes, is_partial);
}

Status CheckRunEntries(const fovea_attention& call, bool is_partial) noexcept {
  const fovea_arithmetic* arithmetic = call.arithmetic;
  if (arithmetic == nullptr) return Status::kOk;
  const View<const float> k = ViewOf(call.k), v = ViewOf(call.v);
  for (size_t b = 0; b < call.batch; ++b) {
    const size_t keys = KeysOf(call, b, is_partial);
    for (size_t head = 0; head < call.kv_heads; ++head) {
      const bool sound =
          arithmetic->are_storable(k.Row(b, head, 0), k.token_stride, keys,
                                   call.head_dim,
                                   RoomOfKey(call.rotary != nullptr)) &&
          (!arithmetic->int8_values ||
           arithmetic->are_storable(v.Row(b, head, 0), v.token_stride, keys,
                                    call.value_dim, kRoomOfValue));
      if (!sound) return Status::kBadScale;
    }
  }
  return Status::kOk;
}

void RunChecked(const fovea_attention& call) noexcept {
  const auto problem = ProblemOf(call, call.keys, false);
  if (call.arithmetic != nullptr) {
    call.arithmetic->attend(problem, call.workspace);
  } else if (problem.is_rich) {
    run_time::AttendRich(problem, call.workspace);
  } else {
    run_time::AttendPlain(problem, call.workspace);
  }
}

namespace {

Status Run(const fovea_attention* call) noexcept {
  FOVEA_RETURN_IF_BAD(CheckRun(call, false));
  FOVEA_RETURN_IF_BAD(CheckRunEntries(*call));
  RunChecked(*call);
  return Status::kOk;
}

Status RunPartial(const fovea_attention* call, size_t first_key, size_t end_key,
                  const fovea_partial* to) noexcept {
  FOVEA_RETURN_IF_BAD(CheckRun(call, true));
  FOVEA_RETURN_IF_BAD(CheckRange(first_key, end_key, call->keys));
  FOVEA_RETURN_IF_BAD(CheckPartial(to, *call));
  FOVEA_RETURN_IF_BAD(CheckRunEntries(*call, true));
  auto problem = ProblemOf(*call, call->keys, true);
  SetPartial(*to, first_key, end_key, problem);
  if (call->arithmetic != nullptr) {
    call->arithmetic->attend(problem, call->workspace);
  } else {
    run_time::AttendRich(problem, call->workspace);
  }
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

extern "C" size_t fovea_attention_run_workspace_bytes(
    const fovea_attention* call) {
  size_t bytes = 0;
  const bool good =
      fovea::c::CheckShape(call) == fovea::Status::kOk &&
      fovea::CheckCount(call->keys, fovea::c::kMaxTokens) ==
          fovea::Status::kOk &&
      fovea::c::RunBytes(*call, call->keys, bytes) == fovea::Status::kOk;
  return good ? bytes : 0;
}

extern "C" fovea_status fovea_attention_run(const fovea_attention* call) {
  return fovea::c::Out(fovea::c::Run(call));
}

extern "C" fovea_status fovea_attention_run_partial(
    const fovea_attention* call, size_t first_key, size_t end_key,
    const fovea_partial* partial) {
  return fovea::c::Out(fovea::c::RunPartial(call, first_key, end_key, partial));
}
