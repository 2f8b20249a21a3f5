// SPDX-License-Identifier: Apache-2.0
#ifndef FOVEA_DEFAULT_SCALE_H_
#define FOVEA_DEFAULT_SCALE_H_

#include <cstddef>

namespace fovea {

// 1 / sqrt(dim), rounded once.
constexpr float DefaultScale(size_t dim) {
  const double x = static_cast<double>(dim);
  double root = x;  // Newton's iteration falls towards the root
  for (int i = 0; i < 64; ++i) root = 0.5 * (root + x / root);
  return static_cast<float>(1.0 / root);
}

}  // namespace fovea

#endif  // FOVEA_DEFAULT_SCALE_H_
