// SPDX-License-Identifier: Apache-2.0
// The micro-kernel's blocks in 64-bit NEON: 4 rows of 4 vectors in v16 to v31,
// columns in v4 to v11.  What a compiler makes of the same vectors needs a load
// for each factor, an addition for each pointer and a compare each step; here
// one load serves four multiply-adds by element, and one four vectors.
#ifndef FOVEA_PORT_AARCH64_NEON_BLOCK_H_
#define FOVEA_PORT_AARCH64_NEON_BLOCK_H_

#include <stddef.h>
#include <stdint.h>

namespace fovea::port {
namespace {

// Instructions in columns:
// clang-format off

#define FOVEA_START                                                           \
  "dup v16.4s, %w[start]\n mov v17.16b, v16.16b\n mov v18.16b, v16.16b\n"     \
  "mov v19.16b, v16.16b\n mov v20.16b, v16.16b\n mov v21.16b, v16.16b\n"      \
  "mov v22.16b, v16.16b\n mov v23.16b, v16.16b\n mov v24.16b, v16.16b\n"      \
  "mov v25.16b, v16.16b\n mov v26.16b, v16.16b\n mov v27.16b, v16.16b\n"      \
  "mov v28.16b, v16.16b\n mov v29.16b, v16.16b\n mov v30.16b, v16.16b\n"      \
  "mov v31.16b, v16.16b\n"
#define FOVEA_FMA(sum, column, a, i)                                          \
  "fmla v" #sum ".4s, v" #column ".4s, v" #a ".s[" #i "]\n"
// A row of four sums: lane i of its factors times four columns.
#define FOVEA_ROW(s0, s1, s2, s3, b0, b1, b2, b3, a, i)                       \
  FOVEA_FMA(s0, b0, a, i) FOVEA_FMA(s1, b1, a, i) FOVEA_FMA(s2, b2, a, i)     \
  FOVEA_FMA(s3, b3, a, i)
#define FOVEA_ROWS(b0, b1, b2, b3, a0, i0, a1, i1, a2, i2, a3, i3)            \
  FOVEA_ROW(16, 17, 18, 19, b0, b1, b2, b3, a0, i0)                           \
  FOVEA_ROW(20, 21, 22, 23, b0, b1, b2, b3, a1, i1)                           \
  FOVEA_ROW(24, 25, 26, 27, b0, b1, b2, b3, a2, i2)                           \
  FOVEA_ROW(28, 29, 30, 31, b0, b1, b2, b3, a3, i3)
#define FOVEA_COLUMNS "ld1 {v4.4s-v7.4s}, [%[columns]], %[step]\n"
#define FOVEA_NEXT_COLUMNS "ld1 {v8.4s-v11.4s}, [%[columns]], %[step]\n"
// Four steps a turn while there are as many, then one.
#define FOVEA_STEPS(four, one)                                                \
  "subs %[count], %[count], #4\n b.lt 2f\n" "1:\n" four                       \
  "subs %[count], %[count], #4\n b.ge 1b\n"                                   \
  "2: adds %[count], %[count], #4\n b.eq 4f\n" "3:\n" one                     \
  "subs %[count], %[count], #1\n b.ne 3b\n" "4:\n"
#define FOVEA_STORE                                                           \
  "st1 {v16.4s-v19.4s}, [%[sums]], #64\n" "st1 {v20.4s-v23.4s}, [%[sums]], #64\n" "st1 {v24.4s-v27.4s}, [%[sums]], #64\n" "st1 {v28.4s-v31.4s}, [%[sums]]\n"
#define FOVEA_VECTORS                                                         \
  "v0", "v1", "v2", "v3", "v4", "v5", "v6", "v7", "v8", "v9", "v10", "v11",   \
  "v16", "v17", "v18", "v19", "v20", "v21", "v22", "v23", "v24", "v25",       \
  "v26", "v27", "v28", "v29", "v30", "v31", "cc", "memory"

#define FOVEA_FOUR_ALONG                                                      \
  FOVEA_COLUMNS                                                               \
  "ldr q0, [%[a0]], #16\n ldr q1, [%[a1]], #16\n" "ldr q2, [%[a2]], #16\n ldr q3, [%[a3]], #16\n" \
  FOVEA_NEXT_COLUMNS FOVEA_ROWS(4, 5, 6, 7, 0, 0, 1, 0, 2, 0, 3, 0)           \
  FOVEA_COLUMNS FOVEA_ROWS(8, 9, 10, 11, 0, 1, 1, 1, 2, 1, 3, 1)              \
  FOVEA_NEXT_COLUMNS FOVEA_ROWS(4, 5, 6, 7, 0, 2, 1, 2, 2, 2, 3, 2)           \
  FOVEA_ROWS(8, 9, 10, 11, 0, 3, 1, 3, 2, 3, 3, 3)
#define FOVEA_ONE_ALONG                                                       \
  FOVEA_COLUMNS                                                               \
  "ldr s0, [%[a0]], #4\n ldr s1, [%[a1]], #4\n" "ldr s2, [%[a2]], #4\n ldr s3, [%[a3]], #4\n" \
  FOVEA_ROWS(4, 5, 6, 7, 0, 0, 1, 0, 2, 0, 3, 0)

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
        [columns] "+&r"(columns), [count] "+&r"(count), [sums] "+&r"(sums)
      : [step] "r"(4 * kStep), [start] "r"(start)
      : FOVEA_VECTORS);
}

