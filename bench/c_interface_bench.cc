// SPDX-License-Identifier: Apache-2.0
// What a call through the C interface costs beyond that of the template, where
// a call is short: P6 and D3 of attention_bench.cc.

#include <benchmark/benchmark.h>
#include <stddef.h>

#include <memory>
#include <vector>

#include "fovea/attention.h"
#include "fovea/fovea.h"

namespace fovea {
namespace {

struct Prefill : AttentionConfig {  // P6
  static constexpr size_t kHeads = 2, kHeadDim = 16;
  static constexpr size_t kMaxQueries = 128, kMaxKeys = 128;
  static constexpr bool kCausal = true;
};

struct Decode : AttentionConfig {  // D3
  static constexpr size_t kHeads = 4, kHeadDim = 32, kMaxKeys = 256;
};

template <class Config>
struct Problem {
  static constexpr size_t kQueries = Config::kMaxQueries;
  static constexpr size_t kKeys = Config::kMaxKeys;
  static constexpr size_t kDim = Config::kHeadDim;
  static constexpr size_t kHeads = Config::kHeads;

  Problem()
      : q(kHeads * kQueries * kDim, 0.5f),
        k(kHeads * kKeys * kDim, 0.25f),
        v(k.size(), 1.0f),
        out(q.size()) {}

  typename Attention<Config>::Call Call() {
    typename Attention<Config>::Call call;
    call.q = HeadMajor<const float>(q.data(), kHeads, kQueries, kDim);
    call.k = HeadMajor<const float>(k.data(), kHeads, kKeys, kDim);
    call.v = HeadMajor<const float>(v.data(), kHeads, kKeys, kDim);
    call.out = HeadMajor(out.data(), kHeads, kQueries, kDim);
    call.queries = kQueries;
    call.keys = kKeys;
    return call;
  }

  fovea_attention CCall() {
    fovea_attention call{};
    call.struct_bytes = sizeof(call);
    call.batch = 1;
    call.heads = call.kv_heads = kHeads;
    call.head_dim = call.value_dim = kDim;
    call.queries = kQueries;
    call.keys = kKeys;
    call.q = {q.data(), 0, kQueries * kDim, kDim};
    call.k = {k.data(), 0, kKeys * kDim, kDim};
    call.v = {v.data(), 0, kKeys * kDim, kDim};
    call.out = {out.data(), 0, kQueries * kDim, kDim};
    call.causal = Config::kCausal;
    call.workspace = room;
    call.workspace_bytes = sizeof(room);
    return call;
  }

  std::vector<float> q, k, v, out;
  alignas(FOVEA_ALIGNMENT) unsigned char room[1 << 16];
  alignas(FOVEA_ALIGNMENT) unsigned char cache_room[1 << 19];
};

void PrefillByTemplate(benchmark::State& state) {
  const auto problem = std::make_unique<Problem<Prefill>>();
  const auto room = std::make_unique<Attention<Prefill>::Workspace>();
  for (auto _ : state) {
    Attention<Prefill>::Run(problem->Call(), *room);
    benchmark::ClobberMemory();
  }
}

void PrefillByC(benchmark::State& state) {
  const auto problem = std::make_unique<Problem<Prefill>>();
  for (auto _ : state) {
    const fovea_attention call = problem->CCall();
    fovea_attention_run(&call);
    benchmark::ClobberMemory();
  }
}

void DecodeByTemplate(benchmark::State& state) {
  const auto problem = std::make_unique<Problem<Decode>>();
  const auto room = std::make_unique<Attention<Decode>::Workspace>();
  const auto cache = std::make_unique<KvCache<Decode>>();
  cache->Clear();
  cache->Append(problem->Call().k, problem->Call().v, 256);
  for (auto _ : state) {
    Attention<Decode>::Attend(problem->Call(), *cache, *room);
    benchmark::ClobberMemory();
  }
}

void DecodeByC(benchmark::State& state) {
  const auto problem = std::make_unique<Problem<Decode>>();
  const fovea_cache_shape shape = {sizeof(shape), 4, 32, 32, 256,
                                   FOVEA_FLOAT32};
  fovea_cache* cache = nullptr;
  if (fovea_cache_create(&shape, problem->cache_room,
                         sizeof(problem->cache_room), &cache) != FOVEA_OK) {
    state.SkipWithError("the cache does not fit");
    return;
  }
  fovea_cache_append(cache, problem->CCall().k, problem->CCall().v, 256);
  for (auto _ : state) {
    const fovea_attention call = problem->CCall();
    fovea_cache_attend(cache, &call);
    benchmark::ClobberMemory();
  }
}

BENCHMARK(PrefillByTemplate);
BENCHMARK(PrefillByC);
BENCHMARK(DecodeByTemplate);
BENCHMARK(DecodeByC);

}  // namespace
}  // namespace fovea

BENCHMARK_MAIN();
