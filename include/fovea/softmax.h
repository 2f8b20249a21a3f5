// SPDX-License-Identifier: Apache-2.0
// The softmax of a row of any length.
#ifndef FOVEA_SOFTMAX_H_
#define FOVEA_SOFTMAX_H_

#include <cstddef>

#include "fovea/check.h"
#include "fovea/kernels/softmax-inl.h"
#include "fovea/status.h"
#include "fovea/target.h"

namespace fovea {
inline namespace FOVEA_TARGET_NAMESPACE {

// y[i] = e^(scale * x[i]) / sum over j of e^(scale * x[j]).
//   x      [count]; an entry of -inf gets exactly 0, as does every entry when
//          all are -inf
//   scale  finite; 1 / temperature
//   y      [count]; may be x
// kNullPointer, kZeroCount, kBadScale.
inline Status Softmax(const float* x, size_t count, float scale,
                      float* y) noexcept {
  constexpr float kLog2e = 1.44269504f;
  if (x == nullptr || y == nullptr) return Status::kNullPointer;
  if (count == 0) return Status::kZeroCount;
  if (!IsFinite(scale)) return Status::kBadScale;
  HWY_NAMESPACE::SoftmaxRow(x, count, scale * kLog2e, y);
  return Status::kOk;
}

}  // namespace FOVEA_TARGET_NAMESPACE
}  // namespace fovea

#endif  // FOVEA_SOFTMAX_H_
