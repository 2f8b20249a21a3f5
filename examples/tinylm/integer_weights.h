// SPDX-License-Identifier: Apache-2.0
// tinylm's weights in integers alone, where they lie: pack_integer.py writes
// them.  Nothing here has a float.
#ifndef FOVEA_EXAMPLES_TINYLM_INTEGER_WEIGHTS_H_
#define FOVEA_EXAMPLES_TINYLM_INTEGER_WEIGHTS_H_

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "fovea/integer_config.h"
#include "fovea/linear_integer.h"
#include "shape.h"

namespace tinylm {

// Steps of 1, as powers of two: the residual stream, logits, both sides of the
// gate; and how fine the sines and the weights of a norm are.
constexpr int kResidualBits = 9, kLogitBits = 10, kGateBits = 11;
constexpr int kSineBits = 14, kNormBits = 12;
constexpr size_t kSiluSteps = 512;  // from -16 to 16

// Multiplier and shift of a row: fovea/linear_integer.h.
template <size_t kCount>
struct IntegerScalesOfRows {
  int32_t multipliers[kCount];
  int8_t shifts[kCount];
};

template <size_t kInputs, size_t kOutputs>
struct IntegerLinear {
  IntegerScalesOfRows<kOutputs> scales;
  int8_t panels[kInputs * kOutputs];

  fovea::LinearIntegerWeights weights() const {
    return {panels, scales.multipliers, scales.shifts, nullptr, 0, 0};
  }
};

// Times 2^kNormBits, of the steps of what follows.
struct IntegerNorm {
  int32_t weights[kWidth];
};

struct IntegerLayer {
  IntegerNorm attention_norm;
  // Outputs of 16 bits, 256 steps of what they are when they have turned.
  IntegerLinear<kWidth, kQueryRow> q;
  IntegerLinear<kWidth, kKeyRow> k;
  IntegerLinear<kWidth, kKeyRow> v;
  uint32_t score_multiplier;  // fovea::IntegerScales
  int32_t output_multiplier, output_shift;
  IntegerLinear<kQueryRow, kWidth> out;  // to the residual stream
  IntegerNorm ffn_norm;
  IntegerLinear<kWidth, kHidden> gate, up;
  int32_t hidden_multiplier, hidden_shift;  // of silu(gate) * up
  IntegerLinear<kHidden, kWidth> down;      // to the residual stream

  fovea::IntegerScales attention_scales() const {
    return {score_multiplier, output_multiplier, output_shift, 0, 0, 0};
  }
};

struct Turn {
  int16_t cosine, sine;
};

// The whole file.
struct alignas(4) IntegerFile {
  unsigned char header[128];
  IntegerScalesOfRows<kVocab> embedding;  // of output's panels
  IntegerLayer layers[kLayers];
  IntegerNorm norm;
  IntegerLinear<kWidth, kVocab> output;
  Turn turns[kContext][kHeadDim / 2];
  int16_t silu[kSiluSteps + 2];
};
static_assert(sizeof(IntegerFile) == 869588, "no padding");

// Null if the first `size` bytes of the file are good, else what is wrong.
inline const char* CheckIntegerWeights(const IntegerFile& file, size_t size) {
  const auto field = [&](size_t at, auto value) {
    std::memcpy(&value, file.header + at, sizeof(value));
    return value;
  };
  if (size < sizeof(file.header)) return "truncated: shorter than its header";
  if (std::memcmp(file.header, "fovealm", 8) != 0) {
    return "not a tinylm weights file (wrong magic)";
  }
  if (field(8, uint32_t{}) != 4) return "its weights are not integers";
  constexpr uint32_t kShape[] = {kVocab,   kLayers,  kWidth,   kHeads,
                                 kKvHeads, kHeadDim, kContext, kHidden};
  if (std::memcmp(file.header + 32, kShape, sizeof(kShape)) != 0) {
    return "made for another model shape";
  }
  if (size != sizeof(file) || field(16, uint64_t{}) != size) {
    return "wrong size";
  }
  uint64_t checksum = 0xcbf29ce484222325;
  const auto* bytes = reinterpret_cast<const unsigned char*>(&file);
  for (size_t at = 0; at < size; at += sizeof(uint32_t)) {
    uint32_t word;
    std::memcpy(&word, bytes + at, sizeof(word));
    if (at == 24 || at == 28) word = 0;  // its own
    checksum = (checksum ^ word) * 0x100000001b3;
  }
  if (field(24, uint64_t{}) != checksum) return "corrupt (checksum differs)";
  return nullptr;
}

}  // namespace tinylm

#endif  // FOVEA_EXAMPLES_TINYLM_INTEGER_WEIGHTS_H_
