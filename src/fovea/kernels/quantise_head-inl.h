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
#include "fovea/quad_layout.h"
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

// Stores as many keys as a vector has lanes from `slot` on, a multiple of that:
// quads[key][padded].
template <class Layout>
HWY_INLINE void StoreQuadsOfKeys(const int8_t* quads, size_t padded,
                                 size_t slot, int8_t* head) {
  constexpr size_t kQuads = Layout::kPaddedDim / 4;
  const size_t lanes = hn::Lanes(FloatTag());
  if constexpr (kQuads >= kMaxLanes) {
    // Four int8 move like a float, whose bits a transpose leaves alone.
    const auto row_of = [&](size_t first, size_t i) {
      return reinterpret_cast<const float*>(quads + (first + i) * padded);
    };
    TransposeVector(
        row_of, kQuads, 1.0f,
        reinterpret_cast<float*>(QuadsAt(head, slot, Layout::kPaddedDim)),
        kPanel);
  } else {
    for (size_t i = 0; i < lanes; ++i) {
      StoreQuads(quads + i * padded, slot + i, Layout::kPaddedDim, head);
    }
  }
}

// Layout::BeginRange, a panel at a time.
template <class Layout>
HWY_INLINE void BeginRangeOfKeys(size_t range, size_t slot, int8_t* head) {
  constexpr size_t kQuads = Layout::kPaddedDim / 4;
  if constexpr (kRowsTogether && kQuads % kMaxLanes == 0) {
    HWY_ALIGN float panel[kPanel * kQuads];
    const auto* keys = reinterpret_cast<const float*>(head);
    Layout::BeginRange(range, slot, head, [&](size_t s) HWY_ATTR {
      if (s % kPanel == 0) {
        for (size_t i = 0; i < kQuads; i += hn::Lanes(FloatTag())) {
          const auto quads = [&](size_t first, size_t quad) {
            return keys + s * kQuads + (i + first + quad) * kPanel;
          };
          TransposeVector(quads, kPanel, 1.0f, panel + i, kQuads);
        }
      }
      return reinterpret_cast<const int8_t*>(panel + s % kPanel * kQuads);
    });
  } else {
    Layout::BeginRange(range, slot, head);
  }
}

template <class Layout>
HWY_INLINE void QuantiseKeys(const float* k, size_t stride, size_t count,
                             int8_t* head) {
  constexpr size_t kDims = Layout::kHeadDim;
  constexpr size_t kPadded = RangeOfKeys<Layout>::kPadded;
  const FloatTag d;
  const size_t lanes = hn::Lanes(d);
  HWY_ALIGN int8_t quads[kMaxLanes * kPadded];
  float* scales = Layout::FloatsAt(head, Layout::KeyScales(Layout::kCapacity));
  RangeOfKeys<Layout> of;
  for (size_t slot = 0; slot < count;) {
    if (slot % kPanel == 0 && Layout::RangeOf(slot) != of.range) {
      BeginRangeOfKeys<Layout>(Layout::RangeOf(slot), slot, head);
      of.MoveTo(Layout::RangeOf(slot), head);
    }
    const size_t rows = kRowsTogether && count - slot >= lanes ? lanes : 1;
    for (size_t i = slot; i < slot + rows; ++i) {
      if (i < kPanel) Layout::StoreFirstKey(k + i * stride, i, head);
      StoreChannels(of, k + i * stride, i, head);
    }
    const auto centred = [&](size_t row, size_t i) HWY_ATTR {
      const Vec x = hn::Sub(LoadEntries<kDims>(k + (slot + row) * stride, i),
                            hn::Load(d, of.mean + i));
      return hn::Mul(x, hn::Load(d, of.keep + i));
    };
    if (kRowsTogether && rows == lanes) {
      QuantiseFiniteRows(kDims, centred, scales + slot, quads, kPadded);
      StoreQuadsOfKeys<Layout>(quads, kPadded, slot, head);
    } else {
      const auto of_key = [&](size_t i) HWY_ATTR { return centred(0, i); };
      scales[slot] = QuantiseFiniteRow(kDims, of_key, quads);
      StoreQuads(quads, slot, Layout::kPaddedDim, head);
    }
    slot += rows;
  }
}

template <class Layout>
HWY_INLINE void QuantiseValues(const float* v, size_t stride, size_t count,
                               int8_t* head) {
  constexpr size_t kDims = Layout::kValueDim;
  constexpr size_t kPadded = RoundUp(kDims, kPanel);
  constexpr size_t kRows = kMaxLanes < 4 ? 4 : kMaxLanes;
  const size_t lanes = hn::Lanes(FloatTag());
  float* scales =
      Layout::FloatsAt(head, Layout::ValueScales(Layout::kCapacity));
  HWY_ALIGN int8_t entries[kRows * kPadded] = {};
  for (size_t slot = 0; slot < count;) {
    const auto load = [&](size_t row, size_t i) HWY_ATTR {
      return LoadEntries<kDims>(v + (slot + row) * stride, i);
    };
    size_t rows = lanes;
    if (kRowsTogether && count - slot >= lanes) {
      QuantiseFiniteRows(kDims, load, scales + slot, entries, kPadded);
    } else {
      rows = HWY_MIN(count - slot, 4);
      for (size_t row = 0; row < rows; ++row) {
        const auto of_row = [&](size_t i) HWY_ATTR { return load(row, i); };
        scales[slot + row] =
            QuantiseFiniteRow(kDims, of_row, entries + row * kPadded);
      }
    }
    for (size_t row = 0; row < rows; row += 4) {
      const int8_t* four = entries + row * kPadded;
      const int8_t* const values[] = {four, four + kPadded, four + 2 * kPadded,
                                      four + 3 * kPadded};
      InterleaveFour(values, Length<kDims>(), head + (slot + row) * kDims);
    }
    slot += rows;
  }
}

}  // namespace
// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace fovea
HWY_AFTER_NAMESPACE();

#endif  // FOVEA_KERNELS_QUANTISE_HEAD_INL_H_
