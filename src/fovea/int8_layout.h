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
#include "fovea/key_means.h"
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

// A key is stored less a mean (KeyMeans), as int8 with a scale of its own but
// for the channels that vary most among the keys of that mean, which stay float
// if they are outliers.  The first 16 keys, which have no mean and are the
// sinks of many models, are kept as float.
//
// Of one kv head, byte by byte, whole cache lines:
//
//   keys    int8  [slot/16][head_dim/4][16][4], dims rounded up to 4
//           float [head_dim][16]: the first 16 keys
//           float: see KeyMeans
//           int32 [mean][2]: the channels that stay float; -1: none
//           float [slot]: scales
//           float [2][slot]: entries of the channels
//   values  kInt8:       int8 [slot/4][value_dim][4], float [slot]: scales
//           kInt8Scores: float [slot][value_dim]
//
// All but the last are Lengths, as of QuantisedRows; the last is a bool, or one
// that is constant.
template <class HeadDimArg, class ValueDimArg, class Slots, class Int8Values>
struct Int8Rows {
  using HeadDim = HeadDimArg;
  using ValueDim = ValueDimArg;
  // The layout of values in int8 is that of the float arithmetic's cache.
  using Quantised = QuantisedRows<HeadDim, ValueDim, Slots>;

  HeadDim head_dim;
  ValueDim value_dim;
  Slots capacity;
  KeyMeans means;
  Int8Values int8_values;

  constexpr size_t PaddedDim() const noexcept { return RoundUp(head_dim, 4); }
  constexpr Quantised OfValues() const noexcept {
    return {head_dim, value_dim, capacity, means};
  }

  // ------------------------------------------------------------------ offsets

  constexpr size_t PanelBytes() const noexcept {
    return kPanel * head_dim * sizeof(float);
  }

  constexpr size_t FirstKeys(size_t slots) const noexcept {
    return RoundUp(slots, kPanel) * PaddedDim();
  }
  constexpr size_t MeansAt(size_t slots) const noexcept {
    return FirstKeys(slots) + PanelBytes();
  }
  constexpr size_t Dims(size_t slots) const noexcept {
    return MeansAt(slots) +
           RoundUp(means.Floats(slots, head_dim) * sizeof(float), kCacheLine);
  }
  constexpr size_t KeyScales(size_t slots) const noexcept {
    return Dims(slots) +
           RoundUp(means.Count(slots) * kFloatChannels * sizeof(int32_t),
                   kCacheLine);
  }
  constexpr size_t Channels(size_t slots) const noexcept {
    return KeyScales(slots) + RoundUp(slots, kPanel) * sizeof(float);
  }
  static constexpr size_t ChannelStride(size_t slots) noexcept {
    return RoundUp(slots, kPanel);
  }
  constexpr size_t KeysOfHead(size_t slots) const noexcept {
    return Channels(slots) +
           kFloatChannels * RoundUp(slots, kPanel) * sizeof(float);
  }
  constexpr size_t ValueScales(size_t slots) const noexcept {
    return OfValues().ValueScales(slots);
  }
  constexpr size_t ValuesOfHead(size_t slots) const noexcept {
    return int8_values ? OfValues().ValuesOfHead(slots)
                       : RoundUp(slots * value_dim * sizeof(float), kCacheLine);
  }

  // -------------------------------------------------------------------- store

  // Values that stay float may be anything.
  bool Accepts(const float* key, const float* value,
               bool turns) const noexcept {
    return IsStorable(key, head_dim, RoomOfKey(turns)) &&
           (!int8_values || IsStorable(value, value_dim, kRoomOfValue));
  }

