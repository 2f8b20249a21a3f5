// SPDX-License-Identifier: Apache-2.0
// The one micro-kernel under scores, P*V and linear layers.
//
//   c[row][column] = sum over k of a[row][k] * b[k][column],  k = 0, 1, 2, ...
//
// A row's factor is broadcast, columns lie across the lanes, and every element
// is a single chain of fused multiply-adds in the order of k: the same bits
// for any block shape and any lane count.
//
// A block of kRows x kVecs vectors stays in registers over all k.  Vectors of
// SVE and RVV have no size, so they can't form an array: here they are a
// parameter pack, that is, so many named vectors.
#if defined(FOVEA_KERNELS_OUTER_PRODUCT_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FOVEA_KERNELS_OUTER_PRODUCT_INL_H_
#undef FOVEA_KERNELS_OUTER_PRODUCT_INL_H_
#else
#define FOVEA_KERNELS_OUTER_PRODUCT_INL_H_
#endif

#include <hwy/cache_control.h>

#include <type_traits>
#include <utility>

#include "fovea/kernels/port_block-inl.h"
#include "fovea/kernels/stored-inl.h"

HWY_BEFORE_NAMESPACE();
namespace fovea {
namespace HWY_NAMESPACE {
namespace {

// a[row][k] = data[row * row_stride + k * step].
template <class Factor = float>
struct Factors {
  const Factor* data;
  size_t row_stride;
  size_t step;
};

// Columns that lie side by side: b[k][column] = data[k * step + column].
template <class Element = float>
struct AdjacentColumns {
  static constexpr bool kAdjacent = true;
  // Those of one block are floats side by side.
  static constexpr bool kSideBySide = std::is_same<Element, float>::value;
  const Element* data;
  size_t step;

  HWY_INLINE const Element* At(const Element* step_data, size_t vec) const {
    return step_data + vec * hn::Lanes(FloatTag());
  }
  HWY_INLINE Vec Load(const Element* step_data, size_t vec) const {
    return LoadFloats(At(step_data, vec));
  }
  HWY_INLINE void Fetch(const Element*, size_t, size_t) const {}
};

// The last columns of a row, fewer than a vector: the rest is not read.
template <class Element = float>
struct LastColumns {
  static constexpr bool kSideBySide = false;
  const Element* data;
  size_t step;
  size_t count;

  HWY_INLINE Vec Load(const Element* step_data, size_t) const {
    return LoadFloats(step_data, count);
  }
  HWY_INLINE void Fetch(const Element*, size_t, size_t) const {}
};

// Columns in panels [k][16], which are `panel_stride` apart.  The first column
// is a multiple of the vector length.
template <class Element = float>
struct PanelColumns {
  static constexpr bool kAdjacent = false;
  // Where a block is never wider than a panel: of up to four lanes.
  static constexpr bool kSideBySide =
      std::is_same<Element, float>::value && kMaxLanes <= 4;
  const Element* data;  // the first panel
  size_t first;         // first column
  size_t panel_stride;
  static constexpr size_t step = kPanel;

  HWY_INLINE const Element* At(const Element* step_data, size_t vec) const {
    const size_t column = first + vec * hn::Lanes(FloatTag());
    return step_data + column / kPanel * panel_stride + column % kPanel;
  }
  HWY_INLINE Vec Load(const Element* step_data, size_t vec) const {
    return LoadFloats(At(step_data, vec));
  }
  HWY_INLINE void Fetch(const Element*, size_t, size_t) const {}
};

// Columns that are read once, kVecs vectors a step, and bring another array of
// that size into the cache meanwhile.  A decode reads keys and values in turn:
// what one phase fetches, the other finds, and memory never waits for the
// softmax between them (Zen 5: D1 84 -> 89 % of the read bandwidth).
//
// Each line read brings the other array's line at the same place or, kInOrder,
// its next one, which memory likes better (D2 47 -> 59 GB/s).  Not for a single
// row, whose phases are short: what it needs first must come first (D3 -20 %).
template <class Columns, class Element, size_t kVecs, bool kInOrder>
struct WhileFetching : Columns {
  const Element* other;

  HWY_INLINE void Fetch(const Element* step_data, size_t k, size_t vec) const {
    const size_t lanes = hn::Lanes(FloatTag());
    // A lone lane is a core whose prefetch is a wasted cycle.
    if (kMaxLanes == 1) return;
    // One fetch a line.  Two steps share the lines of a panel of 16 bits an
    // element: its second fetch costs less than to find out.
    constexpr size_t kLine = 64 / sizeof(Element);
    constexpr size_t kApart = kInOrder || Columns::kAdjacent ? kLine : kPanel;
    if (vec * lanes % kApart != 0) return;
    // As integers: the place may lie past the other array's end, which a fetch
    // may name but a pointer may not.
    const auto address = [](const Element* p) {
      return reinterpret_cast<uintptr_t>(p);
    };
    const uintptr_t place =
        address(other) + (kInOrder ? (k * kVecs + vec) * lanes * sizeof(Element)
                                   : address(Columns::At(step_data, vec)) -
                                         address(Columns::data));
    // NOLINTNEXTLINE(performance-no-int-to-ptr)
    hwy::Prefetch(reinterpret_cast<const float*>(place));
  }
};

// Steps say which k a row sums over: all of them below Common(); below
// Longest() those that it Has(), and what no row has, !Any(), is not even read.
// Chains start from kStart: where rows may sum over no k at all that is -0, the
// one number that changes nothing when it is added; elsewhere 0, which is
// cheaper (-0 cost P4 a fifth of its speed).

// Every row sums over the same k.
struct AllSteps {
  size_t count;
  static constexpr float kStart = 0.0f;
  static constexpr bool kSkipsMarked = false;

