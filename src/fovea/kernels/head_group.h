// SPDX-License-Identifier: Apache-2.0
// One kv head with the query heads that share it, as plain pointers.
#ifndef FOVEA_KERNELS_HEAD_GROUP_H_
#define FOVEA_KERNELS_HEAD_GROUP_H_

#include <cstddef>
#include <cstdint>

#include "fovea/call_options.h"

namespace fovea {

struct HeadGroup {
  const float* q;  // the group's first head, first token
  size_t q_head_stride;
  size_t q_token_stride;
  float* out;
  size_t out_head_stride;
  size_t out_token_stride;
  size_t heads;  // of the group
  size_t queries;
  size_t keys;
  // Of query 0, counted from key 0, or as far from it as matters (kFar).
  ptrdiff_t first_position;
  size_t head_dim;
  size_t value_dim;
  // Factor of q: the softmax scale, times log2(e) where scores are in base 2
  // from the start, over the softcap where there is one.
  float scale;
};

// Elements are float, but for a cache that stores less.
template <class Stored, class Value>
struct KeysAndValues {
  const Stored* k;  // rows of k_token_stride, or the panels of a cache
  size_t k_token_stride;
  const Value* v;
  size_t v_token_stride;
};

// See KeyMeans.
struct KeyMeansAt {
  const float* data;
  size_t count;  // 0: none
  size_t columns;
};

// Members that only some features need.
namespace group_options {

template <bool kPartial>
struct PartialRange {};
template <>
struct PartialRange<true> {
  size_t first_key;
  float* max;  // [head][query], as lse; null at run time: no partial
  float* sum;
};

template <bool kRowOutputs>
struct RowOutputs {};
template <>
struct RowOutputs<true> {
  size_t row_head_stride;  // rows of lse, weights... from head to head
};

template <bool kPositions>
struct QueryPosition {};
template <>
struct QueryPosition<true> {
  int32_t query_position;  // PositionOfScores(first_position)
};

template <class Turner>
struct Turning {
  const typename Turner::Rotary* rope;
  uint64_t rotary_position;  // of query 0
};
template <>
struct Turning<void> {};

// Of an int8 cache.
template <bool kQuantised>
struct Quantised {};
template <>
struct Quantised<true> {
  const float* key_scales;    // [slot]
  const float* value_scales;  // [slot]
  KeyMeansAt means;
};

// Of keys and values in int8: see Int8Layout.
template <bool kInt8Keys>
struct Int8Keys {};
template <>
struct Int8Keys<true> {
  const float* first_keys;  // [head_dim][16]
  KeyMeansAt means;
  const float* key_scales;  // [slot]
  const float* channels;    // [2][channel_stride], by slot
  size_t channel_stride;
  const int32_t* channel_dims;  // [mean][2]; -1: none
  // Of Run: what is quantised, how many keys, and to where.
  const float* plain_k;
  size_t plain_k_stride;
  const float* plain_v;
  size_t plain_v_stride;
  size_t plain_keys;
  int8_t* key_store;
  int8_t* value_store;
};
template <bool kInt8Values>
struct Int8Values {};
template <>
struct Int8Values<true> {
  const float* value_scales;  // [slot]
};

// Keys from the sinks' last tile on lie ring_shift slots earlier, or
// ring_tokens more where that is at ring_end or beyond; means_earlier: see
// fovea::RingPlace.
template <bool kRing>
struct RingPlace {};
template <>
struct RingPlace<true> {
  size_t ring_shift;
  size_t ring_end;
  size_t ring_tokens;
  size_t means_earlier;
};

// Where the sinks end, of a ring whose sizes are known at run time; SIZE_MAX:
// no ring, each tile lies where its keys are.
template <bool kRunTimeRing>
struct RingBegin {};
template <>
struct RingBegin<true> {
  size_t ring_begin;
};

// Of a call that brings them along; no window is one that reaches everything.
template <bool kRunTimeSpan>
struct Span {};
template <>
struct Span<true> {
  bool causal;
  ptrdiff_t window;
  ptrdiff_t sinks;
};

template <bool kRunTimeStage>
struct Stage {};
template <>
struct Stage<true> {
  ScoreStage score_stage;
};

template <bool kMatrix>
struct MatrixColumns {};
template <>
struct MatrixColumns<true> {
  size_t columns;  // of weights and scores
};

template <bool kEveryKey>
struct VisibleKeys {};
template <>
struct VisibleKeys<true> {
  size_t visible_keys;  // those that padding leaves of `keys`
};

template <bool kHasPolicy>
struct FirstHead {};
template <>
struct FirstHead<true> {
  size_t first_head;  // number of the group's first head
};

}  // namespace group_options

// With the options of the call, their pointers moved to the group's batch entry
// and first head.
template <class Features>
struct GroupWith
    : HeadGroup,
      KeysAndValues<typename Features::Stored, typename Features::Value>,
      CallOptions<Features>,
      group_options::PartialRange<Features::kPartial>,
      group_options::RowOutputs<Features::kHasRowOutputs>,
      group_options::QueryPosition<Features::kPositions>,
      group_options::RingPlace<Features::kRing>,
      group_options::RingBegin<Features::kRing && Features::kRunTimeSpan>,
      group_options::Turning<typename Features::Turner>,
      group_options::Quantised<Features::kQuantised>,
      group_options::Span<Features::kRunTimeSpan>,
      group_options::Stage<Features::kRunTimeStage>,
      group_options::Int8Keys<Features::kInt8Keys>,
      group_options::Int8Values<Features::kInt8Values>,
      group_options::MatrixColumns<Features::kHasScores || Features::kWeights>,
      group_options::VisibleKeys<Features::kEveryKey>,
      group_options::FirstHead<Features::kHasPolicy> {};

}  // namespace fovea

#endif  // FOVEA_KERNELS_HEAD_GROUP_H_
