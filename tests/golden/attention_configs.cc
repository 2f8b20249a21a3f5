// SPDX-License-Identifier: Apache-2.0
// Instantiates the library for every configuration of the golden table.
#include <stddef.h>

#include "tests/golden/attention_case.h"
#include "tests/golden/attention_run.h"

namespace fovea::golden {
namespace {

struct Entry {
  size_t heads, kv_heads, head_dim;
  bool causal;
  RunAttention run;
};

constexpr Entry kEntries[] = {
#define FOVEA_ATTENTION_CONFIG(heads, kv_heads, head_dim, causal) \
  {heads, kv_heads, head_dim, causal,                             \
   &Run<GoldenConfig<heads, kv_heads, head_dim, causal>>},
#include "tests/golden/attention_configs.inc"
#undef FOVEA_ATTENTION_CONFIG
};

}  // namespace

RunAttention FindAttention(const AttentionCase& c) {
  for (const Entry& entry : kEntries) {
    if (entry.heads == c.heads && entry.kv_heads == c.kv_heads &&
        entry.head_dim == c.head_dim && entry.causal == c.causal) {
      return entry.run;
    }
  }
  return nullptr;
}

}  // namespace fovea::golden
