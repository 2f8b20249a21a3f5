// SPDX-License-Identifier: Apache-2.0
// Instantiates the library for every configuration of the golden table.
#include <stddef.h>

#include "tests/golden/attention_case.h"
#include "tests/golden/attention_run.h"
#include "tests/golden/reduced.h"

namespace fovea::golden {
namespace {

struct Entry {
  size_t heads, kv_heads, head_dim;
  bool causal;
  RunAttention run;
};

// Only what the suite keeps is instantiated.
template <size_t heads, size_t kv_heads, size_t head_dim, bool causal>
constexpr RunAttention RunOf() {
  if constexpr (kReduced &&
                !IsInReducedSuite(heads, kv_heads, head_dim, causal)) {
    return nullptr;
  } else {
    return &Run<GoldenConfig<heads, kv_heads, head_dim, causal>>;
  }
}

constexpr Entry kEntries[] = {
#define FOVEA_ATTENTION_CONFIG(heads, kv_heads, head_dim, causal) \
  {heads, kv_heads, head_dim, causal,                             \
   RunOf<heads, kv_heads, head_dim, causal>()},
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
