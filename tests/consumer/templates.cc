// SPDX-License-Identifier: Apache-2.0
#include <fovea/attention.h>
#include <fovea/integer_attention.h>
#include <fovea/transformer.h>

namespace {

struct Config : fovea::AttentionConfig {
  static constexpr size_t kHeads = 2, kHeadDim = 8, kMaxKeys = 4;
  static constexpr bool kCausal = true;
};
using Attention = fovea::Attention<Config>;

fovea::KvCache<Config> cache;
Attention::Workspace workspace;

}  // namespace

// A first token sees itself alone.
int main() {
  float x[16];
  float out[16] = {};
  for (int i = 0; i < 16; ++i) x[i] = static_cast<float>(i);
  Attention::Call call;
  call.queries = 1;
  call.q = call.k = call.v = fovea::TokenMajor<const float>(x, 2, 1, 8);
  call.out = fovea::TokenMajor(out, 2, 1, 8);
  if (Attention::Step(call, cache, workspace) != fovea::Status::kOk) return 1;
  for (int i = 0; i < 16; ++i) {
    if (out[i] != x[i]) return 1;
  }
  return 0;
}
