// SPDX-License-Identifier: Apache-2.0
// The leaf of integer attention in plain C++: what every other one must equal.
#ifndef FOVEA_PORT_INTEGER_PLAIN_H_
#define FOVEA_PORT_INTEGER_PLAIN_H_

#include <cstddef>
#include <cstdint>

#include "fovea/kernels/integer_block.h"
#include "fovea/kernels/integer_math.h"

namespace fovea {
namespace integer {
inline namespace FOVEA_INTEGER_NAMESPACE {

struct PlainLeaf {
  template <class S>
  struct Scratch {
    static constexpr size_t kOutputs = S::kRows * S::kValueDim;
    int16_t queries[S::kRows * S::kHeadDim];  // less their zero point
    int16_t weights[S::kRows][kTile];
  };
  template <bool kCached>
  struct Scratch<RunTimeShape<kCached>> {
    size_t head_dim, value_dim;
    int16_t* queries;
    int16_t (*weights)[kTile];

    // Takes room for so many rows; returns how many outputs they have.
    template <class Room>
    size_t Take(size_t rows, Room& room) noexcept {
      queries = room.template Take<int16_t>(rows * head_dim);
      weights = room.template Take<int16_t[kTile]>(rows);
      return rows * value_dim;
    }
  };

  template <class S>
  using Memory = Scratch<typename S::Sizes>;

  // MultiplyHigh of an output shifted to the left, which leaves it below 2^30
  // in magnitude.
  static int32_t MultiplyOutput(int32_t output, int32_t left,
                                int32_t by) noexcept {
    return MultiplyHigh(output * (1 << left), by);
  }
  static int8_t Clamp(int32_t x) noexcept { return ClampToInt8(x); }

  // What the first `rows` rows of a block have gathered becomes 0.
  template <class S, class Outputs>
  static void ClearOutputs(size_t rows, Outputs outputs) noexcept {
    int32_t* output = S::Outputs(outputs);
    const size_t count = rows * S::ValueDim(outputs);
    for (size_t i = 0; i < count; ++i) output[i] = 0;
  }

  // What a row has gathered times correction / 2^31.
  template <class S, class Outputs>
  static void CorrectOutputs(int32_t correction, size_t row,
                             Outputs outputs) noexcept {
    const size_t columns = S::ValueDim(outputs);
    int32_t* output = S::Outputs(outputs) + row * columns;
    for (size_t i = 0; i < columns; ++i) {
      output[i] = MultiplyOutput(output[i], 0, correction);
    }
  }

  // A row's outputs as int8.
  template <class S, class Outputs>
  static void StoreOutputs(Outputs outputs, size_t row, const RowScale& scale,
                           int32_t zero, int8_t* to) noexcept {
    const size_t columns = S::ValueDim(outputs);
    const int32_t* output = S::Outputs(outputs) + row * columns;
    for (size_t i = 0; i < columns; ++i) {
      to[i] = Requantise<PlainLeaf>(output[i], scale, zero);
    }
  }

  template <class S>
  static void LoadQuery(const int8_t* q, int32_t zero, size_t row,
                        Memory<S>& scratch) noexcept {
    const size_t dims = S::HeadDim(scratch);
    int16_t* to = scratch.queries + row * dims;
    for (size_t d = 0; d < dims; ++d) to[d] = static_cast<int16_t>(q[d] - zero);
  }

  // scores[row][key] of all the tile's keys.
  template <class S>
  static void Score(const Tile& tile, size_t rows, Memory<S>& scratch,
                    int32_t (*scores)[kTile]) noexcept {
    const size_t dims = S::HeadDim(scratch);
    for (size_t key = 0; key < tile.count; ++key) {
      int16_t entries[S::kHeadDim];
      for (size_t d = 0; d < dims; ++d) {
        entries[d] = KeyEntry<S>(tile, key, d, S::Quads(scratch));
      }
      for (size_t row = 0; row < rows; ++row) {
        const int16_t* query = scratch.queries + row * dims;
        int32_t sum = 0;
        for (size_t d = 0; d < dims; ++d) sum += int32_t{query[d]} * entries[d];
        scores[row][key] = sum;
      }
    }
  }

  // The largest of `count` scores, 1 or more.
  static int32_t Largest(const int32_t* scores, size_t count) noexcept {
    int32_t most = scores[0];
    for (size_t i = 1; i < count; ++i)
      most = scores[i] > most ? scores[i] : most;
    return most;
  }

  // The weights of a row: of its first `visible` scores, and 0 for the others
  // of the tile's `count`.  Returns their sum.
  template <class S>
  static int32_t Weigh(const int32_t* scores, int32_t most,
                       const ScoreScale& scale, size_t visible, size_t count,
                       size_t row, Memory<S>& scratch) noexcept {
    int32_t sum = 0;
    for (size_t i = 0; i < count; ++i) {
      const int32_t weight =
          i < visible ? WeightOf(StepsBelow(most, scores[i], scale)) : 0;
      scratch.weights[row][i] = static_cast<int16_t>(weight);
      sum += weight;
    }
    return sum;
  }

  // Takes the weight of a key that the row does not see; `count` as above.
  template <class S>
  static void Hide(size_t key, size_t row, size_t /*count*/,
                   Memory<S>& scratch) noexcept {
    scratch.weights[row][key] = 0;
  }

  // output of row and column += (states[row].product + weights . values) >> 9.
  template <class S, class Outputs>
  static void Accumulate(const Tile& tile, size_t rows, const RowState* states,
                         Memory<S>& scratch, Outputs outputs) noexcept {
    const size_t columns = S::ValueDim(scratch);
    int32_t* output = S::Outputs(outputs);
    for (size_t column = 0; column < columns; ++column) {
      int16_t entries[kTile];
      for (size_t key = 0; key < tile.count; ++key) {
        entries[key] = ValueEntry<S>(tile, key, column, columns);
      }
      for (size_t row = 0; row < rows; ++row) {
        int32_t sum = states[row].product;
        for (size_t key = 0; key < tile.count; ++key) {
          sum += int32_t{scratch.weights[row][key]} * entries[key];
        }
        output[row * columns + column] += sum >> kOutputShift;
      }
    }
  }
};

}  // namespace FOVEA_INTEGER_NAMESPACE
}  // namespace integer
}  // namespace fovea

#endif  // FOVEA_PORT_INTEGER_PLAIN_H_
