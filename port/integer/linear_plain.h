// SPDX-License-Identifier: Apache-2.0
// The leaf of integer linear layers in plain C++: what every other one must
// equal.
#ifndef FOVEA_PORT_INTEGER_LINEAR_PLAIN_H_
#define FOVEA_PORT_INTEGER_LINEAR_PLAIN_H_

#include <cstddef>
#include <cstdint>

#include "fovea/kernels/layout.h"
#include "fovea/kernels/linear_integer.h"

namespace fovea {
namespace integer {
inline namespace FOVEA_INTEGER_NAMESPACE {

struct PlainLinearLeaf {
  // A token's entries and what stands for 0 in them.
  struct Token {
    const int8_t* x;
    size_t inputs;
    int32_t zero;
  };

  static Token TokenOf(const int8_t* x, size_t inputs, int32_t zero) noexcept {
    return {x, inputs, zero};
  }

  // sums[0..15] += a panel [inputs/4][16][4] times a token less its zero.
  static void AddPanel(const int8_t* panel, const Token& token,
                       int32_t* sums) noexcept {
    for (size_t i = 0; i < token.inputs; i += 4, panel += 4 * kPanel) {
      const size_t left = token.inputs - i;
      int32_t entries[4] = {};
      for (size_t j = 0; j < 4 && j < left; ++j) {
        entries[j] = token.x[i + j] - token.zero;
      }
      for (size_t o = 0; o < kPanel; ++o) {
        const int8_t* w = panel + 4 * o;
        sums[o] += entries[0] * w[0] + entries[1] * w[1] + entries[2] * w[2] +
                   entries[3] * w[3];
      }
    }
  }

  template <class Output>
  static void Store(const int32_t* sums, const LinearArgs& args, size_t first,
                    size_t count, Output* y) noexcept {
    StoreSingly(sums, args, first, count, y);
  }
};

}  // namespace FOVEA_INTEGER_NAMESPACE
}  // namespace integer
}  // namespace fovea

#endif  // FOVEA_PORT_INTEGER_LINEAR_PLAIN_H_
