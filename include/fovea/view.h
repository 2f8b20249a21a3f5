// SPDX-License-Identifier: Apache-2.0
// A tensor [batch][head][token][dim] in the caller's memory, by its strides.
#ifndef FOVEA_VIEW_H_
#define FOVEA_VIEW_H_

#include <cstddef>

namespace fovea {

// Strides are in elements; the last axis (dim) is contiguous.  A stride is only
// read where its axis has more than one entry, and must then be at least the
// row's length; an input's batch_stride may be 0, which shares one tensor
// among the whole batch.
template <class T>
struct View {
  T* data = nullptr;        // the first element, aligned as a T is
  size_t batch_stride = 0;  // elements from batch entry to batch entry
  size_t head_stride = 0;   // from head to head
  size_t token_stride = 0;  // from token to token

  // A View<float> is a View<const float>.
  constexpr operator View<const T>() const noexcept {
    return {data, batch_stride, head_stride, token_stride};
  }

  // The row of a token, [dim].  Each index is below its axis's length.
  constexpr T* Row(size_t batch, size_t head, size_t token) const noexcept {
    return data + batch * batch_stride + head * head_stride +
           token * token_stride;
  }
};

// A View<const T> needs no conversion to itself.
template <class T>
struct View<const T> {
  // As of a View<T>.
  const T* data = nullptr;
  size_t batch_stride = 0;
  size_t head_stride = 0;
  size_t token_stride = 0;

  // Likewise.
  constexpr const T* Row(size_t batch, size_t head,
                         size_t token) const noexcept {
    return data + batch * batch_stride + head * head_stride +
           token * token_stride;
  }
};

// [batch][head][token][dim], densely packed.
template <class T>
constexpr View<T> HeadMajor(T* data, size_t heads, size_t tokens,
                            size_t dim) noexcept {
  return {data, heads * tokens * dim, tokens * dim, dim};
}

// [batch][token][head][dim], densely packed: what a projection writes.
template <class T>
constexpr View<T> TokenMajor(T* data, size_t heads, size_t tokens,
                             size_t dim) noexcept {
  return {data, tokens * heads * dim, dim, heads * dim};
}

}  // namespace fovea

#endif  // FOVEA_VIEW_H_
