// SPDX-License-Identifier: Apache-2.0
// The leaf of integer linear layers for Cortex-M cores with the DSP extension:
// a token's bytes are unpacked once for 16 outputs, a few at a time, and
// weights are taken as they lie, 19 instructions for 16 products.
#ifndef FOVEA_PORT_CORTEX_M_LINEAR_DSP_H_
#define FOVEA_PORT_CORTEX_M_LINEAR_DSP_H_

#include <cstddef>
#include <cstdint>

#include "fovea/kernels/layout.h"
#include "fovea/kernels/linear_integer.h"
#include "port/cortex_m/dsp_words.h"
#include "port/integer/linear_plain.h"

namespace fovea {
namespace integer {
inline namespace FOVEA_INTEGER_NAMESPACE {

struct DspLinearLeaf {
  using Token = PlainLinearLeaf::Token;

  static Token TokenOf(const int8_t* x, size_t inputs, int32_t zero) noexcept {
    return {x, inputs, zero};
  }

  static void AddPanel(const int8_t* panel, const Token& token,
                       int32_t* sums) noexcept {
    for (size_t first = 0; first < token.inputs; first += 4 * kMostSteps) {
      alignas(8) uint32_t entries[2 * kMostSteps];
      const size_t left = token.inputs - first;
      const size_t count = left < 4 * kMostSteps ? left : 4 * kMostSteps;
      const size_t steps = Unpack(token.x + first, count, token.zero, entries);
      for (size_t o = 0; o < kPanel; o += 4) {
        dsp_words::AddFourColumns<int{4 * kPanel}>(
            entries, panel + first * kPanel + 4 * o, steps, sums + o);
      }
    }
  }

  template <class Output>
  static void Store(const int32_t* sums, const LinearArgs& args, size_t first,
                    size_t count, Output* y) noexcept {
    StoreSingly(sums, args, first, count, y);
  }

 private:
  // 256 bytes of stack.
  static constexpr size_t kMostSteps = 32;

  // Entries less their zero as [step][even, odd], zeros beyond the last.
  // Returns the steps.
  static size_t Unpack(const int8_t* x, size_t count, int32_t zero,
                       uint32_t* to) noexcept {
    const uint32_t zeros = dsp_words::Twice(zero);
    const size_t whole = count / 4;
    for (size_t step = 0; step < whole; ++step) {
      const uint32_t word = dsp_words::LoadWord(x + 4 * step);
      *to++ = dsp_words::Subtract(dsp_words::Even(word), zeros);
      *to++ = dsp_words::Subtract(dsp_words::Odd(word), zeros);
    }
    if (count % 4 == 0) return whole;
    uint32_t last[4] = {};
    for (size_t i = 0; i < count % 4; ++i) {
      last[i] = static_cast<uint32_t>(x[4 * whole + i] - zero);
    }
    to[0] = dsp_words::Lower(last[0], last[2]);
    to[1] = dsp_words::Lower(last[1], last[3]);
    return whole + 1;
  }
};

}  // namespace FOVEA_INTEGER_NAMESPACE
}  // namespace integer
}  // namespace fovea

#endif  // FOVEA_PORT_CORTEX_M_LINEAR_DSP_H_
