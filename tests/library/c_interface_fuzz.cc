// SPDX-License-Identifier: Apache-2.0
// Any descriptor gives a Status or a result, and touches nothing but what it
// names: libFuzzer chooses the members, and the tensors are as large as they
// must be, at the end of memory that the sanitizer watches.

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <memory>
#include <vector>

#include "fovea/fovea.h"
#include "tests/golden/c_call.h"

namespace {

using fovea::golden::Buffer;

// Choices made by the fuzzer's bytes; zeros once they are used up.
class Bytes {
 public:
  Bytes(const uint8_t* data, size_t size) : data_(data), left_(size) {}

  uint8_t Byte() {
    if (left_ == 0) return 0;
    --left_;
    return *data_++;
  }
  bool Rarely() { return Byte() % 32 == 31; }
  size_t UpTo(size_t most) {
    const size_t value = Byte() | size_t{Byte()} << 8;
    return value % (most + 1);
  }
  template <class T>
  T Raw() {
    T value;
    unsigned char bytes[sizeof(T)];
    for (unsigned char& byte : bytes) byte = Byte();
    memcpy(&value, bytes, sizeof(value));
    return value;
  }

 private:
  const uint8_t* data_;
  size_t left_;
};

struct Shape {
  size_t batch, heads, tokens, dim;
};

// What owns the memory of a call.
struct Memory {
  std::vector<std::unique_ptr<float[]>> floats;
  std::vector<std::unique_ptr<uint8_t[]>> bytes;
  std::vector<std::unique_ptr<size_t[]>> sizes;

  // Exactly so many; any bits, NaN and infinities among them.
  float* Floats(Bytes& from, size_t count) {
    floats.emplace_back(new float[count == 0 ? 1 : count]);
    float* data = floats.back().get();
    const float common = from.Raw<float>();
    for (size_t i = 0; i < count; ++i) {
      data[i] = i % 7 == 3 ? common : static_cast<float>(i % 11) - 5.0f;
    }
    return data;
  }
};

struct Strides {
  size_t batch, head, token;
};

// Good strides in one of two orders, with a gap.
Strides StridesOf(Bytes& from, const Shape& shape) {
  const size_t row = shape.dim + from.UpTo(3);
  if (from.Byte() % 2 == 0) {
    return {shape.heads * shape.tokens * row, shape.tokens * row, row};
  }
  return {shape.heads * shape.tokens * row, row, shape.heads * row};
}

size_t CountOf(const Strides& s, const Shape& shape) {
  return (shape.batch - 1) * s.batch + (shape.heads - 1) * s.head +
         (shape.tokens - 1) * s.token + shape.dim;
}

fovea_input Input(Bytes& from, Memory& memory, const Shape& shape) {
  const Strides s = StridesOf(from, shape);
  return {memory.Floats(from, CountOf(s, shape)), s.batch, s.head, s.token};
}

fovea_output Output(Bytes& from, Memory& memory, const Shape& shape) {
  const Strides s = StridesOf(from, shape);
  return {memory.Floats(from, CountOf(s, shape)), s.batch, s.head, s.token};
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
    memory.bytes.emplace_back(new uint8_t[count]);
    for (size_t i = 0; i < count; ++i) memory.bytes.back()[i] = from.Byte();
    call.mask = {memory.bytes.back().get(), s.batch, s.head, s.token};
  }
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
  SetMasks(from, memory, call);
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
  switch (from.Byte() % 12) {
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
  }
}

void UseCache(Bytes& from, const fovea_attention& call) {
  const auto element = static_cast<fovea_element>(from.Byte() % 5);
  fovea::golden::CCache cache(call, 1 + from.UpTo(200), element);
  if (cache.status != FOVEA_OK) return;
  for (size_t i = from.UpTo(6); i > 0; --i) {
    switch (from.Byte() % 5) {
      case 0:
        fovea_cache_append(cache.cache, call.k, call.v, call.keys);
        break;
      case 1:
        fovea_cache_truncate(cache.cache, from.UpTo(50));
        break;
      case 2: {  // masks and matrices are those of `keys` tokens
        fovea_attention plain = call;
        plain.mask.data = nullptr, plain.bias.data = nullptr;
        plain.mask_keys = 0, plain.weights = plain.scores = nullptr;
        if (call.queries <= call.keys) fovea_cache_step(cache.cache, &plain);
        break;
      }
      case 3:
        if (fovea_cache_size(cache.cache) == call.keys) {
          fovea_cache_attend(cache.cache, &call);
        }
        break;
      case 4: {
        const Buffer saved(fovea_cache_saved_bytes(cache.cache));
        fovea_cache_save(cache.cache, saved.get(), saved.bytes());
        if (from.Rarely() && saved.bytes() > 0) {
          static_cast<uint8_t*>(saved.get())[from.UpTo(saved.bytes() - 1)] ^=
              from.Byte();
        }
        fovea_cache_restore(cache.cache, saved.get(), saved.bytes());
        break;
      }
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Bytes from(data, size);
  Memory memory;
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
  if (from.Byte() % 4 == 0) {
    call.batch = 1;
    UseCache(from, call);
    return 0;
  }
  if (from.Byte() % 4 == 0) Damage(from, call);
  const fovea_status status = fovea_attention_run(&call);
  if (fovea_status_name(status)[0] == '?') abort();
  return 0;
}
