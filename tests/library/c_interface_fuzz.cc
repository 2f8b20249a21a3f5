// SPDX-License-Identifier: Apache-2.0
// Any descriptor gives a Status or a result, and touches nothing but what it
// names: libFuzzer chooses the members, and the tensors are as large as they
// must be, at the end of memory that the sanitizer watches.

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "fovea/config.h"
#include "fovea/fovea.h"
#include "tests/golden/c_call.h"
#include "tests/library/fuzz_input.h"
#include "tests/library/fuzz_layers.h"

namespace {

using fovea::fuzz::Bytes;
using fovea::fuzz::Input;
using fovea::fuzz::Memory;
using fovea::fuzz::Output;
using fovea::fuzz::Shape;
using fovea::fuzz::Strides;
using fovea::golden::Buffer;
using fovea::golden::CCache;

void SetBlockMask(Bytes& from, Memory& memory, fovea_attention& call) {
  const uint8_t choice = from.Byte();
  if (choice % 4 != 1) return;
  const size_t most = fovea::MaskBlocks(call.keys);
  if (choice & 4) call.mask_blocks = 1 + from.UpTo(most - 1);
  const size_t columns = call.mask_blocks == 0 ? most : call.mask_blocks;
  const size_t rows = fovea::MaskBlocks(call.queries);
  const size_t batch = choice & 8 ? call.batch : 1;
  const size_t heads = choice & 16 ? call.heads : 1;
  call.block_mask = {memory.Flags(from, batch * heads * rows * columns),
                     batch == 1 ? 0 : heads * rows * columns,
                     heads == 1 ? 0 : rows * columns, columns};
  if (from.Rarely()) call.block_mask.token_stride = SIZE_MAX / 2;
}

void SetMasks(Bytes& from, Memory& memory, fovea_attention& call) {
  const uint8_t choice = from.Byte();
  if (choice % 4 == 0) return;
  if (choice % 2 == 0) call.mask_keys = 1 + from.UpTo(call.keys - 1);
  const Shape shape{choice & 8 ? call.batch : 1, choice & 16 ? call.heads : 1,
                    choice & 32 ? call.queries : 1,
                    call.mask_keys == 0 ? call.keys : call.mask_keys};
  const size_t count = shape.batch * shape.heads * shape.tokens * shape.dim;
  const Strides s = {
      shape.batch == 1 ? 0 : shape.heads * shape.tokens * shape.dim,
      shape.heads == 1 ? 0 : shape.tokens * shape.dim,
      shape.tokens == 1 ? 0 : shape.dim};
  if (choice & 64) {
    call.bias = {memory.Floats(from, count), s.batch, s.head, s.token};
  }
  if (choice & 128 || !(choice & 64)) {
    call.mask = {memory.Flags(from, count), s.batch, s.head, s.token};
  }
}

// Float, or one in int8.
const fovea_arithmetic* ArithmeticOf(Bytes& from) {
  switch (from.Byte() % 4) {
    case 1:
      return fovea_int8_scores();
    case 2:
      return fovea_int8();
    default:
      return nullptr;
  }
}

// Good or not, of dims up to one more than there are.
const fovea_rotary* Rotary(Bytes& from, Memory& memory, size_t head_dim) {
  memory.rotaries.emplace_back(new fovea_rotary());
  fovea_rotary& rotary = *memory.rotaries.back();
  rotary.struct_bytes = sizeof(rotary) - from.Rarely();
  rotary.turner = from.Rarely() ? nullptr : fovea_rope_turner();
  rotary.dim = from.Rarely() ? from.UpTo(300) : head_dim / 2 * 2;
  const size_t pairs = rotary.dim / 2;
  memory.rates.emplace_back(new uint64_t[pairs == 0 ? 1 : pairs]());
  uint64_t* rates = memory.rates.back().get();
  fovea_rope_rates(2 * pairs, 10000, FOVEA_ROPE_UNSCALED, 1, rates);
  rotary.rates = rates;
  rotary.interleaved = from.Byte() % 2;
  rotary.position = from.Raw<uint64_t>();
  return &rotary;
}

void SetOptions(Bytes& from, Memory& memory, fovea_attention& call) {
  call.causal = from.Byte() % 2;
  call.first_position =
      from.Rarely() ? from.Raw<int64_t>() : int64_t(from.UpTo(300)) - 100;
  if (from.Byte() % 4 == 0) call.window = from.UpTo(200);
  if (call.window != 0) call.sinks = from.UpTo(20);
  if (from.Byte() % 4 == 0) call.softcap = static_cast<float>(from.Byte());
  if (from.Byte() % 4 == 0) call.scale = from.Raw<float>();
  if (from.Byte() % 4 == 0) {
    call.alibi_slopes = memory.Floats(from, call.heads);
  }
  if (from.Byte() % 4 == 0) {
    call.sink_logits = memory.Floats(from, call.heads);
  }
  if (from.Byte() % 4 == 0) {
    memory.sizes.emplace_back(new size_t[call.batch]);
    for (size_t b = 0; b < call.batch; ++b) {
      memory.sizes.back()[b] = from.UpTo(call.keys + 1);
    }
    call.key_lengths = memory.sizes.back().get();
  }
  if (from.Byte() % 4 == 0) call.rotary = Rotary(from, memory, call.head_dim);
  call.arithmetic = ArithmeticOf(from);
  call.raw_keys = from.Byte() % 2;
  SetMasks(from, memory, call);
  SetBlockMask(from, memory, call);
}

void SetOutputs(Bytes& from, Memory& memory, fovea_attention& call) {
  const size_t rows = call.batch * call.heads * call.queries;
  const uint8_t choice = from.Byte();
  if (choice & 1) call.lse = memory.Floats(from, rows);
  if (choice & 2) call.weights = memory.Floats(from, rows * call.keys);
  if (choice & 4) call.scores = memory.Floats(from, rows * call.keys);
  call.score_stage = static_cast<fovea_score_stage>(choice / 8 % 4);
}

// Some bytes of the descriptor become anything, but for the counts and strides
// with which the caller says how large its memory is, and the pointers.
void Damage(Bytes& from, fovea_attention& call) {
  switch (from.Byte() % 15) {
    case 0:
      call.struct_bytes = from.Raw<size_t>() % sizeof(call);
      break;
    case 1:
      call.batch = 0;
      break;
    case 2:
      call.heads = 0;
      break;
    case 3:
      call.kv_heads = from.Raw<size_t>() | size_t{1} << 20;
      break;
    case 4:
      call.head_dim = from.Raw<size_t>() | 512;
      break;
    case 5:
      call.keys = from.Raw<size_t>() | size_t{1} << 40;
      break;
    case 6:
      call.workspace_bytes = from.UpTo(100);
      break;
    case 7:
      call.q.data = nullptr;
      break;
    case 8:
      call.out.token_stride = 0;
      break;
    case 9:
      call.window = from.Raw<size_t>();
      break;
    case 10:
      call.parts = from.Raw<size_t>(), call.part = from.Byte();
      break;
    case 11:
      call.batch = from.Raw<size_t>() | size_t{1} << 62;
      break;
    case 12:
      call.q.token_stride = from.Raw<size_t>() | size_t{1} << 62;
      break;
    case 13:
      call.k.head_stride = from.Raw<size_t>() | size_t{1} << 62;
      break;
    case 14:
      call.mask.token_stride = from.Raw<size_t>() | size_t{1} << 62;
      break;
  }
}

// Of any element, sometimes a ring.
fovea_cache_shape CacheShape(Bytes& from, const fovea_attention& call) {
  const auto element = static_cast<fovea_element>(from.Byte() % 6);
  fovea_cache_shape shape = CCache::ShapeOf(call, 1 + from.UpTo(200), element);
  shape.raw_keys = from.Byte() % 2;
  shape.arithmetic = from.Rarely() ? ArithmeticOf(from) : call.arithmetic;
  if (shape.arithmetic != nullptr && !from.Rarely()) shape.element = FOVEA_INT8;
  if (from.Byte() % 2 == 0) {
    shape.window = from.UpTo(200), shape.sinks = from.UpTo(100);
    shape.max_queries = from.UpTo(70);
  }
  return shape;
}

// Masks and matrices are those of `keys` tokens; a ring takes what is its own.
fovea_attention CallOn(const CCache& cache, const fovea_attention& call) {
  fovea_attention plain = call;
  plain.mask.data = nullptr, plain.bias.data = nullptr;
  plain.block_mask = {}, plain.mask_blocks = 0;
  plain.mask_keys = 0, plain.weights = plain.scores = nullptr;
  if (cache.shape.window == 0) return plain;
  plain.window = cache.shape.window, plain.sinks = cache.shape.sinks;
  plain.causal = 1;
  return plain;
}

void SaveAndRestore(Bytes& from, fovea_cache* cache) {
  const Buffer saved(fovea_cache_saved_bytes(cache));
  fovea_cache_save(cache, saved.get(), saved.bytes());
  if (from.Rarely() && saved.bytes() > 0) {
    static_cast<uint8_t*>(saved.get())[from.UpTo(saved.bytes() - 1)] ^=
        from.Byte();
  }
  fovea_cache_restore(cache, saved.get(), saved.bytes());
}

// Into the call's own output.
fovea_partial Partial(Bytes& from, Memory& memory,
                      const fovea_attention& call) {
  const size_t rows = call.batch * call.heads * call.queries;
  return {sizeof(fovea_partial) - from.Rarely(), call.out,
          memory.Floats(from, rows), memory.Floats(from, rows)};
}

void UseCache(Bytes& from, Memory& memory, fovea_attention call) {
  const CCache cache(CacheShape(from, call)), other(CacheShape(from, call));
  if (cache.status != FOVEA_OK || other.status != FOVEA_OK) return;
  const Buffer room(std::max(fovea_cache_workspace_bytes(cache.cache),
                             fovea_cache_workspace_bytes(other.cache)));
  call.workspace = room.get(), call.workspace_bytes = room.bytes();
  const size_t batch = call.batch;
  call.batch = 1;
  for (size_t i = from.UpTo(6); i > 0; --i) {
    fovea_attention plain = CallOn(cache, call);
    switch (from.Byte() % 9) {
      case 0:
        fovea_cache_append(cache.cache, call.k, call.v, call.keys);
        break;
      case 1:
        fovea_cache_truncate(cache.cache, from.UpTo(50));
        break;
      case 2:
        if (call.queries <= call.keys) fovea_cache_step(cache.cache, &plain);
        break;
      case 3:
        if (fovea_cache_size(cache.cache) == call.keys) {
          fovea_cache_attend(cache.cache, &call);
        }
        break;
      case 4:
        SaveAndRestore(from, cache.cache);
        break;
      case 5:
        fovea_cache_append_turned(cache.cache, call.k, call.v, call.keys,
                                  Rotary(from, memory, call.head_dim));
        break;
      case 6: {
        plain.batch = batch;
        fovea_cache* both[] = {cache.cache,
                               from.Rarely() ? cache.cache : other.cache};
        if (call.queries <= call.keys) fovea_cache_step_streams(both, &plain);
        break;
      }
      case 7:
        plain.first_position = from.UpTo(300);
        fovea_cache_attend(cache.cache, &plain);
        break;
      case 8: {
        const fovea_partial partial = Partial(from, memory, plain);
        const size_t first = from.UpTo(300), end = from.UpTo(300);
        fovea_cache_attend_partial(cache.cache, &plain, first, end, &partial);
        break;
      }
    }
  }
}

// ------------------------------------------------------------------- modules

struct Projections {
  Projections(Bytes& from, Memory& memory, const fovea_attention& a,
              size_t model_dim, size_t memory_dim)
      : q(Projection(from, memory, model_dim, a.heads * a.head_dim)),
        k(Projection(from, memory, memory_dim, a.kv_heads * a.head_dim)),
        v(Projection(from, memory, memory_dim, a.kv_heads * a.value_dim)),
        out(Projection(from, memory, a.heads * a.value_dim, model_dim)) {}

