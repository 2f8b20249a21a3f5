// SPDX-License-Identifier: Apache-2.0
#include "weights_load.h"

#include <cstdio>

namespace tinylm {
namespace {

const char* Read(const char* path, WeightsFile& file, size_t& size) {
  std::FILE* stream = std::fopen(path, "rb");
  if (stream == nullptr) return "cannot be opened";
  size = std::fread(file.bytes, 1, kFileBytes, stream);
  // One byte more than expected is enough to know.
  if (size == kFileBytes && std::fgetc(stream) != EOF) ++size;
  const bool failed = std::ferror(stream) != 0;
  std::fclose(stream);
  return failed ? "cannot be read" : nullptr;
}

}  // namespace

const char* LoadFile(const char* path, WeightsFile& file) {
  size_t size = 0;
  if (const char* error = Read(path, file, size)) return error;
  return CheckWeights(file.bytes, size);
}

const char* LoadWeights(const char* path, WeightsFile& file, Weights& weights) {
  size_t size = 0;
  if (const char* error = Read(path, file, size)) return error;
  return UseWeights(file, size, weights);
}

}  // namespace tinylm
