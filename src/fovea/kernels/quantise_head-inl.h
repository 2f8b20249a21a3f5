// SPDX-License-Identifier: Apache-2.0
// The keys and values of one head in int8, as Int8Layout stores them one by one
// for a cache: the same bits, some entries at a time.
#if defined(FOVEA_KERNELS_QUANTISE_HEAD_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FOVEA_KERNELS_QUANTISE_HEAD_INL_H_
#undef FOVEA_KERNELS_QUANTISE_HEAD_INL_H_
#else
#define FOVEA_KERNELS_QUANTISE_HEAD_INL_H_
#endif

#include "fovea/int8_layout.h"
#include "fovea/kernels/quantise_row-inl.h"
#include "fovea/quantise.h"

HWY_BEFORE_NAMESPACE();
namespace fovea {
namespace HWY_NAMESPACE {
namespace {

template <size_t kDims>
HWY_INLINE Vec LoadEntries(const float* row, size_t i) {
  const FloatTag d;
  return kDims % kPanel == 0 ? hn::LoadU(d, row + i)
                             : hn::LoadN(d, row + i, kDims - i);
}

// IsStorable of `count` rows.
template <size_t kDims>
HWY_INLINE bool AreStorable(const float* rows, size_t stride, size_t count,
                            float room) {
  const FloatTag d;
  const IntTag di;
  IntVec most = hn::Zero(di);
  for (size_t row = 0; row < count; ++row) {
    for (size_t i = 0; i < kDims; i += hn::Lanes(d)) {
      const Vec entries = LoadEntries<kDims>(rows + row * stride, i);
      most = hn::Max(hn::BitCast(di, hn::Abs(entries)), most);
    }
  }
  const int32_t bits = hn::ReduceMax(di, most);
  return IsFinite(room * FloatOfBits(static_cast<uint32_t>(bits)));
}

// What is the same for all keys of a range.
template <class Layout>
struct RangeOfKeys {
  static constexpr size_t kPadded = RoundUp(Layout::kHeadDim, kPanel);
  HWY_ALIGN float mean[kPadded] = {};
  HWY_ALIGN float keep[kPadded];  // 0 for the channels that stay float, else 1
  size_t range = 0;

  RangeOfKeys() { KeepAll(); }

  void MoveTo(size_t to, const int8_t* head) {
    range = to;
    const float* of_range =
        Layout::FloatsAt(head, Layout::Means(Layout::kCapacity)) +
        range * Layout::kHeadDim;
    for (size_t i = 0; i < Layout::kHeadDim; ++i) mean[i] = of_range[i];
    KeepAll();
    for (size_t i = 0; i < kFloatChannels; ++i) {
      const int32_t dim = Layout::DimsOf(range, head)[i];
      if (dim >= 0) keep[dim] = 0.0f;
    }
  }

 private:
  void KeepAll() {
    for (float& k : keep) k = 1.0f;
  }
};

template <class Layout>
HWY_INLINE void StoreChannels(const RangeOfKeys<Layout>& of, const float* key,
                              size_t slot, int8_t* head) {
  float* to =
      Layout::FloatsAt(head, Layout::Channels(Layout::kCapacity)) + slot;
  constexpr size_t kStride = Layout::ChannelStride(Layout::kCapacity);
  for (size_t i = 0; i < kFloatChannels; ++i) {
    const int32_t dim = of.range == 0 ? -1 : Layout::DimsOf(of.range, head)[i];
    to[i * kStride] = dim < 0 ? 0.0f : key[dim] - of.mean[dim];
  }
}

template <class Layout>
HWY_INLINE void QuantiseKeys(const float* k, size_t stride, size_t count,
                             int8_t* head) {
  constexpr size_t kDims = Layout::kHeadDim;
  const FloatTag d;
  HWY_ALIGN int8_t quads[RangeOfKeys<Layout>::kPadded];
  RangeOfKeys<Layout> of;
  for (size_t slot = 0; slot < count; ++slot) {
    const float* key = k + slot * stride;
    if (slot % kPanel == 0 && Layout::RangeOf(slot) != of.range) {
      Layout::BeginRange(Layout::RangeOf(slot), slot, head);
      of.MoveTo(Layout::RangeOf(slot), head);
    }
    if (slot < kPanel) Layout::StoreFirstKey(key, slot, head);
    StoreChannels(of, key, slot, head);
    const auto centred = [&](size_t i) HWY_ATTR {
      const Vec x =
          hn::Sub(LoadEntries<kDims>(key, i), hn::Load(d, of.mean + i));
      return hn::Mul(x, hn::Load(d, of.keep + i));
    };
    const float scale = QuantiseFiniteRow(kDims, centred, quads);
    Layout::StoreQuads(quads, scale, slot, head);
  }
}

template <class Layout>
HWY_INLINE void QuantiseValues(const float* v, size_t stride, size_t count,
                               int8_t* head) {
  constexpr size_t kDims = Layout::kValueDim;
  constexpr size_t kPadded = RoundUp(kDims, kPanel);
  float* scales =
      Layout::FloatsAt(head, Layout::ValueScales(Layout::kCapacity));
  HWY_ALIGN int8_t four[4 * kPadded] = {};
  for (size_t slot = 0; slot < count; ++slot) {
    const float* value = v + slot * stride;
    const auto entries = [&](size_t i)
                             HWY_ATTR { return LoadEntries<kDims>(value, i); };
    scales[slot] = QuantiseFiniteRow(kDims, entries, four + slot % 4 * kPadded);
    if (slot % 4 == 3 || slot + 1 == count) {
      const int8_t* const rows[] = {four, four + kPadded, four + 2 * kPadded,
                                    four + 3 * kPadded};
      InterleaveFour<kDims>(rows, head + slot / 4 * 4 * kDims);
    }
  }
}

}  // namespace
// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace fovea
HWY_AFTER_NAMESPACE();

#endif  // FOVEA_KERNELS_QUANTISE_HEAD_INL_H_