  void StoreKey(const float* row, const TokenPlace& token,
                int8_t* head) const noexcept {
    Begin(token, head);
    if (means.BeginsAt(token)) TakeMean(token, head);
    if (token.position < kPanel) {
      StoreFirstKey(row, static_cast<size_t>(token.position), head);
    }
    float centred[HeadDim::kMost];
    std::memcpy(centred, row, head_dim * sizeof(float));
    if (means.Has(token)) {
      const float* mean = MeanAt(token.mean, head);
      const size_t columns = means.Columns(capacity);
      for (size_t dim = 0; dim < head_dim; ++dim) {
        centred[dim] -= mean[dim * columns];
      }
    }
    TakeChannels(token, centred, head);
    int8_t quads[RoundUp(HeadDim::kMost, 4)] = {};
    const float scale = QuantiseRow(centred, head_dim, quads);
    FloatsAt(head, KeyScales(capacity))[token.slot] = scale;
    StoreQuads(quads, token.slot, PaddedDim(), head);
  }

  void StoreFirstKey(const float* row, size_t position,
                     int8_t* head) const noexcept {
    float* first = FloatsAt(head, FirstKeys(capacity)) + position;
    for (size_t dim = 0; dim < head_dim; ++dim) first[dim * kPanel] = row[dim];
  }

  // The first entry of a mean; the next one lies means.Columns() further.
  const float* MeanAt(size_t mean, const int8_t* head) const noexcept {
    return FloatsAt(head, MeansAt(capacity)) + KeyMeans::At(mean, head_dim);
  }
  const int32_t* DimsOf(size_t mean, const int8_t* head) const noexcept {
    return IntsAt(head, Dims(capacity)) + mean * kFloatChannels;
  }

  // The mean and the channels of what is stored before a token, from that
  // alone: tokens that were taken back leave no trace.
  void TakeMean(const TokenPlace& token, int8_t* head) const noexcept {
    int8_t entries[RoundUp(HeadDim::kMost, 4)];
    TakeMean(token, head, [&](size_t s) {
      const int8_t* quads = QuadsAt(head, s, PaddedDim());
      for (size_t i = 0; i < PaddedDim(); i += 4) {
        std::memcpy(entries + i, quads + i * kPanel, 4);
      }
      return static_cast<const int8_t*>(entries);
    });
  }
  // The same with entries_of(slot), asked for in order, one after the other.
  template <class EntriesOf>
  void TakeMean(const TokenPlace& token, int8_t* head,
                const EntriesOf& entries_of) const noexcept {
    constexpr float kShare = 1.0f / kMeanTokens;
    const bool has_before = means.HasBefore(token);
    const size_t before = has_before ? means.MeanBefore(token) : 0;
    const size_t first = means.SlotsBefore(token);
    float row[HeadDim::kMost], mean[HeadDim::kMost] = {};
    float square[HeadDim::kMost] = {};
    for (size_t s = first; s < first + kMeanTokens; ++s) {
      if (has_before) {
        ReadCentred(s, before, entries_of(s), head, row);
      } else {
        ReadFirstKey(s, head, row);
      }
      for (size_t i = 0; i < head_dim; ++i) {
        const float part = row[i] * kShare;  // no sum of them may overflow
        mean[i] += part;
        square[i] += part * row[i];
      }
    }
    const size_t columns = means.Columns(capacity);
    float* all_means = FloatsAt(head, MeansAt(capacity));
    float* to = all_means + KeyMeans::At(token.mean, head_dim);
    const float* from = all_means + KeyMeans::At(before, head_dim);
    for (size_t i = 0; i < head_dim; ++i) {
      const float all = (has_before ? from[i * columns] : 0.0f) + mean[i];
      to[i * columns] = KeyMeans::Bounded(all);
      square[i] -= mean[i] * mean[i];
    }
    FindOutliers(square,
                 IntsAt(head, Dims(capacity)) + token.mean * kFloatChannels);
  }

  void StoreValue(const float* row, size_t slot, int8_t* head) const noexcept {
    if (int8_values) {
      OfValues().StoreValue(row, slot, head);
    } else {
      std::memcpy(FloatsAt(head, 0) + slot * value_dim, row,
                  value_dim * sizeof(float));
    }
  }

  // --------------------------------------------------------------------- save

