// SPDX-License-Identifier: Apache-2.0
// Prefill in int8 against the same in float, in turn in one process.
#include <benchmark/benchmark.h>

#include <cstddef>

#include "best_time.h"
#include "cases.h"

namespace {

using fovea::Arithmetic;
using fovea_bench::BestTime;
using fovea_bench::Prefill;

template <class Call>
void Run(const Call& call) {
  benchmark::DoNotOptimize(call());
  benchmark::ClobberMemory();
}

// Counter `float_ratio`: how many times as fast as float.
template <Arithmetic kArithmetic, size_t kHeads, size_t kTokens, size_t kDim,
          bool kCausal>
void Int8Case(benchmark::State& state) {
  using Int8 = Prefill<kHeads, kTokens, kDim, kCausal, kArithmetic>;
  using Float = Prefill<kHeads, kTokens, kDim, kCausal>;
  static Int8 int8;
  static Float in_float;
  BestTime time([] { Run(int8); });
  BestTime float_time([] { Run(in_float); });
  for (auto _ : state) {
    fovea_bench::RepeatFor(0.5, [&] {
      time.Sample();
      float_time.Sample();
    });
    state.SetIterationTime(time.seconds());
  }
  state.counters["float_ratio"] = float_time.seconds() / time.seconds();
}

BENCHMARK(Int8Case<Arithmetic::kInt8Scores, 8, 512, 64, false>)
    ->Name("int8_scores/P3/heads8/tokens512/dim64/full")
    ->UseManualTime()
    ->Iterations(1);
BENCHMARK(Int8Case<Arithmetic::kInt8, 8, 512, 64, false>)
    ->Name("int8/P3/heads8/tokens512/dim64/full")
    ->UseManualTime()
    ->Iterations(1);
BENCHMARK(Int8Case<Arithmetic::kInt8Scores, 4, 1024, 128, true>)
    ->Name("int8_scores/P4/heads4/tokens1024/dim128/causal")
    ->UseManualTime()
    ->Iterations(1);
BENCHMARK(Int8Case<Arithmetic::kInt8, 4, 1024, 128, true>)
    ->Name("int8/P4/heads4/tokens1024/dim128/causal")
    ->UseManualTime()
    ->Iterations(1);

}  // namespace
