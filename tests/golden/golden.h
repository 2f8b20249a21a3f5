// SPDX-License-Identifier: Apache-2.0
// What every golden table shares: the inputs' generator, the expected values'
// place in the output, the error gate and the hash.  No heap, no files, no test
// framework: the same header serves bare metal.
#ifndef FOVEA_TESTS_GOLDEN_GOLDEN_H_
#define FOVEA_TESTS_GOLDEN_GOLDEN_H_

#include <stddef.h>
#include <stdint.h>
#include <string.h>

namespace fovea::golden {

// The output function of SplitMix64.
constexpr uint64_t Mix64(uint64_t z) {
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  return z ^ (z >> 31);
}

// The values of one input tensor, in [-2, 2).  Value i depends on the seed and
// on i alone, and is a multiple of 2^-22: exact in float.  stream.py is its
// twin.
class Stream {
 public:
  constexpr Stream(uint64_t case_seed, uint64_t tensor)
      : seed_(Mix64(case_seed + tensor)) {}

  constexpr float operator[](size_t i) const {
    const uint64_t bits = Mix64(seed_ + (i + uint64_t{1}) * kGoldenRatio) >> 40;
    const int32_t integer = static_cast<int32_t>(bits) - (1 << 23);
    return static_cast<float>(integer) * 0x1p-22f;
  }

 private:
  static constexpr uint64_t kGoldenRatio = 0x9E3779B97F4A7C15u;
  uint64_t seed_;
};

// Expected value i stands at values[offset + i] of its table, and belongs to
// element first + i * step of the output, flattened in its logical order.
//
// torch_error is the largest of PyTorch's float result over the whole output; a
// small output is joined by those of other inputs (see measure() in table.py).
struct Expected {
  double torch_error;
  double max_abs;  // largest magnitude of the whole output
  uint32_t first, step, count, offset;
};

// A float result may be off by twice what PyTorch's is.  Where that is less
// than half an ulp of the largest output, no float result can promise to do
// better.
constexpr double Gate(const Expected& expected) {
  const double floor = 0x1p-24 * expected.max_abs;
  return 2 * (expected.torch_error > floor ? expected.torch_error : floor);
}

constexpr uint32_t kQuietNan = 0x7fc00000u;

inline uint32_t BitsOf(float value) {
  uint32_t word;
  memcpy(&word, &value, sizeof(word));
  return word;
}

inline float FloatOf(uint32_t word) {
  float value;
  memcpy(&value, &word, sizeof(value));
  return value;
}

// 64-bit FNV-1a over the 32-bit words of an output.  NaNs count as one: their
// payload is the processor's own.
class Hash {
 public:
  void Add(float value) {
    const uint32_t word = value != value ? kQuietNan : BitsOf(value);
    value_ = (value_ ^ word) * 0x100000001B3u;
  }
  void Add(const float* values, size_t count) {
    for (size_t i = 0; i < count; ++i) Add(values[i]);
  }
  uint64_t value() const { return value_; }

 private:
  uint64_t value_ = 0xCBF29CE484222325u;
};

struct NamedHash {
  const char* name;
  uint64_t hash;
};

}  // namespace fovea::golden

#endif  // FOVEA_TESTS_GOLDEN_GOLDEN_H_
