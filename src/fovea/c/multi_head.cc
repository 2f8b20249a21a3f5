// SPDX-License-Identifier: Apache-2.0
// Multi-head attention, composed of the operations that have their own
// functions.
#include "fovea/c/attention_call.h"
#include "fovea/c/cache_buffer.h"
#include "fovea/c/packed_floats.h"
#include "fovea/c/status_out.h"
#include "fovea/c/struct_in.h"
#include "fovea/c/tensor_in.h"
#include "fovea/check.h"
#include "fovea/dispatch/attention.h"
#include "fovea/dispatch/linear.h"
#include "fovea/dispatch/rope.h"
#include "fovea/fovea.h"

namespace fovea {
namespace c {
namespace {

// Where the rows of the batch lie in the workspace, in bytes from its begin.
struct Room {
  size_t q, k, v, heads, attention, end;
};

// Adds so many floats, in whole cache lines, to `end`; false where they do not
// fit.
bool AddFloats(size_t batch, size_t tokens, size_t heads, size_t dim,
               size_t& end) noexcept {
  size_t bytes = 0;
  return Multiply(batch, tokens, bytes) && Multiply(bytes, heads, bytes) &&
         Multiply(bytes, dim, bytes) && Multiply(bytes, sizeof(float), bytes) &&
         bytes <= SIZE_MAX / 8 && end <= SIZE_MAX / 8 &&
         (end += RoundUp(bytes, FOVEA_ALIGNMENT), true);
}

// attention_bytes: of the core's workspace.
bool FindRoom(const fovea_attention& a, size_t keys, size_t attention_bytes,
              Room& room) noexcept {
  size_t end = 0;
  room.q = end;
  if (!AddFloats(a.batch, a.queries, a.heads, a.head_dim, end)) return false;
  room.k = end;
  if (!AddFloats(a.batch, keys, a.kv_heads, a.head_dim, end)) return false;
  room.v = end;
  if (!AddFloats(a.batch, keys, a.kv_heads, a.value_dim, end)) return false;
  room.heads = end;
  if (!AddFloats(a.batch, a.queries, a.heads, a.value_dim, end)) return false;
  room.attention = end;
  room.end = end + attention_bytes;
  return true;
}

// A call, and what follows from it.
struct Module {
  const fovea_multi_head& call;
  bool self;           // keys are of x
  size_t keys;         // that are projected
  size_t memory_dim;   // of what they are projected from
  fovea_input memory;  // that
  Room room;
  fovea_attention core;  // on the workspace
};

float* FloatsAt(const fovea_multi_head& call, size_t offset) noexcept {
  return reinterpret_cast<float*>(static_cast<unsigned char*>(call.workspace) +
                                  offset);
}

// [batch][token][head][dim]
template <class Tensor>
Tensor RowsAt(float* data, size_t tokens, size_t heads, size_t dim) noexcept {
  return {data, tokens * heads * dim, dim, heads * dim};
}

Status CheckShapes(const fovea_multi_head* call) noexcept {
  FOVEA_RETURN_IF_BAD(CheckStruct(call));
  FOVEA_RETURN_IF_BAD(CheckShape(call->attention));
  if (call->memory.data == nullptr) return Status::kOk;
  return CheckCount(call->attention->keys, kMaxTokens);
}

// Of a call whose shapes are known to be good, with a cache that was checked or
// none; kUnsupported where they are too large together.
Status FindModule(const fovea_multi_head& call, const fovea_cache* cache,
                  Module& module) noexcept {
  const fovea_attention& a = *call.attention;
  module.self = call.memory.data == nullptr;
  module.keys = module.self ? a.queries : a.keys;
  module.memory = module.self ? call.x : call.memory;
  module.memory_dim = call.memory_dim == 0 ? call.model_dim : call.memory_dim;
  size_t bytes = 0;
  if (cache != nullptr) {
    bytes = WorkspaceBytes(*cache);
  } else {
    FOVEA_RETURN_IF_BAD(RunBytes(a, module.keys, bytes));
  }
  return FindRoom(a, module.keys, bytes, module.room) ? Status::kOk
                                                      : Status::kUnsupported;
}

void SetCore(Module& module) noexcept {
  const fovea_multi_head& call = module.call;
  const Room& room = module.room;
  fovea_attention& core = module.core;
  core = *call.attention;
  core.struct_bytes = sizeof(core);  // what follows it is not read there
  core.keys = module.keys;
  core.q = RowsAt<fovea_input>(FloatsAt(call, room.q), core.queries, core.heads,
                               core.head_dim);
  core.k = RowsAt<fovea_input>(FloatsAt(call, room.k), module.keys,
                               core.kv_heads, core.head_dim);
  core.v = RowsAt<fovea_input>(FloatsAt(call, room.v), module.keys,
                               core.kv_heads, core.value_dim);
  core.out = RowsAt<fovea_output>(FloatsAt(call, room.heads), core.queries,
                                  core.heads, core.value_dim);
  core.workspace = FloatsAt(call, room.attention);
  core.workspace_bytes = room.end - room.attention;
}

Status CheckProjection(const fovea_projection& layer, size_t inputs,
                       size_t outputs) noexcept {
  FOVEA_RETURN_IF_BAD(CheckArray(layer.packed));
  FOVEA_RETURN_IF_BAD(CheckOptionalArray(layer.bias));
  return PackedFloats(inputs, outputs) != 0 ? Status::kOk
                                            : Status::kUnsupported;
}

Status CheckProjections(const Module& module) noexcept {
  const fovea_multi_head& call = module.call;
  const fovea_attention& core = module.core;
  const size_t from = module.memory_dim;
  FOVEA_RETURN_IF_BAD(
      CheckProjection(call.q, call.model_dim, core.heads * core.head_dim));
  FOVEA_RETURN_IF_BAD(
      CheckProjection(call.k, from, core.kv_heads * core.head_dim));
  FOVEA_RETURN_IF_BAD(
      CheckProjection(call.v, from, core.kv_heads * core.value_dim));
  return CheckProjection(call.out, core.heads * core.value_dim, call.model_dim);
}

Status CheckRotary(const Module& module) noexcept {
  const fovea_multi_head& call = module.call;
  if (call.rates == nullptr) return Status::kOk;
  FOVEA_RETURN_IF_BAD(CheckArray(call.rates));
  const bool good = call.rotary_dim != 0 && call.rotary_dim % 2 == 0 &&
                    call.rotary_dim <= module.core.head_dim && module.self;
  if (!good) return Status::kUnsupported;
  return call.rates[0] != 0 ? Status::kOk : Status::kBadScale;
}

// Everything but the core.
Status CheckModule(const fovea_multi_head& call, const fovea_cache* cache,
                   Module& module) noexcept {
  FOVEA_RETURN_IF_BAD(FindModule(call, cache, module));
  if (call.model_dim == 0) return Status::kZeroCount;
  if (module.self && module.memory_dim != call.model_dim) {
    return Status::kUnsupported;
  }
  if (call.workspace == nullptr) return Status::kNullPointer;
  if (!IsAligned(call.workspace, FOVEA_ALIGNMENT)) return Status::kMisaligned;
  if (call.workspace_bytes < module.room.end) return Status::kTooShort;
  SetCore(module);
  const fovea_attention& core = module.core;
  if (core.parts > 1 || core.rotary != nullptr) return Status::kUnsupported;
  const Extent rows{core.batch, 1, core.queries, call.model_dim};
  const Extent memory{core.batch, 1, module.keys, module.memory_dim};
  FOVEA_RETURN_IF_BAD(CheckTensor(ViewOf(call.x), rows, Shares::kBatch));
  FOVEA_RETURN_IF_BAD(
      CheckTensor(ViewOf(module.memory), memory, Shares::kBatch));
  FOVEA_RETURN_IF_BAD(CheckTensor(ViewOf(call.y), rows, Shares::kNothing));
  FOVEA_RETURN_IF_BAD(CheckProjections(module));
  return CheckRotary(module);
}

// -------------------------------------------------------------------- its work

void Project(const fovea_projection& layer, const fovea_input& from,
             size_t batch, size_t tokens, size_t inputs, size_t outputs,
             const fovea_output& to) noexcept {
  for (size_t b = 0; b < batch; ++b) {
    run_time::Linear({from.data + b * from.batch_stride, from.token_stride,
                      tokens, inputs, outputs, layer.packed, layer.bias,
                      to.data + b * to.batch_stride, to.token_stride});
  }
}

// What the workspace holds, to be written.
fovea_output Written(const fovea_input& rows) noexcept {
  return {const_cast<float*>(rows.data), rows.batch_stride, rows.head_stride,
          rows.token_stride};
}

void ProjectInputs(const Module& module) noexcept {
  const fovea_multi_head& call = module.call;
  const fovea_attention& core = module.core;
  Project(call.q, call.x, core.batch, core.queries, call.model_dim,
          core.heads * core.head_dim, Written(core.q));
  Project(call.k, module.memory, core.batch, module.keys, module.memory_dim,
          core.kv_heads * core.head_dim, Written(core.k));
  Project(call.v, module.memory, core.batch, module.keys, module.memory_dim,
          core.kv_heads * core.value_dim, Written(core.v));
}

void Rotate(const Module& module, const fovea_input& rows, size_t heads,
            size_t tokens, uint64_t position) noexcept {
  const fovea_multi_head& call = module.call;
  if (call.rates == nullptr) return;
  run_time::Rotate({ViewOf(Written(rows)), module.core.batch, heads, tokens,
                    call.rotary_dim / 2, call.interleaved != 0, call.rates,
                    position, nullptr, nullptr, 0, 0});
}

void RotateInputs(const Module& module, uint64_t position) noexcept {
  const fovea_attention& core = module.core;
  Rotate(module, core.q, core.heads, core.queries, position);
  Rotate(module, core.k, core.kv_heads, module.keys, position);
}

void ProjectOutput(const Module& module) noexcept {
  const fovea_attention& core = module.core;
  const fovea_input heads = {core.out.data, core.out.batch_stride,
                             core.out.head_stride, core.out.token_stride};
  Project(module.call.out, heads, core.batch, core.queries,
          core.heads * core.value_dim, module.call.model_dim, module.call.y);
}

size_t RoomOf(const fovea_multi_head* call, const fovea_cache* cache) noexcept {
  if (CheckShapes(call) != Status::kOk) return 0;
  Module module{*call, false, 0, 0, {}, {}, {}};
  const Status status = FindModule(*call, cache, module);
  return status == Status::kOk ? module.room.end : 0;
}

Status Run(const fovea_multi_head* call) noexcept {
  FOVEA_RETURN_IF_BAD(CheckShapes(call));
  Module module{*call, false, 0, 0, {}, {}, {}};
  FOVEA_RETURN_IF_BAD(CheckModule(*call, nullptr, module));
  FOVEA_RETURN_IF_BAD(CheckRun(&module.core, false));
  ProjectInputs(module);
  RotateInputs(module, call->rotary_position);
  FOVEA_RETURN_IF_BAD(CheckRunEntries(module.core));
  RunChecked(module.core);
  ProjectOutput(module);
  return Status::kOk;
}

Status Step(fovea_cache* cache, const fovea_multi_head* call) noexcept {
  FOVEA_RETURN_IF_BAD(CheckShapes(call));
  if (call->memory.data != nullptr) return Status::kUnsupported;
  FOVEA_RETURN_IF_BAD(CheckCache(cache));
  Module module{*call, false, 0, 0, {}, {}, {}};
  FOVEA_RETURN_IF_BAD(CheckModule(*call, cache, module));
  FOVEA_RETURN_IF_BAD(CheckStep(cache, &module.core));
  ProjectInputs(module);
  RotateInputs(module, cache->place.position);
  const fovea_attention& core = module.core;
  FOVEA_RETURN_IF_BAD(
      CheckEntries(*cache, core.k, core.v, core.queries, false));
  StepChecked(*cache, module.core);
  ProjectOutput(module);
  return Status::kOk;
}

}  // namespace
}  // namespace c
}  // namespace fovea

extern "C" size_t fovea_multi_head_workspace_bytes(
    const fovea_multi_head* call) {
  return fovea::c::RoomOf(call, nullptr);
}

extern "C" size_t fovea_multi_head_step_workspace_bytes(
    const fovea_cache* cache, const fovea_multi_head* call) {
  const bool good = fovea::c::CheckCache(cache) == fovea::Status::kOk;
  return good ? fovea::c::RoomOf(call, cache) : 0;
}

extern "C" fovea_status fovea_multi_head_run(const fovea_multi_head* call) {
  return fovea::c::Out(fovea::c::Run(call));
}

extern "C" fovea_status fovea_multi_head_step(fovea_cache* cache,
                                              const fovea_multi_head* call) {
  return fovea::c::Out(fovea::c::Step(cache, call));
}
