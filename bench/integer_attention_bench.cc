// SPDX-License-Identifier: Apache-2.0
// Integer attention on this machine's leaf against the plain one, in turn in
// one process.
#include <benchmark/benchmark.h>

#include <cstddef>

#include "best_time.h"
#include "cases.h"
#include "integer_cases.h"

namespace {

using fovea_bench::BestTime;

template <class Call>
void Run(const Call& call) {
  benchmark::DoNotOptimize(call());
  benchmark::ClobberMemory();
}

// Counters: how many times as fast as the plain leaf, and as float.
template <size_t kHeads, size_t kQueries, size_t kTokens, size_t kDim,
          class Float>
void IntegerCase(benchmark::State& state) {
  using fovea::integer::Leaf;
  using fovea::integer::PlainLeaf;
  const fovea_bench::IntegerCase<Leaf, kHeads, kQueries, kTokens, kDim> call;
  const fovea_bench::IntegerCase<PlainLeaf, kHeads, kQueries, kTokens, kDim>
      plain;
  Float in_float;
  BestTime time([&] { Run(call); });
  BestTime plain_time([&] { Run(plain); });
  BestTime float_time([&] {
    benchmark::DoNotOptimize(in_float());
    benchmark::ClobberMemory();
  });
  for (auto _ : state) {
    fovea_bench::RepeatFor(0.5, [&] {
      time.Sample();
      plain_time.Sample();
      float_time.Sample();
    });
    state.SetIterationTime(time.seconds());
  }
  state.counters["plain_ratio"] = plain_time.seconds() / time.seconds();
  state.counters["float_ratio"] = float_time.seconds() / time.seconds();
}

using fovea_bench::Dec;
using fovea_bench::Prefill;

BENCHMARK(IntegerCase<8, 512, 512, 64, Prefill<8, 512, 64, false>>)
    ->Name("integer/P3/heads8/tokens512/dim64/full")
    ->UseManualTime()
    ->Iterations(1);
BENCHMARK(IntegerCase<8, 81, 81, 32, Prefill<8, 81, 32, false>>)
    ->Name("integer/T1/heads8/tokens81/dim32/full")
    ->UseManualTime()
    ->Iterations(1);
BENCHMARK(IntegerCase<4, 1, 256, 32, Dec<float>>)
    ->Name("integer/DEC/heads4/context256/dim32")
    ->UseManualTime()
    ->Iterations(1);

}  // namespace