  // As of CacheLayout: what lies beyond the `tokens` slots is zeros.
  void CopyKeys(const int8_t* from, size_t from_slots, size_t tokens,
                int8_t* to, size_t to_slots) const noexcept {
    CopyQuadPanels(from, tokens, PaddedDim(), to);
    CopyColumns(FloatsAt(from, FirstKeys(from_slots)),
                tokens < kPanel ? tokens : kPanel,
                FloatsAt(to, FirstKeys(to_slots)));
    std::memset(to + MeansAt(to_slots), 0,
                KeyScales(to_slots) - MeansAt(to_slots));
    means.Copy(FloatsAt(from, MeansAt(from_slots)), from_slots, tokens,
               head_dim, FloatsAt(to, MeansAt(to_slots)), to_slots);
    std::memcpy(to + Dims(to_slots), from + Dims(from_slots),
                means.Used(tokens) * kFloatChannels * sizeof(int32_t));
    CopyFloats(FloatsAt(from, KeyScales(from_slots)), tokens,
               FloatsAt(to, KeyScales(to_slots)));
    for (size_t i = 0; i < kFloatChannels; ++i) {
      CopyFloats(
          FloatsAt(from, Channels(from_slots)) + i * ChannelStride(from_slots),
          tokens,
          FloatsAt(to, Channels(to_slots)) + i * ChannelStride(to_slots));
    }
  }

  void CopyValues(const int8_t* from, size_t from_slots, size_t tokens,
                  int8_t* to, size_t to_slots) const noexcept {
    if (int8_values) {
      OfValues().CopyValues(from, from_slots, tokens, to, to_slots);
    } else {
      const size_t bytes = tokens * value_dim * sizeof(float);
      std::memcpy(to, from, bytes);
      std::memset(to + bytes, 0, ValuesOfHead(tokens) - bytes);
    }
  }

