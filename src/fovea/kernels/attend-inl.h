// SPDX-License-Identifier: Apache-2.0
// out = softmax(q . k) . v, a block of rows at a time: composes the kernels in
// the order of the formula.
#if defined(FOVEA_KERNELS_ATTEND_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FOVEA_KERNELS_ATTEND_INL_H_
#undef FOVEA_KERNELS_ATTEND_INL_H_
#else
#define FOVEA_KERNELS_ATTEND_INL_H_
#endif

#include "fovea/kernels/accumulate-inl.h"
#include "fovea/kernels/accumulate_int8-inl.h"
#include "fovea/kernels/accumulate_quantised-inl.h"
#include "fovea/kernels/finish_scores-inl.h"
#include "fovea/kernels/mask-inl.h"
#include "fovea/kernels/merge-inl.h"
#include "fovea/kernels/online_softmax-inl.h"
#include "fovea/kernels/quantise_head-inl.h"
#include "fovea/kernels/scores_across_keys-inl.h"
#include "fovea/kernels/scores_across_queries-inl.h"
#include "fovea/kernels/scores_int8-inl.h"
#include "fovea/kernels/scores_quantised-inl.h"
#include "fovea/kernels/share.h"
#include "fovea/kernels/softmax_int8-inl.h"

HWY_BEFORE_NAMESPACE();
namespace fovea {
namespace HWY_NAMESPACE {
namespace {

template <Sees kSees>
using SeesConstant = std::integral_constant<Sees, kSees>;

// Calls body with what the rows of a tile see as a constant, as far as the
// features leave a choice and it is worth a second copy of the kernel: where
// flash is scarce and there is one lane, a compare is cheaper.
template <class Shape, class Body>
HWY_INLINE void WithSees(Sees sees, const Body& body) {
  using F = typename Shape::Features;
  constexpr Sees kPrefix = F::kCausal || F::kMarks ? Sees::kPrefix : Sees::kAll;
  constexpr Sees kAll = kMaxLanes == 1 && kUnrolled < 8 ? kPrefix : Sees::kAll;
  if constexpr (F::kMarks) {
    if (sees == Sees::kMarked) return body(SeesConstant<Sees::kMarked>());
  }
  if constexpr (kPrefix != kAll) {
    if (sees == Sees::kPrefix) return body(SeesConstant<kPrefix>());
  }
  body(SeesConstant<kAll>());
}

template <class Shape, class Body>
HWY_INLINE void WithMarked(Sees sees, const Body& body) {
  if constexpr (Shape::Features::kMarks) {
    if (sees == Sees::kMarked) return body(std::true_type());
  }
  body(std::false_type());
}

// Queries across the lanes; keys are plain rows.
template <class ShapeArg>
struct QueryLanes {
  using Shape = ShapeArg;
  static constexpr size_t kSpan = 1;  // see AttendSpan

  // Rows of a block; lanes without a row are computed too, on zeros.
  static HWY_INLINE size_t Width() { return BlockWidth<Shape>(); }
  static HWY_INLINE void Prepare(const GroupOf<Shape>&) {}
  static HWY_INLINE size_t Padded(const Rows&) { return Width(); }

  static HWY_INLINE void LoadQueries(const GroupOf<Shape>& group,
                                     const Rows& rows, const Scratch& scratch) {
    LoadQueriesAcrossLanes<Shape>(group, rows, scratch);
  }

  static HWY_INLINE void Scores(const GroupOf<Shape>& group, const Rows& rows,
                                const Tile& tile, const Scratch& scratch) {
    if constexpr (Shape::Features::kHasBias) {
      LoadBiasAcrossLanes<Shape>(group, rows, tile, scratch);
    }
    if constexpr (!kMaxInPass) {
      hwy::CopyBytes(scratch.max, scratch.next_max, Width() * sizeof(float));
    }
    WithSees<Shape>(tile.sees, [&](auto sees) FOVEA_INLINED {
      ScoreKeysAcrossQueries<Shape, sees.value>(group, rows, tile, scratch);
    });
  }

