// SPDX-License-Identifier: Apache-2.0
// Makes the integers of LinearInteger from PyTorch's floats and the scales of
// its tensors: on the host, so that no float reaches the firmware.
#ifndef FOVEA_LINEAR_INTEGER_PACK_H_
#define FOVEA_LINEAR_INTEGER_PACK_H_

#include <cstddef>
#include <cstdint>

#include "fovea/check.h"
#include "fovea/integer_scales.h"
#include "fovea/linear_integer.h"
#include "fovea/quantise.h"
#include "fovea/status.h"

namespace fovea {

// Bytes of the panels.
constexpr size_t PackedLinearIntegerBytes(size_t inputs, size_t outputs) {
  return RoundUp(outputs, kPanel) * RoundUp(inputs, 4);
}

// A real layer.
struct RealLinear {
  const float* weight = nullptr;  // PyTorch's [outputs][inputs]
  const float* bias = nullptr;    // [outputs], or null for none
  size_t inputs = 0;              // 1 to kMostIntegerInputs
  size_t outputs = 0;             // 1 or more
  Quantisation x, y;              // of the tensors that go in and come out
};

// Where its integers go; see LinearIntegerWeights.
struct PackedLinearInteger {
  int8_t* panels = nullptr;        // PackedLinearIntegerBytes(inputs, outputs)
  int32_t* multipliers = nullptr;  // [outputs]
  int8_t* shifts = nullptr;        // [outputs]
  int32_t* bias = nullptr;         // [outputs]; null where there is none
};

namespace integer_scales {

// To nearest, halves away from 0; of what a bias may be.
constexpr bool RoundBias(double real, int32_t& bias) noexcept {
  constexpr double kMost = kMostIntegerBias;
  if (!(real >= -kMost && real <= kMost)) return false;
  const double away = real < 0 ? real - 0.5 : real + 0.5;
  bias = static_cast<int32_t>(away);
  return true;
}

// Row o of a layer; false where its integers do not fit.
inline bool PackRow(const RealLinear& real, size_t o,
                    const PackedLinearInteger& to) noexcept {
  const float* row = real.weight + o * real.inputs;
  const float most = LargestOf(row, real.inputs);
  if (!IsFinite(most)) return false;
  const float inverse = 127.0f / most;
  int8_t* panel = to.panels + o / kPanel * kPanel * RoundUp(real.inputs, 4) +
                  o % kPanel * 4;
  for (size_t i = 0; i < real.inputs; ++i) {
    panel[i / 4 * 4 * kPanel + i % 4] =
        static_cast<int8_t>(RoundToInt(row[i] * inverse));
  }
  // Of a row of zeros the bias is all there is.
  const double unit = most == kLeastRow
                          ? real.y.scale
                          : real.x.scale * static_cast<double>(most / 127.0f);
  const double ratio = unit / real.y.scale;
  if (!IsScale(unit) || !IsScale(ratio)) return false;
  int32_t shift = 0;
  MultiplierOf(ratio, to.multipliers[o], shift);
  if (shift < -31 || shift > 30) return false;
  to.shifts[o] = static_cast<int8_t>(shift);
  if (real.bias == nullptr) return true;
  return RoundBias(static_cast<double>(real.bias[o]) / unit, to.bias[o]);
}

}  // namespace integer_scales

// Rows of weights have the scale max|w| / 127, and no zero point.  None of the
// arrays may overlap.  kNullPointer, kZeroCount, kTooManyTokens (more than
// kMostIntegerInputs), kBadScale (a weight is NaN or infinite, a tensor's scale
// is not finite and above 0, a zero point is none of int8, a bias or a ratio
// of scales does not fit); what the arrays hold then means nothing.
inline Status PackLinearInteger(const RealLinear& real,
                                const PackedLinearInteger& to) noexcept {
  if (real.weight == nullptr || to.panels == nullptr ||
      to.multipliers == nullptr || to.shifts == nullptr ||
      (real.bias != nullptr && to.bias == nullptr)) {
    return Status::kNullPointer;
  }
  if (real.inputs == 0 || real.outputs == 0) return Status::kZeroCount;
  if (real.inputs > kMostIntegerInputs) return Status::kTooManyTokens;
  if (!integer_scales::IsSound(real.x) || !integer_scales::IsSound(real.y)) {
    return Status::kBadScale;
  }
  const size_t bytes = PackedLinearIntegerBytes(real.inputs, real.outputs);
  for (size_t i = 0; i < bytes; ++i) to.panels[i] = 0;
  for (size_t o = 0; o < real.outputs; ++o) {
    if (!integer_scales::PackRow(real, o, to)) return Status::kBadScale;
  }
  return Status::kOk;
}

}  // namespace fovea

#endif  // FOVEA_LINEAR_INTEGER_PACK_H_
