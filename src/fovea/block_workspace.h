// SPDX-License-Identifier: Apache-2.0
// The memory that the attention kernels work in, sized when it is compiled.
#ifndef FOVEA_BLOCK_WORKSPACE_H_
#define FOVEA_BLOCK_WORKSPACE_H_

#include <cstddef>
#include <cstdint>

#include "fovea/kernels/layout.h"

namespace fovea {

// An array that may have no entries.  Derive from it, once for each Tag: as an
// empty base it takes no room.
template <class Tag, class T, size_t kCount>
struct OptionalArray {
  alignas(64) T entries[kCount];
  T* Get() noexcept { return entries; }
};

template <class Tag, class T>
struct OptionalArray<Tag, T, 0> {
  T* Get() noexcept { return nullptr; }
};

struct VisibleTag;
struct BiasTag;
struct TurnedTag;
struct SlopesTag;
struct PositionsTag;
struct HeadsTag;
struct QueryQuadsTag;
struct QueryOffsetsTag;
struct QueryScalesTag;
struct MeanScoresTag;
struct ScoredMeansTag;
struct FirstScoresTag;
struct WeightQuadsTag;
struct WeightStepsTag;
struct PartialsTag;
struct FineStepsTag;
struct HasFineTag;
struct KeyStoreTag;
struct ValueStoreTag;

// int8 that a query's entry and a probability are split into; 0: none.
template <class F>
constexpr size_t QueryParts() {
  return F::kQuantised ? 2 : F::kInt8Keys ? 1 : 0;
}
template <class F>
constexpr size_t WeightParts() {
  return F::kQuantised || F::kInt8Values ? 2 : 0;
}

// See KeyMeans.
template <class F>
constexpr bool HasKeyMeans() {
  return F::kQuantised || F::kInt8Keys;
}

// What only the features F need, for blocks of kRows rows.
template <class F, size_t kRows, size_t kTurnedFloats, size_t kQuadsOfRow>
struct OptionalScratch
    : OptionalArray<VisibleTag, uint32_t, F::kMarks ? 2 * kRows : 0>,
      OptionalArray<BiasTag, float, F::kHasBias ? kTile * kRows : 0>,
      OptionalArray<TurnedTag, float, kTurnedFloats>,
      OptionalArray<SlopesTag, float, F::kAlibi ? kRows : 0>,
      OptionalArray<PositionsTag, int32_t, F::kPositions ? kRows : 0>,
      OptionalArray<HeadsTag, int32_t, F::kHasPolicy ? kRows : 0>,
      OptionalArray<QueryQuadsTag, int32_t,
                    QueryParts<F>() * kRows * kQuadsOfRow>,
      OptionalArray<QueryOffsetsTag, int32_t, QueryParts<F>() * kRows>,
      OptionalArray<QueryScalesTag, float, (QueryParts<F>() > 0 ? kRows : 0)>,
      OptionalArray<MeanScoresTag, float,
                    HasKeyMeans<F>() ? kRows * kPanel : 0>,
      OptionalArray<ScoredMeansTag, size_t, HasKeyMeans<F>() ? 1 : 0>,
      OptionalArray<FirstScoresTag, float, F::kInt8Keys ? kRows * kPanel : 0>,
      OptionalArray<WeightQuadsTag, int32_t,
                    WeightParts<F>() * kRows * kTile / 4>,
      OptionalArray<WeightStepsTag, float, (WeightParts<F>() > 0 ? kRows : 0)>,
      OptionalArray<FineStepsTag, float, F::kInt8Values ? kRows : 0>,
      OptionalArray<HasFineTag, bool, F::kInt8Values ? 1 : 0>,
      OptionalArray<PartialsTag, float, F::kInt8Keys ? kRows * kPanel : 0> {};

template <class Tag, class T, size_t kCount>
T* PointerTo(OptionalArray<Tag, T, kCount>& array) noexcept {
  return array.Get();
}

// `Scratch` (block-inl.h) points into it.
template <class F, size_t kQueryFloats, size_t kOutputStride, size_t kRows,
          size_t kTurnedFloats, size_t kQuadsOfRow>
struct alignas(64) BlockWorkspace
    : OptionalScratch<F, kRows, kTurnedFloats, kQuadsOfRow> {
  float queries[kQueryFloats];
  float scores[kTile * kRows];
  float output[kRows * kOutputStride];
  float max[kRows];
  float next_max[kRows];
  float sum[kRows];
  float correction[kRows];
  float limits[kRows];
  uint32_t ends[kRows];
  uint32_t counts[kRows];

  template <class Scratch>
  Scratch Pointers() noexcept {
    Scratch to{};
    to.queries = queries;
    to.scores = scores;
    to.output = output;
    to.max = max;
    to.next_max = next_max;
    to.sum = sum;
    to.correction = correction;
    to.limits = limits;
    to.ends = ends;
    to.counts = counts;
    to.visible = PointerTo<VisibleTag>(*this);
    to.bias = PointerTo<BiasTag>(*this);
    to.turned = PointerTo<TurnedTag>(*this);
    to.slopes = PointerTo<SlopesTag>(*this);
    to.positions = PointerTo<PositionsTag>(*this);
    to.heads = PointerTo<HeadsTag>(*this);
    to.query_quads = PointerTo<QueryQuadsTag>(*this);
    to.query_offsets = PointerTo<QueryOffsetsTag>(*this);
    to.query_scales = PointerTo<QueryScalesTag>(*this);
    to.mean_scores = PointerTo<MeanScoresTag>(*this);
    to.scored_means = PointerTo<ScoredMeansTag>(*this);
    to.first_scores = PointerTo<FirstScoresTag>(*this);
    to.weight_quads = PointerTo<WeightQuadsTag>(*this);
    to.weight_steps = PointerTo<WeightStepsTag>(*this);
    to.fine_steps = PointerTo<FineStepsTag>(*this);
    to.has_fine = PointerTo<HasFineTag>(*this);
    to.partials = PointerTo<PartialsTag>(*this);
    return to;
  }
};

// With room for the keys and values of one head in int8, which Run quantises.
template <class Block, size_t kKeyBytes, size_t kValueBytes>
struct alignas(64) Int8Workspace
    : Block,
      OptionalArray<KeyStoreTag, int8_t, kKeyBytes>,
      OptionalArray<ValueStoreTag, int8_t, kValueBytes> {
  int8_t* KeyStore() noexcept { return PointerTo<KeyStoreTag>(*this); }
  int8_t* ValueStore() noexcept { return PointerTo<ValueStoreTag>(*this); }
};

}  // namespace fovea

#endif  // FOVEA_BLOCK_WORKSPACE_H_