  static HWY_INLINE void Softmax(const GroupOf<Shape>& group, const Rows& rows,
                                 const Tile& tile, const Scratch& scratch) {
    WithMarked<Shape>(tile.sees, [&](auto marked) FOVEA_INLINED {
      SoftmaxOfQueries<Shape, marked.value>(group, rows, tile, scratch);
    });
  }

  static HWY_INLINE void Output(const GroupOf<Shape>& group, const Rows& rows,
                                const Tile& tile, size_t /*next_tile*/,
                                const Scratch& scratch) {
    WithMarked<Shape>(tile.sees, [&](auto marked) FOVEA_INLINED {
      Accumulate<Shape, marked.value>(group, rows, tile, {1, Width()},
                                      PlainValues(), scratch);
    });
  }
};

// Keys across the lanes; keys lie in the panels of a cache.
template <class ShapeArg>
struct KeyLanes {
  using Shape = ShapeArg;
  static constexpr size_t kSpan = 1;

  static HWY_INLINE size_t Width() { return Shape::kRows; }
  // Before the first block of a head group.
  static HWY_INLINE void Prepare(const GroupOf<Shape>&) {}
  static HWY_INLINE size_t Padded(const Rows& rows) { return rows.count; }

  static HWY_INLINE void LoadQueries(const GroupOf<Shape>& group,
                                     const Rows& rows, const Scratch& scratch) {
    LoadQueriesAsRows<Shape>(group, rows, scratch.queries);
  }

  static HWY_INLINE void Scores(const GroupOf<Shape>& group, const Rows& rows,
                                const Tile& tile, const Scratch& scratch) {
    ScoreRowsAcrossKeys<Shape>(group, rows, tile, scratch);
  }

  static HWY_INLINE void Softmax(const GroupOf<Shape>& group, const Rows& rows,
                                 const Tile& tile, const Scratch& scratch) {
    WithMarked<Shape>(tile.sees, [&](auto marked) FOVEA_INLINED {
      SoftmaxOfRows<Shape, marked.value>(group, rows, tile, scratch);
    });
  }

  static HWY_INLINE void Output(const GroupOf<Shape>& group, const Rows& rows,
                                const Tile& tile, size_t next_tile,
                                const Scratch& scratch) {
    const typename Shape::HeadDim head_dim(group.head_dim);
    const StreamedValues<Shape> values{
        group.k + SlotOfTile<Shape>(group, next_tile) * head_dim};
    WithMarked<Shape>(tile.sees, [&](auto marked) FOVEA_INLINED {
      Accumulate<Shape, marked.value>(group, rows, tile, {kTile, 1}, values,
                                      scratch);
    });
  }
};

// The same for a cache of int8.
template <class ShapeArg>
struct QuantisedKeyLanes : KeyLanes<ShapeArg> {
  using Shape = ShapeArg;
  // The steps of a single row are short, and each waits for the one before: two
  // tiles fill each other's waits (Zen 5: D1 36 -> 31.5 us, D3 no difference).
  static constexpr size_t kSpan =
      Shape::kMaxRows == 1 && Shape::kRows > 1 ? 2 : 1;

  static HWY_INLINE void LoadQueries(const GroupOf<Shape>& group,
                                     const Rows& rows, const Scratch& scratch) {
    LoadQuantisedQueries<Shape>(group, rows, scratch);
  }

  static HWY_INLINE void Scores(const GroupOf<Shape>& group, const Rows& rows,
                                const Tile& tile, const Scratch& scratch) {
    ScoreRowsAcrossQuantisedKeys<Shape>(group, rows, tile, scratch);
  }

  static HWY_INLINE void Output(const GroupOf<Shape>& group, const Rows& rows,
                                const Tile& tile, size_t /*next_tile*/,
                                const Scratch& scratch) {
    AccumulateQuantised<Shape>(group, rows, tile, scratch);
  }
};

// The same for keys of int8, and values unless they are float.  Source may
// still have to make them so.
template <class ShapeArg, class Source>
struct Int8KeyLanes : KeyLanes<ShapeArg> {
  using Shape = ShapeArg;

