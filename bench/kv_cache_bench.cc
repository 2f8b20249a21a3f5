// SPDX-License-Identifier: Apache-2.0
// Decode: one query attends to a cache.
#include <benchmark/benchmark.h>
#include <hwy/aligned_allocator.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "best_time.h"
#include "fovea/attention.h"
#include "fovea/kv_cache.h"
#include "report.h"

namespace {

using fovea_bench::BestTime;
using fovea_bench::Noise;
using fovea_bench::TimeCase;

template <class Stored, size_t kHeadsArg, size_t kKvHeadsArg, size_t kContext,
          size_t kDim>
struct Decode : fovea::AttentionConfig {
  using CacheElement = Stored;
  static constexpr size_t kHeads = kHeadsArg, kKvHeads = kKvHeadsArg;
  static constexpr size_t kHeadDim = kDim;
  static constexpr size_t kMaxQueries = 1, kMaxKeys = kContext;
  static constexpr bool kCausal = true;
};

// A full cache, and the call of the query after it.
template <class Config>
class DecodeProblem {
 public:
  using R = fovea::Resolved<Config>;
  using Attention = fovea::Attention<Config>;

  DecodeProblem() {
    call.q = fovea::HeadMajor<const float>(q_.data(), R::kHeads, 1, kDim);
    call.out = fovea::HeadMajor(out_.data(), R::kHeads, 1, kDim);
    call.k =
        fovea::HeadMajor<const float>(k_.data(), R::kKvHeads, kTokens, kDim);
    call.v =
        fovea::HeadMajor<const float>(v_.data(), R::kKvHeads, kTokens, kDim);
    call.queries = 1;
    call.first_position = kTokens - 1;
    cache->Clear();
    cache->Append(call.k, call.v, kTokens);
  }

  // Of the elements alone.
  static constexpr double kCachedBytes = 2.0 * R::kKvHeads * R::kMaxKeys *
                                         R::kHeadDim *
                                         sizeof(typename Config::CacheElement);
  static constexpr double kFlops = 4.0 * R::kHeads * R::kMaxKeys * R::kHeadDim;

  // On the heap, as the buffer whose bandwidth it is compared with: the system
  // gives both its large pages, which static memory does not get.
  hwy::AlignedUniquePtr<fovea::KvCache<Config>> cache =
      hwy::MakeUniqueAligned<fovea::KvCache<Config>>();
  typename Attention::Call call;

 private:
  static constexpr size_t kDim = R::kHeadDim, kTokens = R::kMaxKeys;
  std::vector<float> q_ = Noise(R::kHeads * kDim, 1);
  std::vector<float> k_ = Noise(R::kKvHeads * kTokens * kDim, 2);
  std::vector<float> v_ = Noise(R::kKvHeads * kTokens * kDim, 3);
  std::vector<float> out_ = std::vector<float>(R::kHeads * kDim);
};

// One query attends to all tokens.
template <class Config>
class Attending {
 public:
  void operator()() {
    using Attention = fovea::Attention<Config>;
    benchmark::DoNotOptimize(
        Attention::Attend(problem_.call, *problem_.cache, *workspace_));
  }

 private:
  using Workspace = typename fovea::Attention<Config>::Workspace;
  DecodeProblem<Config> problem_;
  hwy::AlignedUniquePtr<Workspace> workspace_ =
      hwy::MakeUniqueAligned<Workspace>();
};

template <class Config>
void DecodeCase(benchmark::State& state) {
  using Problem = DecodeProblem<Config>;
  Attending<Config> attend;
  TimeCase(state, Problem::kFlops, Problem::kCachedBytes, [&] { attend(); });
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
    using Config = Decode<Stored, kHeads, kKvHeads, kContext, kDim>;

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

BENCHMARK(DecodeCase<Decode<float, 8, 8, 2048, 64>>)
    ->Name("D1/heads8/context2048/dim64")
    ->UseManualTime()
    ->Iterations(1);
BENCHMARK(DecodeCase<Decode<float, 32, 8, 4096, 128>>)
    ->Name("D2/heads32/kv_heads8/context4096/dim128")
    ->UseManualTime()
    ->Iterations(1);
BENCHMARK(DecodeCase<Decode<float, 4, 4, 256, 32>>)
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
