// SPDX-License-Identifier: Apache-2.0
#include <cstddef>

#include "fovea/c/attention_call.h"
#include "fovea/c/status_out.h"
#include "fovea/c/struct_in.h"
#include "fovea/check.h"
#include "fovea/fovea.h"
#include "fovea/int8_error.h"

namespace fovea {
namespace c {
namespace {

// The output in float, then the workspace of both calls.
struct Room {
  size_t out, end;
};

Status FindRoom(const fovea_attention* call, Room& room) noexcept {
  FOVEA_RETURN_IF_BAD(CheckShape(call));
  FOVEA_RETURN_IF_BAD(CheckCount(call->keys, kMaxTokens));
  if (call->arithmetic == nullptr || call->batch > 1 || call->parts > 1) {
    return Status::kUnsupported;
  }
  FOVEA_RETURN_IF_BAD(RunBytes(*call, call->keys, room.end));
  const bool fits = Multiply(call->heads, call->queries, room.out) &&
                    Multiply(room.out, call->value_dim, room.out) &&
                    Multiply(room.out, sizeof(float), room.out) &&
                    room.out <= SIZE_MAX / 2 && room.end <= SIZE_MAX / 4;
  if (!fits) return Status::kUnsupported;
  room.out = RoundUp(room.out, FOVEA_ALIGNMENT);
  room.end += room.out;
  return Status::kOk;
}

Status CheckWorkspace(const fovea_attention& call, size_t needed) noexcept {
  if (call.workspace == nullptr) return Status::kNullPointer;
  if (!IsAligned(call.workspace, FOVEA_ALIGNMENT)) return Status::kMisaligned;
  return call.workspace_bytes < needed ? Status::kTooShort : Status::kOk;
}

// The call on what is left of its workspace.
fovea_attention OnTheRest(const fovea_attention& call, size_t from) noexcept {
  fovea_attention rest = call;
  rest.struct_bytes = sizeof(rest);
  rest.workspace = static_cast<unsigned char*>(call.workspace) + from;
  rest.workspace_bytes = call.workspace_bytes - from;
  return rest;
}

fovea_attention InFloat(const fovea_attention& call, float* out) noexcept {
  fovea_attention in_float = call;
  in_float.arithmetic = nullptr;
  in_float.lse = in_float.weights = in_float.scores = nullptr;
  const size_t row = call.value_dim;
  in_float.out = {out, 0, call.queries * row, row};
  return in_float;
}

Status Check(const fovea_attention* call, fovea_int8_error* error) noexcept {
  Room room{};
  FOVEA_RETURN_IF_BAD(FindRoom(call, room));
  FOVEA_RETURN_IF_BAD(CheckStruct(error));
  FOVEA_RETURN_IF_BAD(CheckWorkspace(*call, room.end));
  const fovea_attention in_int8 = OnTheRest(*call, room.out);
  FOVEA_RETURN_IF_BAD(CheckRun(&in_int8, false));
  FOVEA_RETURN_IF_BAD(CheckRunEntries(in_int8));
  // In float first and elsewhere: out may be q.
  const fovea_attention in_float =
      InFloat(in_int8, static_cast<float*>(call->workspace));
  RunChecked(in_float);
  RunChecked(in_int8);
  const Int8Error found =
      check_int8::ErrorOf(ViewOf(in_int8.out), ViewOf(in_float.out),
                          call->heads, call->queries, call->value_dim);
  error->cosine = found.cosine;
  error->least_cosine = found.least_cosine;
  error->relative_l1 = found.relative_l1;
  return Status::kOk;
}

}  // namespace
}  // namespace c
}  // namespace fovea

extern "C" size_t fovea_check_int8_workspace_bytes(
    const fovea_attention* call) {
  fovea::c::Room room{};
  const bool good = fovea::c::FindRoom(call, room) == fovea::Status::kOk;
  return good ? room.end : 0;
}

extern "C" fovea_status fovea_check_int8(const fovea_attention* call,
                                         fovea_int8_error* error) {
  return fovea::c::Out(fovea::c::Check(call, error));
}
