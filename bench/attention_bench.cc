// SPDX-License-Identifier: Apache-2.0
// Prefill: every query attends to keys and values in plain tensors.
#include <benchmark/benchmark.h>

#include "fovea/attention.h"
#include "report.h"

namespace {

using fovea_bench::Noise;
using fovea_bench::TimeCase;

template <size_t kHeadsArg, size_t kTokens, size_t kDim, bool kCausalArg>
struct Prefill : fovea::AttentionConfig {
  static constexpr size_t kHeads = kHeadsArg, kHeadDim = kDim;
  static constexpr size_t kMaxQueries = kTokens, kMaxKeys = kTokens;
  static constexpr bool kCausal = kCausalArg;
};

template <size_t kHeads, size_t kTokens, size_t kDim, bool kCausal>
void PrefillCase(benchmark::State& state) {
  using Attention = fovea::Attention<Prefill<kHeads, kTokens, kDim, kCausal>>;
  static typename Attention::Workspace workspace;
  constexpr size_t kFloats = kHeads * kTokens * kDim;
  const auto q = Noise(kFloats, 1), k = Noise(kFloats, 2);
  const auto v = Noise(kFloats, 3);
  std::vector<float> out(kFloats);
  typename Attention::Call call;
  call.q = fovea::HeadMajor(q.data(), kHeads, kTokens, kDim);
  call.k = fovea::HeadMajor(k.data(), kHeads, kTokens, kDim);
  call.v = fovea::HeadMajor(v.data(), kHeads, kTokens, kDim);
  call.out = fovea::HeadMajor(out.data(), kHeads, kTokens, kDim);
  call.queries = call.keys = kTokens;
  // Causal operations count half, as in the literature.
  const double flops = 4.0 * kFloats * kTokens * (kCausal ? 0.5 : 1.0);
  TimeCase(state, flops, 2 * kFloats * sizeof(float),
           [&] { benchmark::DoNotOptimize(Attention::Run(call, workspace)); });
}

BENCHMARK(PrefillCase<8, 512, 64, true>)
    ->Name("P1/heads8/tokens512/dim64/causal")
    ->UseManualTime()
    ->Iterations(1);
BENCHMARK(PrefillCase<8, 2048, 64, true>)
    ->Name("P2/heads8/tokens2048/dim64/causal")
    ->UseManualTime()
    ->Iterations(1);
BENCHMARK(PrefillCase<8, 512, 64, false>)
    ->Name("P3/heads8/tokens512/dim64/full")
    ->UseManualTime()
    ->Iterations(1);
BENCHMARK(PrefillCase<4, 1024, 128, true>)
    ->Name("P4/heads4/tokens1024/dim128/causal")
    ->UseManualTime()
    ->Iterations(1);
BENCHMARK(PrefillCase<4, 64, 32, false>)
    ->Name("P5/heads4/tokens64/dim32/full")
    ->UseManualTime()
    ->Iterations(1);
BENCHMARK(PrefillCase<2, 128, 16, true>)
    ->Name("P6/heads2/tokens128/dim16/causal")
    ->UseManualTime()
    ->Iterations(1);

}  // namespace
