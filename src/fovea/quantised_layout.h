// SPDX-License-Identifier: Apache-2.0
// How an int8 cache stores keys and values: each row by a scale of its own,
// keys less what they have in common.  docs/numerics.md says what that costs.
#ifndef FOVEA_QUANTISED_LAYOUT_H_
#define FOVEA_QUANTISED_LAYOUT_H_

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "fovea/cache_layout.h"
#include "fovea/cache_span.h"
#include "fovea/check.h"
#include "fovea/kernels/layout.h"
#include "fovea/key_means.h"
#include "fovea/quad_layout.h"
#include "fovea/quantise.h"

namespace fovea {

// What a row's entries, times this, must be finite for: the difference of two
// keys is, whose entries turning may raise by a half, and values are rounded.
constexpr float RoomOfKey(bool turns) noexcept { return turns ? 4.0f : 2.0f; }
constexpr float kRoomOfValue = 2.0f;

// Of one kv head, byte by byte, whole cache lines:
//
//   keys    int8  [slot/16][head_dim/4][16][4], dims rounded up to 4
//           float [slot]: scales
//           float: see KeyMeans
//   values  int8  [slot/4][value_dim][4]
//           float [slot]: scales
//
// Dims and the slots of the cache that is stored to are Lengths.
template <class HeadDim, class ValueDim, class Slots>
struct QuantisedRows {
  HeadDim head_dim;
  ValueDim value_dim;
  Slots capacity;
  KeyMeans means;

  constexpr size_t PaddedDim() const noexcept { return RoundUp(head_dim, 4); }

  constexpr size_t KeyScales(size_t slots) const noexcept {
    return RoundUp(slots, kPanel) * PaddedDim();
  }
  constexpr size_t MeansAt(size_t slots) const noexcept {
    return KeyScales(slots) + RoundUp(slots, kPanel) * sizeof(float);
  }
  constexpr size_t KeysOfHead(size_t slots) const noexcept {
    return RoundUp(
        MeansAt(slots) + means.Floats(slots, head_dim) * sizeof(float),
        kCacheLine);
  }
  constexpr size_t ValueScales(size_t slots) const noexcept {
    return RoundUp(RoundUp(slots, 4) * value_dim, sizeof(float) * kPanel);
  }
  constexpr size_t ValuesOfHead(size_t slots) const noexcept {
    return RoundUp(ValueScales(slots) + RoundUp(slots, kPanel) * sizeof(float),
                   kCacheLine);
  }

  bool Accepts(const float* key, const float* value,
               bool turns) const noexcept {
    return IsStorable(key, head_dim, RoomOfKey(turns)) &&
           IsStorable(value, value_dim, kRoomOfValue);
  }

  void StoreKey(const float* row, const TokenPlace& token,
                int8_t* head) const noexcept {
    float* all_means = FloatsAt(head, MeansAt(capacity));
    means.Begin(token, capacity, head_dim, all_means);
    if (means.BeginsAt(token)) TakeMean(token, head, all_means);
    float centred[HeadDim::kMost];
    std::memcpy(centred, row, head_dim * sizeof(float));
    if (means.Has(token)) {
      const float* mean = all_means + KeyMeans::At(token.mean, head_dim);
      const size_t columns = means.Columns(capacity);
      for (size_t dim = 0; dim < head_dim; ++dim) {
        centred[dim] -= mean[dim * columns];
      }
    }
    int8_t quads[RoundUp(HeadDim::kMost, 4)] = {};
    FloatsAt(head, KeyScales(capacity))[token.slot] =
        QuantiseRow(centred, head_dim, quads);
    StoreQuads(quads, token.slot, PaddedDim(), head);
  }

  void StoreValue(const float* row, size_t slot, int8_t* head) const noexcept {
    int8_t stored[ValueDim::kMost];
    FloatsAt(head, ValueScales(capacity))[slot] =
        QuantiseRow(row, value_dim, stored);
    int8_t* four = head + slot / 4 * 4 * value_dim + slot % 4;
    for (size_t dim = 0; dim < value_dim; ++dim) four[dim * 4] = stored[dim];
  }

