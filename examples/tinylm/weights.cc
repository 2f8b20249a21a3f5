// SPDX-License-Identifier: Apache-2.0
#include "weights.h"

#include <cstring>

namespace tinylm {
namespace {

constexpr size_t kChecksumAt = 24;

template <class T>
T Field(const WeightsFile& file, size_t offset) {
  T value;
  std::memcpy(&value, file.bytes + offset, sizeof(value));
  return value;
}

// FNV-1a over the file's 32-bit words, the checksum's own two taken as 0.
uint64_t Checksum(const WeightsFile& file) {
  uint64_t value = 0xcbf29ce484222325;
  for (size_t at = 0; at < kFileBytes; at += sizeof(uint32_t)) {
    const bool own = at == kChecksumAt || at == kChecksumAt + 4;
    value = (value ^ (own ? 0 : Field<uint32_t>(file, at))) * 0x100000001b3;
  }
  return value;
}

bool ShapeMatches(const WeightsFile& file) {
  constexpr size_t kShape[] = {kVocab,   kLayers,  kWidth,   kHeads,
                               kKvHeads, kHeadDim, kContext, kHidden};
  for (size_t i = 0; i < sizeof(kShape) / sizeof(kShape[0]); ++i) {
    if (Field<uint32_t>(file, 32 + 4 * i) != kShape[i]) return false;
  }
  return Field<float>(file, 64) == kRopeBase &&
         Field<float>(file, 68) == kNormEps;
}

// Hands out the tensors in the order of the file.
class Tensors {
 public:
  explicit Tensors(const WeightsFile& file)
      : at_(reinterpret_cast<const float*>(file.bytes + kHeaderBytes)) {}

  const float* Vector(size_t size) {
    const float* tensor = at_;
    at_ += size;
    return tensor;
  }

  fovea::LinearWeights Linear(size_t inputs, size_t outputs) {
    return {Vector(fovea::PackedLinearFloats(inputs, outputs)), nullptr};
  }

 private:
  const float* at_;
};

}  // namespace

const char* CheckWeights(const WeightsFile& file, size_t size) {
  if (size < kHeaderBytes) return "truncated: shorter than its header";
  if (std::memcmp(file.bytes, "fovealm", 8) != 0) {
    return "not a tinylm weights file (wrong magic)";
  }
  if (Field<uint32_t>(file, 8) != 1) return "unknown version";
  if (Field<uint32_t>(file, 12) != kHeaderBytes || !ShapeMatches(file)) {
    return "made for another model shape";
  }
  if (Field<uint64_t>(file, 16) != kFileBytes || size > kFileBytes) {
    return "wrong size";
  }
  if (size < kFileBytes) return "truncated";
  if (Field<uint64_t>(file, kChecksumAt) != Checksum(file)) {
    return "corrupt (checksum differs)";
  }
  return nullptr;
}

void PointInto(const WeightsFile& file, Weights& weights) {
  Tensors next(file);
  weights.embedding = next.Linear(kWidth, kVocab);
  for (LayerWeights& layer : weights.layers) {
    layer.attention_norm = next.Vector(kWidth);
    layer.q = next.Linear(kWidth, kQueryRow);
    layer.k = next.Linear(kWidth, kKeyRow);
    layer.v = next.Linear(kWidth, kKeyRow);
    layer.out = next.Linear(kQueryRow, kWidth);
    layer.ffn_norm = next.Vector(kWidth);
    layer.gate = next.Linear(kWidth, kHidden);
    layer.up = next.Linear(kWidth, kHidden);
    layer.down = next.Linear(kHidden, kWidth);
  }
  weights.norm = next.Vector(kWidth);
  weights.held_out_loss = Field<double>(file, 72);
}

}  // namespace tinylm
