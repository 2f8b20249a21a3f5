// SPDX-License-Identifier: Apache-2.0
// Decode: one query attends to a cache.
#include <benchmark/benchmark.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "best_time.h"
#include "cases.h"
#include "report.h"

namespace {

using fovea_bench::BestTime;
using fovea_bench::DecodeConfig;
using fovea_bench::DecodeProblem;
using fovea_bench::TimeCase;

// One query attends to all tokens.
template <class Config>
class Attending {
 public:
  void operator()() { benchmark::DoNotOptimize(decode_()); }

 private:
  fovea_bench::Decode<Config> decode_;
};

template <class Config>
void DecodeCase(benchmark::State& state) {
  using Problem = DecodeProblem<Config>;
  Attending<Config> attend;
  TimeCase(state, 2 * Problem::kMacs, Problem::kBytes, [&] { attend(); });
}

// What Step does beside it: the newest token is taken back and appended again.
template <class Config>
class Appending {
 public:
  void operator()() {
    problem_.cache->Truncate(1);
    benchmark::DoNotOptimize(
        problem_.cache->Append(problem_.call.k, problem_.call.v, 1));
  }

 private:
  DecodeProblem<Config> problem_;
};

// Decode with every element, in turns: how many times as fast as with float,
// and what appending a token adds, in percent.
template <size_t kHeads, size_t kKvHeads, size_t kContext, size_t kDim>
class Elements {
 public:
  void Sample() {
    float_.Sample();
    bfloat16_.Sample();
    float16_.Sample();
    int8_.Sample();
  }

  double seconds() const { return float_.attend.seconds(); }

  void Report(benchmark::State& state) const {
    state.counters["float_append_pct"] = float_.AppendPercent();
    bfloat16_.ReportTo(state, "bfloat16", seconds());
    float16_.ReportTo(state, "float16", seconds());
    int8_.ReportTo(state, "int8", seconds());
  }

 private:
  template <class Stored>
  struct Times {
    using Config = DecodeConfig<Stored, kHeads, kKvHeads, kContext, kDim>;

    BestTime<Attending<Config>> attend{{}};
    BestTime<Appending<Config>> append{{}};

    void Sample() {
      attend.Sample();
      append.Sample();
    }
    double AppendPercent() const {
      return 100 * append.seconds() / attend.seconds();
    }
    void ReportTo(benchmark::State& state, const std::string& name,
                  double seconds) const {
      state.counters[name + "_x"] = seconds / attend.seconds();
      state.counters[name + "_append_pct"] = AppendPercent();
    }
  };

  Times<float> float_;
  Times<hwy::bfloat16_t> bfloat16_;
  Times<hwy::float16_t> float16_;
  Times<int8_t> int8_;
};

template <class AllElements>
void ElementsCase(benchmark::State& state) {
  const auto elements = std::make_unique<AllElements>();
  for (auto _ : state) {
    fovea_bench::RepeatFor(2, [&] { elements->Sample(); });
    state.SetIterationTime(elements->seconds());
  }
  elements->Report(state);
}

BENCHMARK(DecodeCase<DecodeConfig<float, 8, 8, 2048, 64>>)
    ->Name("D1/heads8/context2048/dim64")
    ->UseManualTime()
    ->Iterations(1);
BENCHMARK(DecodeCase<DecodeConfig<float, 32, 8, 4096, 128>>)
    ->Name("D2/heads32/kv_heads8/context4096/dim128")
    ->UseManualTime()
    ->Iterations(1);
BENCHMARK(DecodeCase<DecodeConfig<float, 4, 4, 256, 32>>)
    ->Name("D3/heads4/context256/dim32")
    ->UseManualTime()
    ->Iterations(1);
BENCHMARK(ElementsCase<Elements<8, 8, 2048, 64>>)
    ->Name("elements/D1")
    ->UseManualTime()
    ->Iterations(1);
BENCHMARK(ElementsCase<Elements<32, 8, 4096, 128>>)
    ->Name("elements/D2")
    ->UseManualTime()
    ->Iterations(1);
BENCHMARK(ElementsCase<Elements<4, 4, 256, 32>>)
    ->Name("elements/D3")
    ->UseManualTime()
    ->Iterations(1);

}  // namespace
