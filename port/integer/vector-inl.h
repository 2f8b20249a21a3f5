// SPDX-License-Identifier: Apache-2.0
// The leaf of integer attention in Highway's vectors and the int8 products of
// port/int8: keys, and then the columns of values, lie across the lanes.  A
// weight is two bytes, 256 * high + low, both signed.
#if defined(FOVEA_PORT_INTEGER_VECTOR_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FOVEA_PORT_INTEGER_VECTOR_INL_H_
#undef FOVEA_PORT_INTEGER_VECTOR_INL_H_
#else
#define FOVEA_PORT_INTEGER_VECTOR_INL_H_
#endif

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "fovea/kernels/integer_block.h"
#include "fovea/kernels/integer_math.h"
#include "fovea/kernels/quad-inl.h"
#include "fovea/kernels/transpose-inl.h"
#include "port/integer/multiply_high-inl.h"

HWY_BEFORE_NAMESPACE();
namespace fovea {
namespace integer {
inline namespace FOVEA_INTEGER_NAMESPACE {
namespace vector {

namespace kernels = fovea::HWY_NAMESPACE;
using kernels::kMaxLanes;
using Products = kernels::Int8Products;
using UintTag = hn::RebindToUnsigned<IntTag>;
using UintVec = hn::Vec<UintTag>;
using ByteTag = hn::Rebind<int8_t, IntTag>;

// ------------------------------------------------------------------ arithmetic

// The upper half of a * b.
HWY_INLINE UintVec UpperProduct(UintVec a, UintVec b) {
  const UintTag d;
  const UintVec even = hn::BitCast(d, hn::MulEven(a, b));
  const UintVec odd = hn::BitCast(d, hn::MulOdd(a, b));
  return hn::OddEven(odd, hn::DupOdd(even));
}

// The weight of every step, and 0 for those of 16 octaves and more.
constexpr size_t kWeightSteps = 16 * kSteps;
struct WeightTable {
  alignas(64) int32_t entries[kWeightSteps + 1];
};
constexpr WeightTable MakeWeightTable() {
  WeightTable table{};
  for (uint32_t i = 0; i <= kWeightSteps; ++i) table.entries[i] = WeightOf(i);
  return table;
}
constexpr WeightTable kWeightTable = MakeWeightTable();

// Those of steps up to kFarthest.
HWY_INLINE IntVec WeightsOf(UintVec steps) {
  const IntTag d;
  const IntVec index = hn::BitCast(d, steps);
  if constexpr (kMaxLanes == kPanel && !HWY_HAVE_SCALABLE) {
    // The first octave's, four vectors, from registers, shifted: quicker than
    // 16 loads.
    const auto octave = [&](size_t vec) HWY_ATTR {
      return hn::Load(d, kWeightTable.entries + vec * kPanel);
    };
    const auto at = hn::IndicesFromVec(
        d, hn::And(index, hn::Set(d, int32_t{2 * kPanel - 1})));
    const IntVec low = hn::TwoTablesLookupLanes(d, octave(0), octave(1), at);
    const IntVec high = hn::TwoTablesLookupLanes(d, octave(2), octave(3), at);
    const auto is_high = hn::TestBit(index, hn::Set(d, int32_t{2 * kPanel}));
    const UintTag du;
    const UintVec power =
        hn::ShiftLeft<16>(hn::BitCast(du, hn::IfThenElse(is_high, high, low)));
    const UintVec shifted = hn::Shr(power, hn::ShiftRight<6>(steps));
    return hn::BitCast(
        d, hn::ShiftRight<16>(hn::Add(shifted, hn::Set(du, 0x8000u))));
  } else {
    const IntVec least =
        hn::Min(index, hn::Set(d, static_cast<int32_t>(kWeightSteps)));
    return hn::GatherIndex(d, kWeightTable.entries, least);
  }
}
static_assert(kSteps == 4 * kPanel, "four vectors, 6 bits");

HWY_INLINE hn::Vec<ByteTag> LowestBytes(IntVec v) {
  const hn::RebindToUnsigned<ByteTag> d8;
  return hn::BitCast(ByteTag(), hn::TruncateTo(d8, hn::BitCast(UintTag(), v)));
}

// Four entries of 1.
constexpr int32_t kOnes = 0x01010101;

// Of `quads` times four bytes.
HWY_INLINE int32_t SumOfBytes(const int8_t* bytes, size_t quads) {
  const IntTag d;
  const size_t lanes = hn::Lanes(d);
  IntVec sum = hn::Zero(d);
  size_t i = 0;
  for (; i + lanes <= quads; i += lanes) {
    sum = Products::AddValues(kOnes, kernels::LoadQuads(bytes + 4 * i), sum);
  }
  if (i < quads) {
    sum = Products::AddValues(
        kOnes, kernels::LoadQuads(bytes + 4 * i, quads - i), sum);
  }
  return hn::ReduceSum(d, sum);
}

// ----------------------------------------------------------------------- sinks

// Keys times queries, less what the leaf and the zero points add to them.
template <bool kHasKeyStarts>
struct ScoreSink {
  int32_t* scores;
  const int32_t* query_starts;
  const int32_t* key_starts;

  HWY_INLINE void operator()(size_t row, size_t vec, IntVec sum) const {
    const IntTag d;
    const size_t key = vec * hn::Lanes(d);
    if constexpr (Products::kKeyOffset != 0) {
      sum = hn::Add(sum, hn::Set(d, query_starts[row]));
    }
    if constexpr (kHasKeyStarts) {
      sum = hn::Add(sum, hn::LoadU(d, key_starts + key));
    }
    hn::StoreU(sum, d, scores + row * kTile + key);
  }
};

// The sums of the keys' entries, times a factor.
struct KeyStartSink {
  int32_t* key_starts;
  int32_t offset;
  int32_t factor;

  HWY_INLINE void operator()(size_t, size_t vec, IntVec sum) const {
    const IntTag d;
    const IntVec total = hn::Sub(sum, hn::Set(d, offset));
    hn::StoreU(hn::Mul(total, hn::Set(d, factor)), d,
               key_starts + vec * hn::Lanes(d));
  }
};

// Takes the sums of a row's high bytes and those of its low ones, for some
// vectors of columns, and so on.
struct OutputSink {
  static constexpr bool kTakesColumns = true;
  int32_t* output;
  size_t stride;
  const int32_t* starts;

  template <class... More>
  HWY_INLINE void Column(size_t vec, IntVec high, IntVec low,
                         More... more) const {
    const IntTag d;
    int32_t* to = output + vec * hn::Lanes(d);
    const IntVec sum =
        hn::Add(hn::Add(hn::ShiftLeft<8>(high), low), hn::Set(d, *starts));
    hn::StoreU(hn::Add(hn::LoadU(d, to), hn::ShiftRight<kOutputShift>(sum)), d,
               to);
    if constexpr (sizeof...(more) > 0) {
      OutputSink{output + stride, stride, starts + 1}.Column(vec, more...);
    }
  }
};

// Columns as the leaf multiplies them: packed ones are so already.  Values are
// multiplied by bytes with a sign, as keys are.
template <class Columns, bool kPacked>
struct Centred : Columns {
  HWY_INLINE IntVec Load(const int8_t* step_data, size_t vec) const {
    const IntVec columns = Columns::Load(step_data, vec);
    return kPacked ? columns : Products::OffsetKeys(columns);
  }
};

// --------------------------------------------------------------------- packing

// Packed bytes, as the leaf multiplies them.
HWY_INLINE void OffsetPacked(int8_t* bytes, size_t count) {
  if constexpr (Products::kKeyOffset == 0) return;
  const IntTag d;
  for (size_t i = 0; i < count; i += 4 * hn::Lanes(d)) {
    const IntVec columns = Products::OffsetKeys(kernels::LoadQuads(bytes + i));
    hn::StoreU(hn::BitCast(kernels::QuadTag(), columns), kernels::QuadTag(),
               bytes + i);
  }
}

// One key's entries into its place in a panel, dims rounded up to 4.
HWY_INLINE void PackKey(const int8_t* from, size_t dims, int8_t* to) {
  size_t dim = 0;
  for (; dim + 4 <= dims; dim += 4) {
    std::memcpy(to + dim * kPanel, from + dim, 4);
  }
  if (dims % 4 != 0) {
    int8_t last[4] = {};
    std::memcpy(last, from + dim, dims % 4);
    std::memcpy(to + dim * kPanel, last, 4);
  }
}

// Keys in rows as panels [head_dim/4][16][4].
HWY_INLINE void PackKeys(const Tile& tile, size_t dims, int8_t* panels) {
  const size_t quads = (dims + 3) / 4, bytes = 4 * quads;
  const size_t lanes = hn::Lanes(IntTag());
  for (size_t key = 0; key < tile.count; key += lanes) {
    int8_t* to = panels + key / kPanel * kPanel * bytes + key % kPanel * 4;
    const size_t count = tile.count - key;
    if (dims % 4 == 0 && quads >= kMaxLanes && count >= lanes) {
      // Words are moved as floats are: none is computed with.
      const auto row_of = [&](size_t first, size_t i) {
        return reinterpret_cast<const float*>(tile.keys + (key + first + i) *
                                                              tile.key_stride);
      };
      kernels::TransposeVector(row_of, quads, 1.0f,
                               reinterpret_cast<float*>(to), kPanel);
      continue;
    }
    for (size_t i = 0; i < lanes && i < count; ++i) {
      PackKey(tile.keys + (key + i) * tile.key_stride, dims, to + 4 * i);
    }
  }
  OffsetPacked(panels, RoundUp(tile.count, kPanel) * bytes);
}

// Values in rows as [token/4][value_dim][4].  What follows the last is
// multiplied by 0.
template <size_t kColumnsOr0>
HWY_INLINE void PackValues(const Tile& tile, Length<kColumnsOr0> columns,
                           int8_t* to) {
  const auto row = [&](size_t key) {
    const size_t last = tile.count - 1;
    return tile.values + (key < last ? key : last) * tile.value_stride;
  };
  for (size_t key = 0; key < tile.count; key += 4) {
    const int8_t* const rows[] = {row(key), row(key + 1), row(key + 2),
                                  row(key + 3)};
    kernels::InterleaveFour(columns, rows, to + key * columns);
  }
  OffsetPacked(to, RoundUp(tile.count, 4) * columns);
}

}  // namespace vector

struct VectorLeaf {
  template <class S>
  struct alignas(64) Scratch {
    static constexpr size_t kColumns =
        RoundUp(S::kValueDim, fovea::HWY_NAMESPACE::kMaxLanes);
    static constexpr size_t kOutputs = S::kRows * kColumns;
    int32_t queries[S::kRows * S::kQuads];
    int32_t query_starts[S::kRows];
    int32_t key_starts[kTile];
    int32_t query_zero;
    int32_t weights[S::kRows][2][kTile / 4];  // high, low; four to a word
    int32_t weight_sums[S::kRows];
    int32_t product_starts[S::kRows];
    // Of a tile whose keys and values lie in rows.
    int8_t keys[kTile * 4 * S::kQuads];
    int8_t values[kTile * S::kValueDim + 64];  // written in whole vectors
  };
  template <bool kCached>
  struct Scratch<RunTimeShape<kCached>> {
    size_t head_dim, value_dim;
    int32_t* queries;
    int32_t* query_starts;
    int32_t* key_starts;
    int32_t query_zero;
    int32_t (*weights)[2][kTile / 4];
    int32_t* weight_sums;
    int32_t* product_starts;
    int8_t* keys;
    int8_t* values;

    // Takes room for so many rows; returns how many outputs they have.
    template <class Room>
    size_t Take(size_t rows, Room& room) noexcept {
      const size_t quads = (head_dim + 3) / 4;
      queries = room.template Take<int32_t>(rows * quads);
      query_starts = room.template Take<int32_t>(rows);
      key_starts = room.template Take<int32_t>(kTile);
      weights = room.template Take<int32_t[2][kTile / 4]>(rows);
      weight_sums = room.template Take<int32_t>(rows);
      product_starts = room.template Take<int32_t>(rows);
      keys = room.template Take<int8_t>(kTile * 4 * quads);
      values = room.template Take<int8_t>(kTile * value_dim + 64);
      return rows * RoundUp(value_dim, fovea::HWY_NAMESPACE::kMaxLanes);
    }
  };
  template <class S>
  using Memory = Scratch<typename S::Sizes>;

  template <class S>
  static void LoadQuery(const int8_t* q, int32_t zero, size_t row,
                        Memory<S>& scratch) noexcept {
    const size_t dims = S::HeadDim(scratch), quads = S::Quads(scratch);
    int8_t* to = BytesOf(scratch.queries + row * quads);
    std::memset(to + dims, 0, 4 * quads - dims);
    std::memcpy(to, q, dims);
    scratch.query_starts[row] =
        -vector::Products::kKeyOffset * vector::SumOfBytes(to, quads);
    scratch.query_zero = zero;
  }

  template <class S>
  static void Score(const Tile& tile, size_t rows, Memory<S>& scratch,
                    int32_t (*scores)[kTile]) noexcept {
    const int8_t* panels = tile.keys;
    if constexpr (!S::kCached) {
      vector::PackKeys(tile, S::HeadDim(scratch), scratch.keys);
      panels = scratch.keys;
    }
    if (scratch.query_zero == 0) {
      ScoreKeys<S, false>(panels, tile.count, rows, scratch, scores);
    } else {
      StartKeys<S>(panels, tile.count, scratch);
      ScoreKeys<S, true>(panels, tile.count, rows, scratch, scores);
    }
  }

  static int32_t Largest(const int32_t* scores, size_t count) noexcept {
    namespace hn = vector::hn;
    const vector::IntTag d;
    const size_t lanes = hn::Lanes(d);
    auto most = hn::Set(d, scores[0]);
    size_t i = 0;
    for (; i + lanes <= count; i += lanes) {
      most = hn::Max(most, hn::LoadU(d, scores + i));
    }
    int32_t largest = hn::ReduceMax(d, most);
    for (; i < count; ++i) largest = HWY_MAX(largest, scores[i]);
    return largest;
  }

  template <class S>
  static int32_t Weigh(const int32_t* scores, int32_t most,
                       const ScoreScale& scale, size_t visible, size_t count,
                       size_t row, Memory<S>& scratch) noexcept {
    namespace hn = vector::hn;
    const vector::IntTag d;
    const vector::UintTag du;
    const vector::ByteTag d8;
    const size_t lanes = hn::Lanes(d);
    int8_t* HWY_RESTRICT high = BytesOf(scratch.weights[row][0]);
    int8_t* HWY_RESTRICT low = BytesOf(scratch.weights[row][1]);
    // (most - score) * 128 and half a step.
    const uint32_t top = (static_cast<uint32_t>(most) << 7) + scale.half;
    const auto by = hn::Set(du, scale.multiplier);
    auto sum = hn::Zero(d);
    for (size_t i = 0; i < count; i += lanes) {
      const auto score = hn::BitCast(du, hn::LoadU(d, scores + i));
      const auto distance = hn::Sub(hn::Set(du, top), hn::ShiftLeft<7>(score));
      const auto steps =
          hn::Min(vector::UpperProduct(distance, by), hn::Set(du, kFarthest));
      auto weight = vector::WeightsOf(steps);
      if (i + lanes > visible) {
        const auto index = hn::Iota(d, static_cast<int32_t>(i));
        const auto is_visible =
            hn::Lt(index, hn::Set(d, static_cast<int32_t>(visible)));
        weight = hn::IfThenElseZero(is_visible, weight);
      }
      sum = hn::Add(sum, weight);
      const auto upper = hn::ShiftRight<8>(hn::Add(weight, hn::Set(d, 128)));
      const auto lower = hn::Sub(weight, hn::ShiftLeft<8>(upper));
      hn::StoreU(vector::LowestBytes(upper), d8, high + i);
      hn::StoreU(vector::LowestBytes(lower), d8, low + i);
    }
    const int32_t total = hn::ReduceSum(d, sum);
    scratch.weight_sums[row] = total;
    return total;
  }

  template <class S>
  static void Hide(size_t key, size_t row, size_t /*count*/,
                   Memory<S>& scratch) noexcept {
    BytesOf(scratch.weights[row][0])[key] = 0;
    BytesOf(scratch.weights[row][1])[key] = 0;
    scratch.weight_sums[row] -= kMostWeight;
  }

  template <class S, class Outputs>
  static void Accumulate(const Tile& tile, size_t rows, const RowState* states,
                         Memory<S>& scratch, Outputs outputs) noexcept {
    const int8_t* values = tile.values;
    if constexpr (!S::kCached) {
      vector::PackValues(tile, Columns<S>(scratch), scratch.values);
      values = scratch.values;
    }
    for (size_t row = 0; row < rows; ++row) {
      scratch.product_starts[row] =
          states[row].product -
          vector::Products::kKeyOffset * scratch.weight_sums[row];
    }
    AddProducts<S>(values, (tile.count + 3) / 4, rows, scratch,
                   S::Outputs(outputs));
  }

  template <class S, class Outputs>
  static void ClearOutputs(size_t rows, Outputs outputs) noexcept {
    int32_t* output = S::Outputs(outputs);
    const size_t count = rows * WholeColumns<S>(outputs);
    for (size_t i = 0; i < count; ++i) output[i] = 0;
  }

  template <class S, class Outputs>
  static void CorrectOutputs(int32_t correction, size_t row,
                             Outputs outputs) noexcept {
    namespace hn = vector::hn;
    const vector::IntTag d;
    const size_t columns = WholeColumns<S>(outputs);
    int32_t* output = S::Outputs(outputs) + row * columns;
    for (size_t i = 0; i < columns; i += hn::Lanes(d)) {
      const auto x = hn::LoadU(d, output + i);
      hn::StoreU(vector::MultiplyHighOf(x, hn::Set(d, correction)), d,
                 output + i);
    }
  }

  template <class S, class Outputs>
  static void StoreOutputs(Outputs outputs, size_t row, const RowScale& scale,
                           int32_t zero, int8_t* to) noexcept {
    namespace hn = vector::hn;
    const vector::IntTag d;
    const vector::ByteTag d8;
    const size_t columns = S::ValueDim(outputs);
    const int32_t* output =
        S::Outputs(outputs) + row * WholeColumns<S>(outputs);
    for (size_t i = 0; i < columns; i += hn::Lanes(d)) {
      const auto bytes =
          hn::DemoteTo(d8, Requantised(hn::LoadU(d, output + i), scale, zero));
      const size_t left = columns - i;
      if (left >= hn::Lanes(d)) {
        hn::StoreU(bytes, d8, to + i);
      } else {
        hn::StoreN(bytes, d8, to + i, left);
      }
    }
  }

 private:
  static constexpr size_t kUnrolled = fovea::HWY_NAMESPACE::kUnrolled;

  // A row's columns, in whole vectors of any length.
  template <class S, class T>
  static size_t WholeColumns(const T& of) noexcept {
    return RoundUp(S::ValueDim(of), fovea::HWY_NAMESPACE::kMaxLanes);
  }

  template <class S, class T>
  static Length<S::kValueDimOr0> Columns(const T& of) noexcept {
    return Length<S::kValueDimOr0>(S::ValueDim(of));
  }

  static int8_t* BytesOf(int32_t* words) noexcept {
    return reinterpret_cast<int8_t*>(words);
  }

  // As Requantise, but for the range of int8.
  static HWY_INLINE vector::IntVec Requantised(vector::IntVec output,
                                               const RowScale& scale,
                                               int32_t zero) {
    namespace hn = vector::hn;
    const vector::IntTag d;
    const auto high = vector::MultiplyHighOf(
        hn::ShiftLeftSame(output, scale.left), hn::Set(d, scale.multiplier));
    const auto half = hn::Set(d, int32_t{1} << (scale.right - 1));
    const auto toward = hn::Add(high, hn::ShiftRight<31>(high));
    return hn::Add(hn::ShiftRightSame(hn::Add(toward, half), scale.right),
                   hn::Set(d, zero));
  }

  template <class S>
  using KeyPanels =
      vector::Centred<vector::kernels::RawQuadPanels, !S::kCached>;

  // Calls body(Constant<vecs>, vec) for the vectors of the panels of so many
  // keys.
  template <size_t kMostVecs, class Body>
  static HWY_INLINE void ForKeyVecs(size_t keys, const Body& body) {
    constexpr size_t kVecsOfPanel = kPanel / vector::kMaxLanes;
    constexpr size_t kFewest =
        kVecsOfPanel < kMostVecs ? kVecsOfPanel : kMostVecs;
    const size_t vecs =
        RoundUp(keys, kPanel) / vector::hn::Lanes(vector::IntTag());
    vector::kernels::ForGroups<kMostVecs, kFewest>(0, vecs, body);
  }

  // What the queries' zero point makes of each key.
  template <class S>
  static void StartKeys(const int8_t* panels, size_t keys,
                        Memory<S>& scratch) noexcept {
    namespace kernels = vector::kernels;
    const size_t quads = S::Quads(scratch);
    const auto entries = static_cast<int32_t>(4 * quads);
    const size_t lanes = vector::hn::Lanes(vector::IntTag());
    ForKeyVecs<4>(keys, [&](auto vec_group, size_t vec) HWY_ATTR {
      const KeyPanels<S> k{{panels, vec * lanes, kPanel * 4 * quads}};
      const kernels::Factors<int32_t> ones{&vector::kOnes, 0, 0};
      const vector::KeyStartSink sink{scratch.key_starts + vec * lanes,
                                      vector::Products::kKeyOffset * entries,
                                      -scratch.query_zero};
      kernels::OuterProduct<1, vec_group.value, kernels::KeyProduct>::Run(
          ones, k, kernels::AllSteps{quads}, sink);
    });
  }

  template <class S, bool kHasKeyStarts>
  static void ScoreKeys(const int8_t* panels, size_t keys, size_t rows,
                        const Memory<S>& scratch,
                        int32_t (*scores)[kTile]) noexcept {
    namespace kernels = vector::kernels;
    constexpr size_t kMostVecs = kUnrolled < 16 ? 2 : 4;
    constexpr size_t kMostRows = kUnrolled / kMostVecs;
    constexpr size_t kRowGroup =
        kernels::PowerOfTwoAtMost(S::kRows < kMostRows ? S::kRows : kMostRows);
    const size_t quads = S::Quads(scratch);
    const size_t lanes = vector::hn::Lanes(vector::IntTag());
    kernels::ForGroups<kRowGroup>(
        0, rows, [&](auto row_group, size_t row) HWY_ATTR {
          ForKeyVecs<kMostVecs>(keys, [&](auto vec_group, size_t vec) HWY_ATTR {
            const kernels::Factors<int32_t> q{scratch.queries + row * quads,
                                              quads, 1};
            const size_t key = vec * lanes;
            const KeyPanels<S> k{{panels, key, kPanel * 4 * quads}};
            const vector::ScoreSink<kHasKeyStarts> sink{
                scores[row] + key, scratch.query_starts + row,
                scratch.key_starts + key};
            kernels::OuterProduct<row_group.value, vec_group.value,
                                  kernels::KeyProduct>::Run(q, k,
                                                            kernels::AllSteps{
                                                                kernels::Opaque(
                                                                    quads)},
                                                            sink);
          });
        });
  }

  // Weights times values: quads of tokens with the columns across the lanes.
  template <class S>
  static void AddProducts(const int8_t* values, size_t quads, size_t rows,
                          const Memory<S>& scratch, int32_t* output) noexcept {
    namespace kernels = vector::kernels;
    constexpr size_t kRowGroup = S::kRows < 2 || kUnrolled < 8 ? 1 : 2;
    constexpr size_t kVecGroup = kUnrolled < 16 ? 2 : 4;
    const size_t columns = S::ValueDim(scratch);
    const size_t stride = WholeColumns<S>(scratch), step = 4 * columns;
    const size_t lanes = vector::hn::Lanes(vector::IntTag());
    const auto some_columns = [&](auto vec_group, size_t column,
                                  const auto& of_values) HWY_ATTR {
      kernels::ForGroups<kRowGroup>(
          0, rows, [&](auto row_group, size_t row) HWY_ATTR {
            const kernels::Factors<int32_t> p{scratch.weights[row][0],
                                              kTile / 4, 1};
            const vector::OutputSink sink{output + row * stride + column,
                                          stride, scratch.product_starts + row};
            kernels::OuterProduct<2 * row_group.value, vec_group.value,
                                  kernels::KeyProduct>::Run(p, of_values,
                                                            kernels::AllSteps{
                                                                quads},
                                                            sink);
          });
    };
    const size_t vecs = columns / lanes;
    kernels::ForGroups<kVecGroup>(
        0, vecs, [&](auto vec_group, size_t vec) HWY_ATTR {
          const size_t column = vec * lanes;
          using Whole = vector::Centred<kernels::QuadColumns, !S::kCached>;
          some_columns(vec_group, column, Whole{{values + 4 * column, step}});
        });
    if (vecs * lanes < columns) {
      const size_t column = vecs * lanes;
      using Last = vector::Centred<kernels::LastQuadColumns, !S::kCached>;
      some_columns(kernels::Constant<1>(), column,
                   Last{{values + 4 * column, step, columns - column}});
    }
  }
};

}  // namespace FOVEA_INTEGER_NAMESPACE
}  // namespace integer
}  // namespace fovea
HWY_AFTER_NAMESPACE();

#endif  // FOVEA_PORT_INTEGER_VECTOR_INL_H_
