// SPDX-License-Identifier: Apache-2.0
// Chapter 6: one token at a time, without computing the past again.
#include <cstddef>
#include <cstdio>
#include <cstring>

#include "fovea/attention.h"
#include "fovea/kv_cache.h"
#include "show.h"

namespace {

constexpr size_t kTokens = 12, kDim = 16;

struct Config : fovea::AttentionConfig {
  static constexpr size_t kHeadDim = kDim;
  static constexpr size_t kMaxQueries = kTokens, kMaxKeys = kTokens;
  static constexpr bool kCausal = true;
};
using Attention = fovea::Attention<Config>;

float q[kTokens][kDim], k[kTokens][kDim], v[kTokens][kDim];
float whole[kTokens][kDim], streamed[kTokens][kDim];
Attention::Workspace workspace;
fovea::KvCache<Config> cache;

Attention::Call CallOn(size_t first, size_t tokens, float (*out)[kDim]) {
  Attention::Call call;
  call.q = fovea::HeadMajor<const float>(q[first], 1, tokens, kDim);
  call.k = fovea::HeadMajor<const float>(k[first], 1, tokens, kDim);
  call.v = fovea::HeadMajor<const float>(v[first], 1, tokens, kDim);
  call.out = fovea::HeadMajor(out[first], 1, tokens, kDim);
  call.queries = call.keys = tokens;
  return call;
}

void AllAtOnce() {
  tutorial::Check(Attention::Run(CallOn(0, kTokens, whole), workspace));
}

// Appends the tokens' keys and values, and attends to all there are.
void Step(size_t first, size_t tokens) {
  const Attention::Call call = CallOn(first, tokens, streamed);
  tutorial::Check(Attention::Step(call, cache, workspace));
}

void Compare(const char* how) {
  const bool same = std::memcmp(whole, streamed, sizeof(whole)) == 0;
  std::printf("%-14s %s\n", how, same ? "the same bits" : "other bits");
}

void InSteps() {
  std::printf("token  in the cache  scores  without a cache\n");
  for (size_t t = 0; t < kTokens; ++t) {
    Step(t, 1);
    const size_t n = cache.size();
    if (t % 4 == 3) {
      std::printf("%5zu  %12zu  %6zu  %15zu\n", t, n, n, n * (n + 1) / 2);
    }
  }
  Compare("in steps");
}

void InChunks() {
  std::memset(streamed, 0, sizeof(streamed));
  cache.Clear();
  Step(0, 5);
  Step(5, 6);
  Step(11, 1);
  Compare("in chunks");
}

void TakeBack() {
  std::memset(streamed[8], 0, 4 * sizeof(streamed[8]));
  tutorial::Check(cache.Truncate(4));
  std::printf("%zu tokens left\n", cache.size());
  Step(8, 4);
  Compare("taken back");
}

void Full() {
  const Attention::Call call = CallOn(0, 1, streamed);
  const fovea::Status status = Attention::Step(call, cache, workspace);
  std::printf("%s, and still %zu tokens\n", fovea::Name(status), cache.size());
}

struct Endless : fovea::AttentionConfig {
  static constexpr size_t kHeadDim = kDim;
  static constexpr size_t kWindow = 60, kSinks = 4;
  static constexpr bool kCausal = true, kRing = true;
};

void WithoutEnd() {
  static fovea::KvCache<Endless> ring;
  static fovea::Attention<Endless>::Workspace scratch;
  fovea::Attention<Endless>::Call call;
  call.q = call.k = call.v = fovea::HeadMajor<const float>(q[0], 1, 1, kDim);
  call.out = fovea::HeadMajor(streamed[0], 1, 1, kDim);
  call.queries = 1;
  for (size_t t = 0; t < 100000; ++t) {
    tutorial::Check(fovea::Attention<Endless>::Step(call, ring, scratch));
  }
  std::printf("position %zu, room for %zu tokens\n",
              static_cast<size_t>(ring.position()), ring.capacity());
}

}  // namespace

int main() {
  tutorial::Noise noise(6);
  noise.Fill(q[0], kTokens * kDim);
  noise.Fill(k[0], kTokens * kDim);
  noise.Fill(v[0], kTokens * kDim);
  AllAtOnce();
  InSteps();
  InChunks();
  TakeBack();
  Full();
  WithoutEnd();
}
