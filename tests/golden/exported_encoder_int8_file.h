// SPDX-License-Identifier: Apache-2.0
// Written by examples/export/export.py; do not edit.
// clang-format off
#ifndef EXPORTED_ENCODER_INT8_FILE_H_
#define EXPORTED_ENCODER_INT8_FILE_H_

#include <stddef.h>
#include <stdint.h>

#include "fovea/transformer.h"

namespace exported_encoder_int8_file {

struct Config : fovea::TransformerConfig {
  static constexpr size_t kModelDim = 8;
  static constexpr size_t kHiddenDim = 20;
  static constexpr size_t kLayers = 2;
  static constexpr fovea::Activation kActivation = fovea::Activation::kGeluTanh;
  static constexpr bool kPreNorm = true;
  static constexpr size_t kHeads = 2;
  static constexpr size_t kHeadDim = 4;
  static constexpr size_t kMaxQueries = 8;
  static constexpr size_t kMaxKeys = 8;
  using WeightElement = int8_t;
};
using Module = fovea::TransformerEncoder<Config>;

// Of the file: int8 and floats, little-endian, each array at a multiple of 64 bytes.
constexpr size_t kBytes = 4608;
constexpr uint64_t kChecksum = 0x46f6bbe39eeaf882u;

// Weights that point into the file's bytes, and to each other: not to be copied.
struct Weights {
  Module::Weights module;
  Module::Layer::Weights layers[2];
};

template <class T>
const T* At(const void* bytes, size_t offset) noexcept {
  return reinterpret_cast<const T*>(static_cast<const char*>(bytes) + offset);
}

// Checks the file's `size` bytes, which stay where they are, 64-byte aligned, as
// long as the weights are used.  kNullPointer, kMisaligned, kTooShort,
// kBadFormat (not these weights, or damaged); then `to` is as it was.
inline fovea::Status Open(const void* bytes, size_t size, Weights& to) noexcept {
  if (bytes == nullptr) return fovea::Status::kNullPointer;
  if (reinterpret_cast<uintptr_t>(bytes) % 64 != 0) return fovea::Status::kMisaligned;
  if (size < kBytes) return fovea::Status::kTooShort;
  const unsigned char* byte = static_cast<const unsigned char*>(bytes);
  uint64_t sum = 0xcbf29ce484222325u;  // FNV-1a
  for (size_t i = 0; i < kBytes; ++i) sum = (sum ^ byte[i]) * 0x100000001b3u;
  if (size > kBytes || sum != kChecksum) return fovea::Status::kBadFormat;
  to.layers[0] = {{{At<int8_t>(bytes, 0), At<float>(bytes, 128), At<float>(bytes, 192)}, {At<int8_t>(bytes, 256), At<float>(bytes, 384), At<float>(bytes, 448)}, {At<int8_t>(bytes, 512), At<float>(bytes, 640), At<float>(bytes, 704)}, {At<int8_t>(bytes, 768), At<float>(bytes, 896), At<float>(bytes, 960)}, nullptr},
     {At<float>(bytes, 1024), At<float>(bytes, 1088), 0.0001f},
     {{At<int8_t>(bytes, 1152), At<float>(bytes, 1408), At<float>(bytes, 1536)}, {At<int8_t>(bytes, 1664), At<float>(bytes, 1984), At<float>(bytes, 2048)}},
     {At<float>(bytes, 2112), At<float>(bytes, 2176), 0.0001f}};
  to.layers[1] = {{{At<int8_t>(bytes, 2240), At<float>(bytes, 2368), At<float>(bytes, 2432)}, {At<int8_t>(bytes, 2496), At<float>(bytes, 2624), At<float>(bytes, 2688)}, {At<int8_t>(bytes, 2752), At<float>(bytes, 2880), At<float>(bytes, 2944)}, {At<int8_t>(bytes, 3008), At<float>(bytes, 3136), At<float>(bytes, 3200)}, nullptr},
     {At<float>(bytes, 3264), At<float>(bytes, 3328), 0.0001f},
     {{At<int8_t>(bytes, 3392), At<float>(bytes, 3648), At<float>(bytes, 3776)}, {At<int8_t>(bytes, 3904), At<float>(bytes, 4224), At<float>(bytes, 4288)}},
     {At<float>(bytes, 4352), At<float>(bytes, 4416), 0.0001f}};
  to.module = {to.layers, {At<float>(bytes, 4480), At<float>(bytes, 4544), 0.0001f}};
  return fovea::Status::kOk;
}

}  // namespace exported_encoder_int8_file

#endif  // EXPORTED_ENCODER_INT8_FILE_H_
