// SPDX-License-Identifier: Apache-2.0
// The keys and values of one stream of int8 tensors, as they are: no scale is
// stored, those of IntegerScales hold for all of them.
#ifndef FOVEA_INTEGER_KV_CACHE_H_
#define FOVEA_INTEGER_KV_CACHE_H_

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "fovea/check.h"
#include "fovea/integer_config.h"
#include "fovea/kernels/layout.h"
#include "fovea/status.h"
#include "fovea/view.h"

namespace fovea {

// Holds the tokens of a stream, up to Config::kMaxKeys.  sizeof is the RAM
// cost: about kKvHeads * kMaxKeys * (kHeadDim + kValueDim) bytes.  A kv head's
// keys lie as [token/16][head_dim/4][16][4], dims rounded up to 4, its values
// as [token/4][value_dim][4]; a token never moves.  Trivially constructible:
// call Clear() before first use unless it starts as zeros (a static object).
template <class Config>
class alignas(16) IntegerKvCache {
  using R = ResolvedInteger<Config>;

 public:
  // Forgets everything.
  void Clear() noexcept { size_ = 0; }

  // Appends `tokens` tokens, 1 or more.
  //   k  [kv_head][token][head_dim], v  [kv_head][token][value_dim]
  // kNullPointer, kZeroCount, kBadStride, kMisaligned (this object), kCacheFull
  // (none of the tokens is taken).
  Status Append(View<const int8_t> k, View<const int8_t> v,
                size_t tokens) noexcept {
    FOVEA_RETURN_IF_BAD(CheckAppend(k, v, tokens));
    Take(k, v, tokens);
    return Status::kOk;
  }

  // What Append would return, without doing it.
  Status CheckAppend(View<const int8_t> k, View<const int8_t> v,
                     size_t tokens) const noexcept {
    if (!IsAligned(this, alignof(IntegerKvCache))) return Status::kMisaligned;
    if (tokens == 0) return Status::kZeroCount;
    FOVEA_RETURN_IF_BAD(
        CheckView(k, {1, R::kKvHeads, tokens, R::kHeadDim}, Shares::kBatch));
    FOVEA_RETURN_IF_BAD(
        CheckView(v, {1, R::kKvHeads, tokens, R::kValueDim}, Shares::kBatch));
    return tokens <= R::kMaxKeys - size_ ? Status::kOk : Status::kCacheFull;
  }

  // Forgets the newest `tokens` tokens, 0 or more.  kTooManyTokens when the
  // cache holds fewer; nothing changes.
  Status Truncate(size_t tokens) noexcept {
    if (tokens > size_) return Status::kTooManyTokens;
    size_ -= tokens;
    return Status::kOk;
  }

  // The most tokens it can hold.
  static constexpr size_t capacity() noexcept { return R::kMaxKeys; }
  // Tokens held, which is the position of the next one too.
  size_t size() const noexcept { return size_; }
  size_t position() const noexcept { return size_; }

  // For kernels: the panels and groups of one kv head.
  const int8_t* KeyPanels(size_t kv_head) const noexcept {
    return keys_[kv_head];
  }
  const int8_t* ValueQuads(size_t kv_head) const noexcept {
    return values_[kv_head];
  }

  // Append without its checks.
  void Take(View<const int8_t> k, View<const int8_t> v,
            size_t tokens) noexcept {
    for (size_t t = 0; t < tokens; ++t, ++size_) {
      for (size_t head = 0; head < R::kKvHeads; ++head) {
        StoreKey(k.Row(0, head, t), keys_[head]);
        StoreValue(v.Row(0, head, t), values_[head]);
      }
    }
  }

 private:
  static constexpr size_t kPaddedDim = RoundUp(R::kHeadDim, 4);

  void StoreKey(const int8_t* row, int8_t* head) const noexcept {
    int8_t* to =
        head + size_ / kPanel * kPanel * kPaddedDim + size_ % kPanel * 4;
    size_t dim = 0;
    for (; dim + 4 <= R::kHeadDim; dim += 4) {
      std::memcpy(to + dim * kPanel, row + dim, 4);
    }
    if (dim == R::kHeadDim) return;
    int8_t last[4] = {};
    for (size_t i = 0; dim + i < R::kHeadDim; ++i) last[i] = row[dim + i];
    std::memcpy(to + dim * kPanel, last, 4);
  }

  // The first token of four makes the others zeros: kernels read whole groups.
  void StoreValue(const int8_t* row, int8_t* head) const noexcept {
    int8_t* to = head + size_ / 4 * 4 * R::kValueDim;
    if (size_ % 4 == 0) std::memset(to, 0, 4 * R::kValueDim);
    for (size_t dim = 0; dim < R::kValueDim; ++dim) {
      to[dim * 4 + size_ % 4] = row[dim];
    }
  }

  alignas(
      16) int8_t keys_[R::kKvHeads][RoundUp(R::kMaxKeys, kPanel) * kPaddedDim];
  alignas(16)
      int8_t values_[R::kKvHeads][RoundUp(R::kMaxKeys, kPanel) * R::kValueDim];
  size_t size_;
};

}  // namespace fovea

#endif  // FOVEA_INTEGER_KV_CACHE_H_
