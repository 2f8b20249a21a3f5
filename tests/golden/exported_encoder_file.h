// SPDX-License-Identifier: Apache-2.0
// Written by examples/export/export.py; do not edit.
// clang-format off
#ifndef EXPORTED_ENCODER_FILE_H_
#define EXPORTED_ENCODER_FILE_H_

#include <stddef.h>
#include <stdint.h>

#include "fovea/transformer.h"

namespace exported_encoder_file {

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
};
using Module = fovea::TransformerEncoder<Config>;

// Of the file: floats, little-endian, each array at a multiple of 64 bytes.
constexpr size_t kBytes = 10240;
constexpr uint64_t kChecksum = 0x3429835c093386bfu;

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
  to.layers[0] = {{{At<float>(bytes, 0), At<float>(bytes, 512)}, {At<float>(bytes, 576), At<float>(bytes, 1088)}, {At<float>(bytes, 1152), At<float>(bytes, 1664)}, {At<float>(bytes, 1728), At<float>(bytes, 2240)}, nullptr},
     {At<float>(bytes, 2304), At<float>(bytes, 2368), 0.0001f},
     {{At<float>(bytes, 2432), At<float>(bytes, 3456)}, {At<float>(bytes, 3584), At<float>(bytes, 4864)}},
     {At<float>(bytes, 4928), At<float>(bytes, 4992), 0.0001f}};
  to.layers[1] = {{{At<float>(bytes, 5056), At<float>(bytes, 5568)}, {At<float>(bytes, 5632), At<float>(bytes, 6144)}, {At<float>(bytes, 6208), At<float>(bytes, 6720)}, {At<float>(bytes, 6784), At<float>(bytes, 7296)}, nullptr},
     {At<float>(bytes, 7360), At<float>(bytes, 7424), 0.0001f},
     {{At<float>(bytes, 7488), At<float>(bytes, 8512)}, {At<float>(bytes, 8640), At<float>(bytes, 9920)}},
     {At<float>(bytes, 9984), At<float>(bytes, 10048), 0.0001f}};
  to.module = {to.layers, {At<float>(bytes, 10112), At<float>(bytes, 10176), 0.0001f}};
  return fovea::Status::kOk;
}

}  // namespace exported_encoder_file

#endif  // EXPORTED_ENCODER_FILE_H_
