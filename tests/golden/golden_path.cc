// SPDX-License-Identifier: Apache-2.0
#include "tests/golden/golden_path.h"

#include <cstdio>

namespace fovea {
namespace golden {

std::string GoldenPath(const std::string& file) {
  return FOVEA_GOLDEN_DIR "/" + file;
}

std::string ReadGolden(const std::string& file) {
  std::FILE* stream = std::fopen(GoldenPath(file).c_str(), "rb");
  if (stream == nullptr) return "";
  char text[1024];
  std::string all;
  size_t length;
  while ((length = std::fread(text, 1, sizeof(text), stream)) > 0) {
    all.append(text, length);
  }
  std::fclose(stream);
  return all;
}

}  // namespace golden
}  // namespace fovea
