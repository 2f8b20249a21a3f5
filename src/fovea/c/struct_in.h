// SPDX-License-Identifier: Apache-2.0
// A caller's struct, of this version or another.
#ifndef FOVEA_C_STRUCT_IN_H_
#define FOVEA_C_STRUCT_IN_H_

#include <cstddef>

#include "fovea/check.h"
#include "fovea/status.h"

namespace fovea {
namespace c {

// No version has a longer one: a size that is not one stays without effect.
constexpr size_t kMostStructBytes = 4096;

// Whether *from, whose first member says its size, is a struct that this
// version reads: as long as its own, as there is no earlier one, or longer,
// where the rest must be 0.  It is then read where it stands.
template <class Struct>
Status CheckStruct(const Struct* from) noexcept {
  FOVEA_RETURN_IF_BAD(CheckArray(from));
  const size_t bytes = from->struct_bytes;
  if (bytes < sizeof(Struct)) return Status::kTooShort;
  if (bytes > kMostStructBytes) return Status::kUnsupported;
  const auto* data = reinterpret_cast<const unsigned char*>(from);
  for (size_t i = sizeof(Struct); i < bytes; ++i) {
    if (data[i] != 0) return Status::kUnsupported;
  }
  return Status::kOk;
}

// a * b, or false where it does not fit.
inline bool Multiply(size_t a, size_t b, size_t& product) noexcept {
  return !__builtin_mul_overflow(a, b, &product);
}

}  // namespace c
}  // namespace fovea

#endif  // FOVEA_C_STRUCT_IN_H_
