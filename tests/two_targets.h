// SPDX-License-Identifier: Apache-2.0
// One case, compiled in two translation units with different instruction sets.
// FOVEA_TWO_TARGETS_FN names the function that this unit defines.
#include <cstdint>
#include <cstring>

#include "fovea/attention.h"

struct TwoTargetsResult {
  const char* target;
  uint64_t hash;
};

struct TwoTargetsConfig : fovea::AttentionConfig {
  static constexpr size_t kHeads = 2, kHeadDim = 48;
  static constexpr size_t kMaxQueries = 80, kMaxKeys = 80;
  static constexpr bool kCausal = true;
};

TwoTargetsResult FOVEA_TWO_TARGETS_FN();

TwoTargetsResult FOVEA_TWO_TARGETS_FN() {
  using Attention = fovea::Attention<TwoTargetsConfig>;
  constexpr size_t kCount = 2 * 80 * 48;
  static float x[kCount], out[kCount];
  static Attention::Workspace workspace;
  uint32_t state = 1;
  for (float& value : x) {
    state = state * 1664525u + 1013904223u;
    value = static_cast<float>(static_cast<int32_t>(state)) * 0x1p-30f;
  }
  Attention::Call call;
  call.q = call.k = call.v = fovea::HeadMajor<const float>(x, 2, 80, 48);
  call.out = fovea::HeadMajor(out, 2, 80, 48);
  call.queries = call.keys = 80;
  uint64_t hash = static_cast<uint64_t>(Attention::Run(call, workspace));
  for (const float value : out) {
    uint32_t bits;
    std::memcpy(&bits, &value, sizeof(bits));
    hash = (hash ^ bits) * 0x100000001b3;
  }
  return {hwy::TargetName(HWY_TARGET), hash};
}
