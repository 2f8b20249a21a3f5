// SPDX-License-Identifier: Apache-2.0
#include "tests/golden/golden_path.h"

namespace fovea {
namespace golden {

std::string GoldenPath(const std::string& file) {
  return FOVEA_GOLDEN_DIR "/" + file;
}

}  // namespace golden
}  // namespace fovea