  // Whether what saved bytes hold can have been stored.
  bool IsSound(const int8_t* keys, const int8_t* values,
               size_t slots) const noexcept {
    const float* key_scales = FloatsAt(keys, KeyScales(slots));
    for (size_t i = 0; i < slots; ++i) {
      if (!IsScale(key_scales[i])) return false;
      if (int8_values && !IsScale(FloatsAt(values, ValueScales(slots))[i])) {
        return false;
      }
    }
    const int32_t* dims = IntsAt(keys, Dims(slots));
    for (size_t i = 0; i < means.Count(slots) * kFloatChannels; ++i) {
      const auto dim_count = static_cast<int32_t>(size_t{head_dim});
      if (dims[i] < -1 || dims[i] >= dim_count) return false;
    }
    return AllFinite(FloatsAt(keys, FirstKeys(slots)), kPanel * head_dim) &&
           means.AreBounded(FloatsAt(keys, MeansAt(slots)), slots, head_dim) &&
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
  // As of KeyMeans.
  void Begin(const TokenPlace& token, int8_t* head) const noexcept {
    means.Begin(token, capacity, head_dim, FloatsAt(head, MeansAt(capacity)));
    if (!means.exist || !means.IsRing() || token.position != 0) return;
    int32_t* last = IntsAt(head, Dims(capacity)) +
                    (means.Count(capacity) - 1) * kFloatChannels;
    for (size_t i = 0; i < kFloatChannels; ++i) last[i] = 0;
  }

  // Keeps the float channels of a key and leaves zeros in their place.
  void TakeChannels(const TokenPlace& token, float* centred,
                    int8_t* head) const noexcept {
    float* to = FloatsAt(head, Channels(capacity)) + token.slot;
    for (size_t i = 0; i < kFloatChannels; ++i) {
      float& entry = to[i * ChannelStride(capacity)];
      entry = 0.0f;
      if (!means.Has(token) || DimsOf(token.mean, head)[i] < 0) continue;
      float& dim = centred[DimsOf(token.mean, head)[i]];
      entry = dim;
      dim = 0.0f;
    }
  }

  void ReadFirstKey(size_t slot, const int8_t* head,
                    float* row) const noexcept {
    const float* first = FloatsAt(head, FirstKeys(capacity)) + slot;
    for (size_t i = 0; i < head_dim; ++i) row[i] = first[i * kPanel];
  }

  // The key in a slot less its mean.
  void ReadCentred(size_t slot, size_t mean, const int8_t* entries,
                   const int8_t* head, float* row) const noexcept {
    const float scale = FloatsAt(head, KeyScales(capacity))[slot];
    for (size_t i = 0; i < head_dim; ++i) {
      row[i] = static_cast<float>(entries[i]) * scale;
    }
    const float* channels = FloatsAt(head, Channels(capacity)) + slot;
    for (size_t i = 0; i < kFloatChannels; ++i) {
      const int32_t dim = DimsOf(mean, head)[i];
      if (dim >= 0) row[dim] = channels[i * ChannelStride(capacity)];
    }
  }

  // The dims of the largest spreads, of equal ones the first, or -1 where the
  // largest is no outlier.
  void FindOutliers(const float* spread, int32_t* dims) const noexcept {
    float largest[kFloatChannels] = {};
    float sum = 0.0f;
    for (size_t i = 0; i < kFloatChannels; ++i) dims[i] = -1;
    for (size_t i = 0; i < head_dim; ++i) {
      sum += spread[i];
      KeepLargest(spread[i], static_cast<int32_t>(i), largest, dims);
    }
    for (const float x : largest) sum -= x;
    const float others = static_cast<float>(size_t{head_dim}) - kFloatChannels;
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
  void CopyColumns(const float* from, size_t columns,
                   float* to) const noexcept {
    for (size_t i = 0; i < kPanel * head_dim; ++i) {
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

// One head's keys, or values, which lie as in `rows` with so many slots, for
// the kernels.
template <class Rows, class Group>
void SetInt8Keys(const Rows& rows, const int8_t* keys, size_t slots,
                 Group& group) noexcept {
  group.k = keys;
  group.k_token_stride = 0;  // panels
  group.first_keys = rows.FloatsAt(keys, rows.FirstKeys(slots));
  group.means = {rows.FloatsAt(keys, rows.MeansAt(slots)),
                 rows.means.Count(slots), rows.means.Columns(slots)};
  group.key_scales = rows.FloatsAt(keys, rows.KeyScales(slots));
  group.channels = rows.FloatsAt(keys, rows.Channels(slots));
  group.channel_stride = rows.ChannelStride(slots);
  group.channel_dims = rows.IntsAt(keys, rows.Dims(slots));
}
template <class Rows, class Group>
void SetInt8Values(const Rows& rows, const int8_t* values, size_t slots,
                   Group& group) noexcept {
  group.v = values;
  group.v_token_stride = rows.value_dim;
  group.value_scales = rows.FloatsAt(values, rows.ValueScales(slots));
}

// The layout of a config's keys and values.
template <class R>
struct Int8Layout : LayoutOfRows<Int8Layout<R>, int8_t, (R::kRotaryDim > 0)> {
  static constexpr size_t kCapacity = CacheSpan<R, R::kRing>::kTokens;
  static constexpr KeyMeans kMeans = KeyMeansOf<R>();
  static constexpr bool kInt8Values = R::kArithmetic == Arithmetic::kInt8;
  using AllRows = Int8Rows<Length<R::kHeadDim>, Length<R::kValueDim>,
                           Length<kCapacity>, std::bool_constant<kInt8Values>>;

  static constexpr AllRows Rows() noexcept { return {{}, {}, {}, kMeans, {}}; }
};

// The layout of what a cache stores.
template <class R, class Stored>
using LayoutOf = std::conditional_t<R::kArithmetic == Arithmetic::kFloat,
                                    CacheLayout<R, Stored>, Int8Layout<R>>;

}  // namespace fovea

#endif  // FOVEA_INT8_LAYOUT_H_