#define FOVEA_ACROSS(factors) "ldr q" #factors ", [%[factors]], #64\n"
#define FOVEA_FOUR_ACROSS                                                     \
  FOVEA_COLUMNS FOVEA_ACROSS(0) FOVEA_NEXT_COLUMNS FOVEA_ACROSS(1)            \
  FOVEA_ROWS(4, 5, 6, 7, 0, 0, 0, 1, 0, 2, 0, 3) FOVEA_COLUMNS                \
  FOVEA_ACROSS(2) FOVEA_ROWS(8, 9, 10, 11, 1, 0, 1, 1, 1, 2, 1, 3)            \
  FOVEA_NEXT_COLUMNS FOVEA_ACROSS(3)                                          \
  FOVEA_ROWS(4, 5, 6, 7, 2, 0, 2, 1, 2, 2, 2, 3)                              \
  FOVEA_ROWS(8, 9, 10, 11, 3, 0, 3, 1, 3, 2, 3, 3)
#define FOVEA_ONE_ACROSS                                                      \
  FOVEA_COLUMNS FOVEA_ACROSS(0)                                               \
  FOVEA_ROWS(4, 5, 6, 7, 0, 0, 0, 1, 0, 2, 0, 3)

inline void SumAcross4x4(const float* factors, const float* columns,
                         size_t step, size_t count, float start, float* sums) {
  __asm__ volatile(
      FOVEA_START FOVEA_STEPS(FOVEA_FOUR_ACROSS, FOVEA_ONE_ACROSS) FOVEA_STORE
      : [factors] "+&r"(factors), [columns] "+&r"(columns),
        [count] "+&r"(count), [sums] "+&r"(sums)
      : [step] "r"(4 * step), [start] "r"(start)
      : FOVEA_VECTORS);
}

#define FOVEA_JOIN_ROW(s0, s1, s2, s3, i)                                     \
  "ld1 {v4.4s-v7.4s}, [%[output]]\n"                                          \
  "ld1 {v" #s0 ".4s-v" #s3 ".4s}, [%[sums]], #64\n"                           \
  FOVEA_ROW(s0, s1, s2, s3, 4, 5, 6, 7, 0, i)                                 \
  "st1 {v" #s0 ".4s-v" #s3 ".4s}, [%[output]], %[stride]\n"

inline void Join4x4(const float* sums, const float* correction, float* output,
                    size_t stride) {
  __asm__ volatile(
      "ldr q0, [%[correction]]\n" FOVEA_JOIN_ROW(16, 17, 18, 19, 0)
      FOVEA_JOIN_ROW(20, 21, 22, 23, 1) FOVEA_JOIN_ROW(24, 25, 26, 27, 2)
      FOVEA_JOIN_ROW(28, 29, 30, 31, 3)
      : [output] "+&r"(output), [sums] "+&r"(sums)
      : [correction] "r"(correction), [stride] "r"(4 * stride)
      : FOVEA_VECTORS);
}

#ifdef __ARM_FEATURE_DOTPROD

// As SumAlong4x4 of quads of int8, `step` bytes from one to the next.
#undef FOVEA_FMA
#define FOVEA_FMA(sum, column, a, i)                                          \
  "sdot v" #sum ".4s, v" #column ".16b, v" #a ".4b[" #i "]\n"

inline void DotAlong4x4(const int32_t* factors, size_t row_stride,
                        const int8_t* columns, size_t step, size_t count,
                        int32_t* sums) {
  const int32_t* a0 = factors;
  const int32_t* a1 = a0 + row_stride;
  const int32_t* a2 = a1 + row_stride;
  const int32_t* a3 = a2 + row_stride;
  __asm__ volatile(
      FOVEA_START FOVEA_STEPS(FOVEA_FOUR_ALONG, FOVEA_ONE_ALONG) FOVEA_STORE
      : [a0] "+&r"(a0), [a1] "+&r"(a1), [a2] "+&r"(a2), [a3] "+&r"(a3),
        [columns] "+&r"(columns), [count] "+&r"(count), [sums] "+&r"(sums)
      : [step] "r"(step), [start] "r"(0)
      : FOVEA_VECTORS);
}

#endif  // __ARM_FEATURE_DOTPROD

// clang-format on

#undef FOVEA_START
#undef FOVEA_FMA
#undef FOVEA_ROW
#undef FOVEA_ROWS
#undef FOVEA_COLUMNS
#undef FOVEA_NEXT_COLUMNS
#undef FOVEA_STEPS
#undef FOVEA_STORE
#undef FOVEA_VECTORS
#undef FOVEA_FOUR_ALONG
#undef FOVEA_ONE_ALONG
#undef FOVEA_ACROSS
#undef FOVEA_FOUR_ACROSS
#undef FOVEA_ONE_ACROSS
#undef FOVEA_JOIN_ROW

}  // namespace
}  // namespace fovea::port

#endif  // FOVEA_PORT_AARCH64_NEON_BLOCK_H_
