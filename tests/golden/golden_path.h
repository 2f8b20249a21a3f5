// SPDX-License-Identifier: Apache-2.0
// Where the files beside the goldens lie.  Alone in an object, as
// weights_path.h.
#ifndef FOVEA_TESTS_GOLDEN_GOLDEN_PATH_H_
#define FOVEA_TESTS_GOLDEN_GOLDEN_PATH_H_

#include <string>

namespace fovea {
namespace golden {

std::string GoldenPath(const std::string& file);

// What such a file holds; "" where it cannot be read.
std::string ReadGolden(const std::string& file);

}  // namespace golden
}  // namespace fovea

#endif  // FOVEA_TESTS_GOLDEN_GOLDEN_PATH_H_
