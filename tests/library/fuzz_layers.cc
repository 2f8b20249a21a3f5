// SPDX-License-Identifier: Apache-2.0
#include "tests/library/fuzz_layers.h"

#include "fovea/fovea.h"

namespace fovea::fuzz {
namespace {

struct Rows {
  size_t stride;
  float* data;
};

Rows RowsOf(Bytes& from, Memory& memory, size_t count, size_t dim) {
  const size_t stride = dim + from.UpTo(3);
  return {stride, memory.Floats(from, (count - 1) * stride + dim)};
}

// y may be x.
template <class Call>
void SetXAndY(Bytes& from, Memory& memory, size_t count, size_t dim,
              Call& call) {
  const Rows x = RowsOf(from, memory, count, dim);
  const Rows y = from.Byte() % 2 ? x : RowsOf(from, memory, count, dim);
  call.x = x.data, call.x_stride = x.stride;
  call.y = y.data, call.y_stride = y.stride;
}

// What no caller may say of its memory: nothing, none, or more than there can
// be.
template <class Pointer>
void Damage(Bytes& from, Pointer& pointer, size_t& count, size_t& stride) {
  switch (from.Byte() % 32) {
    case 28:
      pointer = nullptr;
      break;
    case 29:
      count = 0;
      break;
    case 30:
      count = SIZE_MAX - from.Byte();
      break;
    case 31:
      stride = from.Byte() % 2 ? SIZE_MAX - from.Byte() : 0;
      break;
  }
}

void UseSoftmax(Bytes& from, Memory& memory) {
  fovea_softmax call = {};
  call.struct_bytes = sizeof(call) - from.Rarely();
  call.rows = 1 + from.UpTo(9), call.count = 1 + from.UpTo(300);
  SetXAndY(from, memory, call.rows, call.count, call);
  call.scale = from.Byte() % 2 ? 1.0f : from.Raw<float>();
  call.logarithm = from.Byte() % 2;
  if (from.Byte() % 2) {
    const bool shared = from.Byte() % 2 == 0;
    const size_t count = (shared ? 1 : call.rows) * call.count;
    memory.bytes.emplace_back(new uint8_t[count]);
    for (size_t i = 0; i < count; ++i) memory.bytes.back()[i] = from.Byte() % 2;
    call.mask = memory.bytes.back().get();
    call.mask_stride = shared ? 0 : call.count;
  }
  Damage(from, call.y, call.rows, call.y_stride);
  Damage(from, call.x, call.count, call.x_stride);
  fovea_softmax_run(&call);
}

void UseNorm(Bytes& from, Memory& memory) {
  fovea_norm call = {};
  call.struct_bytes = sizeof(call) - from.Rarely();
  call.tokens = 1 + from.UpTo(9), call.dim = 1 + from.UpTo(300);
  SetXAndY(from, memory, call.tokens, call.dim, call);
  call.weight = memory.Floats(from, call.dim);
  if (from.Byte() % 2) call.bias = memory.Floats(from, call.dim);
  call.eps = from.Byte() % 2 ? 1e-5f : from.Raw<float>();
  Damage(from, call.y, call.tokens, call.y_stride);
  Damage(from, call.weight, call.dim, call.x_stride);
  from.Byte() % 2 ? fovea_rms_norm_run(&call) : fovea_layer_norm_run(&call);
}

void UseRope(Bytes& from, Memory& memory) {
  fovea_rope call = {};
  call.struct_bytes = sizeof(call) - from.Rarely();
  call.batch = 1 + from.UpTo(2), call.heads = 1 + from.UpTo(3);
  call.tokens = 1 + from.UpTo(20), call.dim = 2 * from.UpTo(128);
  if (from.Rarely()) ++call.dim;
  const size_t pairs = call.dim / 2, row = call.dim + from.UpTo(2);
  call.x = Output(from, memory,
                  {call.batch, call.heads, call.tokens, row == 0 ? 1 : row});
  call.interleaved = from.Byte() % 2;
  call.first_position = from.Raw<uint64_t>();
  if (from.Byte() % 2) {
    memory.rates.emplace_back(new uint64_t[pairs + 1]);
    for (size_t i = 0; i < pairs; ++i) {
      memory.rates.back()[i] = from.Raw<uint64_t>();
    }
    call.rates = memory.rates.back().get();
  } else {
    const size_t of_batch = call.tokens * pairs;
    call.angle_batch_stride = from.Byte() % 2 ? of_batch : 0;
    call.angle_token_stride = from.Byte() % 2 ? pairs : 0;
    call.cos = memory.Floats(from, call.batch * of_batch);
    call.sin = memory.Floats(from, call.batch * of_batch);
  }
  Damage(from, call.x.data, call.batch, call.x.token_stride);
  Damage(from, call.x.data, call.heads, call.x.head_stride);
  Damage(from, call.x.data, call.tokens, call.x.batch_stride);
  fovea_rope_run(&call);
}

void UseLinear(Bytes& from, Memory& memory) {
  fovea_linear call = {};
  call.struct_bytes = sizeof(call) - from.Rarely();
  call.tokens = 1 + from.UpTo(20);
  call.inputs = 1 + from.UpTo(300), call.outputs = 1 + from.UpTo(70);
  const float* weight = memory.Floats(from, call.inputs * call.outputs);
  float* packed = memory.Floats(
      from, fovea_linear_packed_floats(call.inputs, call.outputs));
  fovea_linear_pack(from.Rarely() ? nullptr : weight, call.inputs, call.outputs,
                    packed);
  call.packed = packed;
  if (from.Byte() % 2) call.bias = memory.Floats(from, call.outputs);
  const Rows x = RowsOf(from, memory, call.tokens, call.inputs);
  const Rows y = RowsOf(from, memory, call.tokens, call.outputs);
  call.x = x.data, call.x_stride = x.stride;
  call.y = y.data, call.y_stride = y.stride;
  Damage(from, call.x, call.tokens, call.x_stride);
  Damage(from, call.y, call.outputs, call.y_stride);
  Damage(from, call.packed, call.inputs, call.x_stride);
  fovea_linear_run(&call);
}

}  // namespace

void UseLayer(Bytes& from, Memory& memory) {
  switch (from.Byte() % 4) {
    case 0:
      UseSoftmax(from, memory);
      break;
    case 1:
      UseNorm(from, memory);
      break;
    case 2:
      UseRope(from, memory);
      break;
    case 3:
      UseLinear(from, memory);
      break;
  }
}

}  // namespace fovea::fuzz
