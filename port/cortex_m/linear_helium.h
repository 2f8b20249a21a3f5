// SPDX-License-Identifier: Apache-2.0
// The leaf of integer linear layers for Helium: VMLADAVA adds the products of
// 16 inputs with an output's weights, gathered four to a word.
#ifndef FOVEA_PORT_CORTEX_M_LINEAR_HELIUM_H_
#define FOVEA_PORT_CORTEX_M_LINEAR_HELIUM_H_

#include <arm_mve.h>

#include <cstddef>
#include <cstdint>

#include "fovea/kernels/layout.h"
#include "fovea/kernels/linear_integer.h"
#include "port/integer/linear_plain.h"

namespace fovea {
namespace integer {
inline namespace FOVEA_INTEGER_NAMESPACE {

struct HeliumLinearLeaf {
  using Token = PlainLinearLeaf::Token;

  static Token TokenOf(const int8_t* x, size_t inputs, int32_t zero) noexcept {
    return {x, inputs, zero};
  }

  static void AddPanel(const int8_t* panel, const Token& token,
                       int32_t* sums) noexcept {
    for (size_t o = 0; o < kPanel; o += 2) {
      if (token.zero == 0) {
        AddTwo<false>(panel + 4 * o, token, sums + o);
      } else {
        AddTwo<true>(panel + 4 * o, token, sums + o);
      }
    }
  }

  template <class Output>
  static void Store(const int32_t* sums, const LinearArgs& args, size_t first,
                    size_t count, Output* y) noexcept {
    StoreSingly(sums, args, first, count, y);
  }

 private:
  static constexpr size_t kLanes = 16;
  static_assert(kLanes * kPanel == 256, "the 256 below");

// A token's whole vectors with two outputs; `sums` adds up their weights.
#define FOVEA_HELIUM_TWO_OUTPUTS(sums)                                 \
  __asm__ volatile(                                                    \
      "dls lr, %[whole]\n"                                             \
      "1:\n"                                                           \
      "vldrb.8 q0, [%[x]], #16\n"                                      \
      "vldrw.u32 q1, [%[w], %q[steps]]\n"                              \
      "vldrw.u32 q2, [%[w], %q[next]]\n"                               \
      "add %[w], %[w], #256\n"                                         \
      "vmladava.s8 %[a], q0, q1\n"                                     \
      "vmladava.s8 %[b], q0, q2\n" sums "le lr, 1b\n"                  \
      : [x] "+r"(x), [w] "+r"(weights), [a] "+Te"(a), [b] "+Te"(b),    \
        [of_a] "+Te"(of_a), [of_b] "+Te"(of_b)                         \
      : [whole] "r"(whole), [steps] "w"(steps), [next] "w"(next_steps) \
      : "lr", "q0", "q1", "q2", "memory")

  // Two outputs.  The zero point takes the sum of a row's weights.
  template <bool kHasZero>
  static void AddTwo(const int8_t* weights, const Token& token,
                     int32_t* sums) noexcept {
    const uint32x4_t steps =
        vmulq_n_u32(vidupq_n_u32(0, 1), uint32_t{4 * kPanel});
    const uint32x4_t next_steps = vaddq_n_u32(steps, 4);
    const int8_t* x = token.x;
    int32_t a = sums[0], b = sums[1], of_a = 0, of_b = 0;
    const size_t whole = token.inputs / kLanes;
    if (whole > 0) {
      // In assembly, since GCC 12 moves vectors and scalars about (14 instead
      // of 7 instructions).
      if (kHasZero) {
        FOVEA_HELIUM_TWO_OUTPUTS(
            "vaddva.s8 %[of_a], q1\n vaddva.s8 %[of_b], q2\n");
      } else {
        FOVEA_HELIUM_TWO_OUTPUTS("");
      }
    }
    const auto rest = static_cast<uint32_t>(token.inputs % kLanes);
    if (rest != 0) {
      const int32_t* from = reinterpret_cast<const int32_t*>(weights);
      const mve_pred16_t some = vctp8q(rest), words = vctp32q((rest + 3) / 4);
      const int8x16_t entries = vldrbq_z_s8(x, some);
      const int8x16_t w =
          vreinterpretq_s8_s32(vldrwq_gather_offset_z_s32(from, steps, words));
      const int8x16_t v = vreinterpretq_s8_s32(
          vldrwq_gather_offset_z_s32(from, next_steps, words));
      a = vmladavaq_s8(a, entries, w);
      b = vmladavaq_s8(b, entries, v);
      if (kHasZero) {
        of_a = vaddvaq_p_s8(of_a, w, some);
        of_b = vaddvaq_p_s8(of_b, v, some);
      }
    }
    sums[0] = a - token.zero * of_a;
    sums[1] = b - token.zero * of_b;
  }
#undef FOVEA_HELIUM_TWO_OUTPUTS
};

}  // namespace FOVEA_INTEGER_NAMESPACE
}  // namespace integer
}  // namespace fovea

#endif  // FOVEA_PORT_CORTEX_M_LINEAR_HELIUM_H_