  static fovea_projection Projection(Bytes& from, Memory& memory, size_t inputs,
                                     size_t outputs) {
    const size_t floats = fovea_linear_packed_floats(inputs, outputs);
    const float* packed = memory.Floats(from, floats);
    return {packed, from.Byte() % 2 ? memory.Floats(from, outputs) : nullptr};
  }

  fovea_projection q, k, v, out;
};

void UseMultiHead(Bytes& from, Memory& memory, fovea_attention a) {
  const size_t model_dim = 1 + from.UpTo(40);
  const bool has_memory = from.Byte() % 3 == 0;
  const size_t memory_dim = has_memory ? 1 + from.UpTo(40) : model_dim;
  a.part = a.parts = 0, a.weights = a.scores = nullptr;
  if (!from.Rarely()) a.rotary = nullptr;
  if (!has_memory) a.key_lengths = nullptr, a.mask = {}, a.bias = {};
  if (!has_memory) a.mask_keys = 0, a.block_mask = {}, a.mask_blocks = 0;
  const Projections of(from, memory, a, model_dim, memory_dim);
  fovea_multi_head call = {};
  call.struct_bytes = sizeof(call);
  call.attention = &a;
  call.model_dim = model_dim;
  call.memory_dim = has_memory || from.Rarely() ? memory_dim : 0;
  call.x = Input(from, memory, {a.batch, 1, a.queries, model_dim});
  if (has_memory) {
    call.memory = Input(from, memory, {a.batch, 1, a.keys, memory_dim});
  }
  call.y = Output(from, memory, {a.batch, 1, a.queries, model_dim});
  call.q = of.q, call.k = of.k, call.v = of.v, call.out = of.out;
  const fovea_rotary* rotary = Rotary(from, memory, a.head_dim);
  if (from.Byte() % 2 == 0) {
    call.rates = rotary->rates, call.rotary_dim = rotary->dim;
    call.interleaved = rotary->interleaved;
    call.rotary_position = rotary->position;
  }
  const bool steps = from.Byte() % 2 == 0;
  const CCache cache(CacheShape(from, a));
  if (steps) a = CallOn(cache, a);
  const Buffer room(
      steps ? fovea_multi_head_step_workspace_bytes(cache.cache, &call)
            : fovea_multi_head_workspace_bytes(&call));
  call.workspace = room.get(), call.workspace_bytes = room.bytes();
  if (from.Rarely()) call.workspace_bytes /= 2;
  if (!steps) {
    fovea_multi_head_run(&call);
    return;
  }
  for (size_t i = 1 + from.UpTo(3); i > 0; --i) {
    fovea_multi_head_step(cache.cache, &call);
  }
}

void UseLinearInt8(Bytes& from, Memory& memory) {
  const size_t inputs = 1 + from.UpTo(100), outputs = 1 + from.UpTo(70);
  const float* weight = memory.Floats(from, inputs * outputs);
  const Buffer packed(fovea_linear_int8_packed_bytes(inputs, outputs));
  const Buffer room(fovea_linear_int8_workspace_bytes(inputs));
  float* scales = memory.Floats(from, fovea_linear_int8_scales(outputs));
  auto* panels = static_cast<int8_t*>(packed.get());
  fovea_linear_int8_pack(weight, inputs, outputs, panels, scales);
  fovea_linear_int8 call = {};
  call.struct_bytes = sizeof(call);
  call.tokens = 1 + from.UpTo(40);
  call.inputs = from.Rarely() ? from.Raw<size_t>() | 65537 : inputs;
  call.outputs = outputs;
  call.x_stride = inputs + from.UpTo(3), call.y_stride = outputs;
  call.x = memory.Floats(from, call.tokens * call.x_stride);
  call.y = memory.Floats(from, call.tokens * outputs);
  call.packed = panels, call.scales = scales;
  if (from.Byte() % 2) call.bias = memory.Floats(from, outputs);
  call.workspace = room.get();
  call.workspace_bytes = from.Rarely() ? from.UpTo(64) : room.bytes();
  fovea_linear_int8_run(&call);
}

// ------------------------------------------------------------------ integers

// Any bytes, exactly so many.
int8_t* Int8s(Bytes& from, Memory& memory, size_t count) {
  memory.bytes.emplace_back(new uint8_t[count == 0 ? 1 : count]);
  auto* data = reinterpret_cast<int8_t*>(memory.bytes.back().get());
  const uint8_t common = from.Byte();
  for (size_t i = 0; i < count; ++i) {
    data[i] = static_cast<int8_t>(i % 7 == 3 ? common : i * 37 + common);
  }
  return data;
}

fovea_int8_input Int8Input(Bytes& from, Memory& memory, const Shape& shape) {
  const Strides s = StridesOf(from, shape);
  return {Int8s(from, memory, CountOf(s, shape)), s.batch, s.head, s.token};
}

// Of real scales, or any numbers at all.
fovea_integer_scales IntegerScales(Bytes& from, size_t head_dim) {
  fovea_integer_scales scales = {};
  if (from.Rarely()) return from.Raw<fovea_integer_scales>();
  fovea_integer_real real = {};
  real.struct_bytes = sizeof(real), real.head_dim = head_dim;
  for (auto* of : {&real.q, &real.k, &real.v, &real.out}) {
    of->scale = from.Rarely() ? from.Raw<double>() : 0.001 * (1 + from.Byte());
    of->zero_point = static_cast<int8_t>(from.Byte());
  }
  fovea_integer_attention_scales(&real, &scales);
  if (from.Byte() % 4 == 0) scales.score_multiplier = from.Raw<uint32_t>();
  return scales;
}

// As Damage, of what a call on a cache checks too.
void DamageIntegers(Bytes& from, fovea_integer_attention& call) {
  switch (from.Byte() % 10) {
    case 0:
      call.struct_bytes = from.Raw<size_t>() % sizeof(call);
      break;
    case 1:
      call.batch = from.Byte() % 2 ? 0 : from.Raw<size_t>() | size_t{1} << 62;
      break;
    case 2:
      call.kv_heads = from.Raw<size_t>() | size_t{1} << 20;
      break;
    case 3:
      call.head_dim = from.Raw<size_t>() | 512;
      break;
    case 4:
      call.keys = from.Raw<size_t>() | size_t{1} << 40;
      break;
    case 5:
      call.workspace_bytes = from.UpTo(100);
      break;
    case 6:
      call.k.data = nullptr;
      break;
    case 7:
      call.out.token_stride = 0;
      break;
    case 8:
      call.sinks = from.Raw<size_t>();
      break;
    case 9:
      call.parts = from.Raw<size_t>(), call.part = from.Byte();
      break;
  }
}

fovea_integer_cache_shape IntegerCacheShape(
    Bytes& from, const fovea_integer_attention& call) {
  fovea_integer_cache_shape shape = {};
  shape.struct_bytes = sizeof(shape);
  shape.kv_heads = call.kv_heads;
  shape.head_dim = call.head_dim, shape.value_dim = call.value_dim;
  shape.capacity = 1 + from.UpTo(200);
  if (from.Byte() % 2 == 0) {
    shape.window = from.UpTo(200), shape.sinks = from.UpTo(100);
    shape.max_queries = from.UpTo(70);
  }
  return shape;
}

void SaveAndRestoreIntegers(Bytes& from, fovea_integer_cache* cache) {
  const Buffer saved(fovea_integer_cache_saved_bytes(cache));
  fovea_integer_cache_save(cache, saved.get(), saved.bytes());
  if (from.Rarely() && saved.bytes() > 0) {
    static_cast<uint8_t*>(saved.get())[from.UpTo(saved.bytes() - 1)] ^=
        from.Byte();
  }
  fovea_integer_cache_restore(cache, saved.get(), saved.bytes());
}

// `tokens` of each of its tensors may be read.
void UseIntegerCache(Bytes& from, fovea_integer_attention call, size_t tokens) {
  const fovea_integer_cache_shape shape = IntegerCacheShape(from, call);
  const Buffer buffer(fovea_integer_cache_bytes(&shape));
  fovea_integer_cache* cache = nullptr;
  const fovea_status made =
      fovea_integer_cache_create(&shape, buffer.get(), buffer.bytes(), &cache);
  if (made != FOVEA_OK) return;
  call.batch = 1;
  call.mask = {}, call.mask_keys = 0;  // it is one of `keys` tokens
  if (shape.window != 0 && !from.Rarely()) {
    call.window = shape.window, call.sinks = shape.sinks, call.causal = 1;
  }
  for (size_t i = 1 + from.UpTo(6); i > 0; --i) {
    switch (from.Byte() % 6) {
      case 0:
        fovea_integer_cache_append(cache, call.k, call.v, tokens);
        break;
      case 1:
        fovea_integer_cache_truncate(cache, from.UpTo(50));
        break;
      case 2:
      case 3:
        if (call.queries <= tokens) fovea_integer_cache_step(cache, &call);
        break;
      case 4:
        SaveAndRestoreIntegers(from, cache);
        break;
      case 5:
        call.first_position =
            from.Rarely() ? from.Raw<int64_t>() : int64_t(from.UpTo(300));
        fovea_integer_cache_attend(cache, &call);
        break;
    }
  }
}

// An attention in integers with the shape and the options of one in floats.
void UseIntegers(Bytes& from, Memory& memory, const fovea_attention& like) {
  fovea_integer_attention call = {};
  call.struct_bytes = sizeof(call);
  call.batch = like.batch, call.heads = like.heads;
  call.kv_heads = like.kv_heads;
  call.head_dim = like.head_dim, call.value_dim = like.value_dim;
  call.queries = like.queries, call.keys = like.keys;
  call.q = Int8Input(from, memory,
                     {call.batch, call.heads, call.queries, call.head_dim});
  call.k = Int8Input(from, memory,
                     {call.batch, call.kv_heads, call.keys, call.head_dim});
  call.v = Int8Input(from, memory,
                     {call.batch, call.kv_heads, call.keys, call.value_dim});
  const Shape of_out = {call.batch, call.heads, call.queries, call.value_dim};
  const Strides s = StridesOf(from, of_out);
  call.out = {Int8s(from, memory, CountOf(s, of_out)), s.batch, s.head,
              s.token};
  const fovea_integer_scales scales = IntegerScales(from, call.head_dim);
  call.scales = &scales;
  call.causal = like.causal, call.first_position = like.first_position;
  call.key_lengths = like.key_lengths;
  call.window = like.window, call.sinks = like.sinks;
  call.mask = like.mask, call.mask_keys = like.mask_keys;
  call.part = like.part, call.parts = like.parts;
  const Buffer room(fovea_integer_attention_workspace_bytes(
      call.head_dim, call.value_dim,
      call.queries * (call.heads / call.kv_heads)));
  call.workspace = room.get(), call.workspace_bytes = room.bytes();
  const bool on_cache = from.Byte() % 2 == 0;
  if (from.Byte() % 8 == 0) DamageIntegers(from, call);
  if (on_cache) {
    UseIntegerCache(from, call, like.keys);
  } else {
    fovea_integer_attention_run(&call);
  }
}

void UseLinearInteger(Bytes& from, Memory& memory) {
  const size_t inputs = 1 + from.UpTo(100), outputs = 1 + from.UpTo(70);
  const float* weight = memory.Floats(from, inputs * outputs);
  const float* real_bias =
      from.Byte() % 2 ? memory.Floats(from, outputs) : nullptr;
  std::vector<int8_t> packed(
      fovea_linear_integer_packed_bytes(inputs, outputs));
  std::vector<int32_t> multipliers(outputs), bias(outputs);
  std::vector<int8_t> shifts(outputs);
  fovea_linear_real real = {};
  real.struct_bytes = sizeof(real) - from.Rarely();
  real.weight = weight, real.bias = real_bias;
  real.inputs = inputs, real.outputs = outputs;
  real.x_quantisation = {from.Rarely() ? from.Raw<double>() : 0.05,
                         int32_t{from.Byte()} - 128};
  real.y_quantisation = {from.Rarely() ? from.Raw<double>() : 0.5,
                         int32_t{from.Byte()} - 128};
  fovea_linear_integer_pack(&real, packed.data(), multipliers.data(),
                            shifts.data(), bias.data());
  fovea_linear_integer call = {};
  call.struct_bytes = sizeof(call);
  call.tokens = 1 + from.UpTo(40);
  call.inputs = from.Rarely() ? from.Raw<size_t>() | 32769 : inputs;
  call.outputs = outputs;
  call.x_stride = inputs + from.UpTo(3), call.y_stride = outputs;
  std::vector<int8_t> x((call.tokens - 1) * call.x_stride + inputs);
  std::vector<int8_t> y(call.tokens * outputs);
  std::vector<int16_t> y16(y.size());
  for (int8_t& entry : x) entry = static_cast<int8_t>(from.Byte());
  call.x = x.data(), call.packed = packed.data();
  // As packed, or anything.
  if (from.Rarely()) multipliers[0] = from.Raw<int32_t>();
  if (from.Rarely()) shifts[0] = from.Raw<int8_t>();
  if (from.Rarely()) bias[0] = from.Raw<int32_t>();
  call.multipliers = multipliers.data(), call.shifts = shifts.data();
  if (real_bias != nullptr) call.bias = bias.data();
  call.x_zero =
      from.Rarely() ? from.Raw<int32_t>() : real.x_quantisation.zero_point;
  call.y_zero = real.y_quantisation.zero_point;
  const bool wide = from.Byte() % 2 == 0;
  if (!wide || from.Rarely()) call.y = y.data();
  if (wide) call.y16 = y16.data();
  fovea_linear_integer_run(&call);
}

// The call, in its arithmetic and in float.
void UseCheckInt8(Bytes& from, fovea_attention call) {
  if (!from.Rarely()) call.batch = 1, call.parts = 0;
  if (call.arithmetic == nullptr && !from.Rarely()) {
    call.arithmetic = fovea_int8();
  }
  const Buffer room(fovea_check_int8_workspace_bytes(&call));
  call.workspace = room.get(), call.workspace_bytes = room.bytes();
  fovea_int8_error error = {};
  error.struct_bytes = sizeof(error) - from.Rarely();
  fovea_check_int8(&call, &error);
}

// Merges up to four, good or of anything, in an array of structs of this
// version or a later one.
void UseMerge(Bytes& from, Memory& memory, fovea_attention call) {
  const size_t count = from.UpTo(4);
  const size_t bytes_each = sizeof(fovea_partial) + 8 * from.UpTo(2);
  const Shape out{call.batch, call.heads, call.queries, call.value_dim};
  std::unique_ptr<uint8_t[]> array(new uint8_t[count * bytes_each + 1]());
  for (size_t i = 0; i < count; ++i) {
    fovea_partial partial = Partial(from, memory, call);
    if (from.Byte() % 2) partial.numerator = Output(from, memory, out);
    partial.struct_bytes = bytes_each;
    // The first one says how far the array reaches.
    if (from.Rarely()) {
      partial.struct_bytes =
          i == 0 ? from.UpTo(bytes_each) : from.Raw<size_t>();
    }
    if (from.Rarely()) partial.sum = nullptr;
    memcpy(array.get() + i * bytes_each, &partial, sizeof(partial));
    const bool is_longer = bytes_each > sizeof(partial);
    if (is_longer && from.Rarely()) {
      array[(i + 1) * bytes_each - 1] = from.Byte();
    }
  }
  call.kv_heads = from.Raw<size_t>(), call.head_dim = from.Raw<size_t>();
  if (from.Rarely()) call.batch = from.Byte() % 2 ? 0 : SIZE_MAX;
  if (from.Rarely()) call.heads = from.Byte() % 2 ? 0 : SIZE_MAX;
  if (from.Rarely()) call.value_dim = from.Byte() % 2 ? 0 : SIZE_MAX;
  fovea_attention_merge(
      &call, reinterpret_cast<const fovea_partial*>(array.get()), count);
}

// Keys [first, end) of the call, any two.
void UsePartial(Bytes& from, Memory& memory, const fovea_attention& call) {
  const fovea_partial partial = Partial(from, memory, call);
  const size_t first = from.UpTo(call.keys), end = from.UpTo(call.keys + 1);
  fovea_attention_run_partial(&call, first, end, &partial);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Bytes from(data, size);
  Memory memory;
  if (from.Byte() % 16 == 15) {
    fovea::fuzz::UseLayer(from, memory);
    return 0;
  }
  const size_t head_dim = 1 + from.UpTo(255), value_dim = 1 + from.UpTo(255);
  fovea::golden::CCall room(head_dim, value_dim);
  fovea_attention& call = room.call;
  call.batch = 1 + from.Byte() % 2;
  call.kv_heads = 1 + from.Byte() % 3;
  call.heads = call.kv_heads * (1 + from.Byte() % 3);
  call.queries = 1 + from.UpTo(40);
  call.keys = 1 + from.UpTo(150);
  call.q =
      Input(from, memory, {call.batch, call.heads, call.queries, head_dim});
  call.k =
      Input(from, memory, {call.batch, call.kv_heads, call.keys, head_dim});
  call.v =
      Input(from, memory, {call.batch, call.kv_heads, call.keys, value_dim});
  call.out =
      Output(from, memory, {call.batch, call.heads, call.queries, value_dim});
  SetOptions(from, memory, call);
  SetOutputs(from, memory, call);
  if (from.Byte() % 4 == 0) call.parts = 1 + from.UpTo(5);
  const uint8_t use = from.Byte();
  if (use % 4 == 0) {
    UseCache(from, memory, call);
    return 0;
  }
  if (use % 16 == 1) {
    UseMultiHead(from, memory, call);
    return 0;
  }
  if (use % 32 == 2) {
    UseLinearInt8(from, memory);
    return 0;
  }
  if (use % 8 == 7) {
    UseIntegers(from, memory, call);
    return 0;
  }
  if (use % 32 == 6) {
    UseLinearInteger(from, memory);
    return 0;
  }
  if (use % 16 == 3) {
    UseCheckInt8(from, call);
    return 0;
  }
  const Buffer of_run(fovea_attention_run_workspace_bytes(&call));
  call.workspace = of_run.get(), call.workspace_bytes = of_run.bytes();
  if (use % 16 == 5) {
    UsePartial(from, memory, call);
    return 0;
  }
  if (use % 16 == 13) {
    UseMerge(from, memory, call);
    return 0;
  }
  if (from.Byte() % 4 == 0) Damage(from, call);
  const fovea_status status = fovea_attention_run(&call);
  if (fovea_status_name(status)[0] == '?') abort();
  return 0;
}
