// SPDX-License-Identifier: Apache-2.0
// How keys and values lie that are computed with in int8 (Arithmetic other than
// kFloat), in a cache and in the workspace of Run.  docs/numerics.md says what
// that costs.
#ifndef FOVEA_INT8_LAYOUT_H_
#define FOVEA_INT8_LAYOUT_H_

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include "fovea/cache_layout.h"
#include "fovea/cache_span.h"
#include "fovea/check.h"
#include "fovea/config.h"
#include "fovea/kernels/layout.h"
#include "fovea/quad_layout.h"
#include "fovea/quantise.h"
#include "fovea/quantised_layout.h"

namespace fovea {

// Channels of a key that may stay float: few tensors have more outliers in a
// head.  They do where one varies more than three times as much as the others
// (9 times in squares); what that costs, heads without outliers need not pay
// (Zen 5: 6 % of a prefill in kInt8, dim 64).
constexpr size_t kFloatChannels = 2;
constexpr float kOutlier = 9.0f;

// Tokens of a stream belong to ranges (RangeOf): each begins with statistics of
// up to 64 tokens before it: the mean of their keys, and the channels that vary
// most about it if those are outliers.  A key is stored less the mean of its
// range, such channels as float, the rest as int8 with a scale of its own.  The
// first 16 keys, which have no statistics and are the sinks of many models, are
// kept as float.
//
// Of one kv head, byte by byte, whole cache lines:
//
//   keys    int8  [slot/16][head_dim/4][16][4], dims rounded up to 4
//           float [head_dim][16]: the first 16 keys
//           float [16][head_dim]: the mean of range i
//           int32 [16][2]: the channels of range i; -1: none
//           float [slot]: scales
//           float [2][slot]: entries of the channels
//   values  kInt8:       int8 [slot/4][value_dim][4], float [slot]: scales
//           kInt8Scores: float [slot][value_dim]
template <class R>
struct Int8Layout {
  static constexpr size_t kCapacity = CacheSpan<R, R::kRing>::kTokens;
  static constexpr size_t kHeadDim = R::kHeadDim;
  static constexpr size_t kValueDim = R::kValueDim;
  static constexpr size_t kPaddedDim = RoundUp(R::kHeadDim, 4);
  static constexpr bool kInt8Values = R::kArithmetic == Arithmetic::kInt8;
  // The layout of values in int8 is that of the float arithmetic's cache.
  using Quantised = CacheLayout<R, int8_t>;

  static constexpr size_t kRanges = R::kSmoothKeys ? MeansOf(kCapacity) : 1;
  static_assert(kRanges <= kPanel, "there is room for their means");
  static constexpr size_t RangeOf(uint64_t position) noexcept {
    return MeanOfPosition(position, kRanges);
  }

  // ------------------------------------------------------------------ offsets

  static constexpr size_t kPanelBytes = kPanel * kHeadDim * sizeof(float);

  static constexpr size_t FirstKeys(size_t slots) noexcept {
    return RoundUp(slots, kPanel) * kPaddedDim;
  }
  static constexpr size_t Means(size_t slots) noexcept {
    return FirstKeys(slots) + kPanelBytes;
  }
  static constexpr size_t Dims(size_t slots) noexcept {
    return Means(slots) + kPanelBytes;
  }
  static constexpr size_t KeyScales(size_t slots) noexcept {
    return Dims(slots) + kPanel * kFloatChannels * sizeof(int32_t);
  }
  static constexpr size_t Channels(size_t slots) noexcept {
    return KeyScales(slots) + RoundUp(slots, kPanel) * sizeof(float);
  }
  static constexpr size_t ChannelStride(size_t slots) noexcept {
    return RoundUp(slots, kPanel);
  }
  static constexpr size_t KeysOfHead(size_t slots) noexcept {
    return Channels(slots) +
           kFloatChannels * RoundUp(slots, kPanel) * sizeof(float);
  }
  static constexpr size_t ValueScales(size_t slots) noexcept {
    return Quantised::ValueScales(slots);
  }
  static constexpr size_t ValuesOfHead(size_t slots) noexcept {
    return kInt8Values ? Quantised::ValuesOfHead(slots)
                       : RoundUp(slots * kValueDim * sizeof(float), kCacheLine);
  }

