// SPDX-License-Identifier: Apache-2.0
// One kv head with the query heads that share it, as plain pointers.
#ifndef FOVEA_KERNELS_HEAD_GROUP_H_
#define FOVEA_KERNELS_HEAD_GROUP_H_

#include <cstddef>

namespace fovea {

struct HeadGroup {
  const float* q;  // the group's first head, first token
  size_t q_head_stride;
  size_t q_token_stride;
  const float* k;  // rows of k_token_stride, or the panels of a cache
  size_t k_token_stride;
  const float* v;
  size_t v_token_stride;
  float* out;
  size_t out_head_stride;
  size_t out_token_stride;
  size_t heads;  // of the group
  size_t queries;
  size_t keys;
  ptrdiff_t first_position;  // of query 0, counted from key 0
  size_t head_dim;
  size_t value_dim;
  float scale;  // softmax scale times log2(e)
};

}  // namespace fovea

#endif  // FOVEA_KERNELS_HEAD_GROUP_H_