  // Copies the first `tokens` slots of a head that has `from_slots` to one that
  // has `to_slots`; what lies beyond them in the last panels and lines is
  // zeros.
  void CopyKeys(const int8_t* from, size_t from_slots, size_t tokens,
                int8_t* to, size_t to_slots) const noexcept {
    CopyQuadPanels(from, tokens, PaddedDim(), to);
    CopyFloats(from + KeyScales(from_slots), tokens, RoundUp(tokens, kPanel),
               to + KeyScales(to_slots));
    means.Copy(FloatsAt(from, MeansAt(from_slots)), from_slots, tokens,
               head_dim, FloatsAt(to, MeansAt(to_slots)), to_slots);
    const size_t end =
        MeansAt(to_slots) + means.Floats(to_slots, head_dim) * sizeof(float);
    std::memset(to + end, 0, KeysOfHead(to_slots) - end);
  }

  void CopyValues(const int8_t* from, size_t from_slots, size_t tokens,
                  int8_t* to, size_t to_slots) const noexcept {
    CopyQuadRows(from, tokens, value_dim, ValueScales(tokens), to);
    CopyFloats(from + ValueScales(from_slots), tokens,
               (ValuesOfHead(tokens) - ValueScales(tokens)) / sizeof(float),
               to + ValueScales(to_slots));
  }

  // Whether what saved bytes hold can have been stored.
  bool IsSound(const int8_t* keys, const int8_t* values,
               size_t slots) const noexcept {
    const float* key_scales = FloatsAt(keys, KeyScales(slots));
    const float* value_scales = FloatsAt(values, ValueScales(slots));
    for (size_t i = 0; i < slots; ++i) {
      if (!(key_scales[i] > 0.0f && IsFinite(key_scales[i]))) return false;
      if (!(value_scales[i] > 0.0f && IsFinite(value_scales[i]))) return false;
    }
    return means.AreBounded(FloatsAt(keys, MeansAt(slots)), slots, head_dim);
  }

 private:
  static float* FloatsAt(int8_t* head, size_t offset) noexcept {
    return reinterpret_cast<float*>(head + offset);
  }
  static const float* FloatsAt(const int8_t* head, size_t offset) noexcept {
    return reinterpret_cast<const float*>(head + offset);
  }

  // The first `count` of `room` floats; the others are 0.
  static void CopyFloats(const int8_t* from, size_t count, size_t room,
                         int8_t* to) noexcept {
    std::memcpy(to, from, count * sizeof(float));
    std::memset(to + count * sizeof(float), 0, (room - count) * sizeof(float));
  }

  // From the stored keys alone: tokens that were taken back leave no trace.
  // They are a panel.
  void TakeMean(const TokenPlace& token, int8_t* head,
                float* all_means) const noexcept {
    constexpr float kShare = 1.0f / kMeanTokens;
    const size_t slot = means.SlotsBefore(token);
    const float* scales = FloatsAt(head, KeyScales(capacity)) + slot;
    const int8_t* entries = head + slot * PaddedDim();
    const size_t columns = means.Columns(capacity);
    float* to = all_means + KeyMeans::At(token.mean, head_dim);
    const float* before =
        means.HasBefore(token)
            ? all_means + KeyMeans::At(means.MeanBefore(token), head_dim)
            : nullptr;
    float sums[RoundUp(HeadDim::kMost, 4)] = {};
    for (size_t i = 0; i < kMeanTokens; ++i, entries += 4) {
      const float scale = scales[i] * kShare;  // no sum of them overflows
      for (size_t dim = 0; dim < head_dim; dim += 4) {
        const int8_t* four = entries + dim * kPanel;
        for (size_t j = 0; j < 4; ++j) {
          sums[dim + j] += static_cast<float>(four[j]) * scale;
        }
      }
    }
    for (size_t dim = 0; dim < head_dim; ++dim) {
      const float mean = before == nullptr ? 0.0f : before[dim * columns];
      to[dim * columns] = KeyMeans::Bounded(mean + sums[dim]);
    }
  }
};
static_assert(kMeanTokens == kPanel, "what a mean is taken of is a panel");

// The layout of a config's cache.
template <class R>
struct CacheLayout<R, int8_t>
    : LayoutOfRows<CacheLayout<R, int8_t>, int8_t, (R::kRotaryDim > 0)> {
  static constexpr size_t kCapacity = CacheSpan<R, R::kRing>::kTokens;
  static constexpr KeyMeans kMeans = KeyMeansOf<R>();
  using AllRows = QuantisedRows<Length<R::kHeadDim>, Length<R::kValueDim>,
                                Length<kCapacity>>;

  static constexpr AllRows Rows() noexcept { return {{}, {}, {}, kMeans}; }
};

}  // namespace fovea

#endif  // FOVEA_QUANTISED_LAYOUT_H_
