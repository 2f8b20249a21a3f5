// SPDX-License-Identifier: Apache-2.0
// The micro-kernel's blocks in Helium (MVE with floats): the sums of four
// columns in each of q0 to q3, columns in q4 to q7, factors in core registers,
// which its multiply-add broadcasts for nothing.
#ifndef FOVEA_PORT_CORTEX_M_HELIUM_BLOCK_H_
#define FOVEA_PORT_CORTEX_M_HELIUM_BLOCK_H_

#include <stddef.h>

namespace fovea::port {
namespace {

// Instructions in columns:
// clang-format off

#define FOVEA_START                                                           \
  "vdup.32 q0, %[start]\n vdup.32 q1, %[start]\n"                             \
  "vdup.32 q2, %[start]\n vdup.32 q3, %[start]\n"
#define FOVEA_FMA(sum, columns, a) "vfma.f32 q" #sum ", q" #columns ", " #a "\n"
#define FOVEA_LOAD(q, offset) "vldrw.u32 q" #q ", [%[columns], #" #offset "]\n"
#define FOVEA_NEXT_COLUMNS "add %[columns], %[columns], %[step]\n"
// Four steps a turn while there are as many, then one.
#define FOVEA_STEPS(four, one)                                                \
  "lsr lr, %[count], #2\n wls lr, lr, 2f\n" "1:\n" four "le lr, 1b\n"         \
  "2: and lr, %[count], #3\n wls lr, lr, 4f\n" "3:\n" one "le lr, 3b\n"       \
  "4:\n"
#define FOVEA_STORE                                                           \
  "vstrw.32 q0, [%[sums]]\n vstrw.32 q1, [%[sums], #16]\n" "vstrw.32 q2, [%[sums], #32]\n vstrw.32 q3, [%[sums], #48]\n"
#define FOVEA_VECTORS                                                         \
  "s0", "s1", "s2", "s3", "s4", "s5", "s6", "s7", "s8", "s9", "s10", "s11",   \
  "s12", "s13", "s14", "s15", "s16", "s17", "s18", "s19", "s20", "s21",       \
  "s22", "s23", "s24", "s25", "s26", "s27", "s28", "s29", "s30", "s31",       \
  "lr", "cc", "memory"

// One or two factors of a row, which its pointer then leaves behind.
#define FOVEA_ONE_OF(row, r) "ldr " #r ", [%[" #row "]], #4\n"
#define FOVEA_TWO_OF(row, r0, r1) "ldrd " #r0 ", " #r1 ", [%[" #row "]], #8\n"
#define FOVEA_LOAD_STEP(q) "vldrw.u32 q" #q ", [%[columns]], %[step]\n"
#define FOVEA_TWO_ALONG(qa, qb)                                               \
  FOVEA_LOAD_STEP(qa) FOVEA_TWO_OF(a0, r8, r9) FOVEA_FMA(0, qa, r8)           \
  FOVEA_TWO_OF(a1, r10, r11) FOVEA_FMA(1, qa, r10) FOVEA_LOAD_STEP(qb)        \
  FOVEA_FMA(0, qb, r9) FOVEA_TWO_OF(a2, r8, r9) FOVEA_FMA(1, qb, r11)         \
  FOVEA_TWO_OF(a3, r10, r11) FOVEA_FMA(2, qa, r8) FOVEA_FMA(3, qa, r10)       \
  FOVEA_FMA(2, qb, r9) FOVEA_FMA(3, qb, r11)
#define FOVEA_FOUR_ALONG FOVEA_TWO_ALONG(4, 5) FOVEA_TWO_ALONG(6, 7)
#define FOVEA_ONE_ALONG                                                       \
  FOVEA_LOAD_STEP(4) FOVEA_ONE_OF(a0, r8) FOVEA_ONE_OF(a1, r9)                \
  FOVEA_FMA(0, 4, r8) FOVEA_ONE_OF(a2, r10) FOVEA_FMA(1, 4, r9)               \
  FOVEA_ONE_OF(a3, r11) FOVEA_FMA(2, 4, r10) FOVEA_FMA(3, 4, r11)

template <size_t kStep>
inline void SumAlong4x4(const float* factors, size_t row_stride,
                        const float* columns, size_t count, float start,
                        float* sums) {
  const float* a0 = factors;
  const float* a1 = a0 + row_stride;
  const float* a2 = a1 + row_stride;
  const float* a3 = a2 + row_stride;
  __asm__ volatile(
      FOVEA_START FOVEA_STEPS(FOVEA_FOUR_ALONG, FOVEA_ONE_ALONG) FOVEA_STORE
      : [a0] "+&r"(a0), [a1] "+&r"(a1), [a2] "+&r"(a2), [a3] "+&r"(a3),
        [columns] "+&r"(columns)
      : [step] "i"(4 * kStep), [count] "r"(count), [start] "r"(start),
        [sums] "r"(sums)
      : "r8", "r9", "r10", "r11", FOVEA_VECTORS);
}

#define FOVEA_ONE_ACROSS(q)                                                   \
  FOVEA_LOAD(q, 0) "ldmia %[factors]!, {r8, r9, r10, r11}\n"                  \
  FOVEA_NEXT_COLUMNS FOVEA_FMA(0, q, r8) FOVEA_FMA(1, q, r9)                  \
  FOVEA_FMA(2, q, r10) FOVEA_FMA(3, q, r11)
#define FOVEA_FOUR_ACROSS                                                     \
  FOVEA_ONE_ACROSS(4) FOVEA_ONE_ACROSS(5) FOVEA_ONE_ACROSS(6)                 \
  FOVEA_ONE_ACROSS(7)

inline void SumAcross4x4(const float* factors, const float* columns,
                         size_t step, size_t count, float start, float* sums) {
  __asm__ volatile(
      FOVEA_START FOVEA_STEPS(FOVEA_FOUR_ACROSS, FOVEA_ONE_ACROSS(4))
      FOVEA_STORE
      : [factors] "+&r"(factors), [columns] "+&r"(columns)
      : [step] "r"(4 * step), [count] "r"(count), [start] "r"(start),
        [sums] "r"(sums)
      : "r8", "r9", "r10", "r11", FOVEA_VECTORS);
}

#define FOVEA_STEP_OF_16(a)                                                   \
  FOVEA_LOAD(4, 0) FOVEA_LOAD(5, 16) FOVEA_FMA(0, 4, a) FOVEA_LOAD(6, 32)     \
  FOVEA_FMA(1, 5, a) FOVEA_LOAD(7, 48) FOVEA_NEXT_COLUMNS FOVEA_FMA(2, 6, a)  \
  FOVEA_FMA(3, 7, a)
#define FOVEA_FOUR_OF_16                                                      \
  "ldmia %[factors]!, {r8, r9, r10, r11}\n" FOVEA_STEP_OF_16(r8)              \
  FOVEA_STEP_OF_16(r9) FOVEA_STEP_OF_16(r10) FOVEA_STEP_OF_16(r11)
#define FOVEA_ONE_OF_16 FOVEA_ONE_OF(factors, r8) FOVEA_STEP_OF_16(r8)

inline void SumAlong1x16(const float* factors, const float* columns,
                         size_t step, size_t count, float start, float* sums) {
  __asm__ volatile(
      FOVEA_START FOVEA_STEPS(FOVEA_FOUR_OF_16, FOVEA_ONE_OF_16) FOVEA_STORE
      : [factors] "+&r"(factors), [columns] "+&r"(columns)
      : [step] "r"(4 * step), [count] "r"(count), [start] "r"(start),
        [sums] "r"(sums)
      : "r8", "r9", "r10", "r11", FOVEA_VECTORS);
}

// q<sum> += output * correction, to where the output lies.
#define FOVEA_JOIN(q, offset, sum)                                            \
  "vldrw.u32 q" #q ", [%[output], #" #offset "]\n"                            \
  "vldrw.u32 q" #sum ", [%[sums]], #16\n" "vfma.f32 q" #sum ", q" #q ", r8\n" \
  "vstrw.32 q" #sum ", [%[output], #" #offset "]\n"
#define FOVEA_JOIN_ROW(q, sum)                                                \
  "ldr r8, [%[correction]], #4\n" FOVEA_JOIN(q, 0, sum)                       \
  "add %[output], %[output], %[stride]\n"

inline void Join4x4(const float* sums, const float* correction, float* output,
                    size_t stride) {
  __asm__ volatile(
      FOVEA_JOIN_ROW(4, 0) FOVEA_JOIN_ROW(5, 1) FOVEA_JOIN_ROW(6, 2)
      FOVEA_JOIN_ROW(7, 3)
      : [output] "+&r"(output), [correction] "+&r"(correction),
        [sums] "+&r"(sums)
      : [stride] "r"(4 * stride)
      : "r8", FOVEA_VECTORS);
}

inline void Join1x16(const float* sums, float correction, float* output) {
  __asm__ volatile(
      "mov r8, %[correction]\n" FOVEA_JOIN(4, 0, 0) FOVEA_JOIN(5, 16, 1)
      FOVEA_JOIN(6, 32, 2) FOVEA_JOIN(7, 48, 3)
      : [sums] "+&r"(sums)
      : [output] "r"(output), [correction] "r"(correction)
      : "r8", FOVEA_VECTORS);
}

// clang-format on

#undef FOVEA_START
#undef FOVEA_FMA
#undef FOVEA_LOAD
#undef FOVEA_NEXT_COLUMNS
#undef FOVEA_STEPS
#undef FOVEA_STORE
#undef FOVEA_VECTORS
#undef FOVEA_ONE_OF
#undef FOVEA_TWO_OF
#undef FOVEA_LOAD_STEP
#undef FOVEA_TWO_ALONG
#undef FOVEA_FOUR_ALONG
#undef FOVEA_ONE_ALONG
#undef FOVEA_ONE_ACROSS
#undef FOVEA_FOUR_ACROSS
#undef FOVEA_STEP_OF_16
#undef FOVEA_FOUR_OF_16
#undef FOVEA_ONE_OF_16
#undef FOVEA_JOIN
#undef FOVEA_JOIN_ROW

}  // namespace
}  // namespace fovea::port

#endif  // FOVEA_PORT_CORTEX_M_HELIUM_BLOCK_H_
