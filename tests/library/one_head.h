// SPDX-License-Identifier: Apache-2.0
#ifndef FOVEA_TESTS_LIBRARY_ONE_HEAD_H_
#define FOVEA_TESTS_LIBRARY_ONE_HEAD_H_

#include <stddef.h>

#include "fovea/fovea.h"

namespace fovea {

// One query of one head and its keys, dense; values and outputs are one float.
inline fovea_attention OneHead(const float* q, const float* k, const float* v,
                               size_t keys, size_t head_dim, float* out) {
  fovea_attention call = {};
  call.struct_bytes = sizeof(call);
  call.batch = call.heads = call.kv_heads = call.queries = 1;
  call.head_dim = head_dim, call.value_dim = 1;
  call.keys = keys;
  call.q = {q, 0, 0, head_dim}, call.k = {k, 0, 0, head_dim};
  call.v = {v, 0, 0, 1}, call.out = {out, 0, 0, 1};
  return call;
}

}  // namespace fovea

#endif  // FOVEA_TESTS_LIBRARY_ONE_HEAD_H_