  static HWY_INLINE void Prepare(const GroupOf<Shape>& group) {
    Source::Prepare(group);
  }

  static HWY_INLINE void LoadQueries(const GroupOf<Shape>& group,
                                     const Rows& rows, const Scratch& scratch) {
    LoadInt8Queries<Shape>(group, rows, scratch);
  }

  static HWY_INLINE void Scores(const GroupOf<Shape>& group, const Rows& rows,
                                const Tile& tile, const Scratch& scratch) {
    ScoreRowsAcrossInt8Keys<Shape>(group, rows, tile, scratch);
  }

  static HWY_INLINE void Softmax(const GroupOf<Shape>& group, const Rows& rows,
                                 const Tile& tile, const Scratch& scratch) {
    WithMarked<Shape>(tile.sees, [&](auto marked) HWY_ATTR {
      if constexpr (Shape::Features::kInt8Values) {
        SoftmaxToWeights<Shape, marked.value>(group, rows, tile, scratch);
      } else {
        SoftmaxOfInt8Scores<Shape, marked.value>(group, rows, tile, scratch);
      }
    });
  }

  static HWY_INLINE void Output(const GroupOf<Shape>& group, const Rows& rows,
                                const Tile& tile, size_t /*next_tile*/,
                                const Scratch& scratch) {
    if constexpr (Shape::Features::kInt8Values) {
      AccumulateInt8<Shape>(group, rows, tile, scratch);
    } else {
      WithMarked<Shape>(tile.sees, [&](auto marked) HWY_ATTR {
        Accumulate<Shape, marked.value>(group, rows, tile, {kTile, 1},
                                        PlainValues(), scratch);
      });
    }
  }
};

// Keys across the lanes; keys are plain rows, and the queries few.
template <class ShapeArg>
struct PackedKeyLanes : KeyLanes<ShapeArg> {
  using Shape = ShapeArg;

  static HWY_INLINE size_t Width() { return kFewRows; }

  static HWY_INLINE void LoadQueries(const GroupOf<Shape>& group,
                                     const Rows& rows, const Scratch& scratch) {
    LoadQueriesAsRows<Shape>(group, rows, scratch.queries + kPackedFloats);
  }

  static HWY_INLINE void Scores(const GroupOf<Shape>& group, const Rows& rows,
                                const Tile& tile, const Scratch& scratch) {
    ScoreRowsAcrossPlainKeys<Shape>(group, rows, tile, scratch);
  }

