// SPDX-License-Identifier: Apache-2.0
#ifndef FOVEA_C_BUFFER_ARRAYS_H_
#define FOVEA_C_BUFFER_ARRAYS_H_

#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace fovea {
namespace c {

// How the Elements of a cache lie in Rows whose sizes are known at run time,
// and where the arrays of one with room for `slots` tokens do.
template <class ElementArg, class RowsArg>
struct BufferArrays {
  using Element = ElementArg;
  using Rows = RowsArg;
  // Not every key and value can be stored.
  static constexpr bool kIsInt8 = std::is_same<Element, int8_t>::value;

  size_t kv_heads;
  Rows rows;

  size_t KeysOfHead(size_t slots) const noexcept {
    return rows.KeysOfHead(slots);
  }
  size_t ValuesOfHead(size_t slots) const noexcept {
    return rows.ValuesOfHead(slots);
  }
  // Bytes of all.
  size_t Bytes(size_t slots) const noexcept {
    return kv_heads * sizeof(Element) *
           (KeysOfHead(slots) + ValuesOfHead(slots));
  }
  Element* Keys(void* arrays, size_t slots, size_t head) const noexcept {
    return static_cast<Element*>(arrays) + head * KeysOfHead(slots);
  }
  Element* Values(void* arrays, size_t slots, size_t head) const noexcept {
    return Keys(arrays, slots, kv_heads) + head * ValuesOfHead(slots);
  }
};

}  // namespace c
}  // namespace fovea

#endif  // FOVEA_C_BUFFER_ARRAYS_H_