  // -------------------------------------------------------------------- store

  // Values that stay float may be anything.
  static constexpr float kRoomOfKey = RoomOfKey(R::kRotaryDim > 0);
  static constexpr float kRoomOfValue = fovea::kRoomOfValue;
  static bool Accepts(const float* key, const float* value) noexcept {
    return IsStorable(key, kHeadDim, kRoomOfKey) &&
           (!kInt8Values || IsStorable(value, kValueDim, kRoomOfValue));
  }

  static void StoreKey(const float* row, size_t slot, uint64_t position,
                       int8_t* head) noexcept {
    const size_t range = RangeOf(position);
    if (position > 0 && RangeOf(position - 1) != range) {
      BeginRange(range, slot, head);
    }
    if (position < kPanel) {
      StoreFirstKey(row, static_cast<size_t>(position), head);
    }
    float centred[kHeadDim];
    std::memcpy(centred, row, sizeof(centred));
    if (range != 0) {
      const float* mean = FloatsAt(head, Means(kCapacity)) + range * kHeadDim;
      for (size_t dim = 0; dim < kHeadDim; ++dim) centred[dim] -= mean[dim];
    }
    TakeChannels(range, slot, centred, head);
    int8_t quads[kPaddedDim] = {};
    const float scale = QuantiseRow(centred, kHeadDim, quads);
    FloatsAt(head, KeyScales(kCapacity))[slot] = scale;
    StoreQuads(quads, slot, kPaddedDim, head);
  }

  static void StoreFirstKey(const float* row, size_t position,
                            int8_t* head) noexcept {
    float* first = FloatsAt(head, FirstKeys(kCapacity)) + position;
    for (size_t dim = 0; dim < kHeadDim; ++dim) first[dim * kPanel] = row[dim];
  }

  static const int32_t* DimsOf(size_t range, const int8_t* head) noexcept {
    return IntsAt(head, Dims(kCapacity)) + range * kFloatChannels;
  }

  // Keeps the range's channels of a key and leaves zeros in their place.
  static void TakeChannels(size_t range, size_t slot, float* centred,
                           int8_t* head) noexcept {
    float* to = FloatsAt(head, Channels(kCapacity)) + slot;
    for (size_t i = 0; i < kFloatChannels; ++i) {
      float& entry = to[i * ChannelStride(kCapacity)];
      entry = 0.0f;
      if (range == 0 || DimsOf(range, head)[i] < 0) continue;
      float& dim = centred[DimsOf(range, head)[i]];
      entry = dim;
      dim = 0.0f;
    }
  }

  // The statistics of the tokens in the slots before, from the stored keys
  // alone: tokens that were taken back leave no trace.
  static void BeginRange(size_t range, size_t slot, int8_t* head) noexcept {
    int8_t entries[kPaddedDim];
    BeginRange(range, slot, head, [&](size_t s) {
      const int8_t* quads = QuadsAt(head, s, kPaddedDim);
      for (size_t i = 0; i < kPaddedDim; i += 4) {
        std::memcpy(entries + i, quads + i * kPanel, 4);
      }
      return static_cast<const int8_t*>(entries);
    });
  }
  // The same with entries_of(slot), asked for in order, one after the other.
  template <class EntriesOf>
  static void BeginRange(size_t range, size_t slot, int8_t* head,
                         const EntriesOf& entries_of) noexcept {
    const size_t count = slot < 64 ? slot : 64;  // 16 or 64
    const float share = 1.0f / static_cast<float>(count);
    float* means = FloatsAt(head, Means(kCapacity)) + range * kHeadDim;
    float before[kHeadDim] = {};  // the mean of the range that ends
    if (range > 1) std::memcpy(before, means - kHeadDim, sizeof(before));
    float row[kHeadDim], mean[kHeadDim] = {}, square[kHeadDim] = {};
    for (size_t s = slot - count; s < slot; ++s) {
      if (s < kPanel) {
        ReadFirstKey(s, before, head, row);
      } else {
        ReadCentred(s, range - 1, entries_of(s), head, row);
      }
      for (size_t i = 0; i < kHeadDim; ++i) {
        const float part = row[i] * share;  // no sum of them may overflow
        mean[i] += part;
        square[i] += part * row[i];
      }
    }
    for (size_t i = 0; i < kHeadDim; ++i) {
      means[i] = before[i] + mean[i];
      square[i] -= mean[i] * mean[i];
    }
    FindOutliers(square,
                 IntsAt(head, Dims(kCapacity)) + range * kFloatChannels);
  }

