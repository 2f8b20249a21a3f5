// SPDX-License-Identifier: Apache-2.0
// Tensors as a caller's strides describe them.
#ifndef FOVEA_C_TENSOR_IN_H_
#define FOVEA_C_TENSOR_IN_H_

#include <cstddef>
#include <cstdint>

#include "fovea/c/struct_in.h"
#include "fovea/check.h"
#include "fovea/view.h"

namespace fovea {
namespace c {

// Whether the last entry has an address at all: whose memory it is only the
// caller knows.
template <class T>
bool HasAddresses(const View<T>& view, const Extent& extent) noexcept {
  size_t batches = 0, heads = 0, tokens = 0, end = extent.dim;
  const bool fits = Multiply(extent.batch - 1, view.batch_stride, batches) &&
                    Multiply(extent.heads - 1, view.head_stride, heads) &&
                    Multiply(extent.tokens - 1, view.token_stride, tokens) &&
                    !__builtin_add_overflow(end, batches, &end) &&
                    !__builtin_add_overflow(end, heads, &end) &&
                    !__builtin_add_overflow(end, tokens, &end);
  return fits && end <= PTRDIFF_MAX / sizeof(T);
}

// Of a tensor that may be null: a mask.
template <class T>
Status CheckAddresses(const View<T>& view, const Extent& extent) noexcept {
  const bool good = view.data == nullptr || HasAddresses(view, extent);
  return good ? Status::kOk : Status::kBadStride;
}

// As CheckView, of what the templates' callers vouch for too.  No count is 0.
template <class T>
Status CheckTensor(const View<T>& view, const Extent& extent,
                   Shares shares) noexcept {
  FOVEA_RETURN_IF_BAD(CheckView(view, extent, shares));
  return HasAddresses(view, extent) ? Status::kOk : Status::kBadStride;
}

}  // namespace c
}  // namespace fovea

#endif  // FOVEA_C_TENSOR_IN_H_
