// SPDX-License-Identifier: Apache-2.0
// How the keys and values of a cache lie in memory, and as saved bytes.
#ifndef FOVEA_CACHE_LAYOUT_H_
#define FOVEA_CACHE_LAYOUT_H_

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include "fovea/cache_span.h"
#include "fovea/kernels/layout.h"
#include "fovea/stored.h"

namespace fovea {

// Bytes that every head's keys and values are aligned to.
constexpr size_t kCacheLine = 64;

// Keys of one kv head in panels [token/16][head_dim][16], values in rows
// [token][value_dim]; each head begins a cache line.  The dims are Lengths.
template <class HeadDim, class ValueDim, class Element>
struct CacheRows {
  static constexpr size_t kLine = kCacheLine / sizeof(Element);

  HeadDim head_dim;
  ValueDim value_dim;

  // Elements of one kv head with so many tokens.
  static constexpr size_t Keys(size_t tokens, size_t dim) noexcept {
    return RoundUp(RoundUp(tokens, kPanel) * dim, kLine);
  }
  static constexpr size_t Values(size_t tokens, size_t dim) noexcept {
    return RoundUp(tokens * dim, kLine);
  }
  constexpr size_t KeysOfHead(size_t tokens) const noexcept {
    return Keys(tokens, head_dim);
  }
  constexpr size_t ValuesOfHead(size_t tokens) const noexcept {
    return Values(tokens, value_dim);
  }

  // Whether a token can be stored; turned on the way or not.
  static constexpr bool Accepts(const float* /*key*/, const float* /*value*/,
                                bool /*turns*/) noexcept {
    return true;
  }

  void StoreKey(const float* row, const TokenPlace& token,
                Element* head) const noexcept {
    const size_t slot = token.slot;
    Element* to = head + slot / kPanel * kPanel * head_dim + slot % kPanel;
    ForStored(row, head_dim, [&](size_t first, const Element* some, size_t n) {
      for (size_t i = 0; i < n; ++i) to[(first + i) * kPanel] = some[i];
    });
  }

  void StoreValue(const float* row, size_t slot, Element* head) const noexcept {
    Element* to = head + slot * value_dim;
    ForStored(row, value_dim, [&](size_t first, const Element* some, size_t n) {
      std::memcpy(to + first, some, n * sizeof(Element));
    });
  }

  // Copies the first `tokens` tokens of a head, whatever the slots of either;
  // what lies beyond them in the last panel and line is zeros.
  void CopyKeys(const Element* from, size_t /*from_slots*/, size_t tokens,
                Element* to, size_t /*to_slots*/) const noexcept {
    const size_t whole = tokens / kPanel * kPanel * head_dim;
    std::memcpy(to, from, whole * sizeof(Element));
    std::memset(to + whole, 0, (KeysOfHead(tokens) - whole) * sizeof(Element));
    for (size_t dim = 0; tokens % kPanel != 0 && dim < head_dim; ++dim) {
      const size_t column = whole + dim * kPanel;
      std::memcpy(to + column, from + column,
                  tokens % kPanel * sizeof(Element));
    }
  }

  void CopyValues(const Element* from, size_t /*from_slots*/, size_t tokens,
                  Element* to, size_t /*to_slots*/) const noexcept {
    const size_t count = tokens * value_dim;
    std::memcpy(to, from, count * sizeof(Element));
    std::memset(to + count, 0,
                (ValuesOfHead(tokens) - count) * sizeof(Element));
  }

  // Whether what saved bytes hold can have been stored.
  static constexpr bool IsSound(const Element* /*keys*/,
                                const Element* /*values*/,
                                size_t /*slots*/) noexcept {
    return true;
  }

 private:
  // Calls put(dim, entries as they are stored, count): floats are, and others
  // some at a time.  In a buffer, for what put writes might overlap the row,
  // and a compiler would convert one after another; a small one, as the stack
  // is.
  template <class Dim, class Put>
  static void ForStored(const float* row, Dim dim, const Put& put) noexcept {
    if constexpr (std::is_same<Element, float>::value) {
      put(0, row, dim);
    } else {
      constexpr size_t kTogether = 32;
      Element stored[kTogether];
      size_t first = 0;
      for (; first + kTogether <= dim; first += kTogether) {
        for (size_t i = 0; i < kTogether; ++i) Store(row[first + i], stored[i]);
        put(first, stored, kTogether);
      }
      const size_t rest = dim - first;
      for (size_t i = 0; i < rest; ++i) Store(row[first + i], stored[i]);
      put(first, stored, rest);
    }
  }
};

// What a cache asks of the layout of a config, Of: Of::Rows() does it, whose
// sizes are constants.
template <class Of, class Element, bool kTurns>
struct LayoutOfRows {
  static constexpr size_t KeysOfHead(size_t slots) noexcept {
    return Of::Rows().KeysOfHead(slots);
  }
  static constexpr size_t ValuesOfHead(size_t slots) noexcept {
    return Of::Rows().ValuesOfHead(slots);
  }

  static constexpr bool Accepts(const float* key, const float* value) noexcept {
    return Of::Rows().Accepts(key, value, kTurns);
  }

  static void StoreKey(const float* row, const TokenPlace& token,
                       Element* head) noexcept {
    Of::Rows().StoreKey(row, token, head);
  }
  static void StoreValue(const float* row, size_t slot,
                         Element* head) noexcept {
    Of::Rows().StoreValue(row, slot, head);
  }

  static constexpr bool IsSound(const Element* keys, const Element* values,
                                size_t slots) noexcept {
    return Of::Rows().IsSound(keys, values, slots);
  }

  static void CopyKeys(const Element* from, size_t from_slots, size_t tokens,
                       Element* to, size_t to_slots) noexcept {
    Of::Rows().CopyKeys(from, from_slots, tokens, to, to_slots);
  }
  static void CopyValues(const Element* from, size_t from_slots, size_t tokens,
                         Element* to, size_t to_slots) noexcept {
    Of::Rows().CopyValues(from, from_slots, tokens, to, to_slots);
  }
};

// The layout of a config's cache; int8 has one of its own.
template <class R, class Element>
struct CacheLayout
    : LayoutOfRows<CacheLayout<R, Element>, Element, (R::kRotaryDim > 0)> {
  using AllRows = CacheRows<Length<R::kHeadDim>, Length<R::kValueDim>, Element>;

  static constexpr AllRows Rows() noexcept { return {{}, {}}; }
};

}  // namespace fovea

#endif  // FOVEA_CACHE_LAYOUT_H_
