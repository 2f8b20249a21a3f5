// SPDX-License-Identifier: Apache-2.0
// The leaf of integer attention for Helium (M55, M85): VMLADAVA adds 16
// products of bytes to a register.  Weights are two bytes: 256 * high + low,
// both signed. Queries and keys multiply as they are; the queries' zero point
// takes the sum of a key's entries, once for all rows.
#ifndef FOVEA_PORT_CORTEX_M_INTEGER_HELIUM_H_
#define FOVEA_PORT_CORTEX_M_INTEGER_HELIUM_H_

#include <arm_mve.h>

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "fovea/kernels/integer_block.h"
#include "fovea/kernels/integer_math.h"

namespace fovea {
namespace integer {
inline namespace FOVEA_INTEGER_NAMESPACE {
namespace helium {

constexpr size_t kLanes = 16;
constexpr size_t kTileVecs = kTile / kLanes;

// The loops over rows are assembly: GCC 12 keeps no more than a few vectors in
// registers (4 heads, 128 tokens, dim 64: 0.50 instead of 0.30 instructions a
// multiply-add).

// Two keys of 64 entries each with `rows` queries: scores[0] and [1], and those
// of the next row (kTile further).  `first` and `add` begin a row's sums: from
// 0, or from `starts`.
#define FOVEA_HELIUM_SCORE_LONG(first, add)                               \
  __asm__ volatile(                                                       \
      "vldrb.8 q0, [%[k]]\n"                                              \
      "vldrb.8 q1, [%[k], #16]\n"                                         \
      "vldrb.8 q2, [%[k], #32]\n"                                         \
      "vldrb.8 q3, [%[k], #64]\n"                                         \
      "vldrb.8 q4, [%[k], #80]\n"                                         \
      "vldrb.8 q5, [%[k], #96]\n"                                         \
      "ldrd r5, r8, [%[starts]]\n"                                        \
      "dls lr, %[rows]\n"                                                 \
      "1:\n" first "vldrb.8 q6, [%[q]], #16\n" add " r4, q6, q0\n" add    \
      " r6, q6, q3\n"                                                     \
      "vldrb.8 q6, [%[q]], #16\n"                                         \
      "vmladava.s8 r4, q6, q1\n"                                          \
      "vmladava.s8 r6, q6, q4\n"                                          \
      "vldrb.8 q6, [%[q]], #16\n"                                         \
      "vmladava.s8 r4, q6, q2\n"                                          \
      "vmladava.s8 r6, q6, q5\n"                                          \
      "vldrb.8 q6, [%[q]], #16\n"                                         \
      "vldrb.8 q7, [%[k], #48]\n"                                         \
      "vmladava.s8 r4, q6, q7\n"                                          \
      "vldrb.8 q7, [%[k], #112]\n"                                        \
      "vmladava.s8 r6, q6, q7\n"                                          \
      "strd r4, r6, [%[to]], #256\n"                                      \
      "le lr, 1b\n"                                                       \
      : [q] "+r"(queries), [to] "+r"(scores)                              \
      : [k] "r"(keys), [starts] "r"(starts), [rows] "r"(rows)             \
      : "r4", "r5", "r6", "r8", "lr", "q0", "q1", "q2", "q3", "q4", "q5", \
        "q6", "q7", "memory")
// The same of 32 entries; the second key lies 64 bytes further too.
#define FOVEA_HELIUM_SCORE_SHORT(first, add)                           \
  __asm__ volatile(                                                    \
      "vldrb.8 q0, [%[k]]\n"                                           \
      "vldrb.8 q1, [%[k], #16]\n"                                      \
      "vldrb.8 q3, [%[k], #64]\n"                                      \
      "vldrb.8 q4, [%[k], #80]\n"                                      \
      "ldrd r5, r8, [%[starts]]\n"                                     \
      "dls lr, %[rows]\n"                                              \
      "1:\n" first "vldrb.8 q6, [%[q]], #16\n" add " r4, q6, q0\n" add \
      " r6, q6, q3\n"                                                  \
      "vldrb.8 q6, [%[q]], #16\n"                                      \
      "vmladava.s8 r4, q6, q1\n"                                       \
      "vmladava.s8 r6, q6, q4\n"                                       \
      "strd r4, r6, [%[to]], #256\n"                                   \
      "le lr, 1b\n"                                                    \
      : [q] "+r"(queries), [to] "+r"(scores)                           \
      : [k] "r"(keys), [starts] "r"(starts), [rows] "r"(rows)          \
      : "r4", "r5", "r6", "r8", "lr", "q0", "q1", "q3", "q4", "q6", "memory")

inline void ScoreLongKeys(const int8_t* queries, const int8_t* keys,
                          const int32_t* starts, size_t rows, int32_t* scores) {
  if (starts[0] == 0 && starts[1] == 0) {
    FOVEA_HELIUM_SCORE_LONG("", "vmladav.s8");
  } else {
    FOVEA_HELIUM_SCORE_LONG("mov r4, r5\n mov r6, r8\n", "vmladava.s8");
  }
}
inline void ScoreShortKeys(const int8_t* queries, const int8_t* keys,
                           const int32_t* starts, size_t rows,
                           int32_t* scores) {
  if (starts[0] == 0 && starts[1] == 0) {
    FOVEA_HELIUM_SCORE_SHORT("", "vmladav.s8");
  } else {
    FOVEA_HELIUM_SCORE_SHORT("mov r4, r5\n mov r6, r8\n", "vmladava.s8");
  }
}
#undef FOVEA_HELIUM_SCORE_LONG
#undef FOVEA_HELIUM_SCORE_SHORT
static_assert(kTile == 64, "the 256 above are a row of scores in bytes");

// Between the high products of two columns, r4 and r6, and the low ones; after
// those.  STRD adds no more than 1020 to an address.
#define FOVEA_HELIUM_FROM_HIGH \
  "ldr r5, [%[starts]], #12\n" \
  "add r4, r5, r4, lsl #8\n"   \
  "add r6, r5, r6, lsl #8\n"
#define FOVEA_HELIUM_JOIN              \
  "ldrd r5, r8, [%[o]]\n"              \
  "add r5, r5, r4, asr #9\n"           \
  "add r8, r8, r6, asr #9\n"           \
  ".if %c[stride] <= 1020\n"           \
  "strd r5, r8, [%[o]], #%c[stride]\n" \
  ".else\n"                            \
  "strd r5, r8, [%[o]]\n"              \
  "add %[o], %[o], #%c[stride]\n"      \
  ".endif\n"                           \
  "le lr, 1b\n"

// Two columns of 64 tokens with the weights of `rows` rows, 64 high bytes and
// 64 low ones.  The high products come first: times 256, and with the row's
// start, they are what the low ones join.
template <int kStride>
void AccumulateTwo(const int8_t* values, const int8_t* weights,
                   const RowState* states, size_t rows, int32_t* outputs) {
  const int32_t* starts = &states->product;
  __asm__ volatile(
      "vldrb.8 q0, [%[v]]\n"
      "vldrb.8 q1, [%[v], #16]\n"
      "vldrb.8 q2, [%[v], #32]\n"
      "vldrb.8 q3, [%[v], #64]\n"
      "vldrb.8 q4, [%[v], #80]\n"
      "vldrb.8 q5, [%[v], #96]\n"
      "dls lr, %[rows]\n"
      "1:\n"
      "vldrb.8 q6, [%[w]], #16\n"
      "vmladav.s8 r4, q6, q0\n"
      "vmladav.s8 r6, q6, q3\n"
      "vldrb.8 q6, [%[w]], #16\n"
      "vmladava.s8 r4, q6, q1\n"
      "vmladava.s8 r6, q6, q4\n"
      "vldrb.8 q6, [%[w]], #16\n"
      "vmladava.s8 r4, q6, q2\n"
      "vmladava.s8 r6, q6, q5\n"
      "vldrb.8 q6, [%[w]], #16\n"
      "vldrb.8 q7, [%[v], #48]\n"
      "vmladava.s8 r4, q6, q7\n"
      "vldrb.8 q7, [%[v], #112]\n"
      "vmladava.s8 r6, q6, q7\n" FOVEA_HELIUM_FROM_HIGH
      "vldrb.8 q6, [%[w]], #16\n"
      "vmladava.s8 r4, q6, q0\n"
      "vmladava.s8 r6, q6, q3\n"
      "vldrb.8 q6, [%[w]], #16\n"
      "vmladava.s8 r4, q6, q1\n"
      "vmladava.s8 r6, q6, q4\n"
      "vldrb.8 q6, [%[w]], #16\n"
      "vmladava.s8 r4, q6, q2\n"
      "vmladava.s8 r6, q6, q5\n"
      "vldrb.8 q6, [%[w]], #16\n"
      "vmladava.s8 r6, q6, q7\n"
      "vldrb.8 q7, [%[v], #48]\n"
      "vmladava.s8 r4, q6, q7\n" FOVEA_HELIUM_JOIN
      : [w] "+r"(weights), [starts] "+r"(starts), [o] "+r"(outputs)
      : [v] "r"(values), [rows] "r"(rows), [stride] "i"(kStride)
      : "r4", "r5", "r6", "r8", "lr", "q0", "q1", "q2", "q3", "q4", "q5", "q6",
        "q7", "memory");
}
static_assert(sizeof(RowState) == 12 && kOutputShift == 9, "12 and 9 above");

// The same of up to 32 tokens; 64 high bytes and 64 low ones all the same.
template <int kStride>
void AccumulateTwoShort(const int8_t* values, const int8_t* weights,
                        const RowState* states, size_t rows, int32_t* outputs) {
  const int32_t* starts = &states->product;
  __asm__ volatile(
      "vldrb.8 q0, [%[v]]\n"
      "vldrb.8 q1, [%[v], #16]\n"
      "vldrb.8 q3, [%[v], #64]\n"
      "vldrb.8 q4, [%[v], #80]\n"
      "dls lr, %[rows]\n"
      "1:\n"
      "vldrb.8 q6, [%[w], #16]\n"
      "vmladav.s8 r4, q6, q1\n"
      "vmladav.s8 r6, q6, q4\n"
      "vldrb.8 q6, [%[w]], #64\n"
      "vmladava.s8 r4, q6, q0\n"
      "vmladava.s8 r6, q6, q3\n" FOVEA_HELIUM_FROM_HIGH
      "vldrb.8 q6, [%[w], #16]\n"
      "vmladava.s8 r4, q6, q1\n"
      "vmladava.s8 r6, q6, q4\n"
      "vldrb.8 q6, [%[w]], #64\n"
      "vmladava.s8 r4, q6, q0\n"
      "vmladava.s8 r6, q6, q3\n" FOVEA_HELIUM_JOIN
      : [w] "+r"(weights), [starts] "+r"(starts), [o] "+r"(outputs)
      : [v] "r"(values), [rows] "r"(rows), [stride] "i"(kStride)
      : "r4", "r5", "r6", "r8", "lr", "q0", "q1", "q3", "q4", "q6", "memory");
}
#undef FOVEA_HELIUM_FROM_HIGH
#undef FOVEA_HELIUM_JOIN

// `vecs` vectors of four, 1 or more, become 0.
inline void ClearVecs(int32_t* to, size_t vecs) {
  __asm__ volatile(
      "vmov.i32 q0, #0\n"
      "dls lr, %[vecs]\n"
      "1:\n"
      "vstrw.32 q0, [%[to]], #16\n"
      "le lr, 1b\n"
      : [to] "+r"(to)
      : [vecs] "r"(vecs)
      : "lr", "q0", "memory");
}

// The largest of `count` scores, 1 or more.
inline int32_t LargestOf(const int32_t* scores, size_t count) {
  int32_t most = scores[0];
  __asm__ volatile(
      "dlstp.32 lr, %[count]\n"
      "1:\n"
      "vldrw.32 q0, [%[from]], #16\n"
      "vmaxv.s32 %[most], q0\n"
      "letp lr, 1b\n"
      : [from] "+r"(scores), [most] "+r"(most)
      : [count] "r"(count)
      : "lr", "q0", "memory");
  return most;
}

// The weights of steps in q0, into q2.  Firmware that is compiled to be small
// shifts kPowers, rounding as WeightOf does: 2 KB of flash less for 15 instead
// of 11 instructions in four weights.
#ifdef __OPTIMIZE_SIZE__
inline namespace small {
constexpr uint32_t kMostSteps = kFarthest;
constexpr const uint16_t* WeightEntries() { return kPowers; }
#define FOVEA_HELIUM_WEIGHTS                \
  "vand q1, q0, q7\n"                       \
  "vshr.u32 q0, q0, #6\n"                   \
  "vneg.s32 q0, q0\n"                       \
  "vldrh.u32 q2, [%[table], q1, uxtw #1]\n" \
  "vrshl.u32 q2, q2, q0\n"
#else
inline namespace fast {
// The weight of every step, and 0 for those of 16 octaves and more.
constexpr uint32_t kMostSteps = 16 * kSteps;
struct WeightTable {
  uint16_t entries[kMostSteps + 1];
};
constexpr WeightTable MakeWeightTable() {
  WeightTable table{};
  for (uint32_t i = 0; i <= kMostSteps; ++i) {
    table.entries[i] = static_cast<uint16_t>(WeightOf(i));
  }
  return table;
}
constexpr WeightTable kWeightTable = MakeWeightTable();
constexpr const uint16_t* WeightEntries() { return kWeightTable.entries; }
#define FOVEA_HELIUM_WEIGHTS "vldrh.u32 q2, [%[table], q0, uxtw #1]\n"
#endif

// The weights of `count` scores, 1 or more, and their sum.  `top` is the row's
// maximum times 128 and half a step.
inline int32_t WeighScores(const int32_t* scores, size_t count, uint32_t top,
                           uint32_t multiplier, const uint16_t* table,
                           int8_t* high, int8_t* low) {
  uint32_t sum = 0;
  __asm__ volatile(
      "vdup.32 q4, %[top]\n"
      "vdup.32 q5, %[by]\n"
      "vdup.32 q6, %[most]\n"
      "vmov.i32 q7, #63\n"
      "dlstp.32 lr, %[count]\n"
      "1:\n"
      "vldrw.32 q0, [%[from]], #16\n"
      "vshl.i32 q0, q0, #7\n"
      "vsub.i32 q0, q4, q0\n"
      "vmulh.u32 q0, q0, q5\n"
      "vmin.u32 q0, q0, q6\n" FOVEA_HELIUM_WEIGHTS
      "vaddva.u32 %[sum], q2\n"
      "vstrb.32 q2, [%[low]], #4\n"
      "vrshr.s32 q2, q2, #8\n"
      "vstrb.32 q2, [%[high]], #4\n"
      "letp lr, 1b\n"
      :
      [from] "+r"(scores), [high] "+l"(high), [low] "+l"(low), [sum] "+Te"(sum)
      : [count] "r"(count), [top] "r"(top), [by] "r"(multiplier),
        [most] "r"(kMostSteps), [table] "r"(table)
      : "lr", "q0", "q1", "q2", "q4", "q5", "q6", "q7", "memory");
  return static_cast<int32_t>(sum);
}
#undef FOVEA_HELIUM_WEIGHTS
}  // namespace small, or fast: firmware may have files of both kinds
static_assert(kSteps == 64, "the 63 above and the 6");

// One query of up to 32 entries with `keys` keys of a panel, 1 to 16.  `centre`
// takes the query's zero point off: times the sum of a key's entries.
#define FOVEA_HELIUM_SCORE_PANEL(centre)                   \
  __asm__ volatile(                                        \
      "vldrb.8 q0, [%[q]]\n"                               \
      "vldrb.8 q1, [%[q], #16]\n"                          \
      "mov r4, #0\n"                                       \
      "vidup.u32 q4, r4, #1\n"                             \
      "vshl.i32 q4, q4, #6\n"                              \
      "mov r4, #256\n"                                     \
      "vadd.i32 q5, q4, r4\n"                              \
      "dls lr, %[keys]\n"                                  \
      "1:\n"                                               \
      "vldrw.u32 q2, [%[k], q4]\n"                         \
      "vldrw.u32 q3, [%[k], q5]\n"                         \
      "vmladav.s8 r4, q0, q2\n"                            \
      "vmladava.s8 r4, q1, q3\n" centre                    \
      "add %[k], %[k], #4\n"                               \
      "str r4, [%[to]], #4\n"                              \
      "le lr, 1b\n"                                        \
      : [k] "+r"(panel), [to] "+r"(scores)                 \
      : [q] "r"(query), [zero] "r"(zero), [keys] "r"(keys) \
      : "r4", "r6", "lr", "q0", "q1", "q2", "q3", "q4", "q5", "memory")
inline void ScorePanel(const int8_t* query, int32_t zero, const int8_t* panel,
                       size_t keys, int32_t* scores) {
  if (zero == 0) {
    FOVEA_HELIUM_SCORE_PANEL("");
  } else {
    FOVEA_HELIUM_SCORE_PANEL(
        "vaddv.s8 r6, q2\n vaddva.s8 r6, q3\n mls r4, r6, %[zero], r4\n");
  }
}
#undef FOVEA_HELIUM_SCORE_PANEL
static_assert(kPanel == 16, "64 bytes from one group of dims to the next");

// Pairs of columns of a cache's values, 64 tokens, with one row's weights.
// `groups`: bytes from one group of four tokens to the next.
inline void AccumulateRowOfTile(const int8_t* values, const int8_t* weights,
                                uint32_t groups, size_t pairs, int32_t start,
                                int32_t* outputs) {
  __asm__ volatile(
      "mov r4, #0\n"
      "vidup.u32 q5, r4, #1\n"
      "vmul.i32 q5, q5, %[groups]\n"
      "vadd.i32 q5, q5, %[v]\n"
      "lsl %[groups], %[groups], #2\n"
      "mov r5, #8\n"
      "dls lr, %[pairs]\n"
      "1:\n"
      "vmov q4, q5\n"
      "mov r8, %[start]\n"
      "mov r10, %[start]\n"
      "vldrw.u32 q0, [q4]\n"
      "vldrw.u32 q1, [q4, #4]\n"
      "vldrb.8 q2, [%[w], #64]\n"
      "vldrb.8 q3, [%[w]]\n"
      "vmladav.s8 r4, q3, q0\n"
      "vmladav.s8 r6, q3, q1\n"
      "vmladava.s8 r8, q2, q0\n"
      "vmladava.s8 r10, q2, q1\n"
#define FOVEA_HELIUM_STEP(high, low) \
  "vadd.i32 q4, q4, %[groups]\n"     \
  "vldrw.u32 q0, [q4]\n"             \
  "vldrw.u32 q1, [q4, #4]\n"         \
  "vldrb.8 q2, [%[w], #" low         \
  "]\n"                              \
  "vldrb.8 q3, [%[w], #" high        \
  "]\n"                              \
  "vmladava.s8 r4, q3, q0\n"         \
  "vmladava.s8 r6, q3, q1\n"         \
  "vmladava.s8 r8, q2, q0\n"         \
  "vmladava.s8 r10, q2, q1\n"
      FOVEA_HELIUM_STEP("16", "80") FOVEA_HELIUM_STEP("32", "96")
          FOVEA_HELIUM_STEP("48", "112")
#undef FOVEA_HELIUM_STEP
              "vadd.i32 q5, q5, r5\n"
              "add r8, r8, r4, lsl #8\n"
              "add r10, r10, r6, lsl #8\n"
              "ldrd r4, r6, [%[o]]\n"
              "add r4, r4, r8, asr #9\n"
              "add r6, r6, r10, asr #9\n"
              "strd r4, r6, [%[o]], #8\n"
              "le lr, 1b\n"
      : [groups] "+r"(groups), [o] "+r"(outputs)
      :
      [v] "r"(values), [w] "r"(weights), [pairs] "r"(pairs), [start] "r"(start)
      : "r4", "r5", "r6", "r8", "r10", "lr", "q0", "q1", "q2", "q3", "q4", "q5",
        "memory");
}

}  // namespace helium

struct HeliumLeaf {
  template <class S>
  struct Scratch {
    static constexpr size_t kColumns = RoundUp(S::kValueDim, 4);
    static constexpr size_t kOutputs = S::kRows * kColumns;
    alignas(16) int8_t queries[S::kRows][RoundUp(S::kHeadDim, helium::kLanes)];
    int32_t query_zero;
    struct Weights {
      int8_t high[kTile], low[kTile];
    };
    alignas(16) Weights weights[S::kRows];
    alignas(16) int8_t values[2][kTile];  // of two columns, or two short keys
  };
  template <class S>
  using Memory = Scratch<typename S::Sizes>;

  template <class S>
  static void LoadQuery(const int8_t* q, int32_t zero, size_t row,
                        Memory<S>& scratch) noexcept {
    int8_t* to = scratch.queries[row];
    size_t i = 0;
    for (; i + helium::kLanes <= S::kHeadDim; i += helium::kLanes) {
      vstrbq_s8(to + i, vldrbq_s8(q + i));
    }
    if (i < S::kHeadDim) {
      const mve_pred16_t some = vctp8q(uint32_t{S::kHeadDim % helium::kLanes});
      vstrbq_s8(to + i, vldrbq_z_s8(q + i, some));
    }
    scratch.query_zero = zero;
  }

  template <class S>
  static void Score(const Tile& tile, size_t rows, Memory<S>& scratch,
                    int32_t (*scores)[kTile]) noexcept {
    size_t key = 0;
    if constexpr (S::kRows == 1 && S::kCached && kVecs<S> == 2 &&
                  S::kQuads == 8) {
      for (; key < tile.count; key += kPanel) {
        const size_t left = tile.count - key;
        helium::ScorePanel(scratch.queries[0], scratch.query_zero,
                           tile.keys + key * 4 * S::kQuads,
                           left < kPanel ? left : kPanel, scores[0] + key);
      }
      return;
    }
    if constexpr (kVecs<S> == 2 || kVecs<S> == 4) {
      for (; key + 2 <= tile.count; key += 2) {
        ScoreTwoKeys<S>(tile, key, rows, scratch, scores);
      }
    }
    for (; key < tile.count; ++key) {
      ScoreKeys<S, 1>(tile, key, rows, scratch, scores);
    }
  }

  static int32_t Largest(const int32_t* scores, size_t count) noexcept {
    return helium::LargestOf(scores, count);
  }

  template <class S>
  static int32_t Weigh(const int32_t* scores, int32_t most,
                       const ScoreScale& scale, size_t visible, size_t count,
                       size_t row, Memory<S>& scratch) noexcept {
    auto& weights = scratch.weights[row];
    // What no key is for counts as 0: values are read 32 or 64 at a time, or 16
    // from a cache.
    const size_t end = count <= kTile / 2 ? kTile / 2 : kTile;
    for (size_t i = visible & ~(helium::kLanes - 1); i < end;
         i += helium::kLanes) {
      vstrbq_s8(weights.high + i, vdupq_n_s8(0));
      vstrbq_s8(weights.low + i, vdupq_n_s8(0));
    }
    if (visible == 0) return 0;
    const uint32_t top = (static_cast<uint32_t>(most) << 7) + scale.half;
    return helium::WeighScores(scores, visible, top, scale.multiplier,
                               helium::WeightEntries(), weights.high,
                               weights.low);
  }

  template <class S>
  static void Hide(size_t key, size_t row, size_t /*count*/,
                   Memory<S>& scratch) noexcept {
    scratch.weights[row].high[key] = scratch.weights[row].low[key] = 0;
  }

  template <class S>
  static void Accumulate(const Tile& tile, size_t rows, const RowState* states,
                         Memory<S>& scratch, int32_t* output) noexcept {
    if constexpr (S::kRows == 1 && S::kCached) {
      AccumulateRow<S>(tile, states[0].product, scratch, output);
    } else {
      constexpr int kStride = 4 * Memory<S>::kColumns;
      for (size_t column = 0; column < S::kValueDim; column += 2) {
        LoadColumn<S>(tile, column, scratch.values[0]);
        if (column + 1 < S::kValueDim) {
          LoadColumn<S>(tile, column + 1, scratch.values[1]);
        }
        const int8_t* weights = scratch.weights[0].high;
        if (tile.count <= kTile / 2) {
          helium::AccumulateTwoShort<kStride>(scratch.values[0], weights,
                                              states, rows, output + column);
        } else {
          helium::AccumulateTwo<kStride>(scratch.values[0], weights, states,
                                         rows, output + column);
        }
      }
    }
  }

  template <class S>
  static void ClearOutputs(size_t rows, int32_t* output) noexcept {
    helium::ClearVecs(output, rows * Memory<S>::kColumns / 4);
  }

  template <class S>
  static void CorrectOutputs(int32_t correction, size_t row,
                             int32_t* output) noexcept {
    output += row * Memory<S>::kColumns;
    for (size_t i = 0; i < Memory<S>::kColumns; i += 4) {
      const int32x4_t x = vldrwq_s32(output + i);
      vstrwq_s32(output + i, vqrdmulhq_n_s32(x, correction));
    }
  }

  template <class S>
  static void StoreOutputs(const int32_t* output, size_t row,
                           const RowScale& scale, int32_t zero,
                           int8_t* to) noexcept {
    output += row * Memory<S>::kColumns;
    size_t i = 0;
    for (; i + 4 <= S::kValueDim; i += 4) {
      vstrbq_s32(to + i, Requantised(vldrwq_s32(output + i), scale, zero));
    }
    if (S::kValueDim % 4 != 0) {
      const mve_pred16_t some = vctp32q(S::kValueDim % 4);
      vstrbq_p_s32(to + i, Requantised(vldrwq_s32(output + i), scale, zero),
                   some);
    }
  }

 private:
  template <class S>
  static constexpr size_t kVecs =
      RoundUp(S::kHeadDim, helium::kLanes) / helium::kLanes;

  // Entries 16 * vec to 16 * vec + 15 of a key, 0 beyond its last.
  template <class S>
  static int8x16_t KeyVec(const Tile& tile, size_t key, size_t vec) noexcept {
    if constexpr (S::kCached) {
      const int8_t* panel = tile.keys + key / kPanel * kPanel * 4 * S::kQuads +
                            key % kPanel * 4 + vec * 4 * 4 * kPanel;
      const int32_t* from = reinterpret_cast<const int32_t*>(panel);
      const uint32x4_t offsets =
          vmulq_n_u32(vidupq_n_u32(0, 1), uint32_t{4 * kPanel});
      const size_t left = S::kQuads - 4 * vec;
      if (left >= 4) {
        return vreinterpretq_s8_s32(vldrwq_gather_offset_s32(from, offsets));
      }
      return vreinterpretq_s8_s32(vldrwq_gather_offset_z_s32(
          from, offsets, vctp32q(static_cast<uint32_t>(left))));
    } else {
      const int8_t* from =
          tile.keys + key * tile.key_stride + vec * helium::kLanes;
      const size_t left = S::kHeadDim - vec * helium::kLanes;
      if (left >= helium::kLanes) return vldrbq_s8(from);
      return vldrbq_z_s8(from, vctp8q(static_cast<uint32_t>(left)));
    }
  }

  // Up to four vectors in registers: arrays of them would be in memory.
  struct Vecs {
    int8x16_t v0, v1, v2, v3;
  };
  template <size_t kCount, class Load>
  static Vecs LoadVecs(const Load& load) noexcept {
    Vecs to;
    to.v0 = load(size_t{0});
    to.v1 = kCount > 1 ? load(size_t{1}) : to.v0;
    to.v2 = kCount > 2 ? load(size_t{2}) : to.v0;
    to.v3 = kCount > 3 ? load(size_t{3}) : to.v0;
    return to;
  }
  // sum + the entries of `row` times those of the vectors.
  template <size_t kCount>
  static int32_t AddProducts(const int8_t* row, const Vecs& by,
                             int32_t sum) noexcept {
    sum = vmladavaq_s8(sum, vldrbq_s8(row), by.v0);
    if (kCount > 1) sum = vmladavaq_s8(sum, vldrbq_s8(row + 16), by.v1);
    if (kCount > 2) sum = vmladavaq_s8(sum, vldrbq_s8(row + 32), by.v2);
    if (kCount > 3) sum = vmladavaq_s8(sum, vldrbq_s8(row + 48), by.v3);
    return sum;
  }

  template <class S>
  static int32_t SumOfKey(const Tile& tile, size_t key) noexcept {
    int32_t sum = 0;
    for (size_t i = 0; i < kVecs<S>; ++i) {
      sum = vaddvaq_s8(sum, KeyVec<S>(tile, key, i));
    }
    return sum;
  }

  // Two keys through memory, for the loops in assembly.
  template <class S>
  static void ScoreTwoKeys(const Tile& tile, size_t key, size_t rows,
                           Memory<S>& scratch,
                           int32_t (*scores)[kTile]) noexcept {
    int32_t starts[2] = {};
    for (size_t of = 0; of < 2; ++of) {
      int32_t sum = 0;
      for (size_t i = 0; i < kVecs<S>; ++i) {
        const int8x16_t entries = KeyVec<S>(tile, key + of, i);
        vstrbq_s8(scratch.values[of] + i * helium::kLanes, entries);
        sum = vaddvaq_s8(sum, entries);
      }
      starts[of] = -scratch.query_zero * sum;
    }
    if constexpr (kVecs<S> == 2) {
      helium::ScoreShortKeys(scratch.queries[0], scratch.values[0], starts,
                             rows, scores[0] + key);
    } else {
      helium::ScoreLongKeys(scratch.queries[0], scratch.values[0], starts, rows,
                            scores[0] + key);
    }
  }

  // Queries are padded with zeros, so what a key's last vector holds beyond its
  // dims counts for the sum alone, where it is 0.
  template <class S, size_t kKeys>
  static void ScoreKeys(const Tile& tile, size_t key, size_t rows,
                        const Memory<S>& scratch,
                        int32_t (*scores)[kTile]) noexcept {
    constexpr size_t kCount = kVecs<S> <= 4 ? kVecs<S> : 4;
    const size_t next = key + kKeys - 1;
    int32_t start_a = 0, start_b = 0;
    if (scratch.query_zero != 0) {
      start_a = -scratch.query_zero * SumOfKey<S>(tile, key);
      start_b = -scratch.query_zero * SumOfKey<S>(tile, next);
    }
    const auto of_key = [&](size_t i) { return KeyVec<S>(tile, key, i); };
    const auto of_next = [&](size_t i) { return KeyVec<S>(tile, next, i); };
    const Vecs a = LoadVecs<kCount>(of_key);
    const Vecs b = LoadVecs < kKeys == 2 ? kCount : 1 > (of_next);
    const int8_t* q = scratch.queries[0];
    int32_t* to = scores[0] + key;
    for (size_t row = 0; row < rows; ++row) {
      int32_t sum_a = AddProducts<kCount>(q, a, start_a);
      for (size_t i = kCount; i < kVecs<S>; ++i) {
        sum_a = vmladavaq_s8(sum_a, vldrbq_s8(q + i * helium::kLanes),
                             KeyVec<S>(tile, key, i));
      }
      to[0] = sum_a;
      if (kKeys == 2) to[1] = AddProducts<kCount>(q, b, start_b);
      q += kVecs<S> * helium::kLanes;
      to += kTile;
    }
  }

  // Up to 64 entries of one column; what follows them is multiplied by 0.
  template <class S>
  static void LoadColumn(const Tile& tile, size_t column, int8_t* to) noexcept {
    if constexpr (S::kCached) {
      const int8_t* from = tile.values + 4 * column;
      for (size_t key = 0; key < tile.count; key += helium::kLanes) {
        vstrbq_s8(to + key, SixteenTokens<S>(from, tile.count - key));
        from += helium::kLanes * S::kValueDim;
      }
    } else {
      const int8_t* from = tile.values + column;
      const uint32_t stride = static_cast<uint32_t>(tile.value_stride);
      if (stride > 8191) return LoadFarColumn(tile, column, to);
      const uint16x8_t offsets =
          vmulq_n_u16(vidupq_n_u16(0, 1), static_cast<uint16_t>(stride));
      size_t left = tile.count;
      for (; left >= 8; left -= 8, to += 8, from += 8 * stride) {
        vstrbq_s16(to, vldrbq_gather_offset_s16(from, offsets));
      }
      if (left > 0) {
        const mve_pred16_t some = vctp16q(static_cast<uint32_t>(left));
        vstrbq_s16(to, vldrbq_gather_offset_z_s16(from, offsets, some));
      }
    }
  }
  static void LoadFarColumn(const Tile& tile, size_t column,
                            int8_t* to) noexcept {
    for (size_t key = 0; key < tile.count; ++key) {
      to[key] = tile.values[key * tile.value_stride + column];
    }
  }

  // Tokens of one column of a cache, four to a word; groups of four beyond
  // `count` are 0.
  template <class S>
  static int8x16_t SixteenTokens(const int8_t* from, size_t count) noexcept {
    const uint32x4_t offsets =
        vmulq_n_u32(vidupq_n_u32(0, 1), uint32_t{4 * S::kValueDim});
    const int32_t* words = reinterpret_cast<const int32_t*>(from);
    if (count > 12) {
      return vreinterpretq_s8_s32(vldrwq_gather_offset_s32(words, offsets));
    }
    const mve_pred16_t some = vctp32q(static_cast<uint32_t>((count + 3) / 4));
    return vreinterpretq_s8_s32(
        vldrwq_gather_offset_z_s32(words, offsets, some));
  }

  // One row, whose values come from the cache as they lie there.
  template <class S>
  static void AccumulateRow(const Tile& tile, int32_t start,
                            const Memory<S>& scratch,
                            int32_t* output) noexcept {
    const auto& weights = scratch.weights[0];
    size_t column = 0;
    if (tile.count == kTile && S::kValueDim > 1) {
      helium::AccumulateRowOfTile(tile.values, weights.high, 4 * S::kValueDim,
                                  S::kValueDim / 2, start, output);
      column = S::kValueDim / 2 * 2;
    }
    for (; column < S::kValueDim; ++column) {
      int32_t high = 0, low = start;
      const int8_t* from = tile.values + 4 * column;
      for (size_t key = 0; key < tile.count; key += helium::kLanes) {
        const int8x16_t v = SixteenTokens<S>(from, tile.count - key);
        high = vmladavaq_s8(high, vldrbq_s8(weights.high + key), v);
        low = vmladavaq_s8(low, vldrbq_s8(weights.low + key), v);
        from += helium::kLanes * S::kValueDim;
      }
      output[column] += (low + high * 256) >> kOutputShift;
    }
  }

  // VQRDMULH is MultiplyHigh, and VRSHL rounds halves upwards: DivideByPower
  // takes 1 from what is negative.
  static int32x4_t Requantised(int32x4_t output, const RowScale& scale,
                               int32_t zero) noexcept {
    const int32x4_t high =
        vqrdmulhq_n_s32(vshlq_r_s32(output, scale.left), scale.multiplier);
    const int32x4_t toward = vaddq_s32(high, vshrq_n_s32(high, 31));
    const int32x4_t x = vaddq_n_s32(vrshlq_n_s32(toward, -scale.right), zero);
    return vminq_s32(vmaxq_s32(x, vdupq_n_s32(-128)), vdupq_n_s32(127));
  }
};

}  // namespace FOVEA_INTEGER_NAMESPACE
}  // namespace integer
}  // namespace fovea

#endif  // FOVEA_PORT_CORTEX_M_INTEGER_HELIUM_H_
