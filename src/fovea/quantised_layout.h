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
#include "fovea/quad_layout.h"
#include "fovea/quantise.h"

namespace fovea {

// Of one kv head, byte by byte, whole cache lines:
//
//   keys    int8  [slot/16][head_dim/4][16][4], dims rounded up to 4
//           float [slot]: scales
//           float [mean][head_dim]: see MeanOf
//   values  int8  [slot/4][value_dim][4]
//           float [slot]: scales
template <class R>
struct CacheLayout<R, int8_t> {
  static constexpr size_t kCapacity = CacheSpan<R, R::kRing>::kTokens;
  static constexpr size_t kPaddedDim = RoundUp(R::kHeadDim, 4);

  // See MeansOf: what all keys of a head have in common costs no precision.
  static constexpr size_t kMeans = R::kSmoothKeys ? MeansOf(kCapacity) : 1;
  static constexpr size_t MeanOf(uint64_t position) noexcept {
    return MeanOfPosition(position, kMeans);
  }

  static constexpr size_t KeyScales(size_t slots) noexcept {
    return RoundUp(slots, kPanel) * kPaddedDim;
  }
  static constexpr size_t Means(size_t slots) noexcept {
    return KeyScales(slots) + RoundUp(slots, kPanel) * sizeof(float);
  }
  static constexpr size_t KeysOfHead(size_t slots) noexcept {
    return RoundUp(Means(slots) + kMeans * R::kHeadDim * sizeof(float),
                   kCacheLine);
  }
  static constexpr size_t ValueScales(size_t slots) noexcept {
    return RoundUp(RoundUp(slots, 4) * R::kValueDim, sizeof(float) * kPanel);
  }
  static constexpr size_t ValuesOfHead(size_t slots) noexcept {
    return RoundUp(ValueScales(slots) + RoundUp(slots, kPanel) * sizeof(float),
                   kCacheLine);
  }

  static bool Accepts(const float* key, const float* value) noexcept {
    // Of the difference of two keys, whose entries turning may raise by a half.
    constexpr float kRoomOfKey = R::kRotaryDim > 0 ? 4.0f : 2.0f;
    return IsStorable(key, R::kHeadDim, kRoomOfKey) &&
           IsStorable(value, R::kValueDim, 2.0f);
  }

  static void StoreKey(const float* row, size_t slot, uint64_t position,
                       int8_t* head) noexcept {
    const size_t mean = MeanOf(position);
    if (position > 0 && MeanOf(position - 1) != mean) {
      RefreshMean(mean, slot, head);
    }
    float centred[R::kHeadDim];
    std::memcpy(centred, row, sizeof(centred));
    if (mean != 0) {
      const float* means = FloatsAt(head, Means(kCapacity));
      const float* of_mean = means + mean * R::kHeadDim;
      for (size_t dim = 0; dim < R::kHeadDim; ++dim) {
        centred[dim] -= of_mean[dim];
      }
    }
    int8_t quads[kPaddedDim] = {};
    FloatsAt(head, KeyScales(kCapacity))[slot] =
        QuantiseRow(centred, R::kHeadDim, quads);
    int8_t* to = head + slot / kPanel * kPanel * kPaddedDim + slot % kPanel * 4;
    for (size_t dim = 0; dim < kPaddedDim; dim += 4) {
      std::memcpy(to + dim * kPanel, quads + dim, 4);
    }
  }

  static void StoreValue(const float* row, size_t slot, int8_t* head) noexcept {
    int8_t stored[R::kValueDim];
    FloatsAt(head, ValueScales(kCapacity))[slot] =
        QuantiseRow(row, R::kValueDim, stored);
    int8_t* four = head + slot / 4 * 4 * R::kValueDim + slot % 4;
    for (size_t dim = 0; dim < R::kValueDim; ++dim) four[dim * 4] = stored[dim];
  }

  // Copies the first `tokens` slots of a head that has `from_slots` to one that
  // has `to_slots`; what lies beyond them in the last panels and lines is
  // zeros.
  static void CopyKeys(const int8_t* from, size_t from_slots, size_t tokens,
                       int8_t* to, size_t to_slots) noexcept {
    CopyQuadPanels(from, tokens, kPaddedDim, to);
    CopyFloats(from + KeyScales(from_slots), tokens, RoundUp(tokens, kPanel),
               to + KeyScales(to_slots));
    const size_t means = tokens == 0 ? 0 : MeanOf(tokens - 1) + 1;
    CopyFloats(from + Means(from_slots), means * R::kHeadDim,
               (KeysOfHead(tokens) - Means(tokens)) / sizeof(float),
               to + Means(to_slots));
    // Mean 0 is never written.
    if (means > 0) {
      std::memset(to + Means(to_slots), 0, R::kHeadDim * sizeof(float));
    }
  }

  static void CopyValues(const int8_t* from, size_t from_slots, size_t tokens,
                         int8_t* to, size_t to_slots) noexcept {
    CopyQuadRows(from, tokens, R::kValueDim, ValueScales(tokens), to);
    CopyFloats(from + ValueScales(from_slots), tokens,
               (ValuesOfHead(tokens) - ValueScales(tokens)) / sizeof(float),
               to + ValueScales(to_slots));
  }

  // Whether what saved bytes hold can have been stored.
  static bool IsSound(const int8_t* keys, const int8_t* values,
                      size_t slots) noexcept {
    const float* key_scales = FloatsAt(keys, KeyScales(slots));
    const float* value_scales = FloatsAt(values, ValueScales(slots));
    for (size_t i = 0; i < slots; ++i) {
      if (!(key_scales[i] > 0.0f && IsFinite(key_scales[i]))) return false;
      if (!(value_scales[i] > 0.0f && IsFinite(value_scales[i]))) return false;
    }
    const float* means = FloatsAt(keys, Means(slots));
    for (size_t i = 0; i < kMeans * R::kHeadDim; ++i) {
      if (!IsFinite(means[i])) return false;
    }
    return true;
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

  // The mean of what is stored in the slots before, 64 at most.  From the
  // stored keys alone: tokens that were taken back leave no trace.
  static void RefreshMean(size_t mean, size_t slot, int8_t* head) noexcept {
    const size_t count = slot < 64 ? slot : 64;  // 16 or 64
    const float* scales = FloatsAt(head, KeyScales(kCapacity));
    float* means = FloatsAt(head, Means(kCapacity));
    float* to = means + mean * R::kHeadDim;
    for (size_t dim = 0; dim < R::kHeadDim; ++dim) {
      float sum = 0.0f;
      for (size_t s = slot - count; s < slot; ++s) {
        const int8_t* panel = head + s / kPanel * kPanel * kPaddedDim;
        const int8_t entry =
            panel[dim / 4 * 4 * kPanel + s % kPanel * 4 + dim % 4];
        const size_t of = MeanOf(s);
        const float centre = of == 0 ? 0.0f : means[of * R::kHeadDim + dim];
        sum += static_cast<float>(entry) * scales[s] + centre;
      }
      to[dim] = sum / static_cast<float>(count);
    }
  }
};

}  // namespace fovea

#endif  // FOVEA_QUANTISED_LAYOUT_H_
