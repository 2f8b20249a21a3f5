// SPDX-License-Identifier: Apache-2.0
// y = x W^T + b in integers alone, for cores without a floating-point unit and
// for models of int8 tensors with fixed scales: TensorFlow Lite's int8
// FullyConnected with a scale per output row.
//
//   y = clamp(rescale(sum of (x - zero_x) w + b) + zero_y)
//
// Neither this header nor what it calls has a floating-point operation in it,
// and the bits are the same on every target: docs/numerics.md has the
// arithmetic.  linear_integer_pack.h makes the integers from real numbers.
#ifndef FOVEA_LINEAR_INTEGER_H_
#define FOVEA_LINEAR_INTEGER_H_

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "fovea/check.h"
#include "fovea/kernels/layout.h"
#include "fovea/kernels/linear_integer.h"
#include "fovea/status.h"
#include "fovea/view.h"
#include "port/integer/leaf.h"

namespace fovea {

// Of a layer: with a bias of 2^30 at most no sum leaves 32 bits.
constexpr size_t kMostIntegerInputs = size_t{1} << 15;
constexpr int32_t kMostIntegerBias = int32_t{1} << 30;
static_assert(int64_t{kMostIntegerInputs} * 255 * 128 + kMostIntegerBias <=
                  INT32_MAX,
              "sums of int8 products and a bias fit");

// Packed weights in the caller's memory, flash included.
//   panels       [ceil(outputs / 16)][ceil(inputs / 4)][16][4] int8, as
//                LinearInt8's and 4-byte aligned: weight[o][i] stands at [o /
//                16][i / 4][o % 16] [i % 4]; padding is 0
//   multipliers  [outputs], 2^30 to 2^31 - 1, and
//   shifts       [outputs], -31 to 30:
//                scale_x scale_w[o] / scale_y = multiplier * 2^(shift - 31)
//   bias         [outputs] of scale_x scale_w[o], at most 2^30 in magnitude; or
//                null for none
struct LinearIntegerWeights {
  const int8_t* panels = nullptr;
  const int32_t* multipliers = nullptr;
  const int8_t* shifts = nullptr;
  const int32_t* bias = nullptr;
  int8_t input_zero = 0;   // what stands for 0 in x
  int8_t output_zero = 0;  // and in y
};

// Whether a layer of so many outputs can have these weights: kNullPointer,
// kMisaligned, kBadScale (a multiplier, a shift or a bias out of its range).
inline Status CheckLinearInteger(const LinearIntegerWeights& weights,
                                 size_t outputs) noexcept {
  FOVEA_RETURN_IF_BAD(CheckArray(weights.panels));
  if (!IsAligned(weights.panels, 4)) return Status::kMisaligned;
  FOVEA_RETURN_IF_BAD(CheckArray(weights.multipliers));
  FOVEA_RETURN_IF_BAD(CheckArray(weights.shifts));
  FOVEA_RETURN_IF_BAD(CheckOptionalArray(weights.bias));
  for (size_t o = 0; o < outputs; ++o) {
    if (weights.multipliers[o] < 1 << 30) return Status::kBadScale;
    if (weights.shifts[o] < -31 || weights.shifts[o] > 30) {
      return Status::kBadScale;
    }
    if (weights.bias && (weights.bias[o] > kMostIntegerBias ||
                         weights.bias[o] < -kMostIntegerBias)) {
      return Status::kBadScale;
    }
  }
  return Status::kOk;
}

// Output: int8_t, or int16_t where the next step wants finer steps.  Leaf: what
// the port computes with.
template <size_t kInputs, size_t kOutputs, class Output = int8_t,
          class Leaf = integer::LinearLeaf>
class LinearInteger {
  static_assert(kInputs > 0 && kOutputs > 0,
                "a linear layer has inputs and outputs");
  static_assert(kInputs <= kMostIntegerInputs, "sums of int8 products fit");
  static_assert(std::is_same<Output, int8_t>::value ||
                    std::is_same<Output, int16_t>::value,
                "outputs are int8_t or int16_t");

 public:
  // A row at a time: no scratch but a few registers and at most 320 bytes of
  // stack.
  //   x, x_stride  [tokens][kInputs], elements from token to token
  //   y, y_stride  [tokens][kOutputs]; must not overlap x
  // kNullPointer (x, y, panels, multipliers, shifts), kMisaligned, kZeroCount,
  // kBadStride (smaller than the row while tokens > 1), kBadScale (see Check).
  static Status Run(const LinearIntegerWeights& weights, const int8_t* x,
                    size_t x_stride, size_t tokens, Output* y,
                    size_t y_stride) noexcept {
    FOVEA_RETURN_IF_BAD(Check(weights));
    if (tokens == 0) return Status::kZeroCount;
    const View<const int8_t> inputs{x, 0, 0, x_stride};
    const View<Output> outputs{y, 0, 0, y_stride};
    FOVEA_RETURN_IF_BAD(
        CheckView(inputs, {1, 1, tokens, kInputs}, Shares::kBatch));
    FOVEA_RETURN_IF_BAD(
        CheckView(outputs, {1, 1, tokens, kOutputs}, Shares::kNothing));
    Apply(weights, x, x_stride, tokens, y, y_stride);
    return Status::kOk;
  }

  // Whether Run accepts these weights, as CheckLinearInteger.
  static Status Check(const LinearIntegerWeights& weights) noexcept {
    return CheckLinearInteger(weights, kOutputs);
  }

  // Run without its checks: for callers that made them for many layers.
  static void Apply(const LinearIntegerWeights& weights, const int8_t* x,
                    size_t x_stride, size_t tokens, Output* y,
                    size_t y_stride) noexcept {
    const integer::LinearArgs args{weights.panels,
                                   weights.bias,
                                   weights.multipliers,
                                   weights.shifts,
                                   weights.input_zero,
                                   weights.output_zero,
                                   kInputs,
                                   kOutputs};
    for (size_t token = 0; token < tokens; ++token) {
      integer::ApplyLinear<Leaf>(args, x + token * x_stride,
                                 y + token * y_stride);
    }
  }
};

}  // namespace fovea

#endif  // FOVEA_LINEAR_INTEGER_H_
