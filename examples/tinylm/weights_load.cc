// SPDX-License-Identifier: Apache-2.0
#include "weights_load.h"

#include <cstdio>

namespace tinylm {

const char* LoadWeights(const char* path, WeightsFile& file, Weights& weights) {
  std::FILE* stream = std::fopen(path, "rb");
  if (stream == nullptr) return "cannot be opened";
  size_t size = std::fread(file.bytes, 1, kFileBytes, stream);
  // One byte more than expected is enough to know.
  if (size == kFileBytes && std::fgetc(stream) != EOF) ++size;
  const bool failed = std::ferror(stream) != 0;
  std::fclose(stream);
  if (failed) return "cannot be read";
  return UseWeights(file, size, weights);
}

}  // namespace tinylm
