// SPDX-License-Identifier: Apache-2.0
// y = x W^T + b in integers: 16 outputs at a time, as the panels have them.  A
// leaf (port/integer/leaf.h) adds the products, which have the same sums
// in any order.
#ifndef FOVEA_KERNELS_LINEAR_INTEGER_H_
#define FOVEA_KERNELS_LINEAR_INTEGER_H_

#include <cstddef>
#include <cstdint>
#include <limits>

#include "fovea/kernels/integer_math.h"
#include "fovea/kernels/layout.h"

namespace fovea {
namespace integer {
namespace {  // compiled for the including file's instruction set alone

struct LinearArgs {
  const int8_t* panels;  // [outputs/16][inputs/4][16][4]
  const int32_t* bias;   // [outputs] or null
  const int32_t* multipliers;
  const int8_t* shifts;
  int32_t input_zero;
  int32_t output_zero;
  size_t inputs;
  size_t outputs;
};

// x * 2^left, at an end of the range where it would leave it: what is
// multiplied by 1/2 or more after that is far outside int16 all the same.
inline int32_t ShiftLeft(int32_t x, int32_t left) noexcept {
  constexpr int32_t kMost = std::numeric_limits<int32_t>::max();
  const int32_t most = kMost >> left;
  return x > most ? kMost : x < -most ? -kMost : x * (int32_t{1} << left);
}

// x * 2^-right, to nearest, halves away from 0; right 0 to 31, any x.
inline int32_t ShiftRight(int32_t x, int32_t right) noexcept {
  const int32_t mask = static_cast<int32_t>((uint32_t{1} << right) - 1);
  const int32_t half = (mask >> 1) + (x < 0 ? 1 : 0);
  return (x >> right) + ((x & mask) > half ? 1 : 0);
}

// sum * multiplier * 2^(shift - 31): MultiplyByQuantizedMultiplier.
inline int32_t Rescale(int32_t sum, int32_t multiplier,
                       int32_t shift) noexcept {
  const int32_t left = shift > 0 ? shift : 0;
  return ShiftRight(MultiplyHigh(ShiftLeft(sum, left), multiplier),
                    left - shift);
}

// x + zero within Output's range; |zero| <= 128.
template <class Output>
Output ClampTo(int32_t x, int32_t zero) noexcept {
  constexpr int32_t kMost = (1 << (8 * sizeof(Output) - 1)) - 1;
  constexpr int32_t kLeast = -kMost - 1;
  return static_cast<Output>(x > kMost - zero    ? kMost
                             : x < kLeast - zero ? kLeast
                                                 : x + zero);
}

// What becomes of a panel's sums, for the leaves that have nothing better.
template <class Output>
void StoreSingly(const int32_t* sums, const LinearArgs& args, size_t first,
                 size_t count, Output* y) noexcept {
  for (size_t o = first; o < first + count; ++o) {
    const int32_t x =
        Rescale(*sums++, args.multipliers[o], int32_t{args.shifts[o]});
    y[o] = ClampTo<Output>(x, args.output_zero);
  }
}

// One token.
template <class Leaf, class Output>
void ApplyLinear(const LinearArgs& args, const int8_t* x, Output* y) noexcept {
  const size_t padded = RoundUp(args.inputs, 4);
  const typename Leaf::Token token =
      Leaf::TokenOf(x, args.inputs, args.input_zero);
  for (size_t first = 0; first < args.outputs; first += kPanel) {
    const size_t left = args.outputs - first;
    const size_t count = left < kPanel ? left : kPanel;
    int32_t sums[kPanel] = {};
    for (size_t o = 0; args.bias && o < count; ++o) {
      sums[o] = args.bias[first + o];
    }
    Leaf::AddPanel(args.panels + first * padded, token, sums);
    Leaf::Store(sums, args, first, count, y);
  }
}

}  // namespace
}  // namespace integer
}  // namespace fovea

#endif  // FOVEA_KERNELS_LINEAR_INTEGER_H_
