// SPDX-License-Identifier: Apache-2.0
// Softmax and log-softmax of rows of any length, with the maximum and the sum
// found in one pass (Milakov and Gimelshein, "Online normalizer calculation for
// softmax", arXiv 1805.02867).
//
// A masked entry, and one whose scale * x is -inf, takes part in nothing, NaN
// or not: its probability is exactly 0 and its logarithm -inf.  So is every
// entry's of a row that has no other.  A visible NaN, or a visible
// scale * x of +inf, makes every visible entry of its row NaN.
//
// The bits of a row depend on its inputs alone: not on the target (among those
// with fused multiply-add), on the other rows, on where y is, nor on whether a
// mask of ones or none is given.
#ifndef FOVEA_SOFTMAX_H_
#define FOVEA_SOFTMAX_H_

#include <cstddef>
#include <cstdint>

#include "fovea/check.h"
#include "fovea/kernels/softmax-inl.h"
#include "fovea/status.h"
#include "fovea/target.h"
#include "fovea/view.h"

namespace fovea {

// The inputs of one call on many rows.  Strides are in elements from row to
// row, at least `count`; with one row they are not read.
struct SoftmaxCall {
  const float* x = nullptr;  // [rows][count]
  size_t x_stride = 0;       // elements from row to row
  size_t rows = 1;           // 1 or more
  size_t count = 0;          // entries of a row, 1 or more
  // Factor of x: 1 / temperature; finite, and may be 0 or negative (0 times an
  // infinite x is NaN).
  float scale = 1;
  // [rows][count]: 0 masks an entry, anything else shows it.  Null shows all.
  // Must not overlap y.
  const uint8_t* mask = nullptr;
  size_t mask_stride = 0;  // 0: all rows share one mask [count]
  // [rows][count].  May be x with the same stride; must not overlap it else.
  float* y = nullptr;
  size_t y_stride = 0;
};

inline namespace FOVEA_TARGET_NAMESPACE {

// Whether Softmax and LogSoftmax accept the call.
inline Status CheckSoftmax(const SoftmaxCall& call) noexcept {
  if (call.rows == 0 || call.count == 0) return Status::kZeroCount;
  const Extent extent{1, 1, call.rows, call.count};
  const View<const float> x{call.x, 0, 0, call.x_stride};
  const View<float> y{call.y, 0, 0, call.y_stride};
  FOVEA_RETURN_IF_BAD(CheckView(x, extent, Shares::kBatch));
  FOVEA_RETURN_IF_BAD(CheckView(y, extent, Shares::kNothing));
  if (call.mask != nullptr) {
    const View<const uint8_t> mask{call.mask, 0, 0, call.mask_stride};
    FOVEA_RETURN_IF_BAD(CheckView(mask, extent, Shares::kAll));
  }
  return IsFinite(call.scale) ? Status::kOk : Status::kBadScale;
}

// Row `row` of a call, as the kernels take it.
inline HWY_NAMESPACE::LogitRow LogitRowOf(const SoftmaxCall& call,
                                          size_t row) noexcept {
  const uint8_t* mask =
      call.mask == nullptr ? nullptr : call.mask + row * call.mask_stride;
  return {call.x + row * call.x_stride, mask, call.count, call.scale};
}

// y[r][i] = e^(scale * x[r][i]) / sum over j of e^(scale * x[r][j]).
//   kZeroCount    rows or count is 0
//   kNullPointer  x or y is null
//   kMisaligned   x or y is not aligned to a float
//   kBadStride    a stride is smaller than a row (see SoftmaxCall)
//   kBadScale     scale is NaN or infinite
// A probability below 2^-100 of the row's largest is exactly 0.
inline Status Softmax(const SoftmaxCall& call) noexcept {
  FOVEA_RETURN_IF_BAD(CheckSoftmax(call));
  for (size_t row = 0; row < call.rows; ++row) {
    HWY_NAMESPACE::SoftmaxRow(LogitRowOf(call, row),
                              call.y + row * call.y_stride);
  }
  return Status::kOk;
}

// y[r][i] = scale * x[r][i] - ln(sum over j of e^(scale * x[r][j])).  Each
// Status as of Softmax.
inline Status LogSoftmax(const SoftmaxCall& call) noexcept {
  FOVEA_RETURN_IF_BAD(CheckSoftmax(call));
  for (size_t row = 0; row < call.rows; ++row) {
    HWY_NAMESPACE::LogSoftmaxRow(LogitRowOf(call, row),
                                 call.y + row * call.y_stride);
  }
  return Status::kOk;
}

// One row: x, y and, unless it is null, mask are [count].
inline SoftmaxCall OneRow(const float* x, size_t count, float scale, float* y,
                          const uint8_t* mask) noexcept {
  SoftmaxCall call;
  call.x = x, call.y = y, call.mask = mask;
  call.count = count, call.scale = scale;
  return call;
}

// Softmax and LogSoftmax of one row, as OneRow takes it.
inline Status Softmax(const float* x, size_t count, float scale, float* y,
                      const uint8_t* mask = nullptr) noexcept {
  return Softmax(OneRow(x, count, scale, y, mask));
}
inline Status LogSoftmax(const float* x, size_t count, float scale, float* y,
                         const uint8_t* mask = nullptr) noexcept {
  return LogSoftmax(OneRow(x, count, scale, y, mask));
}

}  // namespace FOVEA_TARGET_NAMESPACE
}  // namespace fovea

#endif  // FOVEA_SOFTMAX_H_