  static HWY_INLINE void Output(const GroupOf<Shape>& group, const Rows& rows,
                                const Tile& tile, size_t /*next_tile*/,
                                const Scratch& scratch) {
    WithMarked<Shape>(tile.sees, [&](auto marked) FOVEA_INLINED {
      Accumulate<Shape, marked.value>(group, rows, tile, {kTile, 1},
                                      PlainValues(), scratch);
    });
  }
};

// Calls body(orientation) with the one for that many rows on plain keys.
template <class Shape, class Body>
HWY_INLINE void WithPlainOrientation(size_t rows, const Body& body) {
  if constexpr (kFewRows == 0) {
    body(QueryLanes<Shape>());
  } else if constexpr (Shape::kMaxRows <= kFewRows) {
    body(PackedKeyLanes<Shape>());
  } else if (rows <= kFewRows) {
    body(PackedKeyLanes<Shape>());
  } else {
    body(QueryLanes<Shape>());
  }
}

// m, l and o before the first key.  A sink is a key without a value.
template <class Shape>
HWY_INLINE void ResetRows(const GroupOf<Shape>& group, const Rows& rows,
                          size_t padded, const Scratch& scratch) {
  using F = typename Shape::Features;
  const typename Shape::ValueDim value_dim(group.value_dim);
  for (size_t i = 0; i < padded; ++i) {
    scratch.max[i] = kNoMax;
    scratch.sum[i] = 0.0f;
    if constexpr (F::kSinkLogits) {
      const size_t row = rows.first + HWY_MIN(i, rows.count - 1);
      bool counts = group.sink_logits != nullptr;
      if constexpr (F::kPartial) counts = counts && group.first_key == 0;
      if (!counts) continue;
      const float sink =
          group.sink_logits[HeadOfRow<Shape>(group, row)] * kLog2e;
      if (sink < kNoMax) continue;
      scratch.max[i] = sink;
      scratch.sum[i] = 1.0f;
    }
  }
  hwy::ZeroBytes(scratch.output,
                 padded * OutputStride(value_dim) * sizeof(float));
}

template <class Shape>
HWY_INLINE bool IsPartial(const GroupOf<Shape>& group) {
  using F = typename Shape::Features;
  if constexpr (F::kRunTimePartial) {
    return group.max != nullptr;
  } else {
    static_cast<void>(group);
    return F::kPartial;
  }
}

// out = o / l; a row that saw no key gives zeros.
template <class Shape>
HWY_INLINE void StoreRows(const GroupOf<Shape>& group, const Rows& rows,
                          const Scratch& scratch) {
  using F = typename Shape::Features;
  const typename Shape::ValueDim value_dim(group.value_dim);
  for (size_t i = 0; i < rows.count; ++i) {
    const size_t token = TokenOfRow<Shape>(group, rows.first + i);
    const size_t head = HeadOfRow<Shape>(group, rows.first + i);
    const float l = scratch.sum[i];
    const float inverse = InverseSum(l);
    const bool is_partial = IsPartial<Shape>(group);
    const float factor = is_partial ? 1.0f : inverse;
    ScaleRow(scratch.output + i * OutputStride(value_dim), value_dim, factor,
             group.out + token * group.out_token_stride +
                 head * group.out_head_stride);
    if constexpr (F::kPartial) {
      const size_t index = head * group.row_head_stride + token;
      if (is_partial) group.max[index] = scratch.max[i];
      if (is_partial) group.sum[index] = l;
    }
    if constexpr (F::kLse) {
      if (group.lse) {
        group.lse[head * group.row_head_stride + token] =
            LogSumExp(scratch.max[i], l);
      }
    }
    if constexpr (F::kWeights) {
      FinishWeights<Shape>(group, rows.first + i, scratch.max[i], inverse);
    }
  }
}

// Attends to the next tiles, up to kSpan of those that a row sees, one step of
// all of them after another; returns the first key after them.
template <class Orientation>
HWY_INLINE size_t AttendSpan(const GroupOf<typename Orientation::Shape>& group,
                             const Rows& rows, size_t key, size_t near,
                             size_t end,
                             const SpanScratch<typename Orientation::Shape,
                                               Orientation::kSpan>& scratch) {
  using Shape = typename Orientation::Shape;
  const size_t padded = Orientation::Padded(rows);
  Tile tiles[Orientation::kSpan] = {};
  size_t count = 0;
  for (; key < end && count < Orientation::kSpan;
       key = NextTile<Shape>(group, key, near)) {
    tiles[count] =
        MakeTile<Shape>(group, rows, key, end, padded, scratch[count]);
    if (Shape::Features::kMarks && tiles[count].sees == Sees::kNone) continue;
    ++count;
  }
  for (size_t i = 0; i < count; ++i) {
    Orientation::Scores(group, rows, tiles[i], scratch[i]);
  }
  for (size_t i = 0; i < count; ++i) {
    Orientation::Softmax(group, rows, tiles[i], scratch[i]);
  }
  for (size_t i = 0; i < count; ++i) {
    const size_t next = key < end ? key : tiles[i].first;
    Orientation::Output(group, rows, tiles[i], next, scratch[i]);
  }
  return key;
}

template <class Orientation>
HWY_INLINE void AttendBlock(const GroupOf<typename Orientation::Shape>& group,
                            const Rows& rows, const Scratch& scratch) {
  using Shape = typename Orientation::Shape;
  const size_t padded = Orientation::Padded(rows);
  FindEnds<Shape>(group, rows, padded, scratch);
  DescribeRows<Shape>(group, rows, padded, scratch);
  Orientation::LoadQueries(group, rows, scratch);
  ResetRows<Shape>(group, rows, padded, scratch);
  HideAll<Shape>(group, rows);
  const SpanScratch<Shape, Orientation::kSpan> of_tile(scratch);
  const size_t end = scratch.ends[rows.count - 1];
  const size_t near =
      FirstNearTile<Shape>(group, TokenOfRow<Shape>(group, rows.first));
  for (size_t key = FirstTile<Shape>(group, near); key < end;) {
    key = AttendSpan<Orientation>(group, rows, key, near, end, of_tile);
  }
  StoreRows<Shape>(group, rows, scratch);
}

// Rows of one kv head: query heads of the group x tokens.  Of one token they
// are a constant, and so is then the end of every loop over a block's rows.
template <class Shape>
HWY_INLINE size_t RowCount(const HeadGroup& group) {
  if constexpr (Shape::kIsOneToken) return Shape::kMaxRows;
  return group.queries * group.heads;
}

// Blocks of them, and how many keys the last row of a block sees: what the
// block costs.
template <class Orientation>
HWY_INLINE size_t BlockCount(const HeadGroup& group) {
  const size_t width = Orientation::Width();
  const size_t rows = RowCount<typename Orientation::Shape>(group);
  return (rows + width - 1) / width;
}

template <class Orientation>
HWY_INLINE Rows RowsOfBlock(const HeadGroup& group, size_t block) {
  const size_t width = Orientation::Width();
  const size_t first = block * width;
  const size_t left = RowCount<typename Orientation::Shape>(group) - first;
  return {first, left < width ? left : width};
}

template <class Orientation>
HWY_INLINE size_t BlockCost(const GroupOf<typename Orientation::Shape>& group,
                            size_t block) {
  using Shape = typename Orientation::Shape;
  const Rows rows = RowsOfBlock<Orientation>(group, block);
  const size_t first = TokenOfRow<Shape>(group, rows.first);
  const size_t last = TokenOfRow<Shape>(group, rows.first + rows.count - 1);
  // A block that sees nothing still writes its zeros.
  return 1 + VisitedKeys<Shape>(group, FirstNearTile<Shape>(group, first),
                                VisibleEnd<Shape>(group, last));
}

template <class Orientation>
HWY_INLINE uint64_t
CostOfBlocks(const GroupOf<typename Orientation::Shape>& group) {
  uint64_t cost = 0;
  const size_t blocks = BlockCount<Orientation>(group);
  for (size_t block = 0; block < blocks; ++block) {
    cost += BlockCost<Orientation>(group, block);
  }
  return cost;
}

// The blocks of one kv head that fall into the share; `before` is the cost of
// the heads before this one.
template <class Orientation>
HWY_NOINLINE void AttendShare(const GroupOf<typename Orientation::Shape>& group,
                              const Share& share, uint64_t before,
                              const Scratch& scratch) {
  const size_t blocks = BlockCount<Orientation>(group);
  bool prepared = false;
  for (size_t block = 0; block < blocks; ++block) {
    const uint64_t cost = BlockCost<Orientation>(group, block);
    if (share.Has(before, cost)) {
      if (!prepared) Orientation::Prepare(group);
      prepared = true;
      const Rows rows = RowsOfBlock<Orientation>(group, block);
      AttendBlock<Orientation>(group, rows, scratch);
    }
    before += cost;
  }
}

// All rows of one kv head.
template <class Orientation>
HWY_NOINLINE void AttendHeadGroup(
    const GroupOf<typename Orientation::Shape>& group, const Scratch& scratch) {
  const size_t blocks = BlockCount<Orientation>(group);
  Orientation::Prepare(group);
  for (size_t block = 0; block < blocks; ++block) {
    const Rows rows = RowsOfBlock<Orientation>(group, block);
    AttendBlock<Orientation>(group, rows, scratch);
  }
}

}  // namespace
// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace fovea
HWY_AFTER_NAMESPACE();

#endif  // FOVEA_KERNELS_ATTEND_INL_H_
