// SPDX-License-Identifier: Apache-2.0
// Copies of keys and values of int8 that lie in groups of four.
#ifndef FOVEA_QUAD_LAYOUT_H_
#define FOVEA_QUAD_LAYOUT_H_

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "fovea/kernels/layout.h"

namespace fovea {

// The first `tokens` keys of panels [token/16][dims/4][16][4]; the other
// columns of the last panel become 0.
inline void CopyQuadPanels(const int8_t* from, size_t tokens, size_t dims,
                           int8_t* to) noexcept {
  const size_t whole = tokens / kPanel * kPanel * dims;
  const size_t rest = tokens % kPanel * 4;
  std::memcpy(to, from, whole);
  for (size_t at = whole; rest != 0 && at < whole + kPanel * dims;
       at += 4 * kPanel) {
    std::memcpy(to + at, from + at, rest);
    std::memset(to + at + rest, 0, 4 * kPanel - rest);
  }
}

// The first `tokens` values of [token/4][dims][4]; what follows them up to
// `bytes` becomes 0.
inline void CopyQuadRows(const int8_t* from, size_t tokens, size_t dims,
                         size_t bytes, int8_t* to) noexcept {
  const size_t whole = tokens / 4 * 4 * dims;
  std::memcpy(to, from, whole);
  std::memset(to + whole, 0, bytes - whole);
  for (size_t i = 0; i < (tokens % 4) * dims; ++i) {
    const size_t at = whole + i / (tokens % 4) * 4 + i % (tokens % 4);
    to[at] = from[at];
  }
}

}  // namespace fovea

#endif  // FOVEA_QUAD_LAYOUT_H_
