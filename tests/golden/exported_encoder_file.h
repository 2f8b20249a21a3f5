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
  const float* at = static_cast<const float*>(bytes);
  to.layers[0] = {{{at + 0, at + 128}, {at + 144, at + 272}, {at + 288, at + 416}, {at + 432, at + 560}, nullptr},
     {at + 576, at + 592, 0.0001f},
     {{at + 608, at + 864}, {at + 896, at + 1216}},
     {at + 1232, at + 1248, 0.0001f}};
  to.layers[1] = {{{at + 1264, at + 1392}, {at + 1408, at + 1536}, {at + 1552, at + 1680}, {at + 1696, at + 1824}, nullptr},
     {at + 1840, at + 1856, 0.0001f},
     {{at + 1872, at + 2128}, {at + 2160, at + 2480}},
     {at + 2496, at + 2512, 0.0001f}};
  to.module = {to.layers, {at + 2528, at + 2544, 0.0001f}};
  return fovea::Status::kOk;
}

}  // namespace exported_encoder_file

#endif  // EXPORTED_ENCODER_FILE_H_
