// SPDX-License-Identifier: Apache-2.0
// The keys and values of one head in int8, as Int8Rows stores them one by one
// for a cache: the same bits, some entries at a time.  Dims are Lengths.
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
constexpr bool IsWholePanels(Length<kDims>) {
  return kDims != 0 && kDims % kPanel == 0;
}

template <class Dim>
HWY_INLINE Vec LoadEntries(Dim dims, const float* row, size_t i) {
  const FloatTag d;
  const bool whole = IsWholePanels(dims) || dims - i >= hn::Lanes(d);
  return whole ? hn::LoadU(d, row + i) : hn::LoadN(d, row + i, dims - i);
}

// IsStorable of `count` rows.
template <class Dim>
HWY_INLINE bool AreStorable(Dim dims, const float* rows, size_t stride,
                            size_t count, float room) {
  const FloatTag d;
  const IntTag di;
  IntVec most = hn::Zero(di);
  for (size_t row = 0; row < count; ++row) {
    for (size_t i = 0; i < dims; i += hn::Lanes(d)) {
      const Vec entries = LoadEntries(dims, rows + row * stride, i);
      most = hn::Max(hn::BitCast(di, hn::Abs(entries)), most);
    }
  }
  const int32_t bits = hn::ReduceMax(di, most);
  return IsFinite(room * FloatOfBits(static_cast<uint32_t>(bits)));
}

// What is the same for all keys of a mean.
template <class Layout>
struct MeanOfKeys {
  static constexpr size_t kMost = RoundUp(Layout::HeadDim::kMost, kPanel);
  const Layout& layout;
  HWY_ALIGN float mean[kMost] = {};
  HWY_ALIGN float keep[kMost];   // 0 for the channels that stay float, else 1
  int32_t dims[kFloatChannels];  // those

  explicit MeanOfKeys(const Layout& of) : layout(of) {
    for (int32_t& dim : dims) dim = -1;
    KeepAll();
  }

  void MoveTo(size_t to, const int8_t* head) {
    const float* column = layout.MeanAt(to, head);
    const size_t columns = layout.means.Columns(layout.capacity);
    for (size_t i = 0; i < layout.head_dim; ++i) mean[i] = column[i * columns];
    KeepAll();
    for (size_t i = 0; i < kFloatChannels; ++i) {
      dims[i] = layout.DimsOf(to, head)[i];
      if (dims[i] >= 0) keep[dims[i]] = 0.0f;
    }
  }

 private:
  void KeepAll() {
    for (float& k : keep) k = 1.0f;
  }
};

template <class Layout>
HWY_INLINE void StoreChannels(const MeanOfKeys<Layout>& of, const float* key,
                              size_t slot, int8_t* head) {
  const Layout& layout = of.layout;
  float* to = Layout::FloatsAt(head, layout.Channels(layout.capacity)) + slot;
  for (size_t i = 0; i < kFloatChannels; ++i) {
    const int32_t dim = of.dims[i];
    to[i * layout.ChannelStride(layout.capacity)] =
        dim < 0 ? 0.0f : key[dim] - of.mean[dim];
  }
}

// Stores as many keys as a vector has lanes from `slot` on, a multiple of that:
// quads[key][padded].
template <class Layout>
HWY_INLINE void StoreQuadsOfKeys(const Layout& layout, const int8_t* quads,
                                 size_t padded, size_t slot, int8_t* head) {
  const size_t dims = layout.PaddedDim();
  const size_t lanes = hn::Lanes(FloatTag());
  if (dims / 4 >= kMaxLanes) {
    // Four int8 move like a float, whose bits a transpose leaves alone.
    const auto row_of = [&](size_t first, size_t i) {
      return reinterpret_cast<const float*>(quads + (first + i) * padded);
    };
    TransposeVector(row_of, dims / 4, 1.0f,
                    reinterpret_cast<float*>(QuadsAt(head, slot, dims)),
                    kPanel);
  } else {
    for (size_t i = 0; i < lanes; ++i) {
      StoreQuads(quads + i * padded, slot + i, dims, head);
    }
  }
}