  constexpr size_t Common() const { return count; }
  constexpr size_t Longest() const { return count; }
  constexpr bool Any(size_t) const { return true; }
  constexpr bool Has(size_t, size_t) const { return true; }
};

// Row r sums over k < counts[r]; what lies beyond is not even multiplied by
// zero, so a NaN there stays there.  Counts do not fall with the row.
template <size_t kRows>
struct StepsOfRow {
  const uint32_t* counts;
  static constexpr float kStart = -0.0f;
  static constexpr bool kSkipsMarked = false;

  HWY_INLINE size_t Common() const { return counts[0]; }
  HWY_INLINE size_t Longest() const { return counts[kRows - 1]; }
  constexpr bool Any(size_t) const { return true; }
  HWY_INLINE bool Has(size_t row, size_t k) const { return k < counts[row]; }
};

// Every row sums over the same k but for those whose factor has its sign set,
// which must be -0 (or NaN): their columns are replaced by 0, so that NaN stays
// out, and the product is then -0, which changes no sum.
struct StepsNotMarked {
  size_t count;
  static constexpr float kStart = -0.0f;
  static constexpr bool kSkipsMarked = true;

  constexpr size_t Common() const { return count; }
  constexpr size_t Longest() const { return count; }
  constexpr bool Any(size_t) const { return true; }
  constexpr bool Has(size_t, size_t) const { return true; }
};

// What a product is: a factor is broadcast, multiplied by a column and added.
struct FloatProduct {
  using Factor = float;
  using Sum = Vec;

  static HWY_INLINE Vec Start(float start) {
    return hn::Set(FloatTag(), start);
  }
  template <bool kSkipsMarked>
  static HWY_INLINE Vec Add(float factor, Vec column, Vec sum) {
    const Vec f = hn::Set(FloatTag(), factor);
    if constexpr (kSkipsMarked) column = hn::IfNegativeThenZeroElse(f, column);
    return Fma(f, column, sum);
  }
  static HWY_INLINE Vec Pinned(Vec column) { return InRegister(column); }