  static void StoreValue(const float* row, size_t slot, int8_t* head) noexcept {
    if constexpr (kInt8Values) {
      Quantised::StoreValue(row, slot, head);
    } else {
      std::memcpy(FloatsAt(head, 0) + slot * kValueDim, row,
                  kValueDim * sizeof(float));
    }
  }

  // --------------------------------------------------------------------- save

  // As of CacheLayout: what lies beyond the `tokens` slots is zeros.
  static void CopyKeys(const int8_t* from, size_t from_slots, size_t tokens,
                       int8_t* to, size_t to_slots) noexcept {
    CopyQuadPanels(from, tokens, kPaddedDim, to);
    const size_t ranges = tokens == 0 ? 0 : RangeOf(tokens - 1) + 1;
    CopyColumns(FloatsAt(from, FirstKeys(from_slots)),
                tokens < kPanel ? tokens : kPanel,
                FloatsAt(to, FirstKeys(to_slots)));
    // No mean and no channels of range 0.
    const float* from_means = FloatsAt(from, Means(from_slots));
    float* to_means = FloatsAt(to, Means(to_slots));
    for (size_t i = 0; i < kPanel * kHeadDim; ++i) {
      const bool used = i >= kHeadDim && i < ranges * kHeadDim;
      to_means[i] = used ? from_means[i] : 0.0f;
    }
    const int32_t* from_dims = IntsAt(from, Dims(from_slots));
    int32_t* to_dims = IntsAt(to, Dims(to_slots));
    for (size_t i = 0; i < kPanel * kFloatChannels; ++i) {
      const bool used = i >= kFloatChannels && i < ranges * kFloatChannels;
      to_dims[i] = used ? from_dims[i] : 0;
    }
    CopyFloats(FloatsAt(from, KeyScales(from_slots)), tokens,
               FloatsAt(to, KeyScales(to_slots)));
    for (size_t i = 0; i < kFloatChannels; ++i) {
      CopyFloats(
          FloatsAt(from, Channels(from_slots)) + i * ChannelStride(from_slots),
          tokens,
          FloatsAt(to, Channels(to_slots)) + i * ChannelStride(to_slots));
    }
  }

  static void CopyValues(const int8_t* from, size_t from_slots, size_t tokens,
                         int8_t* to, size_t to_slots) noexcept {
    if constexpr (kInt8Values) {
      Quantised::CopyValues(from, from_slots, tokens, to, to_slots);
    } else {
      const size_t bytes = tokens * kValueDim * sizeof(float);
      std::memcpy(to, from, bytes);
      std::memset(to + bytes, 0, ValuesOfHead(tokens) - bytes);
    }
  }

  // Whether what saved bytes hold can have been stored.
  static bool IsSound(const int8_t* keys, const int8_t* values,
                      size_t slots) noexcept {
    const float* key_scales = FloatsAt(keys, KeyScales(slots));
    for (size_t i = 0; i < slots; ++i) {
      if (!IsScale(key_scales[i])) return false;
      if (kInt8Values && !IsScale(FloatsAt(values, ValueScales(slots))[i])) {
        return false;
      }
    }
    const int32_t* dims = IntsAt(keys, Dims(slots));
    for (size_t i = 0; i < kPanel * kFloatChannels; ++i) {
      const auto dim_count = static_cast<int32_t>(kHeadDim);
      if (dims[i] < -1 || dims[i] >= dim_count) return false;
    }
    return AllFinite(FloatsAt(keys, FirstKeys(slots)), kPanel * kHeadDim) &&
           AllFinite(FloatsAt(keys, Means(slots)), kPanel * kHeadDim) &&
           AllFinite(FloatsAt(keys, Channels(slots)),
                     kFloatChannels * ChannelStride(slots));
  }