// Layout::TakeMean, a panel at a time.
template <class Layout>
HWY_INLINE void TakeMeanOfKeys(const Layout& layout, const TokenPlace& token,
                               int8_t* head) {
  const size_t count = layout.PaddedDim() / 4;
  if (kRowsTogether && count % kMaxLanes == 0) {
    HWY_ALIGN float panel[kPanel * RoundUp(Layout::HeadDim::kMost, 4) / 4];
    const auto* keys = reinterpret_cast<const float*>(head);
    layout.TakeMean(token, head, [&](size_t s) HWY_ATTR {
      if (s % kPanel == 0) {
        for (size_t i = 0; i < count; i += hn::Lanes(FloatTag())) {
          const auto quads = [&](size_t first, size_t quad) {
            return keys + s * count + (i + first + quad) * kPanel;
          };
          TransposeVector(quads, kPanel, 1.0f, panel + i, count);
        }
      }
      return reinterpret_cast<const int8_t*>(panel + s % kPanel * count);
    });
  } else {
    layout.TakeMean(token, head);
  }
}

template <class Layout>
HWY_INLINE void QuantiseKeys(const Layout& layout, const float* k,
                             size_t stride, size_t count, int8_t* head) {
  const auto dims = layout.head_dim;
  const size_t padded = RoundUp(dims, kPanel);
  const FloatTag d;
  const size_t lanes = hn::Lanes(d);
  HWY_ALIGN int8_t quads[kMaxLanes * MeanOfKeys<Layout>::kMost];
  float* scales = Layout::FloatsAt(head, layout.KeyScales(layout.capacity));
  MeanOfKeys<Layout> of(layout);
  for (size_t slot = 0; slot < count;) {
    const TokenPlace token{slot, slot, slot / kTile};
    if (layout.means.BeginsAt(token)) {
      TakeMeanOfKeys(layout, token, head);
      of.MoveTo(token.mean, head);
    }
    const size_t rows = kRowsTogether && count - slot >= lanes ? lanes : 1;
    for (size_t i = slot; i < slot + rows; ++i) {
      if (i < kPanel) layout.StoreFirstKey(k + i * stride, i, head);
      StoreChannels(of, k + i * stride, i, head);
    }
    const auto centred = [&](size_t row, size_t i) HWY_ATTR {
      const Vec x = hn::Sub(LoadEntries(dims, k + (slot + row) * stride, i),
                            hn::Load(d, of.mean + i));
      return hn::Mul(x, hn::Load(d, of.keep + i));
    };
    if (kRowsTogether && rows == lanes) {
      QuantiseFiniteRows(dims, centred, scales + slot, quads, padded);
      StoreQuadsOfKeys(layout, quads, padded, slot, head);
    } else {
      const auto of_key = [&](size_t i) HWY_ATTR { return centred(0, i); };
      scales[slot] = QuantiseFiniteRow(dims, of_key, quads);
      StoreQuads(quads, slot, layout.PaddedDim(), head);
    }
    slot += rows;
  }
}

template <class Layout>
HWY_INLINE void QuantiseValues(const Layout& layout, const float* v,
                               size_t stride, size_t count, int8_t* head) {
  constexpr size_t kRows = kMaxLanes < 4 ? 4 : kMaxLanes;
  const auto dims = layout.value_dim;
  const size_t padded = RoundUp(dims, kPanel);
  const size_t lanes = hn::Lanes(FloatTag());
  float* scales = Layout::FloatsAt(head, layout.ValueScales(layout.capacity));
  HWY_ALIGN int8_t
      entries[kRows * RoundUp(Layout::ValueDim::kMost, kPanel)] = {};
  for (size_t slot = 0; slot < count;) {
    const auto load = [&](size_t row, size_t i) HWY_ATTR {
      return LoadEntries(dims, v + (slot + row) * stride, i);
    };
    size_t rows = lanes;
    if (kRowsTogether && count - slot >= lanes) {
      QuantiseFiniteRows(dims, load, scales + slot, entries, padded);
    } else {
      rows = HWY_MIN(count - slot, 4);
      for (size_t row = 0; row < rows; ++row) {
        const auto of_row = [&](size_t i) HWY_ATTR { return load(row, i); };
        scales[slot + row] =
            QuantiseFiniteRow(dims, of_row, entries + row * padded);
      }
    }
    for (size_t row = 0; row < rows; row += 4) {
      const int8_t* four = entries + row * padded;
      const int8_t* const values[] = {four, four + padded, four + 2 * padded,
                                      four + 3 * padded};
      InterleaveFour(dims, values, head + (slot + row) * dims);
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
