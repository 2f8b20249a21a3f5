// SPDX-License-Identifier: Apache-2.0
// Decode: one query attends to a cache.
#include <benchmark/benchmark.h>
#include <hwy/aligned_allocator.h>

#include "fovea/attention.h"
#include "fovea/kv_cache.h"
#include "report.h"

namespace {

using fovea_bench::Noise;
using fovea_bench::TimeCase;

template <size_t kHeadsArg, size_t kKvHeadsArg, size_t kContext, size_t kDim>
struct Decode : fovea::AttentionConfig {
  static constexpr size_t kHeads = kHeadsArg, kKvHeads = kKvHeadsArg;
  static constexpr size_t kHeadDim = kDim;
  static constexpr size_t kMaxQueries = 1, kMaxKeys = kContext;
  static constexpr bool kCausal = true;
};

template <size_t kHeads, size_t kKvHeads, size_t kContext, size_t kDim>
void DecodeCase(benchmark::State& state) {
  using Config = Decode<kHeads, kKvHeads, kContext, kDim>;
  using Attention = fovea::Attention<Config>;
  static typename Attention::Workspace workspace;
  // On the heap, as the buffer whose bandwidth it is compared with: the system
  // gives both its large pages, which static memory does not get.
  const auto memory = hwy::MakeUniqueAligned<fovea::KvCache<Config>>();
  fovea::KvCache<Config>& cache = *memory;
  constexpr size_t kCached = kKvHeads * kContext * kDim;
  cache.Clear();
  {
    const auto k = Noise(kCached, 2), v = Noise(kCached, 3);
    cache.Append(fovea::HeadMajor(k.data(), kKvHeads, kContext, kDim),
                 fovea::HeadMajor(v.data(), kKvHeads, kContext, kDim),
                 kContext);
  }
  const auto q = Noise(kHeads * kDim, 1);
  std::vector<float> out(kHeads * kDim);
  typename Attention::Call call;
  call.q = fovea::HeadMajor(q.data(), kHeads, 1, kDim);
  call.out = fovea::HeadMajor(out.data(), kHeads, 1, kDim);
  call.queries = 1;
  call.first_position = kContext - 1;
  TimeCase(
      state, 4.0 * kHeads * kContext * kDim, 2 * kCached * sizeof(float), [&] {
        benchmark::DoNotOptimize(Attention::Attend(call, cache, workspace));
      });
}

BENCHMARK(DecodeCase<8, 8, 2048, 64>)
    ->Name("D1/heads8/context2048/dim64")
    ->UseManualTime()
    ->Iterations(1);
BENCHMARK(DecodeCase<32, 8, 4096, 128>)
    ->Name("D2/heads32/kv_heads8/context4096/dim128")
    ->UseManualTime()
    ->Iterations(1);
BENCHMARK(DecodeCase<4, 4, 256, 32>)
    ->Name("D3/heads4/context256/dim32")
    ->UseManualTime()
    ->Iterations(1);

}  // namespace
