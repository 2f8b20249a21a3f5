// SPDX-License-Identifier: Apache-2.0
// The keys and values of one stream, in the layout that a decode reads at the
// speed of memory.
#ifndef FOVEA_KV_CACHE_H_
#define FOVEA_KV_CACHE_H_

#include <cstddef>

#include "fovea/check.h"
#include "fovea/config.h"
#include "fovea/kernels/layout.h"
#include "fovea/status.h"
#include "fovea/view.h"

namespace fovea {

// Holds up to Config::kMaxKeys tokens.  sizeof is the RAM cost: about
// kKvHeads * kMaxKeys * (kHeadDim + kValueDim) * 4 bytes.
//
// Keys lie in panels [token/16][head_dim][16] a kv head, values in rows
// [token][value_dim].  Trivially constructible, so that it can be placed in any
// memory section: call Clear() before first use unless it starts as zeros (a
// static object).
template <class Config>
class alignas(64) KvCache {
  using R = Resolved<Config>;

 public:
  using Element = typename Config::Element;

  // Forgets everything.
  void Clear() noexcept { size_ = 0; }

  // Appends `tokens` tokens, 1 or more.
  //   k  [kv_head][token][head_dim], v  [kv_head][token][value_dim]
  // kNullPointer, kZeroCount, kBadStride, kMisaligned (this object or the
  // data), kCacheFull (none of the tokens is taken).
  Status Append(View<const Element> k, View<const Element> v,
                size_t tokens) noexcept {
    FOVEA_RETURN_IF_BAD(CheckAppend(k, v, tokens));
    for (size_t head = 0; head < R::kKvHeads; ++head) {
      for (size_t t = 0; t < tokens; ++t) {
        StoreKey(head, size_ + t, k.Row(0, head, t));
        StoreValue(head, size_ + t, v.Row(0, head, t));
      }
    }
    size_ += tokens;
    return Status::kOk;
  }

  // What Append would return, without doing it.
  Status CheckAppend(View<const Element> k, View<const Element> v,
                     size_t tokens) const noexcept {
    if (!IsAligned(this, alignof(KvCache))) return Status::kMisaligned;
    if (tokens == 0) return Status::kZeroCount;
    FOVEA_RETURN_IF_BAD(
        CheckView(k, {1, R::kKvHeads, tokens, R::kHeadDim}, Shares::kBatch));
    FOVEA_RETURN_IF_BAD(
        CheckView(v, {1, R::kKvHeads, tokens, R::kValueDim}, Shares::kBatch));
    return tokens > capacity() - size_ ? Status::kCacheFull : Status::kOk;
  }

  // Forgets the newest `tokens` tokens, 0 or more: what a speculative decode
  // takes back.  kTooManyTokens when the cache holds fewer; nothing changes.
  Status Truncate(size_t tokens) noexcept {
    if (tokens > size_) return Status::kTooManyTokens;
    size_ -= tokens;
    return Status::kOk;
  }

  static constexpr size_t capacity() noexcept { return R::kMaxKeys; }
  size_t size() const noexcept { return size_; }      // tokens held
  size_t position() const noexcept { return size_; }  // of the next token

  // For kernels: the panels and rows of one kv head.
  const Element* KeyPanels(size_t kv_head) const noexcept {
    return keys_ + kv_head * kKeysOfHead;
  }
  const Element* ValueRows(size_t kv_head) const noexcept {
    return values_ + kv_head * kValuesOfHead;
  }

 private:
  static constexpr size_t kKeysOfHead =
      RoundUp(R::kMaxKeys, kPanel) * R::kHeadDim;
  // Whole cache lines, so that every head's first row is aligned.
  static constexpr size_t kValuesOfHead =
      RoundUp(R::kMaxKeys * R::kValueDim, kPanel);

  void StoreKey(size_t head, size_t token, const Element* row) noexcept {
    Element* panel = keys_ + head * kKeysOfHead +
                     token / kPanel * kPanel * R::kHeadDim + token % kPanel;
    for (size_t dim = 0; dim < R::kHeadDim; ++dim) {
      panel[dim * kPanel] = row[dim];
    }
  }

  void StoreValue(size_t head, size_t token, const Element* row) noexcept {
    Element* to = values_ + head * kValuesOfHead + token * R::kValueDim;
    for (size_t dim = 0; dim < R::kValueDim; ++dim) to[dim] = row[dim];
  }

  Element keys_[R::kKvHeads * kKeysOfHead];
  Element values_[R::kKvHeads * kValuesOfHead];
  size_t size_;
};

}  // namespace fovea

#endif  // FOVEA_KV_CACHE_H_
