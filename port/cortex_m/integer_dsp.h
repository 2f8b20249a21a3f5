// SPDX-License-Identifier: Apache-2.0
// The leaf of integer attention for Cortex-M cores with the DSP extension (M4,
// M7, M33): SMLAD adds two products of 16 bits, so bytes are unpacked, once for
// all rows of a block.
//
// All time is spent in the products of two rows and two columns (dsp_pairs.h).
// One row alone takes its bytes from the cache as they lie there, 19
// instructions for 16 products.
#ifndef FOVEA_PORT_CORTEX_M_INTEGER_DSP_H_
#define FOVEA_PORT_CORTEX_M_INTEGER_DSP_H_

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "fovea/kernels/integer_block.h"
#include "fovea/kernels/integer_math.h"
#include "port/cortex_m/dsp_pairs.h"
#include "port/cortex_m/dsp_words.h"

namespace fovea {
namespace integer {
inline namespace FOVEA_INTEGER_NAMESPACE {
namespace dsp {

using namespace dsp_words;

// Four columns of 4 * steps tokens, `stride` apart, as two pairs of columns,
// the second one a half of the memory for columns behind the first.
[[gnu::naked, gnu::noinline]] inline void TransposeFours(const int8_t* /*from*/,
                                                         size_t /*stride*/,
                                                         size_t /*steps*/,
                                                         uint32_t* /*pairs*/) {
  __asm__ volatile(
      "push {r4-r11, lr}\n"
      "add lr, r1, r1, lsl #1\n"
      "0:\n"
      "ldr r4, [r0]\n"
      "ldr r5, [r0, r1]\n"
      "ldr r6, [r0, r1, lsl #1]\n"
      "ldr r7, [r0, lr]\n"
      "add r0, r0, r1, lsl #2\n"
      "sxtb16 r8, r4\n"
      "sxtb16 r9, r5\n"
      "sxtb16 r10, r6\n"
      "sxtb16 r11, r7\n"
      "sxtb16 r4, r4, ror #8\n"
      "sxtb16 r5, r5, ror #8\n"
      "sxtb16 r6, r6, ror #8\n"
      "sxtb16 r7, r7, ror #8\n"
      "pkhtb r12, r10, r8, asr #16\n"
      "pkhbt r8, r8, r10, lsl #16\n"
      "pkhtb r10, r11, r9, asr #16\n"
      "pkhbt r9, r9, r11, lsl #16\n"
      "strd r12, r10, [r3, #256]\n"
      "strd r8, r9, [r3], #8\n"
      "pkhtb r12, r6, r4, asr #16\n"
      "pkhbt r4, r4, r6, lsl #16\n"
      "pkhtb r6, r7, r5, asr #16\n"
      "pkhbt r5, r5, r7, lsl #16\n"
      "strd r12, r6, [r3, #256]\n"
      "strd r4, r5, [r3], #8\n"
      "subs r2, r2, #1\n"
      "bne 0b\n"
      "pop {r4-r11, pc}\n");
}
static_assert(kMaxSteps * kStepWords * sizeof(uint32_t) == 256,
              "the 256 above are half of the memory for columns");

// kPowers as PowerOf takes them.  Firmware that is compiled to be small shifts
// its entries: 256 bytes less for 11 instructions a score.
#ifdef __OPTIMIZE_SIZE__
inline namespace small {
using Power = uint16_t;
constexpr const Power* PowerEntries() { return kPowers; }
#define FOVEA_DSP_POWER          \
  "ldrh lr, [r10, lr, lsl #1]\n" \
  "lsl lr, lr, #16\n"
#else
inline namespace fast {
using Power = uint32_t;
struct PowerTable {
  Power entries[kSteps];
};
constexpr PowerTable MakePowerTable() {
  PowerTable table{};
  for (size_t i = 0; i < kSteps; ++i) {
    table.entries[i] = Power{kPowers[i]} << 16;
  }
  return table;
}
constexpr PowerTable kPowerTable = MakePowerTable();
constexpr const Power* PowerEntries() { return kPowerTable.entries; }
#define FOVEA_DSP_POWER "ldr lr, [r10, lr, lsl #2]\n"
#endif
}  // namespace small, or fast: firmware may have files of both kinds

// Scores up to `end`, four a step, become weights: subtract, scale, saturate,
// look up, shift, round, 10 instructions a score with all loads and stores.
// (Shifts by a register take its lower byte: 31 octaves at most.)  `top` is the
// row's maximum times 128 and half a step.  Returns the sum of the weights.
#define FOVEA_DSP_WEIGHT(score)                                                \
  "sub " score ", r3, " score                                                  \
  ", lsl #7\n"                                                                 \
  "umull lr, " score ", " score                                                \
  ", r9\n"                                                                     \
  "usat " score ", #11, " score                                                \
  "\n"                                                                         \
  "and lr, " score                                                             \
  ", #63\n"                                                                    \
  "lsr " score ", " score ", #6\n" FOVEA_DSP_POWER "lsr " score ", lr, " score \
  "\n"                                                                         \
  "add " score ", " score ", #0x8000\n"
#define FOVEA_DSP_WEIGH(stride) \
  "push {r4-r11, lr}\n"                   \
  "ldrd r9, r10, [sp, #36]\n"             \
  "mov r11, #0x00010001\n"                \
  "mov r8, #0\n"                          \
  "0:\n"                                  \
  "ldmia r0!, {r4, r5, r6, r7}\n"         \
  FOVEA_DSP_WEIGHT("r4")                  \
  FOVEA_DSP_WEIGHT("r5")                  \
  FOVEA_DSP_WEIGHT("r6")                  \
  FOVEA_DSP_WEIGHT("r7")                  \
  "pkhtb r4, r6, r4, asr #16\n"           \
  "pkhtb r5, r7, r5, asr #16\n"           \
  "smlad r8, r4, r11, r8\n"               \
  "smlad r8, r5, r11, r8\n"               \
  "strd r4, r5, [r1], #" stride "\n"      \
  "cmp r0, r2\n"                          \
  "bne 0b\n"                              \
  "mov r0, r8\n"                          \
  "pop {r4-r11, pc}\n"
[[gnu::naked, gnu::noinline]] inline int32_t WeighPair(
    const int32_t* /*scores*/, uint32_t* /*weights*/, const int32_t* /*end*/,
    uint32_t /*top*/, uint32_t /*multiplier*/, const Power* /*powers*/) {
  __asm__ volatile(FOVEA_DSP_WEIGH("16"));
}
[[gnu::naked, gnu::noinline]] inline int32_t WeighRow(
    const int32_t* /*scores*/, uint32_t* /*weights*/, const int32_t* /*end*/,
    uint32_t /*top*/, uint32_t /*multiplier*/, const Power* /*powers*/) {
  __asm__ volatile(FOVEA_DSP_WEIGH("8"));
}
#undef FOVEA_DSP_WEIGH
#undef FOVEA_DSP_WEIGHT
#undef FOVEA_DSP_POWER

// The largest of 4 * fours scores and `most`: a new maximum is rare.
inline int32_t LargestOfFours(const int32_t* scores, size_t fours,
                              int32_t most) {
  const int32_t* end = scores + 4 * fours;
  if (fours == 0) return most;
  __asm__ volatile(
      "0:\n"
      "ldmia %[from]!, {r4, r5, r6, r8}\n"
      "cmp r4, %[most]\n"
      "bgt 1f\n"
      "2:\n"
      "cmp r5, %[most]\n"
      "bgt 3f\n"
      "4:\n"
      "cmp r6, %[most]\n"
      "bgt 5f\n"
      "6:\n"
      "cmp r8, %[most]\n"
      "it gt\n"
      "movgt %[most], r8\n"
      "cmp %[from], %[end]\n"
      "bne 0b\n"
      "b 7f\n"
      "1: mov %[most], r4\n"
      "b 2b\n"
      "3: mov %[most], r5\n"
      "b 4b\n"
      "5: mov %[most], r6\n"
      "b 6b\n"
      "7:\n"
      : [from] "+r"(scores), [most] "+r"(most)
      : [end] "r"(end)
      : "r4", "r5", "r6", "r8", "cc", "memory");
  return most;
}

}  // namespace dsp

struct DspLeaf {
  template <class S>
  struct Scratch {
    static constexpr bool kPairs = S::kRows > 1;
    static constexpr size_t kOutputs =
        kPairs ? S::kRows * RoundUp(S::kValueDim, 2) : RoundUp(S::kValueDim, 4);
    // Of a pair: its start, then [step][row][even, odd]; of a lone row [step]
    // [even, odd].
    static constexpr size_t kQueryWords =
        S::kQuads * (kPairs ? S::kRows / 2 * dsp::kStepWords : 2);
    static constexpr size_t kWeightWords =
        kPairs ? S::kRows / 2 *
                     (dsp::kStartWords + dsp::kMaxSteps * dsp::kStepWords)
               : 2 * dsp::kMaxSteps;
    // Two columns of values twice, or two keys.
    static constexpr size_t kColumnWords =
        dsp::kStepWords *
        (S::kQuads > 2 * dsp::kMaxSteps ? S::kQuads : 2 * dsp::kMaxSteps);
    alignas(8) uint32_t queries[kQueryWords];
    alignas(8) uint32_t weights[kWeightWords];
    alignas(8) uint32_t columns[kColumnWords];
  };
  template <class S>
  using Memory = Scratch<typename S::Sizes>;

  template <class S>
  static constexpr bool kPairs = S::kRows > 1;

  // MultiplyHigh of an output shifted to the left, which can be doubled then.
  static int32_t MultiplyOutput(int32_t output, int32_t left,
                                int32_t by) noexcept {
    int32_t to;
    const int32_t doubled = output * (1 << (left + 1));
    __asm__("smmulr %0, %1, %2" : "=r"(to) : "r"(doubled), "r"(by));
    return to;
  }
  static int8_t Clamp(int32_t x) noexcept {
    int32_t to;
    __asm__("ssat %0, #8, %1" : "=r"(to) : "r"(x));
    return static_cast<int8_t>(to);
  }

  // All of them: rows lie in turn.
  template <class S>
  static void ClearOutputs(size_t /*rows*/, int32_t* output) noexcept {
    for (size_t i = 0; i < Memory<S>::kOutputs; ++i) output[i] = 0;
  }

  template <class S>
  static void CorrectOutputs(int32_t correction, size_t row,
                             int32_t* output) noexcept {
    ForOutputs<S>(output, row, [&](size_t, int32_t& x) {
      x = MultiplyOutput(x, 0, correction);
    });
  }
  template <class S>
  static void StoreOutputs(const int32_t* output, size_t row,
                           const RowScale& scale, int32_t zero,
                           int8_t* to) noexcept {
    ForOutputs<S>(output, row, [&](size_t column, int32_t x) {
      to[column] = Requantise<DspLeaf>(x, scale, zero);
    });
  }

  template <class S>
  static void LoadQuery(const int8_t* q, int32_t zero, size_t row,
                        Memory<S>& scratch) noexcept {
    constexpr size_t kStep = kPairs<S> ? dsp::kStepWords : 2;
    uint32_t* to = scratch.queries;
    if (kPairs<S>) {
      to += row / 2 * S::kQuads * dsp::kStepWords + row % 2 * 2;
    }
    const uint32_t zeros = dsp::Twice(zero);
    for (size_t quad = 0; quad < S::kQuads; ++quad) {
      const uint32_t word = WordOfRow<S::kHeadDim>(q, quad);
      to[quad * kStep] = dsp::Subtract(dsp::Even(word), zeros);
      to[quad * kStep + 1] = dsp::Subtract(dsp::Odd(word), zeros);
    }
  }

  template <class S>
  static void Score(const Tile& tile, size_t rows, Memory<S>& scratch,
                    int32_t (*scores)[kTile]) noexcept {
    if constexpr (kPairs<S>) {
      const uint32_t* end =
          scratch.queries + (rows + 1) / 2 * S::kQuads * dsp::kStepWords;
      for (size_t key = 0; key < tile.count; key += 2) {
        UnpackKeys<S>(tile, key, scratch.columns);
        dsp::ScorePairs<(S::kQuads > dsp::kMaxSteps)>(
            scratch.queries, scratch.columns, scores[0] + key, S::kQuads, end);
      }
    } else if constexpr (S::kCached) {
      for (size_t key = 0; key < tile.count; key += 4) {
        int32_t sums[4] = {};
        dsp::AddFourColumns<int{4 * kPanel}>(
            scratch.queries,
            tile.keys + key / kPanel * kPanel * 4 * S::kQuads +
                key % kPanel * 4,
            S::kQuads, sums);
        std::memcpy(scores[0] + key, sums, sizeof(sums));
      }
    } else {
      for (size_t key = 0; key < tile.count; ++key) {
        const int8_t* row = tile.keys + key * tile.key_stride;
        int32_t sum = 0;
        for (size_t quad = 0; quad < S::kQuads; ++quad) {
          const uint32_t word = WordOfRow<S::kHeadDim>(row, quad);
          sum =
              dsp::AddProducts(dsp::Even(word), scratch.queries[2 * quad], sum);
          sum = dsp::AddProducts(dsp::Odd(word), scratch.queries[2 * quad + 1],
                                 sum);
        }
        scores[0][key] = sum;
      }
    }
  }

  static int32_t Largest(const int32_t* scores, size_t count) noexcept {
    const size_t fours = count / 4;
    int32_t most = dsp::LargestOfFours(scores, fours, scores[0]);
    for (size_t i = 4 * fours; i < count; ++i) {
      most = scores[i] > most ? scores[i] : most;
    }
    return most;
  }

  template <class S>
  static int32_t Weigh(const int32_t* scores, int32_t most,
                       const ScoreScale& scale, size_t visible, size_t count,
                       size_t row, Memory<S>& scratch) noexcept {
    constexpr size_t kStep = kPairs<S> ? dsp::kStepWords : 2;
    uint32_t* to = WeightsOf<S>(row, count, scratch);
    const size_t fours = visible / 4, rest = visible % 4;
    int32_t sum = 0;
    if (fours > 0) {
      const uint32_t top = (static_cast<uint32_t>(most) << 7) + scale.half;
      const int32_t* end = scores + 4 * fours;
      const dsp::Power* powers = dsp::PowerEntries();
      if constexpr (kPairs<S>) {
        sum = dsp::WeighPair(scores, to, end, top, scale.multiplier, powers);
      } else {
        sum = dsp::WeighRow(scores, to, end, top, scale.multiplier, powers);
      }
    }
    const size_t steps = (count + 3) / 4;
    if (fours == steps) return sum;
    scores += 4 * fours, to += kStep * fours;
    uint32_t weights[4] = {};
    for (size_t i = 0; i < rest; ++i) {
      const int32_t weight = WeightOf(StepsBelow(most, scores[i], scale));
      weights[i] = static_cast<uint32_t>(weight);
      sum += weight;
    }
    to[0] = dsp::Lower(weights[0], weights[2]);
    to[1] = dsp::Lower(weights[1], weights[3]);
    for (size_t step = fours + 1; step < steps; ++step) {
      to += kStep;
      to[0] = to[1] = 0;
    }
    return sum;
  }

  template <class S>
  static void Hide(size_t key, size_t row, size_t count,
                   Memory<S>& scratch) noexcept {
    constexpr size_t kStep = kPairs<S> ? dsp::kStepWords : 2;
    WeightsOf<S>(row, count, scratch)[key / 4 * kStep + key % 2] &=
        key % 4 < 2 ? 0xffff0000u : 0xffffu;
  }

  template <class S>
  static void Accumulate(const Tile& tile, size_t rows, const RowState* states,
                         Memory<S>& scratch, int32_t* output) noexcept {
    const size_t steps = (tile.count + 3) / 4;
    if constexpr (kPairs<S>) {
      const size_t pair = dsp::kStartWords + steps * dsp::kStepWords;
      const size_t pairs = (rows + 1) / 2;
      for (size_t row = 0; row < rows; ++row) {
        scratch.weights[row / 2 * pair + row % 2] =
            static_cast<uint32_t>(states[row].product);
      }
      constexpr size_t kHalf = dsp::kMaxSteps * dsp::kStepWords;
      for (size_t column = 0; column < S::kValueDim; column += 4) {
        UnpackValues<S>(tile, column, steps, scratch.columns,
                        scratch.columns + kHalf);
        for (size_t half = 0; half < 2 && column + 2 * half < S::kValueDim;
             ++half) {
          dsp::AccumulatePairs(scratch.weights, scratch.columns + half * kHalf,
                               output + (column / 2 + half) * 2 * S::kRows,
                               steps, scratch.weights + pairs * pair);
        }
      }
    } else {
      for (size_t column = 0; column < S::kValueDim; column += 4) {
        int32_t sums[4] = {states[0].product, states[0].product,
                           states[0].product, states[0].product};
        if constexpr (S::kCached && S::kValueDim % 4 == 0) {
          dsp::AddFourColumns<int{4 * S::kValueDim}>(
              scratch.weights, tile.values + 4 * column, steps, sums);
        } else {
          AddColumns<S>(tile, column, steps, scratch.weights, sums);
        }
        for (size_t i = 0; i < 4; ++i) output[column + i] += sums[i] >> 9;
      }
    }
  }

 private:
  // f(column, output) for each output of a row, which f may change: four
  // outputs lie together for two rows and two columns.
  template <class S, class T, class F>
  static void ForOutputs(T* output, size_t row, const F& f) {
    constexpr size_t kNext = kPairs<S> ? 2 * S::kRows : 2;
    if (kPairs<S>) output += row / 2 * 4 + row % 2 * 2;
    for (size_t column = 0; column < S::kValueDim; column += 2) {
      f(column, output[0]);
      if (column + 1 < S::kValueDim) f(column + 1, output[1]);
      output += kNext;
    }
  }

  // Entries 4 * quad to 4 * quad + 3 of a row of kCount, 0 beyond it.
  template <size_t kCount>
  static uint32_t WordOfRow(const int8_t* row, size_t quad) noexcept {
    if (kCount % 4 != 0 && quad == kCount / 4) {
      return dsp::LoadPart(row + 4 * quad, kCount % 4);
    }
    return dsp::LoadWord(row + 4 * quad);
  }

  template <class S>
  static uint32_t* WeightsOf(size_t row, size_t count,
                             Memory<S>& scratch) noexcept {
    if (!kPairs<S>) return scratch.weights;
    const size_t steps = (count + 3) / 4;
    return scratch.weights +
           row / 2 * (dsp::kStartWords + steps * dsp::kStepWords) +
           dsp::kStartWords + row % 2 * 2;
  }

// The words in r4 and r6 as a step of two columns.
#define FOVEA_DSP_UNPACK    \
  "sxtb16 r3, r4\n"         \
  "sxtb16 r4, r4, ror #8\n" \
  "sxtb16 r5, r6\n"         \
  "sxtb16 r6, r6, ror #8\n" \
  "stmia %[to]!, {r3, r4, r5, r6}\n"

  // Keys `key` and the next as a pair of columns; of the last one twice.
  template <class S>
  static void UnpackKeys(const Tile& tile, size_t key, uint32_t* to) noexcept {
    const size_t next = key + 1 < tile.count ? key + 1 : key;
    const int8_t* a = tile.keys + key * tile.key_stride;
    const int8_t* b = tile.keys + next * tile.key_stride;
    if (S::kCached) {
      a = tile.keys + key / kPanel * kPanel * 4 * S::kQuads + key % kPanel * 4;
    }
    constexpr size_t kWhole = S::kCached ? S::kQuads : S::kHeadDim / 4;
    for (size_t quad = 0; quad < kWhole; ++quad) {
      if (S::kCached) {
        __asm__ volatile("ldrd r4, r6, [%[a]], %[stride]\n"  //
                         FOVEA_DSP_UNPACK
                         : [a] "+r"(a), [to] "+r"(to)
                         : [stride] "i"(4 * kPanel)
                         : "r3", "r4", "r5", "r6", "memory");
      } else {
        __asm__ volatile(
            "ldr r4, [%[a]], #4\n"
            "ldr r6, [%[b]], #4\n"  //
            FOVEA_DSP_UNPACK
            : [a] "+r"(a), [b] "+r"(b), [to] "+r"(to)
            :
            : "r3", "r4", "r5", "r6", "memory");
      }
    }
    if (kWhole < S::kQuads) {
      const uint32_t x = dsp::LoadPart(a, S::kHeadDim % 4);
      const uint32_t y = dsp::LoadPart(b, S::kHeadDim % 4);
      to[0] = dsp::Even(x), to[1] = dsp::Odd(x);
      to[2] = dsp::Even(y), to[3] = dsp::Odd(y);
    }
  }

  // Four columns of values as two pairs, of which the second may be none.
  template <class S>
  static void UnpackValues(const Tile& tile, size_t column, size_t steps,
                           uint32_t* first, uint32_t* second) noexcept {
    if (!S::kCached && column + 4 <= S::kValueDim) {
      const int8_t* from = tile.values + column;
      const size_t whole = tile.count / 4;
      if (whole > 0) {
        dsp::TransposeFours(from, tile.value_stride, whole, first);
      }
      if (whole < steps) {
        TransposeFour(from + 4 * whole * tile.value_stride, tile.value_stride,
                      tile.count % 4, first + whole * dsp::kStepWords,
                      second + whole * dsp::kStepWords);
      }
      return;
    }
    for (size_t step = 0; step < steps; ++step) {
      for (size_t i = 0; i < 4 && column + i < S::kValueDim; ++i) {
        const uint32_t word = FourTokens<S>(tile, step, column + i);
        uint32_t* to = (i < 2 ? first : second) + step * dsp::kStepWords;
        to[i % 2 * 2] = dsp::Even(word), to[i % 2 * 2 + 1] = dsp::Odd(word);
      }
    }
  }

  // Tokens 4 * step to 4 * step + 3 of one column.
  template <class S>
  static uint32_t FourTokens(const Tile& tile, size_t step,
                             size_t column) noexcept {
    if (S::kCached) {
      return dsp::LoadWord(tile.values + (step * S::kValueDim + column) * 4);
    }
    uint32_t word = 0;
    for (size_t i = 0; i < 4 && 4 * step + i < tile.count; ++i) {
      const int8_t entry =
          tile.values[(4 * step + i) * tile.value_stride + column];
      word |= uint32_t{static_cast<uint8_t>(entry)} << (8 * i);
    }
    return word;
  }

  // Four columns of up to four tokens, of which one is there.  The weights of
  // tokens that are not are 0.
  static void TransposeFour(const int8_t* from, size_t stride, size_t count,
                            uint32_t* first, uint32_t* second) noexcept {
    const uint32_t a = dsp::LoadWord(from);
    const uint32_t b = count > 1 ? dsp::LoadWord(from + stride) : 0;
    const uint32_t c = count > 2 ? dsp::LoadWord(from + 2 * stride) : 0;
    const uint32_t d = count > 3 ? dsp::LoadWord(from + 3 * stride) : 0;
    const uint32_t even_a = dsp::Even(a), odd_a = dsp::Odd(a);
    const uint32_t even_b = dsp::Even(b), odd_b = dsp::Odd(b);
    const uint32_t even_c = dsp::Even(c), odd_c = dsp::Odd(c);
    const uint32_t even_d = dsp::Even(d), odd_d = dsp::Odd(d);
    first[0] = dsp::Lower(even_a, even_c),
    first[1] = dsp::Lower(even_b, even_d);
    first[2] = dsp::Lower(odd_a, odd_c), first[3] = dsp::Lower(odd_b, odd_d);
    second[0] = dsp::Upper(even_a, even_c);
    second[1] = dsp::Upper(even_b, even_d);
    second[2] = dsp::Upper(odd_a, odd_c), second[3] = dsp::Upper(odd_b, odd_d);
  }

  // AddFourColumns of columns that do not lie so, as many as there are.
  template <class S>
  static void AddColumns(const Tile& tile, size_t column, size_t steps,
                         const uint32_t* weights, int32_t* sums) noexcept {
    for (size_t i = 0; i < 4 && column + i < S::kValueDim; ++i) {
      for (size_t step = 0; step < steps; ++step) {
        const uint32_t word = FourTokens<S>(tile, step, column + i);
        sums[i] = dsp::AddProducts(dsp::Even(word), weights[2 * step], sums[i]);
        sums[i] =
            dsp::AddProducts(dsp::Odd(word), weights[2 * step + 1], sums[i]);
      }
    }
  }
};

}  // namespace FOVEA_INTEGER_NAMESPACE
}  // namespace integer
}  // namespace fovea

#endif  // FOVEA_PORT_CORTEX_M_INTEGER_DSP_H_
