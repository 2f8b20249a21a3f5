// SPDX-License-Identifier: Apache-2.0
// What the C of this firmware calls.
#include "decoder.h"

#include "fovea/attention.h"
#include "fovea/kv_cache.h"
#include "fovea/self_test.h"
#include "fovea/status.h"

namespace {

struct Config : fovea::AttentionConfig {
  static constexpr size_t kHeads = DECODER_HEADS, kHeadDim = DECODER_DIM;
  static constexpr size_t kMaxKeys = DECODER_MAX_TOKENS;
  static constexpr bool kCausal = true;
};
using Attention = fovea::Attention<Config>;

fovea::KvCache<Config> cache;
Attention::Workspace workspace;
fovea::SelfTestMemory self_test;

}  // namespace

extern "C" {

const char* decoder_self_test() { return fovea::SelfTest(self_test); }

void decoder_clear() { cache.Clear(); }

const char* decoder_step(const float* q, const float* k, const float* v,
                         float* out) {
  Attention::Call call;
  call.queries = 1;
  call.q = fovea::TokenMajor(q, DECODER_HEADS, 1, DECODER_DIM);
  call.k = fovea::TokenMajor(k, DECODER_HEADS, 1, DECODER_DIM);
  call.v = fovea::TokenMajor(v, DECODER_HEADS, 1, DECODER_DIM);
  call.out = fovea::TokenMajor(out, DECODER_HEADS, 1, DECODER_DIM);
  const fovea::Status status = Attention::Step(call, cache, workspace);
  return status == fovea::Status::kOk ? nullptr : fovea::Name(status);
}
}
