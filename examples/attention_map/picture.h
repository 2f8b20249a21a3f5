// SPDX-License-Identifier: Apache-2.0
// All heads in one PNG.
#ifndef FOVEA_EXAMPLES_ATTENTION_MAP_PICTURE_H_
#define FOVEA_EXAMPLES_ATTENTION_MAP_PICTURE_H_

#include <cstddef>
#include <string>
#include <vector>

namespace attention_map {

struct Panel {
  std::string title;
  const float* weights;  // [tokens][tokens]
};

// Draws panels in rows of `across` and writes them to `path`: labels [tokens]
// on both axes where there is room, and a bar that says which colour is which
// weight.  Returns null, or what went wrong; the file is then as it was.
const char* WritePicture(const char* path, const std::vector<Panel>& panels,
                         size_t across, const std::vector<std::string>& labels,
                         const std::string& caption);

}  // namespace attention_map

#endif  // FOVEA_EXAMPLES_ATTENTION_MAP_PICTURE_H_
