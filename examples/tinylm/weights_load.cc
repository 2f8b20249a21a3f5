// SPDX-License-Identifier: Apache-2.0
#include "weights_load.h"

#include <cstdio>
#include <cstring>

namespace tinylm {
namespace {

// Up to `most` bytes, and one more in `size` where there are more: enough to
// know.
const char* Read(const char* path, void* to, size_t most, size_t& size) {
  std::FILE* stream = std::fopen(path, "rb");
  if (stream == nullptr) return "cannot be opened";
  size = std::fread(to, 1, most, stream);
  if (size == most && std::fgetc(stream) != EOF) ++size;
  const bool failed = std::ferror(stream) != 0;
  std::fclose(stream);
  return failed ? "cannot be read" : nullptr;
}

}  // namespace

const char* LoadFile(const char* path, WeightsFile& file) {
  size_t size = 0;
  if (const char* error = Read(path, file.bytes, kFileBytes, size))
    return error;
  return CheckWeights(file.bytes, size);
}

const char* LoadWeights(const char* path, WeightsFile& file, Weights& weights) {
  size_t size = 0;
  if (const char* error = Read(path, file.bytes, kFileBytes, size))
    return error;
  return UseWeights(file, size, weights);
}

bool IsIntegerFile(const char* path) {
  uint32_t words[3] = {};
  size_t size = 0;
  return Read(path, words, sizeof(words), size) == nullptr && words[2] == 4 &&
         std::memcmp(words, "fovealm", 8) == 0;
}

const char* LoadIntegerWeights(const char* path, IntegerFile& file) {
  size_t size = 0;
  if (const char* error = Read(path, &file, sizeof(file), size)) return error;
  return CheckIntegerWeights(file, size);
}

}  // namespace tinylm
