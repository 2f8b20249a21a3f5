// SPDX-License-Identifier: Apache-2.0
// What the angles of a rotary embedding (rope.h) are made of.
#ifndef FOVEA_ROPE_OPTIONS_H_
#define FOVEA_ROPE_OPTIONS_H_

#include <cstdint>

namespace fovea {

// How the angles of a longer context are found.
enum class RopeScaling : uint8_t {
  kNone,
  // Position interpolation (Chen et al., arXiv 2306.15595): every pair turns
  // slower by the factor.
  kLinear,
  // NTK-aware interpolation (Peng et al., arXiv 2309.00071, definition 1): the
  // base times factor^(dim / (dim - 2)), so that the slowest pair turns slower
  // by the factor, the fastest as before, those between by degrees.  With one
  // pair alone, kDim 2, nothing changes.
  kNtk,
};

// What the angles are made of.
struct RopeOptions {
  double base = 10000.0;                     // above 1, at most 1e18
  RopeScaling scaling = RopeScaling::kNone;  // by `factor`
  // How many times longer the context becomes: 1 (the same as kNone, bit for
  // bit) to 1e18.  With kNone it must be 1.
  double factor = 1.0;

  // Whether all of them are within their ranges; NaN is not.
  constexpr bool AreValid() const noexcept {
    constexpr double kMost = 1e18;
    const bool scales =
        scaling == RopeScaling::kLinear || scaling == RopeScaling::kNtk;
    return base > 1 && base <= kMost && factor >= 1 && factor <= kMost &&
           (scales || (scaling == RopeScaling::kNone && factor == 1));
  }
};

// Not constexpr, so that a constant Rope of invalid options does not compile.
inline void RopeOptionsAreOutOfRange() noexcept {}

}  // namespace fovea

#endif  // FOVEA_ROPE_OPTIONS_H_
