// SPDX-License-Identifier: Apache-2.0
// Reads a caller's struct, of this version or another.
#ifndef FOVEA_C_STRUCT_IN_H_
#define FOVEA_C_STRUCT_IN_H_

#include <cstddef>
#include <cstring>

#include "fovea/check.h"
#include "fovea/status.h"

namespace fovea {
namespace c {

// No version has a longer one: a size that is not one stays without effect.
constexpr size_t kMostStructBytes = 4096;

// Copies *from, whose first member says its size, over the zeros of `to`.  What
// this version does not know must be 0.
template <class Struct>
Status ReadStruct(const Struct* from, size_t least, Struct& to) noexcept {
  FOVEA_RETURN_IF_BAD(CheckArray(from));
  const size_t bytes = from->struct_bytes;
  if (bytes < least) return Status::kTooShort;
  if (bytes > kMostStructBytes) return Status::kUnsupported;
  const auto* data = reinterpret_cast<const unsigned char*>(from);
  for (size_t i = sizeof(Struct); i < bytes; ++i) {
    if (data[i] != 0) return Status::kUnsupported;
  }
  std::memcpy(&to, from, bytes < sizeof(Struct) ? bytes : sizeof(Struct));
  return Status::kOk;
}

// Structs of this first version have one size.
template <class Struct>
Status ReadStruct(const Struct* from, Struct& to) noexcept {
  return ReadStruct(from, sizeof(Struct), to);
}

// a * b, or false where it does not fit.
inline bool Multiply(size_t a, size_t b, size_t& product) noexcept {
  return !__builtin_mul_overflow(a, b, &product);
}

}  // namespace c
}  // namespace fovea

#endif  // FOVEA_C_STRUCT_IN_H_
