// SPDX-License-Identifier: Apache-2.0
// An attention whose sizes and options are known at run time only: what the C
// interface has checked, and every target's kernels take.
#ifndef FOVEA_RUN_TIME_ATTENTION_PROBLEM_H_
#define FOVEA_RUN_TIME_ATTENTION_PROBLEM_H_

#include <cstddef>
#include <cstdint>

#include "fovea/config.h"
#include "fovea/key_means.h"
#include "fovea/run_time/row_turner.h"
#include "fovea/view.h"

namespace fovea {
namespace run_time {

// The keys and values of a cache; strides in its elements.
struct CacheArrays {
  const void* keys;  // null: no cache
  const void* values;
  size_t keys_of_head;
  size_t values_of_head;
  // Of int8, in bytes from the begin of a head: see QuantisedRows.
  size_t key_scales, means, value_scales;
  size_t slots;
  KeyMeans key_means;
  // Of a ring: see RingState and RingBegin (head_group.h).
  size_t ring_begin, ring_shift, ring_end, ring_tokens, means_earlier;
};

// The keys of a partial, and where it goes.
struct PartialRange {
  size_t first_key;
  size_t end_key;
  float* max;  // null: no partial
  float* sum;
};

// Members as of Attention::Call, but for those that say more.
struct AttentionProblem {
  View<const float> q, k, v;
  View<float> out;  // of a partial: its numerator
  size_t batch, heads, kv_heads, head_dim, value_dim, queries, keys;
  size_t group_heads;  // of a kv head; a division a head would take 40 cycles
  int64_t first_position;
  const size_t* key_lengths;
  float scale;  // resolved
  float softcap;
  bool causal;
  size_t window, sinks;  // window 0: none
  const float* alibi_slopes;
  const float* sink_logits;
  View<const uint8_t> mask;
  View<const float> bias;
  size_t mask_keys;  // resolved
  View<const uint8_t> block_mask;
  size_t mask_blocks;  // resolved
  size_t head_stride;  // from head to head of lse, weights and scores, in rows
  float* lse;
  float* weights;
  float* scores;
  ScoreStage score_stage;
  bool is_rich;  // more than causal or not, and lse
  size_t part, parts;
  CacheArrays cache;
  bool raw_keys;  // of an arithmetic in int8, on tensors: less no mean
  // The same: one kv head's keys and values as int8.
  int8_t* key_store;
  int8_t* value_store;
  PartialRange partial;
  Rotary rotary;
  uint64_t rotary_position;  // of query 0
};

}  // namespace run_time
}  // namespace fovea

#endif  // FOVEA_RUN_TIME_ATTENTION_PROBLEM_H_
