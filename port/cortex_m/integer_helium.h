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

// kPowers as PowerOf takes them.
struct PowerTable {
  uint32_t entries[kSteps];
};
constexpr PowerTable MakePowerTable() {
  PowerTable table{};
  for (size_t i = 0; i < kSteps; ++i) {
    table.entries[i] = uint32_t{kPowers[i]} << 16;
  }
  return table;
}
constexpr PowerTable kPowerTable = MakePowerTable();

constexpr size_t kLanes = 16;
constexpr size_t kTileVecs = kTile / kLanes;

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
    alignas(16) int8_t values[2][kTile];  // of two columns
  };
  template <class S>
  using Memory = Scratch<typename S::Sizes>;

  template <class S>
  static void LoadQuery(const int8_t* q, int32_t zero, size_t row,
                        Memory<S>& scratch) noexcept {
    constexpr size_t kPadding =
        RoundUp(S::kHeadDim, helium::kLanes) - S::kHeadDim;
    std::memcpy(scratch.queries[row], q, S::kHeadDim);
    std::memset(scratch.queries[row] + S::kHeadDim, 0, kPadding);
    scratch.query_zero = zero;
  }

  template <class S>
  static void Score(const Tile& tile, size_t rows, Memory<S>& scratch,
                    int32_t (*scores)[kTile]) noexcept {
    size_t key = 0;
    if (kVecs<S> <= 2) {
      for (; key + 2 <= tile.count; key += 2) {
        ScoreKeys<S, 2>(tile, key, rows, scratch, scores);
      }
    }
    for (; key < tile.count; ++key) {
      ScoreKeys<S, 1>(tile, key, rows, scratch, scores);
    }
  }

  static int32_t Largest(const int32_t* scores, size_t count) noexcept {
    int32_t most = scores[0];
    size_t i = 0;
    for (; i + 4 <= count; i += 4) {
      most = vmaxvq_s32(most, vldrwq_s32(scores + i));
    }
    for (; i < count; ++i) most = scores[i] > most ? scores[i] : most;
    return most;
  }

  template <class S>
  static int32_t Weigh(const int32_t* scores, int32_t most,
                       const ScoreScale& scale, size_t visible, size_t count,
                       size_t row, Memory<S>& scratch) noexcept {
    auto& weights = scratch.weights[row];
    int8_t* high = weights.high;
    int8_t* low = weights.low;
    const uint32x4_t top =
        vdupq_n_u32((static_cast<uint32_t>(most) << 7) + scale.half);
    const uint32x4_t by = vdupq_n_u32(scale.multiplier);
    uint32_t sum = 0;
    size_t i = 0;
    for (; i + 4 <= visible; i += 4) {
      const uint32x4_t p = FourWeights(scores + i, top, by);
      sum = vaddvaq_u32(sum, p);
      StoreFour(p, high + i, low + i);
    }
    if (i < visible) {
      const mve_pred16_t some = vctp32q(static_cast<uint32_t>(visible - i));
      const uint32x4_t all = FourWeights(scores + i, top, by);
      const uint32x4_t p = vpselq_u32(all, vdupq_n_u32(0), some);
      sum = vaddvaq_u32(sum, p);
      StoreFour(p, high + i, low + i);
      i += 4;
    }
    // Values are read 16 at a time.
    for (const size_t end = RoundUp(count, helium::kLanes); i < end; i += 4) {
      StoreFour(vdupq_n_u32(0), high + i, low + i);
    }
    return static_cast<int32_t>(sum);
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
      const size_t vecs = (tile.count + helium::kLanes - 1) / helium::kLanes;
      for (size_t column = 0; column < S::kValueDim; column += 2) {
        const size_t columns = column + 1 < S::kValueDim ? 2 : 1;
        for (size_t i = 0; i < columns; ++i) {
          LoadColumn<S>(tile, column + i, scratch.values[i]);
        }
        switch (vecs) {
          case 1:
            AccumulateColumns<S, 1>(rows, states, scratch, output + column);
            break;
          case 2:
            AccumulateColumns<S, 2>(rows, states, scratch, output + column);
            break;
          case 3:
            AccumulateColumns<S, 3>(rows, states, scratch, output + column);
            break;
          default:
            AccumulateColumns<S, 4>(rows, states, scratch, output + column);
        }
      }
    }
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

  // Queries are padded with zeros, so what a key's last vector holds beyond its
  // dims counts for the sum alone, where it is 0.
  template <class S, size_t kKeys>
  static void ScoreKeys(const Tile& tile, size_t key, size_t rows,
                        const Memory<S>& scratch,
                        int32_t (*scores)[kTile]) noexcept {
    constexpr size_t kResident = kVecs<S> <= 4 ? kVecs<S> : 1;
    const size_t next = key + kKeys - 1;
    int8x16_t a[kResident], b[kResident];
    for (size_t i = 0; kVecs<S> <= 4 && i < kVecs<S>; ++i) {
      a[i] = KeyVec<S>(tile, key, i);
      if (kKeys == 2) b[i] = KeyVec<S>(tile, next, i);
    }
    int32_t start_a = 0, start_b = 0;
    if (scratch.query_zero != 0) {
      for (size_t i = 0; i < kVecs<S>; ++i) {
        start_a = vaddvaq_s8(start_a, KeyVec<S>(tile, key, i));
        if (kKeys == 2) start_b = vaddvaq_s8(start_b, KeyVec<S>(tile, next, i));
      }
      start_a *= -scratch.query_zero, start_b *= -scratch.query_zero;
    }
    const int8_t* q = scratch.queries[0];
    int32_t* to = scores[0] + key;
    for (size_t row = 0; row < rows; ++row) {
      int32_t sum_a = start_a, sum_b = start_b;
      for (size_t i = 0; i < kVecs<S>; ++i, q += helium::kLanes) {
        const int8x16_t x = vldrbq_s8(q);
        const int8x16_t k =
            kVecs<S> <= 4 ? a[i < kResident ? i : 0] : KeyVec<S>(tile, key, i);
        sum_a = vmladavaq_s8(sum_a, x, k);
        if (kKeys == 2)
          sum_b = vmladavaq_s8(sum_b, x, b[i < kResident ? i : 0]);
      }
      to[0] = sum_a;
      if (kKeys == 2) to[1] = sum_b;
      to += kTile;
    }
  }

  static uint32x4_t FourWeights(const int32_t* scores, uint32x4_t top,
                                uint32x4_t by) noexcept {
    const uint32x4_t score = vreinterpretq_u32_s32(vldrwq_s32(scores));
    const uint32x4_t distance = vsubq_u32(top, vshlq_n_u32(score, 7));
    const uint32x4_t steps =
        vminq_u32(vmulhq_u32(distance, by), vdupq_n_u32(kFarthest));
    const uint32x4_t power = vldrwq_gather_shifted_offset_u32(
        helium::kPowerTable.entries, vandq_u32(steps, vdupq_n_u32(kSteps - 1)));
    const int32x4_t octaves = vreinterpretq_s32_u32(vshrq_n_u32(steps, 6));
    return vrshrq_n_u32(vshlq_u32(power, vnegq_s32(octaves)), 16);
  }

  static void StoreFour(uint32x4_t weights, int8_t* high,
                        int8_t* low) noexcept {
    const int32x4_t p = vreinterpretq_s32_u32(weights);
    vstrbq_s32(low, p);
    vstrbq_s32(high, vrshrq_n_s32(p, 8));
  }

  // Up to 64 entries of one column, and zeros up to a multiple of 16.
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
      for (size_t key = 0; key < tile.count; key += 8) {
        const mve_pred16_t some =
            vctp16q(static_cast<uint32_t>(tile.count - key));
        vstrbq_s16(to + key, vldrbq_gather_offset_z_s16(from, offsets, some));
        from += 8 * stride;
      }
      for (size_t key = RoundUp(tile.count, 8);
           key < RoundUp(tile.count, helium::kLanes); key += 8) {
        vstrbq_s16(to + key, vdupq_n_s16(0));
      }
    }
  }
  static void LoadFarColumn(const Tile& tile, size_t column,
                            int8_t* to) noexcept {
    for (size_t key = 0; key < RoundUp(tile.count, helium::kLanes); ++key) {
      to[key] =
          key < tile.count ? tile.values[key * tile.value_stride + column] : 0;
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

  // Two columns of kVecs * 16 tokens, which stay in registers, with every row.
  template <class S, size_t kVecsOfTile>
  static void AccumulateColumns(size_t rows, const RowState* states,
                                const Memory<S>& scratch,
                                int32_t* output) noexcept {
    int8x16_t a[kVecsOfTile], b[kVecsOfTile];
    for (size_t i = 0; i < kVecsOfTile; ++i) {
      a[i] = vldrbq_s8(scratch.values[0] + i * helium::kLanes);
      b[i] = vldrbq_s8(scratch.values[1] + i * helium::kLanes);
    }
    const auto* weights = scratch.weights;
    for (size_t row = 0; row < rows; ++row, ++weights) {
      int32_t high_a = 0, high_b = 0;
      int32_t low_a = states[row].product, low_b = states[row].product;
      for (size_t i = 0; i < kVecsOfTile; ++i) {
        const int8x16_t high = vldrbq_s8(weights->high + i * helium::kLanes);
        const int8x16_t low = vldrbq_s8(weights->low + i * helium::kLanes);
        high_a = vmladavaq_s8(high_a, high, a[i]);
        high_b = vmladavaq_s8(high_b, high, b[i]);
        low_a = vmladavaq_s8(low_a, low, a[i]);
        low_b = vmladavaq_s8(low_b, low, b[i]);
      }
      output[0] += (low_a + high_a * 256) >> kOutputShift;
      output[1] += (low_b + high_b * 256) >> kOutputShift;
      output += Memory<S>::kColumns;
    }
  }

  // One row, whose values come from the cache as they lie there.
  template <class S>
  static void AccumulateRow(const Tile& tile, int32_t start,
                            const Memory<S>& scratch,
                            int32_t* output) noexcept {
    const auto& weights = scratch.weights[0];
    const size_t vecs = (tile.count + helium::kLanes - 1) / helium::kLanes;
    for (size_t column = 0; column < S::kValueDim; column += 2) {
      int32_t high_a = 0, high_b = 0, low_a = start, low_b = start;
      const int8_t* from = tile.values + 4 * column;
      for (size_t i = 0; i < vecs; ++i) {
        const size_t left = tile.count - i * helium::kLanes;
        const int8x16_t high = vldrbq_s8(weights.high + i * helium::kLanes);
        const int8x16_t low = vldrbq_s8(weights.low + i * helium::kLanes);
        const int8x16_t a = SixteenTokens<S>(from, left);
        high_a = vmladavaq_s8(high_a, high, a);
        low_a = vmladavaq_s8(low_a, low, a);
        if (column + 1 < S::kValueDim) {
          const int8x16_t b = SixteenTokens<S>(from + 4, left);
          high_b = vmladavaq_s8(high_b, high, b);
          low_b = vmladavaq_s8(low_b, low, b);
        }
        from += helium::kLanes * S::kValueDim;
      }
      output[column] += (low_a + high_a * 256) >> kOutputShift;
      if (column + 1 < S::kValueDim) {
        output[column + 1] += (low_b + high_b * 256) >> kOutputShift;
      }
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
