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

// An array that must be there.
template <class T>
Status CheckArray(const T* data) noexcept {
  if (data == nullptr) return Status::kNullPointer;
  const void* address = static_cast<const void*>(data);
  return IsAligned(address, alignof(T)) ? Status::kOk : Status::kMisaligned;
}

// One that may be left out.
template <class T>
Status CheckOptionalArray(const T* data) noexcept {
  return data == nullptr ? Status::kOk : CheckArray(data);
}

struct Extent {
  size_t batch;
  size_t heads;
  size_t tokens;
  size_t dim;
};

// Which strides of a tensor may be 0, so that what they step over is the same.
enum class Shares : uint8_t { kNothing, kBatch, kAll };

template <class T>
Status CheckView(const View<T>& view, const Extent& extent,
                 Shares shares) noexcept {
  FOVEA_RETURN_IF_BAD(CheckArray(view.data));
  const auto is_bad = [&](size_t stride, size_t count, bool shared) {
    return count > 1 && stride < extent.dim && !(shared && stride == 0);
  };
  const bool all = shares == Shares::kAll;
  const bool bad =
      is_bad(view.batch_stride, extent.batch, shares != Shares::kNothing) ||
      is_bad(view.head_stride, extent.heads, all) ||
      is_bad(view.token_stride, extent.tokens, all);
  return bad ? Status::kBadStride : Status::kOk;
}

// A count must lie in [1, most].
inline Status CheckCount(size_t count, size_t most) noexcept {
  if (count == 0) return Status::kZeroCount;
  return count > most ? Status::kTooManyTokens : Status::kOk;
}

}  // namespace fovea

#endif  // FOVEA_CHECK_H_
