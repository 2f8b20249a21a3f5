// SPDX-License-Identifier: Apache-2.0
// One worker's part of a call whose pieces have costs.
#ifndef FOVEA_KERNELS_SHARE_H_
#define FOVEA_KERNELS_SHARE_H_

#include <cstddef>
#include <cstdint>

namespace fovea {

// Lays all pieces side by side, each as wide as it costs, and cuts the whole
// into `parts` equal lengths: a piece belongs to the length that its middle
// lies in.  Every piece belongs to exactly one part, and each part's pieces are
// neighbours, so that they share keys and values.
struct Share {
  size_t part;
  size_t parts;
  uint64_t total;  // cost of all pieces

  // Whether this part has the piece that starts `before` from the left.
  bool Has(uint64_t before, uint64_t cost) const {
    return (2 * before + cost) * parts / (2 * total) == part;
  }
};

}  // namespace fovea

#endif  // FOVEA_KERNELS_SHARE_H_
