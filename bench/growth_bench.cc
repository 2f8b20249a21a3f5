// SPDX-License-Identifier: Apache-2.0
// The cost of a long text: N queries see N keys, so the time over N^2 should
// stay what it is.  All lengths are one case, sampled in turns: only so are
// they comparable to a few percent on a machine that does other work too.
#include <benchmark/benchmark.h>

#include <memory>
#include <string>

#include "best_time.h"
#include "fovea/attention.h"
#include "noise.h"
#include "report.h"

namespace {

using fovea_bench::BestTime;
using fovea_bench::Noise;
using fovea_bench::RepeatFor;

constexpr size_t kDim = 64;
constexpr size_t kMaxTokens = 8192;
constexpr double kBudget = 5.0;  // seconds a case

template <bool kCausalArg>
struct Config : fovea::AttentionConfig {
  static constexpr size_t kHeadDim = kDim;
  static constexpr size_t kMaxQueries = kMaxTokens, kMaxKeys = kMaxTokens;
  static constexpr bool kCausal = kCausalArg;
};

template <bool kCausal>
struct Prefill {
  using Attention = fovea::Attention<Config<kCausal>>;

  explicit Prefill(size_t tokens)
      : q(Noise(tokens * kDim, 1)),
        k(Noise(tokens * kDim, 2)),
        v(Noise(tokens * kDim, 3)),
        out(tokens * kDim) {
    call.q = fovea::HeadMajor<const float>(q.data(), 1, tokens, kDim);
    call.k = fovea::HeadMajor<const float>(k.data(), 1, tokens, kDim);
    call.v = fovea::HeadMajor<const float>(v.data(), 1, tokens, kDim);
    call.out = fovea::HeadMajor(out.data(), 1, tokens, kDim);
    call.queries = call.keys = tokens;
  }

  void Run() const {
    static typename Attention::Workspace workspace;
    benchmark::DoNotOptimize(Attention::Run(call, workspace));
    benchmark::ClobberMemory();
  }

  std::vector<float> q, k, v, out;
  typename Attention::Call call;
};

template <bool kCausal>
void GrowthCase(benchmark::State& state) {
  std::vector<std::unique_ptr<Prefill<kCausal>>> prefills;
  const auto run = [](const Prefill<kCausal>* prefill) {
    return [prefill] { prefill->Run(); };
  };
  std::vector<BestTime<decltype(run(nullptr))>> times;
  for (size_t tokens = 512; tokens <= kMaxTokens; tokens *= 2) {
    prefills.push_back(std::make_unique<Prefill<kCausal>>(tokens));
    times.emplace_back(run(prefills.back().get()));
  }
  for (auto _ : state) {
    RepeatFor(kBudget, [&] {
      for (auto& time : times) time.Sample();
    });
    state.SetIterationTime(times.back().seconds());
  }
  for (size_t i = 0; i < times.size(); ++i) {
    const size_t tokens = prefills[i]->call.queries;
    state.counters["ps_per_n2_" + std::to_string(tokens)] =
        1e12 * times[i].seconds() / static_cast<double>(tokens * tokens);
  }
}

BENCHMARK(GrowthCase<false>)
    ->Name("growth/full")
    ->UseManualTime()
    ->Iterations(1);
BENCHMARK(GrowthCase<true>)
    ->Name("growth/causal")
    ->UseManualTime()
    ->Iterations(1);

}  // namespace
