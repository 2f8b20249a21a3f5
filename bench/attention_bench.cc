// SPDX-License-Identifier: Apache-2.0
// Prefill: every query attends to keys and values in plain tensors.
#include <benchmark/benchmark.h>

#include "cases.h"
#include "report.h"

namespace {

using fovea_bench::Prefill;
using fovea_bench::T1;
using fovea_bench::T3;

template <class Case>
void PrefillCase(benchmark::State& state) {
  const Case prefill;
  fovea_bench::TimeCase(state, 2 * Case::kMacs, Case::kBytes,
                        [&] { benchmark::DoNotOptimize(prefill()); });
}

BENCHMARK(PrefillCase<Prefill<8, 512, 64, true>>)
    ->Name("P1/heads8/tokens512/dim64/causal")
    ->UseManualTime()
    ->Iterations(1);
BENCHMARK(PrefillCase<Prefill<8, 2048, 64, true>>)
    ->Name("P2/heads8/tokens2048/dim64/causal")
    ->UseManualTime()
    ->Iterations(1);
BENCHMARK(PrefillCase<Prefill<8, 512, 64, false>>)
    ->Name("P3/heads8/tokens512/dim64/full")
    ->UseManualTime()
    ->Iterations(1);
BENCHMARK(PrefillCase<Prefill<4, 1024, 128, true>>)
    ->Name("P4/heads4/tokens1024/dim128/causal")
    ->UseManualTime()
    ->Iterations(1);
BENCHMARK(PrefillCase<Prefill<4, 64, 32, false>>)
    ->Name("P5/heads4/tokens64/dim32/full")
    ->UseManualTime()
    ->Iterations(1);
BENCHMARK(PrefillCase<Prefill<2, 128, 16, true>>)
    ->Name("P6/heads2/tokens128/dim16/causal")
    ->UseManualTime()
    ->Iterations(1);
BENCHMARK(PrefillCase<T1>)
    ->Name("T1/heads8/tokens81/dim32/full")
    ->UseManualTime()
    ->Iterations(1);
BENCHMARK(PrefillCase<T3>)
    ->Name("T3/heads4/tokens128/dim64/full")
    ->UseManualTime()
    ->Iterations(1);

}  // namespace
