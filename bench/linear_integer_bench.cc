// SPDX-License-Identifier: Apache-2.0
// A linear layer in integers on this machine's leaf against the plain one, in
// turn in one process.
#include <benchmark/benchmark.h>

#include <cstddef>

#include "best_time.h"
#include "integer_cases.h"

namespace {

// Counter: how many times as fast as the plain leaf.
template <size_t kInputs, size_t kOutputs, bool kHasZero>
void LinearCase(benchmark::State& state) {
  using fovea::integer::LinearLeaf;
  using fovea::integer::PlainLinearLeaf;
  fovea_bench::IntegerLinear<LinearLeaf, kInputs, kOutputs, kHasZero> call;
  fovea_bench::IntegerLinear<PlainLinearLeaf, kInputs, kOutputs, kHasZero>
      plain;
  const auto run = [](auto& layer) {
    benchmark::DoNotOptimize(layer());
    benchmark::ClobberMemory();
  };
  fovea_bench::BestTime time([&] { run(call); });
  fovea_bench::BestTime plain_time([&] { run(plain); });
  for (auto _ : state) {
    fovea_bench::RepeatFor(0.5, [&] {
      time.Sample();
      plain_time.Sample();
    });
    state.SetIterationTime(time.seconds());
  }
  state.counters["plain_ratio"] = plain_time.seconds() / time.seconds();
}

BENCHMARK(LinearCase<256, 256, false>)
    ->Name("linear_integer/256to256")
    ->UseManualTime()
    ->Iterations(1);
BENCHMARK(LinearCase<512, 512, true>)
    ->Name("linear_integer/512to512/zero_point")
    ->UseManualTime()
    ->Iterations(1);

}  // namespace
