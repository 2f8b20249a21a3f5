// SPDX-License-Identifier: Apache-2.0
#include "weights.h"

#include <cstring>

#include "hwy/base.h"

namespace tinylm {
namespace {

constexpr size_t kChecksumAt = 24;
enum Version : uint32_t { kFloat = 1, kFloat16 = 2 };

template <class T>
T Field(const WeightsFile& file, size_t offset) {
  T value;
  std::memcpy(&value, file.bytes + offset, sizeof(value));
  return value;
}

// FNV-1a over the file's 32-bit words, the checksum's own two taken as 0.
uint64_t Checksum(const WeightsFile& file, size_t size) {
  uint64_t value = 0xcbf29ce484222325;
  for (size_t at = 0; at < size; at += sizeof(uint32_t)) {
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

// Entry i takes the bytes of entries 2 i and 2 i + 1: from the last to the
// first, none is overwritten before it is read.
void ExpandFloat16(WeightsFile& file) {
  unsigned char* tensors = file.bytes + kHeaderBytes;
  for (size_t i = (kFileBytes - kHeaderBytes) / sizeof(float); i-- > 0;) {
    hwy::float16_t half;
    std::memcpy(&half, tensors + i * sizeof(half), sizeof(half));
    const float value = hwy::F32FromF16(half);
    std::memcpy(tensors + i * sizeof(value), &value, sizeof(value));
  }
}

}  // namespace

const char* CheckWeights(const WeightsFile& file, size_t size) {
  if (size < kHeaderBytes) return "truncated: shorter than its header";
  if (std::memcmp(file.bytes, "fovealm", 8) != 0) {
    return "not a tinylm weights file (wrong magic)";
  }
  const uint32_t version = Field<uint32_t>(file, 8);
  if (version != kFloat && version != kFloat16) return "unknown version";
  if (Field<uint32_t>(file, 12) != kHeaderBytes || !ShapeMatches(file)) {
    return "made for another model shape";
  }
  const size_t whole = version == kFloat ? kFileBytes : kFloat16FileBytes;
  if (Field<uint64_t>(file, 16) != whole || size > whole) return "wrong size";
  if (size < whole) return "truncated";
  if (Field<uint64_t>(file, kChecksumAt) != Checksum(file, whole)) {
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

const char* UseWeights(WeightsFile& file, size_t size, Weights& weights) {
  if (const char* error = CheckWeights(file, size)) return error;
  if (Field<uint32_t>(file, 8) == kFloat16) ExpandFloat16(file);
  PointInto(file, weights);
  return nullptr;
}

}  // namespace tinylm
