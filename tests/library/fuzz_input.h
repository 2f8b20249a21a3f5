// SPDX-License-Identifier: Apache-2.0
// What a fuzzer of the C interface makes of its bytes: choices, and tensors
// that are exactly as large as they must be.
#ifndef FOVEA_TESTS_LIBRARY_FUZZ_INPUT_H_
#define FOVEA_TESTS_LIBRARY_FUZZ_INPUT_H_

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <memory>
#include <vector>

#include "fovea/fovea.h"

namespace fovea::fuzz {

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
  std::vector<std::unique_ptr<uint64_t[]>> rates;
  std::vector<std::unique_ptr<fovea_rotary>> rotaries;

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

  // Exactly so many, 1 or more.
  uint8_t* Flags(Bytes& from, size_t count) {
    bytes.emplace_back(new uint8_t[count]);
    uint8_t* data = bytes.back().get();
    for (size_t i = 0; i < count; ++i) data[i] = from.Byte();
    return data;
  }
};

struct Strides {
  size_t batch, head, token;
};

// Good strides in one of two orders, with a gap.
inline Strides StridesOf(Bytes& from, const Shape& shape) {
  const size_t row = shape.dim + from.UpTo(3);
  if (from.Byte() % 2 == 0) {
    return {shape.heads * shape.tokens * row, shape.tokens * row, row};
  }
  return {shape.heads * shape.tokens * row, row, shape.heads * row};
}

inline size_t CountOf(const Strides& s, const Shape& shape) {
  return (shape.batch - 1) * s.batch + (shape.heads - 1) * s.head +
         (shape.tokens - 1) * s.token + shape.dim;
}

inline fovea_input Input(Bytes& from, Memory& memory, const Shape& shape) {
  const Strides s = StridesOf(from, shape);
  return {memory.Floats(from, CountOf(s, shape)), s.batch, s.head, s.token};
}

inline fovea_output Output(Bytes& from, Memory& memory, const Shape& shape) {
  const Strides s = StridesOf(from, shape);
  return {memory.Floats(from, CountOf(s, shape)), s.batch, s.head, s.token};
}

}  // namespace fovea::fuzz

#endif  // FOVEA_TESTS_LIBRARY_FUZZ_INPUT_H_
