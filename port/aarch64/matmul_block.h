// SPDX-License-Identifier: Apache-2.0
// The micro-kernel's block of 4 x 4 vectors of int8 quads with smmla, which
// multiplies two rows of 8 bytes by two columns of 8: twice what sdot does.
//
// Its columns are the quads of two neighbouring steps, zipped once for all four
// rows; its factors two rows of a step of 8.  A register of sums has two rows
// of two columns, which are untangled as they are stored: rows 0 and 1 in v16
// to v23, rows 2 and 3 in v24 to v31.  Operands and clobbers are those of the
// block with sdot: g++ 12 fits callers to what a function leaves alone, and
// with others integer attention of dim 32 took 6 % more instructions.
#ifndef FOVEA_PORT_AARCH64_MATMUL_BLOCK_H_
#define FOVEA_PORT_AARCH64_MATMUL_BLOCK_H_

#include <stddef.h>
#include <stdint.h>

namespace fovea::port {
namespace {

// Instructions in columns:
// clang-format off

#define FOVEA_COPY(first, second, third)                                      \
  "mov v" #first ".16b, v16.16b\n mov v" #second ".16b, v16.16b\n"            \
  "mov v" #third ".16b, v16.16b\n"
#define FOVEA_START                                                           \
  "dup v16.4s, %w[start]\n" FOVEA_COPY(17, 18, 19) FOVEA_COPY(20, 21, 22)     \
  FOVEA_COPY(23, 24, 25) FOVEA_COPY(26, 27, 28) FOVEA_COPY(29, 30, 31)
#define FOVEA_ZIP(to0, to1, step0, step1)                                     \
  "zip1 v" #to0 ".4s, v" #step0 ".4s, v" #step1 ".4s\n"                       \
  "zip2 v" #to1 ".4s, v" #step0 ".4s, v" #step1 ".4s\n"
#define FOVEA_SMMLA(sum, rows, columns)                                       \
  "smmla v" #sum ".4s, v" #rows ".16b, v" #columns ".16b\n"
// Two registers of columns times both pairs of rows, v0 and v1.
#define FOVEA_PAIRS(columns0, columns1, s0, s1, s2, s3)                       \
  FOVEA_SMMLA(s0, 0, columns0) FOVEA_SMMLA(s1, 0, columns1)                   \
  FOVEA_SMMLA(s2, 1, columns0) FOVEA_SMMLA(s3, 1, columns1)
// Columns of one step in v4 to v7, of the next in v8 to v11.
#define FOVEA_TWO_STEPS                                                       \
  FOVEA_ZIP(2, 3, 4, 8) FOVEA_ZIP(4, 8, 5, 9)                                 \
  FOVEA_PAIRS(2, 3, 16, 17, 24, 25) FOVEA_ZIP(2, 3, 6, 10)                    \
  FOVEA_PAIRS(4, 8, 18, 19, 26, 27) FOVEA_ZIP(4, 8, 7, 11)                    \
  FOVEA_PAIRS(2, 3, 20, 21, 28, 29)                                           \
  FOVEA_PAIRS(4, 8, 22, 23, 30, 31)
#define FOVEA_COLUMNS "ld1 {v4.4s-v7.4s}, [%[columns]], %[step]\n"
#define FOVEA_NEXT_COLUMNS "ld1 {v8.4s-v11.4s}, [%[columns]], %[step]\n"
#define FOVEA_LOAD_TWO                                                        \
  FOVEA_COLUMNS "ldr d0, [%[a0]], #8\n ldr d1, [%[a2]], #8\n"                 \
  "ld1 {v0.d}[1], [%[a1]], #8\n ld1 {v1.d}[1], [%[a3]], #8\n"                 \
  FOVEA_NEXT_COLUMNS
#define FOVEA_FOUR_STEPS                                                      \
  FOVEA_LOAD_TWO FOVEA_TWO_STEPS FOVEA_LOAD_TWO FOVEA_TWO_STEPS
// Columns of the second are whatever there is: its factors are zero.
#define FOVEA_ONE_STEP                                                        \
  FOVEA_COLUMNS "ldr s0, [%[a0]], #4\n ldr s1, [%[a2]], #4\n"                 \
  "ld1 {v0.s}[2], [%[a1]], #4\n ld1 {v1.s}[2], [%[a3]], #4\n"                 \
  FOVEA_TWO_STEPS
#define FOVEA_UNTANGLE(zip, to0, to1, to2, to3, s0, s1, s2, s3, s4, s5, s6, s7) \
  zip " v" #to0 ".2d, v" #s0 ".2d, v" #s1 ".2d\n"                             \
  zip " v" #to1 ".2d, v" #s2 ".2d, v" #s3 ".2d\n"                             \
  zip " v" #to2 ".2d, v" #s4 ".2d, v" #s5 ".2d\n"                             \
  zip " v" #to3 ".2d, v" #s6 ".2d, v" #s7 ".2d\n"                             \
  "st1 {v" #to0 ".4s-v" #to3 ".4s}, [%[sums]], #64\n"
#define FOVEA_STORE_PAIR(s0, s1, s2, s3, s4, s5, s6, s7)                      \
  FOVEA_UNTANGLE("zip1", 0, 1, 2, 3, s0, s1, s2, s3, s4, s5, s6, s7)          \
  FOVEA_UNTANGLE("zip2", 4, 5, 6, 7, s0, s1, s2, s3, s4, s5, s6, s7)

// sums[row * 16 + column] of factors[row * row_stride + k] and the quads of
// columns[k * step + 4 * column], k below `count`, as port::DotAlong4x4.
inline void MatmulAlong4x4(const int32_t* factors, size_t row_stride,
                           const int8_t* columns, size_t step, size_t count,
                           int32_t* sums) {
  const int32_t* a0 = factors;
  const int32_t* a1 = a0 + row_stride;
  const int32_t* a2 = a1 + row_stride;
  const int32_t* a3 = a2 + row_stride;
  __asm__ volatile(
      FOVEA_START
      "subs %[count], %[count], #4\n b.lt 2f\n"
      "1:\n" FOVEA_FOUR_STEPS
      "subs %[count], %[count], #4\n b.ge 1b\n"
      "2: adds %[count], %[count], #4\n b.eq 4f\n"
      "3:\n" FOVEA_ONE_STEP
      "subs %[count], %[count], #1\n b.ne 3b\n"
      "4:\n"
      FOVEA_STORE_PAIR(16, 17, 18, 19, 20, 21, 22, 23)
      FOVEA_STORE_PAIR(24, 25, 26, 27, 28, 29, 30, 31)
      : [a0] "+&r"(a0), [a1] "+&r"(a1), [a2] "+&r"(a2), [a3] "+&r"(a3),
        [columns] "+&r"(columns), [count] "+&r"(count), [sums] "+&r"(sums)
      : [step] "r"(step), [start] "r"(0)
      : "v0", "v1", "v2", "v3", "v4", "v5", "v6", "v7", "v8", "v9", "v10",
        "v11", "v16", "v17", "v18", "v19", "v20", "v21", "v22", "v23", "v24",
        "v25", "v26", "v27", "v28", "v29", "v30", "v31", "cc", "memory");
}

// clang-format on

#undef FOVEA_COPY
#undef FOVEA_START
#undef FOVEA_ZIP
#undef FOVEA_SMMLA
#undef FOVEA_PAIRS
#undef FOVEA_TWO_STEPS
#undef FOVEA_COLUMNS
#undef FOVEA_NEXT_COLUMNS
#undef FOVEA_LOAD_TWO
#undef FOVEA_FOUR_STEPS
#undef FOVEA_ONE_STEP
#undef FOVEA_UNTANGLE
#undef FOVEA_STORE_PAIR

}  // namespace
}  // namespace fovea::port

#endif  // FOVEA_PORT_AARCH64_MATMUL_BLOCK_H_