  // What the port sums, and where.
  template <size_t kRows, size_t kVecs>
  using Block = PortBlock<kRows, kVecs>;
  using Element = float;
  static HWY_INLINE Vec Load(const float* from) { return LoadLanes(from); }
};

// Whether a sink takes all rows of a vector of columns at once, as
// sink.Column(vec, sums of the rows...), instead of sink(row, vec, sum).
template <class Sink, class = void>
struct TakesColumns : std::false_type {};
template <class Sink>
struct TakesColumns<Sink, std::enable_if_t<Sink::kTakesColumns>>
    : std::true_type {};

// Whether a sink may take what a port has summed (PortBlock):
//
//   sink.Place(room)         where the port's sums go, room or a place of its
//   own sink.Take<Block>(place)  takes them all; or false, then they come one
//   by one
template <class Sink, class = void>
struct TakesBlocks : std::false_type {};
template <class Sink>
struct TakesBlocks<Sink, std::enable_if_t<Sink::kTakesBlocks>>
    : std::true_type {};

template <size_t kRows, size_t kVecs, class Math = FloatProduct,
          class BlockIndices = std::make_index_sequence<kRows * kVecs>,
          class VecIndices = std::make_index_sequence<kVecs>>
struct OuterProduct;

template <size_t kRows, size_t kVecs, class Math, size_t... kBlock,
          size_t... kVec>
struct OuterProduct<kRows, kVecs, Math, std::index_sequence<kBlock...>,
                    std::index_sequence<kVec...>> {
  using Factor = typename Math::Factor;

  // Runs the block and hands each finished vector to sink(row, vec, sum).
  template <class Columns, class Steps, class Sink>
  static HWY_INLINE void Run(const Factors<Factor>& a, const Columns& b,
                             const Steps& steps, const Sink& sink) {
    WithStarts(a, b, steps, sink);
  }

 private:
  template <size_t>
  using VecAt = typename Math::Sum;
  using Block = typename Math::template Block<kRows, kVecs>;

  // Whether the port computes the first steps.
  template <class Columns, class Steps>
  static constexpr bool PortSums() {
    return Block::kExists && Columns::kSideBySide && !Steps::kSkipsMarked;
  }

  // Names one more accumulator until there are kRows * kVecs of them.
  template <class Columns, class Steps, class Sink, class... Sums>
  static HWY_INLINE void WithStarts(const Factors<Factor>& a, const Columns& b,
                                    const Steps& steps, const Sink& sink,
                                    Sums&... sums) {
    if constexpr (sizeof...(Sums) < kRows * kVecs) {
      VecAt<0> next = Math::Start(Steps::kStart);
      WithStarts(a, b, steps, sink, sums..., next);
    } else {
      Sum(a, b, steps, sink, sums...);
    }
  }

  template <class Columns, class Steps, class Sink>
  static HWY_INLINE void Sum(const Factors<Factor>& a, const Columns& b,
                             const Steps& steps, const Sink& sink,
                             VecAt<kBlock>&... sums) {
    const Factor* HWY_RESTRICT factors = a.data;
    const auto* HWY_RESTRICT columns = b.data;
    const size_t common = steps.Common();
    const size_t longest = steps.Longest();
    size_t k = 0;
    if constexpr (PortSums<Columns, Steps>()) {
      HWY_ALIGN typename Math::Element room[kRows * kVecs * kMaxLanes];
      typename Math::Element* place = room;
      if constexpr (TakesBlocks<Sink>::value) place = sink.Place(room);
      if (Block::Sum(factors, a.row_stride, a.step, b.At(columns, 0), b.step,
                     common, Steps::kStart, place)) {
        if constexpr (TakesBlocks<Sink>::value) {
          if (common == longest && sink.template Take<Block>(place)) return;
        }
        ((sums = Math::Load(place + kBlock * hn::Lanes(FloatTag()))), ...);
        k = common;
        factors += k * a.step;
        columns += k * b.step;
      }
    }
    for (; k < common; ++k) {
      Step<Steps::kSkipsMarked>(factors, a.row_stride,
                                Column(b.Load(columns, kVec))..., sums...);
      (b.Fetch(columns, k, kVec), ...);
      factors += a.step;
      columns += b.step;
    }
    for (; k < longest; ++k) {
      if (steps.Any(k)) {
        StepOfSomeRows(factors, a.row_stride, steps, k,
                       b.Load(columns, kVec)..., sums...);
      }
      factors += a.step;
      columns += b.step;
    }
    if constexpr (TakesColumns<Sink>::value) {
      (HandColumn<kVec>(sink, std::make_index_sequence<kRows>(), sums...), ...);
    } else {
      (sink(kBlock / kVecs, kBlock % kVecs, sums), ...);
    }
  }

  template <size_t kVecIndex, class Sink, size_t... kRow>
  static HWY_INLINE void HandColumn(const Sink& sink,
                                    std::index_sequence<kRow...>,
                                    VecAt<kBlock>... sums) {
    sink.Column(kVecIndex, Pick<kRow * kVecs + kVecIndex>(sums...)...);
  }

  // A vector that only one row uses is better read by its multiply-add.
  static HWY_INLINE VecAt<0> Column(VecAt<0> v) {
    return kRows > 1 ? Math::Pinned(v) : v;
  }

  template <bool kSkipsMarked>
  static HWY_INLINE void Step(const Factor* factors, size_t row_stride,
                              VecAt<kVec>... columns, VecAt<kBlock>&... sums) {
    ((sums = Math::template Add<kSkipsMarked>(
          factors[kBlock / kVecs * row_stride],
          Pick<kBlock % kVecs>(columns...), sums)),
     ...);
  }

  template <class Steps>
  static HWY_INLINE void StepOfSomeRows(const Factor* factors,
                                        size_t row_stride, const Steps& steps,
                                        size_t k, VecAt<kVec>... columns,
                                        VecAt<kBlock>&... sums) {
    ((sums = steps.Has(kBlock / kVecs, k)
                 ? Math::template Add<false>(
                       factors[kBlock / kVecs * row_stride],
                       Pick<kBlock % kVecs>(columns...), sums)
                 : sums),
     ...);
  }

  template <size_t kIndex, class... Rest>
  static HWY_INLINE VecAt<0> Pick(VecAt<0> first, Rest... rest) {
    if constexpr (kIndex == 0) {
      return first;
    } else {
      return Pick<kIndex - 1>(rest...);
    }
  }
};

template <size_t kValue>
using Constant = std::integral_constant<size_t, kValue>;

constexpr size_t PowerOfTwoAtMost(size_t n) {
  return n < 2 ? 1 : 2 * PowerOfTwoAtMost(n / 2);
}

// Covers [begin, end) with groups of kGroup, then of half that, down to
// kSmallest: body(Constant<group>, first).  The range must be whole groups of
// kSmallest; full groups are where the speed is.
template <size_t kGroup, size_t kSmallest = 1, class Body>
HWY_INLINE void ForGroups(size_t begin, size_t end, const Body& body) {
  size_t i = begin;
  for (; i + kGroup <= end; i += kGroup) body(Constant<kGroup>(), i);
  if constexpr (kGroup > kSmallest) {
    if (i < end) ForGroups<kGroup / 2, kSmallest>(i, end, body);
  }
}

}  // namespace
// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace fovea
HWY_AFTER_NAMESPACE();

#endif  // FOVEA_KERNELS_OUTER_PRODUCT_INL_H_
