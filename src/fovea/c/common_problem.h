// SPDX-License-Identifier: Apache-2.0
#ifndef FOVEA_C_COMMON_PROBLEM_H_
#define FOVEA_C_COMMON_PROBLEM_H_

#include <cstddef>

#include "fovea/c/call_checks.h"
#include "fovea/c/views.h"

namespace fovea {
namespace c {

// What a Problem for the kernels has of a call, whether in floats or in
// integers; the rest is 0.
template <class Problem, class Call>
Problem CommonProblemOf(const Call& call, size_t keys) noexcept {
  Problem problem{};
  problem.q = ViewOf(call.q);
  problem.k = ViewOf(call.k);
  problem.v = ViewOf(call.v);
  problem.out = ViewOf(call.out);
  problem.batch = call.batch;
  problem.heads = call.heads;
  problem.kv_heads = call.kv_heads;
  problem.group_heads = GroupHeads(call);
  problem.head_dim = call.head_dim;
  problem.value_dim = call.value_dim;
  problem.queries = call.queries;
  problem.keys = keys;
  problem.first_position = call.first_position;
  problem.key_lengths = call.key_lengths;
  problem.causal = call.causal != 0;
  problem.window = call.window;
  problem.sinks = call.sinks;
  problem.mask = ViewOf(call.mask);
  problem.mask_keys = call.mask_keys == 0 ? keys : call.mask_keys;
  problem.part = call.part;
  problem.parts = call.parts == 0 ? 1 : call.parts;
  return problem;
}

}  // namespace c
}  // namespace fovea

#endif  // FOVEA_C_COMMON_PROBLEM_H_
