// SPDX-License-Identifier: Apache-2.0
// Keys and values of int8 that lie in groups of four.
#ifndef FOVEA_QUAD_LAYOUT_H_
#define FOVEA_QUAD_LAYOUT_H_

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "fovea/kernels/layout.h"

namespace fovea {

// The first four entries of a slot of panels [slot/16][dims/4][16][4]; the next
// four lie 64 bytes further.
template <class Byte>
Byte* QuadsAt(Byte* panels, size_t slot, size_t dims) noexcept {
  return panels + slot / kPanel * kPanel * dims + slot % kPanel * 4;
}

// One slot's entries, `dims` of them, a multiple of four.
inline void StoreQuads(const int8_t* entries, size_t slot, size_t dims,
                       int8_t* panels) noexcept {
  int8_t* to = QuadsAt(panels, slot, dims);
  for (size_t dim = 0; dim < dims; dim += 4) {
    std::memcpy(to + dim * kPanel, entries + dim, 4);
  }
}

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
