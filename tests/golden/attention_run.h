// SPDX-License-Identifier: Apache-2.0
// Runs a golden case through the library, in each way that a caller may.
#ifndef FOVEA_TESTS_GOLDEN_ATTENTION_RUN_H_
#define FOVEA_TESTS_GOLDEN_ATTENTION_RUN_H_

#include <stddef.h>
#include <stdint.h>

#include <vector>

#include "fovea/attention.h"
#include "fovea/kv_cache.h"
#include "tests/golden/attention_case.h"
#include "tests/golden/poison.h"
#include "tests/golden/tensor.h"

namespace fovea::golden {

enum class Way : uint8_t {
  kOneShot,
  kCache,   // all keys in the cache, then attend to it
  kSteps,   // a stream token by token through the cache
  kChunks,  // a stream in chunks of random sizes
};

struct Outcome {
  Status status = Status::kOk;
  bool padding_is_untouched = true;
  std::vector<float> out;  // [batch][head][query][dim]
};

// One instantiation for each configuration of the table.
using RunAttention = Outcome (*)(const AttentionCase&, Way);
RunAttention FindAttention(const AttentionCase& c);

// The configurations that a reduced suite keeps: an odd head_dim, whole numbers
// of panels, one of two chains; grouped, one shared and as many kv heads;
// causal and not.
constexpr bool IsInReducedSuite(size_t heads, size_t kv_heads, size_t head_dim,
                                bool causal) {
  return (heads == 8 && kv_heads == 2 && head_dim == 3 && causal) ||
         (heads == 4 && kv_heads == 1 && head_dim == 16 && !causal) ||
         (heads == 4 && kv_heads == 4 && head_dim == 64 && causal) ||
         (heads == 1 && kv_heads == 1 && head_dim == 256 && !causal);
}

// The largest case of the table.
constexpr size_t kMaxTokens = 300;

template <size_t heads, size_t kv_heads, size_t head_dim, bool causal>
struct GoldenConfig : AttentionConfig {
  static constexpr size_t kHeads = heads;
  static constexpr size_t kKvHeads = kv_heads;
  static constexpr size_t kHeadDim = head_dim;
  static constexpr size_t kMaxQueries = kMaxTokens;
  static constexpr size_t kMaxKeys = kMaxTokens;
  static constexpr bool kCausal = causal;
};

struct AttentionTensors {
  explicit AttentionTensors(const AttentionCase& c)
      : q(c.layout, c.batch, c.heads, c.queries, c.head_dim, 1),
        k(c.layout, c.batch, c.kv_heads, c.keys, c.head_dim, 3),
        v(c.layout, c.batch, c.kv_heads, c.keys, c.head_dim, 5),
        out(c.layout, c.batch, c.heads, c.queries, c.head_dim, 7) {
    for (size_t i = 0; i < q.size(); ++i) q[i] = QueryAt(c, i);
    for (size_t i = 0; i < k.size(); ++i) k[i] = KeyAt(c, i);
    for (size_t i = 0; i < v.size(); ++i) v[i] = ValueAt(c, i);
  }

  Tensor q, k, v, out;
};

template <class Config>
typename Attention<Config>::Call CallOf(const AttentionCase& c,
                                        AttentionTensors& t) {
  typename Attention<Config>::Call call;
  call.q = t.q.const_view();
  call.k = t.k.const_view();
  call.v = t.v.const_view();
  call.out = t.out.view();
  call.batch = c.batch;
  call.queries = c.queries;
  call.keys = c.keys;
  call.first_position = c.first_position;
  call.scale = c.scale;
  return call;
}

template <class Config>
Status RunOneShot(const AttentionCase& c, AttentionTensors& t) {
  const auto workspace = MakePoisoned<typename Attention<Config>::Workspace>();
  return Attention<Config>::Run(CallOf<Config>(c, t), *workspace);
}

template <class Config>
Status RunCache(const AttentionCase& c, AttentionTensors& t) {
  const auto workspace = MakePoisoned<typename Attention<Config>::Workspace>();
  const auto cache = MakePoisoned<KvCache<Config>>();
  cache->Clear();
  const Status status =
      cache->Append(t.k.const_view(), t.v.const_view(), c.keys);
  if (status != Status::kOk) return status;
  return Attention<Config>::Attend(CallOf<Config>(c, t), *cache, *workspace);
}

// Sizes 1 to 37, and now and then one that spans tiles.
inline size_t ChunkSize(const AttentionCase& c, size_t chunk) {
  const uint64_t random = Mix64(c.seed + chunk);
  return 1 + (random % 4 == 0 ? (random >> 8) % 130 : (random >> 8) % 37);
}

template <class Config>
Status RunStream(const AttentionCase& c, AttentionTensors& t, bool in_chunks) {
  const auto workspace = MakePoisoned<typename Attention<Config>::Workspace>();
  const auto cache = MakePoisoned<KvCache<Config>>();
  cache->Clear();
  size_t tokens = 0;
  for (size_t at = 0, chunk = 0; at < c.queries; at += tokens, ++chunk) {
    tokens = in_chunks ? ChunkSize(c, chunk) : 1;
    if (tokens > c.queries - at) tokens = c.queries - at;
    auto call = CallOf<Config>(c, t);
    call.q = t.q.const_view(at);
    call.k = t.k.const_view(at);
    call.v = t.v.const_view(at);
    call.out = t.out.view(at);
    call.queries = tokens;
    const Status status = Attention<Config>::Step(call, *cache, *workspace);
    if (status != Status::kOk) return status;
  }
  return Status::kOk;
}

template <class Config>
Status RunTheWay(const AttentionCase& c, Way way, AttentionTensors& tensors) {
  switch (way) {
    case Way::kOneShot:
      return RunOneShot<Config>(c, tensors);
    case Way::kCache:
      return RunCache<Config>(c, tensors);
    case Way::kSteps:
      return RunStream<Config>(c, tensors, false);
    case Way::kChunks:
      return RunStream<Config>(c, tensors, true);
  }
  return Status::kUnsupported;
}

template <class Config>
Outcome Run(const AttentionCase& c, Way way) {
  AttentionTensors tensors(c);
  Outcome outcome;
  outcome.status = RunTheWay<Config>(c, way, tensors);
  outcome.padding_is_untouched = tensors.out.PaddingIsUntouched();
  outcome.out = tensors.out.Flat();
  return outcome;
}

}  // namespace fovea::golden

#endif  // FOVEA_TESTS_GOLDEN_ATTENTION_RUN_H_
