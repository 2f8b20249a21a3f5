// SPDX-License-Identifier: Apache-2.0
#include "weights.h"

#include <cstring>

#include "hwy/base.h"
#include "tensors.h"

namespace tinylm {
namespace {

constexpr size_t kVersionAt = 8, kBytesAt = 16, kChecksumAt = 24;

template <class T>
T Field(const unsigned char* file, size_t offset) {
  T value;
  std::memcpy(&value, file + offset, sizeof(value));
  return value;
}

// FNV-1a over the file's 32-bit words, the checksum's own two taken as 0.
uint64_t Checksum(const unsigned char* file, size_t size) {
  uint64_t value = 0xcbf29ce484222325;
  for (size_t at = 0; at < size; at += sizeof(uint32_t)) {
    const bool own = at == kChecksumAt || at == kChecksumAt + 4;
    value = (value ^ (own ? 0 : Field<uint32_t>(file, at))) * 0x100000001b3;
  }
  return value;
}

bool ShapeMatches(const unsigned char* file) {
  constexpr size_t kShape[] = {kVocab,   kLayers,  kWidth,   kHeads,
                               kKvHeads, kHeadDim, kContext, kHidden};
  for (size_t i = 0; i < sizeof(kShape) / sizeof(kShape[0]); ++i) {
    if (Field<uint32_t>(file, 32 + 4 * i) != kShape[i]) return false;
  }
  return Field<float>(file, 64) == kRopeBase &&
         Field<float>(file, 68) == kNormEps;
}

// Points at the tensors one after the other.
class Pointer {
 public:
  explicit Pointer(const unsigned char* file) : at_(file + kHeaderBytes) {}

  void Vector(const float*& tensor, size_t size) { tensor = Take<float>(size); }

  void Linear(fovea::LinearWeights& weights, size_t inputs, size_t outputs) {
    weights.panels = Take<float>(fovea::PackedLinearFloats(inputs, outputs));
    weights.bias = nullptr;
  }
  void Linear(fovea::LinearInt8Weights& weights, size_t inputs,
              size_t outputs) {
    weights.scales = Take<float>(fovea::PackedLinearInt8Scales(outputs));
    weights.panels =
        Take<int8_t>(fovea::PackedLinearInt8Bytes(inputs, outputs));
    weights.bias = nullptr;
  }

 private:
  template <class T>
  const T* Take(size_t count) {
    const T* const tensor = reinterpret_cast<const T*>(at_);
    at_ += count * sizeof(T);
    return tensor;
  }

  const unsigned char* at_;
};

template <class AnyWeights>
void PointAtTensors(const unsigned char* file, AnyWeights& weights) {
  Pointer pointer(file);
  ForEachTensor(weights, pointer);
  weights.held_out_loss = Field<double>(file, 72);
}

size_t BytesOf(WeightsKind kind) {
  return kind == WeightsKind::kFloat     ? kFileBytes
         : kind == WeightsKind::kFloat16 ? kFloat16FileBytes
                                         : kInt8FileBytes;
}

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

WeightsKind KindOf(const unsigned char* file) {
  return static_cast<WeightsKind>(Field<uint32_t>(file, kVersionAt));
}

size_t SizeOf(const unsigned char* file) { return BytesOf(KindOf(file)); }

const char* CheckWeights(const unsigned char* file, size_t size) {
  if (size < kHeaderBytes) return "truncated: shorter than its header";
  if (std::memcmp(file, "fovealm", 8) != 0) {
    return "not a tinylm weights file (wrong magic)";
  }
  const WeightsKind kind = KindOf(file);
  if (kind < WeightsKind::kFloat || kind > WeightsKind::kInt8) {
    return "unknown version";
  }
  if (Field<uint32_t>(file, 12) != kHeaderBytes || !ShapeMatches(file)) {
    return "made for another model shape";
  }
  const size_t whole = BytesOf(kind);
  if (Field<uint64_t>(file, kBytesAt) != whole || size > whole) {
    return "wrong size";
  }
  if (size < whole) return "truncated";
  if (Field<uint64_t>(file, kChecksumAt) != Checksum(file, whole)) {
    return "corrupt (checksum differs)";
  }
  return nullptr;
}

void PointInto(const unsigned char* file, Weights& weights) {
  PointAtTensors(file, weights);
}
void PointInto(const unsigned char* file, Int8Weights& weights) {
  PointAtTensors(file, weights);
}

const char* UseWeights(WeightsFile& file, size_t size, Weights& weights) {
  if (const char* error = CheckWeights(file.bytes, size)) return error;
  const WeightsKind kind = KindOf(file.bytes);
  if (kind == WeightsKind::kInt8) return "its weights are int8, not floats";
  if (kind == WeightsKind::kFloat16) ExpandFloat16(file);
  PointInto(file.bytes, weights);
  return nullptr;
}

void Seal(WeightsKind kind, unsigned char* file) {
  const uint64_t bytes = BytesOf(kind);
  std::memcpy(file + kVersionAt, &kind, sizeof(kind));
  std::memcpy(file + kBytesAt, &bytes, sizeof(bytes));
  const uint64_t checksum = Checksum(file, bytes);
  std::memcpy(file + kChecksumAt, &checksum, sizeof(checksum));
}

}  // namespace tinylm
