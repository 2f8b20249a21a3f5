// SPDX-License-Identifier: Apache-2.0
// The micro-kernel's blocks for an M-profile floating-point unit: 16 sums in
// s0 to s15, what they are multiplied from in the others.  A compiler loads one
// float an instruction, in two cycles on a Cortex-M4.  Several take one cycle
// each and one more; on a Cortex-M7, whose loads run beside the multiply-adds
// but for those of several registers, two take as long as one.
#ifndef FOVEA_PORT_CORTEX_M_VFP_BLOCK_H_
#define FOVEA_PORT_CORTEX_M_VFP_BLOCK_H_

#include <stddef.h>

namespace fovea::port {
namespace {

// Instructions in columns:
// clang-format off

#define FOVEA_START                                                           \
  "vmov s0, %[start]\n vmov.f32 s1, s0\n vmov.f32 s2, s0\n"                   \
  "vmov.f32 s3, s0\n vmov.f32 s4, s0\n vmov.f32 s5, s0\n"                     \
  "vmov.f32 s6, s0\n vmov.f32 s7, s0\n vmov.f32 s8, s0\n"                     \
  "vmov.f32 s9, s0\n vmov.f32 s10, s0\n vmov.f32 s11, s0\n"                   \
  "vmov.f32 s12, s0\n vmov.f32 s13, s0\n vmov.f32 s14, s0\n"                  \
  "vmov.f32 s15, s0\n"
#define FOVEA_FMA(sum, a, b) "vfma.f32 s" #sum ", s" #a ", s" #b "\n"
#define FOVEA_PAIR(d, from, offset)                                           \
  "vldr.64 d" #d ", [%[" #from "], #" #offset "]\n"
#define FOVEA_ONE(s, from, offset)                                            \
  "vldr.32 s" #s ", [%[" #from "], #" #offset "]\n"
// Four neighbours, which the pointer leaves behind on a core that issues one
// instruction at a time, and which lie at `offset` of it on one that issues
// two.
#if __ARM_ARCH == 7 && (__ARM_FP & 8)
#define FOVEA_FOUR(d0, d1, singles, from, offset)                             \
  "vldr.64 d" #d0 ", [%[" #from "], #" offset "]\n"                           \
  "vldr.64 d" #d1 ", [%[" #from "], #" offset " + 8]\n"
#define FOVEA_SINGLE_ISSUE(what)
#define FOVEA_DUAL_ISSUE(what) what
#else
#define FOVEA_FOUR(d0, d1, singles, from, offset)                             \
  "vldmia %[" #from "]!, {" singles "}\n"
#define FOVEA_SINGLE_ISSUE(what) what
#define FOVEA_DUAL_ISSUE(what)
#endif
#define FOVEA_ADD(to, what) "add %[" #to "], %[" #to "], %[" #what "]\n"
#define FOVEA_MOVE(to, bytes) "add %[" #to "], #" #bytes "\n"
// Four steps a turn while there are as many, then one.
#define FOVEA_STEPS(four, one)                                                \
  "subs %[count], #4\n blt 2f\n" "1:\n" four "subs %[count], #4\n bge 1b\n"   \
  "2: adds %[count], #4\n beq 4f\n" "3:\n" one                                \
  "subs %[count], #1\n bne 3b\n" "4:\n"
#define FOVEA_STORE "vstmia %[sums], {s0-s15}\n"
#define FOVEA_SINGLES                                                         \
  "s0", "s1", "s2", "s3", "s4", "s5", "s6", "s7", "s8", "s9", "s10", "s11",   \
  "s12", "s13", "s14", "s15", "s16", "s17", "s18", "s19", "s20", "s21",       \
  "s22", "s23", "s24", "s25", "s26", "s27", "s28", "s29", "s30", "s31",       \
  "cc", "memory"

// A row of four sums: its factor times four columns.
#define FOVEA_ROW0(a, b0, b1, b2, b3)                                         \
  FOVEA_FMA(0, a, b0) FOVEA_FMA(1, a, b1) FOVEA_FMA(2, a, b2)                 \
  FOVEA_FMA(3, a, b3)
#define FOVEA_ROW1(a, b0, b1, b2, b3)                                         \
  FOVEA_FMA(4, a, b0) FOVEA_FMA(5, a, b1) FOVEA_FMA(6, a, b2)                 \
  FOVEA_FMA(7, a, b3)
#define FOVEA_ROW2(a, b0, b1, b2, b3)                                         \
  FOVEA_FMA(8, a, b0) FOVEA_FMA(9, a, b1) FOVEA_FMA(10, a, b2)                \
  FOVEA_FMA(11, a, b3)
#define FOVEA_ROW3(a, b0, b1, b2, b3)                                         \
  FOVEA_FMA(12, a, b0) FOVEA_FMA(13, a, b1) FOVEA_FMA(14, a, b2)              \
  FOVEA_FMA(15, a, b3)

// Past what the pointer has left behind of a step of kStep columns.
#define FOVEA_REST                                                            \
  FOVEA_SINGLE_ISSUE(".if %c[rest]\n add %[columns], %[rest]\n .endif\n")

// Steps `k` and `k` + 1 of 4 x 4, whose rows' factors lie at `offset` of four
// pointers.  Between a load and its use stand as many multiply-adds as there
// are.
#define FOVEA_TWO_ALONG(k, offset)                                            \
  FOVEA_FOUR(8, 9, "s16-s19", columns, "%c[step] * " #k) FOVEA_REST           \
  FOVEA_PAIR(12, a0, offset) FOVEA_PAIR(13, a1, offset)                       \
  FOVEA_ROW0(24, 16, 17, 18, 19) FOVEA_PAIR(14, a2, offset)                   \
  FOVEA_ROW1(26, 16, 17, 18, 19) FOVEA_PAIR(15, a3, offset)                   \
  FOVEA_ROW2(28, 16, 17, 18, 19)                                              \
  FOVEA_FOUR(10, 11, "s20-s23", columns, "%c[step] * (" #k " + 1)")           \
  FOVEA_REST FOVEA_ROW3(30, 16, 17, 18, 19) FOVEA_ROW0(25, 20, 21, 22, 23)    \
  FOVEA_ROW1(27, 20, 21, 22, 23) FOVEA_ROW2(29, 20, 21, 22, 23)               \
  FOVEA_ROW3(31, 20, 21, 22, 23)
#define FOVEA_MOVE_ROWS(bytes)                                                \
  FOVEA_MOVE(a0, bytes) FOVEA_MOVE(a1, bytes) FOVEA_MOVE(a2, bytes)           \
  FOVEA_MOVE(a3, bytes)
#define FOVEA_FOUR_ALONG                                                      \
  FOVEA_TWO_ALONG(0, 0) FOVEA_TWO_ALONG(2, 8) FOVEA_MOVE_ROWS(16)             \
  FOVEA_DUAL_ISSUE("add %[columns], #4 * %c[step]\n")
#define FOVEA_ONE_ALONG                                                       \
  FOVEA_FOUR(8, 9, "s16-s19", columns, "0") FOVEA_REST FOVEA_ONE(24, a0, 0)   \
  FOVEA_ONE(25, a1, 0) FOVEA_ONE(26, a2, 0) FOVEA_ONE(27, a3, 0)              \
  FOVEA_DUAL_ISSUE("add %[columns], %[step]\n")                               \
  FOVEA_ROW0(24, 16, 17, 18, 19) FOVEA_ROW1(25, 16, 17, 18, 19)               \
  FOVEA_ROW2(26, 16, 17, 18, 19) FOVEA_ROW3(27, 16, 17, 18, 19)               \
  FOVEA_MOVE_ROWS(4)

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
        [columns] "+&r"(columns), [count] "+&r"(count)
      : [step] "i"(4 * kStep), [rest] "i"(4 * kStep - 16), [start] "r"(start),
        [sums] "r"(sums)
      : FOVEA_SINGLES);
}

// One step of 4 x 4, whose rows' factors lie side by side.
#define FOVEA_STEP_ACROSS(offset)                                             \
  FOVEA_FOUR(8, 9, "s16-s19", columns, "0")                                   \
  FOVEA_FOUR(12, 13, "s24-s27", factors, #offset) FOVEA_ADD(columns, step)    \
  FOVEA_ROW0(24, 16, 17, 18, 19) FOVEA_ROW1(25, 16, 17, 18, 19)               \
  FOVEA_ROW2(26, 16, 17, 18, 19) FOVEA_ROW3(27, 16, 17, 18, 19)
// The same in other registers, so that its loads need not wait.
#define FOVEA_NEXT_ACROSS(offset)                                             \
  FOVEA_FOUR(10, 11, "s20-s23", columns, "0")                                 \
  FOVEA_FOUR(14, 15, "s28-s31", factors, #offset) FOVEA_ADD(columns, step)    \
  FOVEA_ROW0(28, 20, 21, 22, 23) FOVEA_ROW1(29, 20, 21, 22, 23)               \
  FOVEA_ROW2(30, 20, 21, 22, 23) FOVEA_ROW3(31, 20, 21, 22, 23)
#define FOVEA_FOUR_ACROSS                                                     \
  FOVEA_STEP_ACROSS(0) FOVEA_NEXT_ACROSS(16) FOVEA_STEP_ACROSS(32)            \
  FOVEA_NEXT_ACROSS(48) FOVEA_DUAL_ISSUE("add %[factors], #64\n")
#define FOVEA_ONE_ACROSS                                                      \
  FOVEA_STEP_ACROSS(0) FOVEA_DUAL_ISSUE("add %[factors], #16\n")

inline void SumAcross4x4(const float* factors, const float* columns,
                         size_t step, size_t count, float start, float* sums) {
  FOVEA_SINGLE_ISSUE(step -= 4;)
  __asm__ volatile(
      FOVEA_START FOVEA_STEPS(FOVEA_FOUR_ACROSS, FOVEA_ONE_ACROSS) FOVEA_STORE
      : [factors] "+&r"(factors), [columns] "+&r"(columns),
        [count] "+&r"(count)
      : [step] "r"(4 * step), [start] "r"(start), [sums] "r"(sums)
      : FOVEA_SINGLES);
}

// One step of 1 x 16, with factor s<a>.
#define FOVEA_STEP_OF_16(a)                                                   \
  FOVEA_PAIR(8, columns, 0) FOVEA_PAIR(9, columns, 8)                         \
  FOVEA_PAIR(10, columns, 16) FOVEA_FMA(0, a, 16) FOVEA_FMA(1, a, 17)         \
  FOVEA_PAIR(11, columns, 24) FOVEA_FMA(2, a, 18) FOVEA_FMA(3, a, 19)         \
  FOVEA_PAIR(12, columns, 32) FOVEA_FMA(4, a, 20) FOVEA_FMA(5, a, 21)         \
  FOVEA_PAIR(13, columns, 40) FOVEA_FMA(6, a, 22) FOVEA_FMA(7, a, 23)         \
  FOVEA_PAIR(8, columns, 48) FOVEA_FMA(8, a, 24) FOVEA_FMA(9, a, 25)          \
  FOVEA_PAIR(9, columns, 56) FOVEA_FMA(10, a, 26) FOVEA_FMA(11, a, 27)        \
  FOVEA_ADD(columns, step) FOVEA_FMA(12, a, 16) FOVEA_FMA(13, a, 17)          \
  FOVEA_FMA(14, a, 18) FOVEA_FMA(15, a, 19)
#define FOVEA_FOUR_OF_16                                                      \
  FOVEA_PAIR(14, factors, 0) FOVEA_PAIR(15, factors, 8) FOVEA_STEP_OF_16(28)  \
  FOVEA_STEP_OF_16(29) FOVEA_STEP_OF_16(30) FOVEA_STEP_OF_16(31)              \
  FOVEA_MOVE(factors, 16)
#define FOVEA_ONE_OF_16                                                       \
  FOVEA_ONE(28, factors, 0) FOVEA_STEP_OF_16(28) FOVEA_MOVE(factors, 4)

inline void SumAlong1x16(const float* factors, const float* columns,
                         size_t step, size_t count, float start, float* sums) {
  __asm__ volatile(
      FOVEA_START FOVEA_STEPS(FOVEA_FOUR_OF_16, FOVEA_ONE_OF_16) FOVEA_STORE
      : [factors] "+&r"(factors), [columns] "+&r"(columns),
        [count] "+&r"(count)
      : [step] "r"(4 * step), [start] "r"(start), [sums] "r"(sums)
      : FOVEA_SINGLES);
}

#define FOVEA_LOAD_SUMS "vldmia %[sums], {s0-s15}\n"
#define FOVEA_JOIN_ROW(row)                                                   \
  "vldmia %[correction]!, {s20}\n vldmia %[output], " "{s16-s19}\n"           \
  FOVEA_ROW##row(20, 16, 17, 18, 19)

inline void Join4x4(const float* sums, const float* correction, float* output,
                    size_t stride) {
  __asm__ volatile(
      FOVEA_LOAD_SUMS FOVEA_JOIN_ROW(0) "vstmia %[output], {s0-s3}\n"
      FOVEA_ADD(output, stride) FOVEA_JOIN_ROW(1)
      "vstmia %[output], {s4-s7}\n" FOVEA_ADD(output, stride)
      FOVEA_JOIN_ROW(2) "vstmia %[output], {s8-s11}\n"
      FOVEA_ADD(output, stride) FOVEA_JOIN_ROW(3)
      "vstmia %[output], {s12-s15}\n"
      : [output] "+&r"(output), [correction] "+&r"(correction)
      : [stride] "r"(4 * stride), [sums] "r"(sums)
      : FOVEA_SINGLES);
}

inline void Join1x16(const float* sums, float correction, float* output) {
  __asm__ volatile(
      FOVEA_LOAD_SUMS "vmov s28, %[correction]\n"
      "vldmia %[output], {s16-s27}\n" FOVEA_ROW0(28, 16, 17, 18, 19)
      FOVEA_ROW1(28, 20, 21, 22, 23) FOVEA_ROW2(28, 24, 25, 26, 27)
      "vldr.64 d8, [%[output], #48]\n vldr.64 d9, [%[output], #56]\n"
      FOVEA_ROW3(28, 16, 17, 18, 19) "vstmia %[output], {s0-s15}\n" :
      : [output] "r"(output), [correction] "r"(correction), [sums] "r"(sums)
      : FOVEA_SINGLES);
}

// clang-format on

#undef FOVEA_START
#undef FOVEA_FMA
#undef FOVEA_PAIR
#undef FOVEA_ONE
#undef FOVEA_FOUR
#undef FOVEA_SINGLE_ISSUE
#undef FOVEA_DUAL_ISSUE
#undef FOVEA_ADD
#undef FOVEA_MOVE
#undef FOVEA_STEPS
#undef FOVEA_STORE
#undef FOVEA_SINGLES
#undef FOVEA_ROW0
#undef FOVEA_ROW1
#undef FOVEA_ROW2
#undef FOVEA_ROW3
#undef FOVEA_REST
#undef FOVEA_TWO_ALONG
#undef FOVEA_MOVE_ROWS
#undef FOVEA_FOUR_ALONG
#undef FOVEA_ONE_ALONG
#undef FOVEA_STEP_ACROSS
#undef FOVEA_NEXT_ACROSS
#undef FOVEA_FOUR_ACROSS
#undef FOVEA_ONE_ACROSS
#undef FOVEA_STEP_OF_16
#undef FOVEA_FOUR_OF_16
#undef FOVEA_ONE_OF_16
#undef FOVEA_LOAD_SUMS
#undef FOVEA_JOIN_ROW

}  // namespace
}  // namespace fovea::port

#endif  // FOVEA_PORT_CORTEX_M_VFP_BLOCK_H_
