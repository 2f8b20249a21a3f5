// SPDX-License-Identifier: Apache-2.0
// Prefill in int8 against the same in float, in turn in one process.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <type_traits>
#include <vector>

#include "best_time.h"
#include "fovea/attention.h"
#include "noise.h"
#include "report.h"

namespace {

using fovea::Arithmetic;
using fovea_bench::BestTime;
using fovea_bench::Noise;

template <Arithmetic kArithmeticArg, size_t kHeadsArg, size_t kTokens,
          size_t kDim, bool kCausalArg>
struct Prefill : fovea::AttentionConfig {
  using CacheElement =
      std::conditional_t<kArithmeticArg == Arithmetic::kFloat, float, int8_t>;
  static constexpr Arithmetic kArithmetic = kArithmeticArg;
  static constexpr size_t kHeads = kHeadsArg, kHeadDim = kDim;
  static constexpr size_t kMaxQueries = kTokens, kMaxKeys = kTokens;
  static constexpr bool kCausal = kCausalArg;
};

template <class Config>
class Problem {
 public:
  using Attention = fovea::Attention<Config>;
  static constexpr size_t kHeads = Config::kHeads, kDim = Config::kHeadDim;
  static constexpr size_t kTokens = Config::kMaxKeys;

  Problem() {
    call_.q = fovea::HeadMajor<const float>(q_.data(), kHeads, kTokens, kDim);
    call_.k = fovea::HeadMajor<const float>(k_.data(), kHeads, kTokens, kDim);
    call_.v = fovea::HeadMajor<const float>(v_.data(), kHeads, kTokens, kDim);
    call_.out = fovea::HeadMajor(out_.data(), kHeads, kTokens, kDim);
    call_.queries = call_.keys = kTokens;
  }

  void operator()() {
    static typename Attention::Workspace workspace;
    benchmark::DoNotOptimize(Attention::Run(call_, workspace));
    benchmark::ClobberMemory();
  }

 private:
  static constexpr size_t kFloats = kHeads * kTokens * kDim;
  const std::vector<float> q_ = Noise(kFloats, 1), k_ = Noise(kFloats, 2);
  const std::vector<float> v_ = Noise(kFloats, 3);
  std::vector<float> out_ = std::vector<float>(kFloats);
  typename Attention::Call call_;
};

// Counter `float_ratio`: how many times as fast as float.
template <Arithmetic kArithmetic, size_t kHeads, size_t kTokens, size_t kDim,
          bool kCausal>
void Int8Case(benchmark::State& state) {
  static Problem<Prefill<kArithmetic, kHeads, kTokens, kDim, kCausal>> int8;
  static Problem<Prefill<Arithmetic::kFloat, kHeads, kTokens, kDim, kCausal>>
      in_float;
  BestTime time([] { int8(); });
  BestTime float_time([] { in_float(); });
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
