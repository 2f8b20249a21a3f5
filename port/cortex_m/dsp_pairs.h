// SPDX-License-Identifier: Apache-2.0
// Products of pairs of rows and pairs of columns for cores with the DSP
// extension, which all time of a block of rows is spent in: four entries a
// step, two loads of four words for eight SMLAD, 10 instructions for 16
// products.  No compiler makes such loads of C++, nor leaves it the 14
// registers; they are naked functions.
#ifndef FOVEA_PORT_CORTEX_M_DSP_PAIRS_H_
#define FOVEA_PORT_CORTEX_M_DSP_PAIRS_H_

#include <cstddef>
#include <cstdint>

#include "fovea/kernels/integer_math.h"
#include "fovea/kernels/layout.h"

namespace fovea {
namespace integer {
inline namespace FOVEA_INTEGER_NAMESPACE {
namespace dsp {

// Steps of four entries that a loop can take, and the words of one for a pair.
constexpr size_t kMaxSteps = kTile / 4;
constexpr size_t kStepWords = 4;
// What a pair's sums start from stands before its entries.
constexpr size_t kStartWords = 2;

#ifdef __OPTIMIZE_SIZE__

// One loop for both, in firmware that is compiled to be small: 1.1 KB less for
// 0.9 instead of 0.7 instructions a product, loads and stores included.
//
// r0: rows, r1: columns, r2 to r5: sums of rows times columns 00, 01, 10, 11.
// Four steps lie one after another, and a row's first pass begins at the one
// after which the others are a multiple of four.  On the stack: rows_end, join;
// columns, to; the columns' end, the address of the first step.
[[gnu::naked, gnu::noinline]] inline void MultiplyPairs(
    const uint32_t* /*rows*/, const uint32_t* /*columns*/, int32_t* /*to*/,
    size_t /*steps*/, const uint32_t* /*rows_end*/, size_t /*join*/) {
  __asm__ volatile(
      "push {r4-r11, lr}\n"
      "ldrd r4, r5, [sp, #36]\n"
      "sub sp, sp, #24\n"
      "strd r4, r5, [sp]\n"
      "strd r1, r2, [sp, #8]\n"
      "add r4, r1, r3, lsl #4\n"
      "rsb r3, r3, #0\n"
      "and r3, r3, #3\n"
      "mov r5, #40\n"
      "mul r3, r3, r5\n"
      "adr.w r5, 1f\n"
      "add r5, r5, r3\n"
      "orr r5, r5, #1\n"
      "strd r4, r5, [sp, #16]\n"
      "0:\n"
      "ldr r1, [sp, #8]\n"
      "ldr r6, [sp, #4]\n"
      "mov r2, #0\n"
      "mov r4, #0\n"
      "cbz r6, 2f\n"
      "ldrd r2, r4, [r0], #8\n"
      "2:\n"
      "mov r3, r2\n"
      "mov r5, r4\n"
      "ldr pc, [sp, #20]\n"
      ".p2align 2\n"
      "1:\n"
      ".rept 4\n"
      "ldmia.w r1!, {r10, r11, r12, lr}\n"
      "ldmia.w r0!, {r6, r7, r8, r9}\n"
      "smlad r2, r6, r10, r2\n"
      "smlad r3, r6, r12, r3\n"
      "smlad r4, r8, r10, r4\n"
      "smlad r5, r8, r12, r5\n"
      "smlad r2, r7, r11, r2\n"
      "smlad r3, r7, lr, r3\n"
      "smlad r4, r9, r11, r4\n"
      "smlad r5, r9, lr, r5\n"
      ".endr\n"
      "ldr r6, [sp, #16]\n"
      "cmp r1, r6\n"
      "bne 1b\n"
      "ldr r7, [sp, #4]\n"
      "ldr r6, [sp, #12]\n"
      "cbz r7, 3f\n"
      "ldmia r6, {r7, r8, r9, r10}\n"
      "add r7, r7, r2, asr #9\n"
      "add r8, r8, r3, asr #9\n"
      "add r9, r9, r4, asr #9\n"
      "add r10, r10, r5, asr #9\n"
      "stmia r6!, {r7, r8, r9, r10}\n"
      "b 4f\n"
      "3:\n"
      "strd r2, r3, [r6], #256\n"
      "strd r4, r5, [r6], #256\n"
      "4:\n"
      "str r6, [sp, #12]\n"
      "ldr r7, [sp]\n"
      "cmp r0, r7\n"
      "bne.w 0b\n"
      "add sp, sp, #24\n"
      "pop {r4-r11, pc}\n");
}

inline namespace small {

// Two keys' scores of pairs of rows up to rows_end: scores[0] and [1], and
// those of the next row (kTile further), then of the next pair.
template <bool kLong>
void ScorePairs(const uint32_t* rows, const uint32_t* columns, int32_t* scores,
                size_t steps, const uint32_t* rows_end) {
  MultiplyPairs(rows, columns, scores, steps, rows_end, 0);
}

// Two columns' products of pairs of rows up to rows_end join the outputs, four
// of them for each pair.  A pair begins with what its sums start from.
inline void AccumulatePairs(const uint32_t* rows, const uint32_t* columns,
                            int32_t* outputs, size_t steps,
                            const uint32_t* rows_end) {
  MultiplyPairs(rows, columns, outputs, steps, rows_end, 1);
}

}  // namespace small

#else  // __OPTIMIZE_SIZE__

// What the loops have in common.  r0: rows, r1: columns, r2 to r5: sums of
// rows times columns 00, 01, 10, 11.  16 steps lie one after another, and a
// jump goes to the first of those that are wanted.
#define FOVEA_DSP_START     \
  "ldrd r2, r4, [r0], #8\n" \
  "mov r3, r2\n"            \
  "mov r5, r4\n"
#define FOVEA_DSP_LOAD                 \
  "ldmia.w r1!, {r10, r11, r12, lr}\n" \
  "ldmia.w r0!, {r6, r7, r8, r9}\n"
#define FOVEA_DSP_ODD       \
  "smlad r2, r7, r11, r2\n" \
  "smlad r3, r7, lr, r3\n"  \
  "smlad r4, r9, r11, r4\n" \
  "smlad r5, r9, lr, r5\n"
#define FOVEA_DSP_STEPS       \
  ".rept 16\n" FOVEA_DSP_LOAD \
  "smlad r2, r6, r10, r2\n"   \
  "smlad r3, r6, r12, r3\n"   \
  "smlad r4, r8, r10, r4\n"   \
  "smlad r5, r8, r12, r5\n" FOVEA_DSP_ODD ".endr\n"
// A first step, which starts from 0.
#define FOVEA_DSP_FIRST \
  FOVEA_DSP_LOAD        \
  "smuad r2, r6, r10\n" \
  "smuad r3, r6, r12\n" \
  "smuad r4, r8, r10\n" \
  "smuad r5, r8, r12\n" FOVEA_DSP_ODD
// r3 is the number of steps in the first pass, which take 40 bytes each; r5
// becomes the address of the first of them.
#define FOVEA_DSP_ADDRESS \
  "rsb r3, r3, #16\n"     \
  "mov r5, #40\n"         \
  "mul r3, r3, r5\n"      \
  "adr.w r5, 1f\n"        \
  "add r5, r5, r3\n"      \
  "orr r5, r5, #1\n"
// `rest` makes of the steps after the first what the first pass takes, `again`
// goes to them once more, where there are more than 16.
#define FOVEA_DSP_SCORES(rest, again)       \
  "push {r4-r11, lr}\n"                     \
  "ldr r4, [sp, #36]\n"                     \
  "sub sp, sp, #20\n"                       \
  "strd r2, r4, [sp]\n"                     \
  "str r1, [sp, #8]\n"                      \
  "add r4, r1, r3, lsl #4\n"                \
  "str r4, [sp, #16]\n"                     \
  "sub r3, r3, #1\n" rest FOVEA_DSP_ADDRESS \
  "str r5, [sp, #12]\n"                     \
  "0:\n" FOVEA_DSP_FIRST                    \
  "ldr pc, [sp, #12]\n"                     \
  ".p2align 2\n"                            \
  "1:\n" FOVEA_DSP_STEPS again              \
  "ldrd r6, r7, [sp]\n"                     \
  "strd r2, r3, [r6], #256\n"               \
  "strd r4, r5, [r6], #256\n"               \
  "str r6, [sp]\n"                          \
  "ldr r1, [sp, #8]\n"                      \
  "cmp r0, r7\n"                            \
  "bne.w 0b\n"                              \
  "add sp, sp, #20\n"                       \
  "pop {r4-r11, pc}\n"

// Two keys' scores of pairs of rows up to rows_end: scores[0] and [1], and
// those of the next row (kTile further), then of the next pair.
[[gnu::naked, gnu::noinline]] inline void ScoreShortPairs(
    const uint32_t* /*rows*/, const uint32_t* /*columns*/, int32_t* /*scores*/,
    size_t /*steps*/, const uint32_t* /*rows_end*/) {
  __asm__ volatile(FOVEA_DSP_SCORES("", ""));
}
[[gnu::naked, gnu::noinline]] inline void ScoreLongPairs(
    const uint32_t* /*rows*/, const uint32_t* /*columns*/, int32_t* /*scores*/,
    size_t /*steps*/, const uint32_t* /*rows_end*/) {
  __asm__ volatile(
      FOVEA_DSP_SCORES("sub r3, r3, #1\n"
                       "and r3, r3, #15\n"
                       "add r3, r3, #1\n",
                       "ldr r6, [sp, #16]\n"
                       "cmp r1, r6\n"
                       "bne.w 1b\n"));
}

// kLong: more than 16 steps.
template <bool kLong>
void ScorePairs(const uint32_t* rows, const uint32_t* columns, int32_t* scores,
                size_t steps, const uint32_t* rows_end) {
  if (kLong) {
    ScoreLongPairs(rows, columns, scores, steps, rows_end);
  } else {
    ScoreShortPairs(rows, columns, scores, steps, rows_end);
  }
}

// Two columns' products of pairs of rows up to rows_end join the outputs, four
// of them for each pair.
[[gnu::naked, gnu::noinline]] inline void AccumulatePairs(
    const uint32_t* /*rows*/, const uint32_t* /*columns*/, int32_t* /*outputs*/,
    size_t /*steps*/, const uint32_t* /*rows_end*/) {
  __asm__ volatile(
      "push {r4-r11, lr}\n"
      "ldr r4, [sp, #36]\n"
      "sub sp, sp, #20\n"
      "strd r1, r4, [sp]\n"
      "str r2, [sp, #8]\n" FOVEA_DSP_ADDRESS
      "str r5, [sp, #16]\n"
      "0:\n" FOVEA_DSP_START
      "ldr pc, [sp, #16]\n"
      ".p2align 2\n"
      "1:\n" FOVEA_DSP_STEPS
      "ldr r6, [sp, #8]\n"
      "ldmia r6, {r7, r8, r9, r10}\n"
      "add r7, r7, r2, asr #9\n"
      "add r8, r8, r3, asr #9\n"
      "add r9, r9, r4, asr #9\n"
      "add r10, r10, r5, asr #9\n"
      "stmia r6!, {r7, r8, r9, r10}\n"
      "ldrd r1, r12, [sp]\n"
      "str r6, [sp, #8]\n"
      "cmp r0, r12\n"
      "bne.w 0b\n"
      "add sp, sp, #20\n"
      "pop {r4-r11, pc}\n");
}
#undef FOVEA_DSP_START
#undef FOVEA_DSP_STEPS
#undef FOVEA_DSP_ADDRESS
#undef FOVEA_DSP_SCORES
#undef FOVEA_DSP_FIRST
#undef FOVEA_DSP_LOAD
#undef FOVEA_DSP_ODD

#endif  // __OPTIMIZE_SIZE__

static_assert(kTile == 64, "the 256 above are a row of scores in bytes");
static_assert(kOutputShift == 9, "the 9 above");

}  // namespace dsp
}  // namespace FOVEA_INTEGER_NAMESPACE
}  // namespace integer
}  // namespace fovea

#endif  // FOVEA_PORT_CORTEX_M_DSP_PAIRS_H_
