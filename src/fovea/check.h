// SPDX-License-Identifier: Apache-2.0
// The checks that every public call makes before its first store.
#ifndef FOVEA_CHECK_H_
#define FOVEA_CHECK_H_

#include <cstddef>
#include <cstdint>

#include "fovea/status.h"
#include "fovea/view.h"

namespace fovea {

// Whether `p` is a multiple of `alignment`.  The empty assembly hides from the
// compiler what it may conclude from p's type, or it would drop the check.
inline bool IsAligned(const void* p, size_t alignment) noexcept {
  uintptr_t address = reinterpret_cast<uintptr_t>(p);
  __asm__("" : "+r"(address));
  return address % alignment == 0;
}

// NaN and the infinities fail.
inline bool IsFinite(float x) noexcept { return x - x == 0.0f; }

// Returns from the calling function unless `expression` is kOk.
#define FOVEA_RETURN_IF_BAD(expression)                            \
  do {                                                             \
    const ::fovea::Status fovea_status = (expression);             \
    if (fovea_status != ::fovea::Status::kOk) return fovea_status; \
  } while (false)

struct Extent {
  size_t batch;
  size_t heads;
  size_t tokens;
  size_t dim;
};

// `shared` allows a batch stride of 0.
template <class T>
Status CheckView(const View<T>& view, const Extent& extent,
                 bool shared) noexcept {
  if (view.data == nullptr) return Status::kNullPointer;
  if (!IsAligned(view.data, alignof(T))) return Status::kMisaligned;
  const auto steps_over = [&](size_t stride, size_t count) {
    return count <= 1 || stride >= extent.dim;
  };
  const bool shares = shared && view.batch_stride == 0;
  if (!(shares || steps_over(view.batch_stride, extent.batch)) ||
      !steps_over(view.head_stride, extent.heads) ||
      !steps_over(view.token_stride, extent.tokens)) {
    return Status::kBadStride;
  }
  return Status::kOk;
}

// A count must lie in [1, most].
inline Status CheckCount(size_t count, size_t most) noexcept {
  if (count == 0) return Status::kZeroCount;
  return count > most ? Status::kTooManyTokens : Status::kOk;
}

}  // namespace fovea

#endif  // FOVEA_CHECK_H_
