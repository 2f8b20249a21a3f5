// SPDX-License-Identifier: Apache-2.0
// Four bytes of a word as two pairs of 16 bits, which SMLAD multiplies, and the
// products of one row that come of it.
#ifndef FOVEA_PORT_CORTEX_M_DSP_WORDS_H_
#define FOVEA_PORT_CORTEX_M_DSP_WORDS_H_

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace fovea {
namespace dsp_words {
namespace {  // compiled for the including file's instruction set alone

// Entries 0 and 2, and 1 and 3, of the four bytes of a word.
inline uint32_t Even(uint32_t word) {
  uint32_t to;
  __asm__("sxtb16 %0, %1" : "=r"(to) : "r"(word));
  return to;
}
inline uint32_t Odd(uint32_t word) {
  uint32_t to;
  __asm__("sxtb16 %0, %1, ror #8" : "=r"(to) : "r"(word));
  return to;
}
// The lower halves of two words, and the upper ones.
inline uint32_t Lower(uint32_t a, uint32_t b) {
  uint32_t to;
  __asm__("pkhbt %0, %1, %2, lsl #16" : "=r"(to) : "r"(a), "r"(b));
  return to;
}
inline uint32_t Upper(uint32_t a, uint32_t b) {
  uint32_t to;
  __asm__("pkhtb %0, %1, %2, asr #16" : "=r"(to) : "r"(b), "r"(a));
  return to;
}
inline int32_t AddProducts(uint32_t a, uint32_t b, int32_t sum) {
  int32_t to;
  __asm__("smlad %0, %1, %2, %3" : "=r"(to) : "r"(a), "r"(b), "r"(sum));
  return to;
}

inline uint32_t LoadWord(const int8_t* from) {
  uint32_t word;
  std::memcpy(&word, from, sizeof(word));
  return word;
}
// Of a row's last entries, fewer than four.
inline uint32_t LoadPart(const int8_t* from, size_t count) {
  uint32_t word = 0;
  for (size_t i = 0; i < count; ++i) {
    word |= uint32_t{static_cast<uint8_t>(from[i])} << (8 * i);
  }
  return word;
}
// The same halves of a less those of b.
inline uint32_t Subtract(uint32_t a, uint32_t b) {
  uint32_t to;
  __asm__("ssub16 %0, %1, %2" : "=r"(to) : "r"(a), "r"(b));
  return to;
}
// A 16-bit number in both halves.
inline uint32_t Twice(int32_t x) {
  const uint32_t half = static_cast<uint32_t>(x) & 0xffff;
  return half << 16 | half;
}

// sums[0 to 3] of one row's entries times the bytes of four columns, which lie
// side by side, and `stride` bytes further for the next step: kStride, or where
// that is 0 any, for one instruction more in 19.  Inlined it has too few
// registers.
template <int kStride>
[[gnu::noinline]] void AddFourColumns(const uint32_t* row,
                                      const int8_t* columns, size_t steps,
                                      int32_t* sums, size_t stride = kStride) {
  int32_t a = sums[0], b = sums[1], c = sums[2], d = sums[3];
  const uint32_t* end = row + 2 * steps;
  uint32_t t;
  // clang-format off
#define FOVEA_DSP_COLUMN(word, sum)            \
  "sxtb16 %[t], " word "\n"                    \
  "smlad " sum ", %[t], r4, " sum "\n"         \
  "sxtb16 " word ", " word ", ror #8\n"        \
  "smlad " sum ", " word ", r5, " sum "\n"
#define FOVEA_DSP_STEP(first, second)          \
  "ldrd r4, r5, [%[row]], #8\n"                \
  "ldrd r6, r8, " first "\n"                   \
  FOVEA_DSP_COLUMN("r6", "%[a]")               \
  FOVEA_DSP_COLUMN("r8", "%[b]")               \
  "ldrd r6, r8, " second "\n"                  \
  FOVEA_DSP_COLUMN("r6", "%[c]")               \
  FOVEA_DSP_COLUMN("r8", "%[d]")
#define FOVEA_DSP_STEP_BY_CONSTANT \
  FOVEA_DSP_STEP("[%[columns]], #8", "[%[columns]], %[stride]")
#define FOVEA_DSP_STEP_BY_REGISTER                       \
  FOVEA_DSP_STEP("[%[columns]]", "[%[columns], #8]")     \
  "add %[columns], %[columns], %[stride]\n"
// One step, then the others in twos.
#define FOVEA_DSP_COLUMNS(step, ...)                                        \
  if (steps % 2 != 0) {                                                     \
    __asm__ volatile(step                                                   \
                     : [row] "+r"(row), [columns] "+r"(columns),            \
                       [a] "+r"(a), [b] "+r"(b), [c] "+r"(c), [d] "+r"(d),  \
                       [t] "=&r"(t)                                         \
                     : [stride] __VA_ARGS__                                 \
                     : "r4", "r5", "r6", "r8", "memory");                   \
  }                                                                         \
  if (row != end) {                                                         \
    __asm__ volatile("0:\n" step step                                       \
                     "cmp %[row], %[end]\n"                                 \
                     "bne 0b\n"                                             \
                     : [row] "+r"(row), [columns] "+r"(columns),            \
                       [a] "+r"(a), [b] "+r"(b), [c] "+r"(c), [d] "+r"(d),  \
                       [t] "=&r"(t)                                         \
                     : [end] "r"(end), [stride] __VA_ARGS__                 \
                     : "r4", "r5", "r6", "r8", "cc", "memory");             \
  }
  // clang-format on
  if constexpr (kStride != 0) {
    FOVEA_DSP_COLUMNS(FOVEA_DSP_STEP_BY_CONSTANT, "i"(kStride - 8))
  } else {
    FOVEA_DSP_COLUMNS(FOVEA_DSP_STEP_BY_REGISTER, "r"(stride))
  }
#undef FOVEA_DSP_COLUMNS
#undef FOVEA_DSP_STEP_BY_REGISTER
#undef FOVEA_DSP_STEP_BY_CONSTANT
#undef FOVEA_DSP_STEP
#undef FOVEA_DSP_COLUMN
  sums[0] = a, sums[1] = b, sums[2] = c, sums[3] = d;
}

}  // namespace
}  // namespace dsp_words
}  // namespace fovea

#endif  // FOVEA_PORT_CORTEX_M_DSP_WORDS_H_