  static float* FloatsAt(int8_t* head, size_t offset) noexcept {
    return reinterpret_cast<float*>(head + offset);
  }
  static const float* FloatsAt(const int8_t* head, size_t offset) noexcept {
    return reinterpret_cast<const float*>(head + offset);
  }
  static int32_t* IntsAt(int8_t* head, size_t offset) noexcept {
    return reinterpret_cast<int32_t*>(head + offset);
  }
  static const int32_t* IntsAt(const int8_t* head, size_t offset) noexcept {
    return reinterpret_cast<const int32_t*>(head + offset);
  }

 private:
  // One of the first 16 keys less the mean of a range.
  static void ReadFirstKey(size_t slot, const float* mean, const int8_t* head,
                           float* row) noexcept {
    const float* first = FloatsAt(head, FirstKeys(kCapacity)) + slot;
    for (size_t i = 0; i < kHeadDim; ++i) {
      row[i] = first[i * kPanel] - mean[i];
    }
  }

  // The key in a slot of `range`, less the mean of that.  A range begins before
  // a ring's first slot is used again: here slots are positions.
  static void ReadCentred(size_t slot, size_t range, const int8_t* entries,
                          const int8_t* head, float* row) noexcept {
    const float scale = FloatsAt(head, KeyScales(kCapacity))[slot];
    for (size_t i = 0; i < kHeadDim; ++i) {
      row[i] = static_cast<float>(entries[i]) * scale;
    }
    const float* channels = FloatsAt(head, Channels(kCapacity)) + slot;
    for (size_t i = 0; i < kFloatChannels; ++i) {
      const int32_t dim = DimsOf(range, head)[i];
      if (dim >= 0) row[dim] = channels[i * ChannelStride(kCapacity)];
    }
  }

  // The dims of the largest spreads, of equal ones the first, or -1 where the
  // largest is no outlier.
  static void FindOutliers(const float* spread, int32_t* dims) noexcept {
    float largest[kFloatChannels] = {};
    float sum = 0.0f;
    for (size_t i = 0; i < kFloatChannels; ++i) dims[i] = -1;
    for (size_t i = 0; i < kHeadDim; ++i) {
      sum += spread[i];
      KeepLargest(spread[i], static_cast<int32_t>(i), largest, dims);
    }
    for (const float x : largest) sum -= x;
    const float others = static_cast<float>(kHeadDim) - kFloatChannels;
    const bool is_outlier =
        others > 0.0f && largest[0] * others > kOutlier * sum;
    for (size_t i = 0; i < kFloatChannels && !is_outlier; ++i) dims[i] = -1;
  }

  static void KeepLargest(float spread, int32_t dim, float* largest,
                          int32_t* dims) noexcept {
    for (size_t i = 0; i < kFloatChannels; ++i) {
      if (!(spread > largest[i])) continue;
      const float other = largest[i];
      const int32_t other_dim = dims[i];
      largest[i] = spread, dims[i] = dim;
      spread = other, dim = other_dim;
    }
  }

  // The first columns of a panel; the others are 0.
  static void CopyColumns(const float* from, size_t columns,
                          float* to) noexcept {
    for (size_t i = 0; i < kPanel * kHeadDim; ++i) {
      to[i] = i % kPanel < columns ? from[i] : 0.0f;
    }
  }

  static void CopyFloats(const float* from, size_t count, float* to) noexcept {
    std::memcpy(to, from, count * sizeof(float));
    std::memset(to + count, 0,
                (RoundUp(count, kPanel) - count) * sizeof(float));
  }

  static bool IsScale(float x) noexcept { return x > 0.0f && IsFinite(x); }

  static bool AllFinite(const float* x, size_t count) noexcept {
    for (size_t i = 0; i < count; ++i) {
      if (!IsFinite(x[i])) return false;
    }
    return true;
  }
};

// The layout of what a cache stores.
template <class R, class Stored>
using LayoutOf = std::conditional_t<R::kArithmetic == Arithmetic::kFloat,
                                    CacheLayout<R, Stored>, Int8Layout<R>>;

}  // namespace fovea

#endif  // FOVEA_INT8_LAYOUT_H_
