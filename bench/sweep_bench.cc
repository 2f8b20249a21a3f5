// SPDX-License-Identifier: Apache-2.0
// Fused against unfused at every shape: `speedup` is the time of the unfused
// composition over fovea's, each the best of samples taken in turns.
#include <benchmark/benchmark.h>
#include <hwy/aligned_allocator.h>

#include <algorithm>
#include <cmath>
#include <string>

#include "best_time.h"
#include "fovea/attention.h"
#include "fovea/kv_cache.h"
#include "noise.h"
#include "report.h"
#include "unfused.h"

namespace {

using fovea_bench::BestTime;
using fovea_bench::Noise;
using fovea_bench::RepeatFor;
using fovea_bench::Report;
using fovea_bench::Unfused;

constexpr size_t kHeads = 4;
constexpr size_t kContext = 512;  // keys of a short call
constexpr size_t kMaxTokens = 2048;
constexpr size_t kPrefills[] = {64, 128, 512, 2048};
constexpr double kBudget = 0.5;  // seconds a case
constexpr float kTolerance = 1e-4f;

constexpr size_t KeysOf(size_t queries) { return std::max(queries, kContext); }

// kMaxQueriesArg: the queries of a step, or kMaxTokens.
template <size_t kMaxQueriesArg, size_t kDim, bool kCausalArg>
struct Config : fovea::AttentionConfig {
  static constexpr size_t kHeads = ::kHeads, kHeadDim = kDim;
  static constexpr size_t kMaxQueries = kMaxQueriesArg;
  static constexpr size_t kMaxKeys = KeysOf(kMaxQueriesArg);
  static constexpr bool kCausal = kCausalArg;
};

using Floats = hwy::AlignedVector<float>;

Floats AlignedNoise(size_t count, uint32_t seed) {
  const auto noise = Noise(count, seed);
  return Floats(noise.begin(), noise.end());
}

// The tensors of one case, and both ways to compute it.
template <class Config>
class Case {
 public:
  using Attention = fovea::Attention<Config>;
  static constexpr size_t kDim = Config::kHeadDim;

  explicit Case(size_t queries)
      : queries_(queries),
        keys_(KeysOf(queries)),
        q_(AlignedNoise(kHeads * queries_ * kDim, 1)),
        k_(AlignedNoise(kHeads * keys_ * kDim, 2)),
        v_(AlignedNoise(kHeads * keys_ * kDim, 3)),
        fused_(q_.size()),
        unfused_(q_.size()) {}

  typename Attention::Call Call() {
    typename Attention::Call call;
    call.q = fovea::HeadMajor<const float>(q_.data(), kHeads, queries_, kDim);
    call.k = fovea::HeadMajor<const float>(k_.data(), kHeads, keys_, kDim);
    call.v = fovea::HeadMajor<const float>(v_.data(), kHeads, keys_, kDim);
    call.out = fovea::HeadMajor(fused_.data(), kHeads, queries_, kDim);
    call.queries = queries_;
    call.keys = keys_;
    call.first_position = static_cast<ptrdiff_t>(keys_ - queries_);
    return call;
  }

  // Times `fused`, which computes Call().
  template <class Fused>
  void Time(benchmark::State& state, const Fused& fused) {
    const auto call = Call();
    Unfused composition(
        {kHeads, queries_, keys_, kDim, Config::kCausal, call.q, call.k, call.v,
         fovea::HeadMajor(unfused_.data(), kHeads, queries_, kDim)});
    if (fused() != fovea::Status::kOk) return state.SkipWithError("bad call");
    composition.Run();
    if (!(Difference() <= kTolerance)) {
      return state.SkipWithError("fused and unfused differ");
    }
    Report report(state, Flops(), (k_.size() + v_.size()) * 4);
    BestTime fused_time([&] {
      benchmark::DoNotOptimize(fused());
      benchmark::ClobberMemory();
    });
    fused_time.Sample();
    report.Sample(fused_time.sample_seconds());
    BestTime unfused_time([&] {
      composition.Run();
      benchmark::ClobberMemory();
    });
    for (auto _ : state) {
      RepeatFor(kBudget, [&] {
        fused_time.Sample();
        unfused_time.Sample();
      });
      state.SetIterationTime(fused_time.seconds());
    }
    state.counters["speedup"] = unfused_time.seconds() / fused_time.seconds();
  }

 private:
  double Flops() const {
    double pairs = static_cast<double>(queries_) * static_cast<double>(keys_);
    if (Config::kCausal) {
      pairs -= static_cast<double>(queries_ * (queries_ - 1)) / 2;
    }
    return 4.0 * pairs * kHeads * kDim;
  }

  float Difference() const {
    float most = 0;
    for (size_t i = 0; i < fused_.size(); ++i) {
      const float difference = std::fabs(fused_[i] - unfused_[i]);
      if (!(difference <= most)) most = difference;  // a NaN stays
    }
    return most;
  }

  size_t queries_, keys_;
  Floats q_, k_, v_, fused_, unfused_;
};

template <class Config>
void RunCase(benchmark::State& state, size_t queries) {
  using Attention = fovea::Attention<Config>;
  static typename Attention::Workspace workspace;
  Case<Config> tensors(queries);
  const auto call = tensors.Call();
  tensors.Time(state, [&] { return Attention::Run(call, workspace); });
}

template <class Config>
void AttendCase(benchmark::State& state, size_t queries) {
  using Attention = fovea::Attention<Config>;
  static typename Attention::Workspace workspace;
  const auto cache = hwy::MakeUniqueAligned<fovea::KvCache<Config>>();
  Case<Config> tensors(queries);
  const auto call = tensors.Call();
  cache->Clear();
  cache->Append(call.k, call.v, call.keys);
  tensors.Time(state,
               [&] { return Attention::Attend(call, *cache, workspace); });
}

using CaseFunction = void (*)(benchmark::State&, size_t);

void Register(const char* path, CaseFunction function, size_t queries,
              size_t dim, bool causal) {
  const std::string name = std::string("sweep/") + path + "/queries" +
                           std::to_string(queries) + "/keys" +
                           std::to_string(KeysOf(queries)) + "/dim" +
                           std::to_string(dim) + (causal ? "/causal" : "/full");
  benchmark::RegisterBenchmark(
      name.c_str(), [=](benchmark::State& state) { function(state, queries); })
      ->UseManualTime()
      ->Iterations(1)
      ->Unit(benchmark::kMicrosecond);
}

template <size_t kQueries, size_t kDim, bool kCausal>
void RegisterStep() {
  using StepConfig = Config<kQueries, kDim, kCausal>;
  Register("run", RunCase<StepConfig>, kQueries, kDim, kCausal);
  Register("attend", AttendCase<StepConfig>, kQueries, kDim, kCausal);
}

template <size_t kDim, bool kCausal>
void RegisterShapes() {
  RegisterStep<1, kDim, kCausal>();
  RegisterStep<4, kDim, kCausal>();
  RegisterStep<16, kDim, kCausal>();
  for (const size_t queries : kPrefills) {
    Register("run", RunCase<Config<kMaxTokens, kDim, kCausal>>, queries, kDim,
             kCausal);
  }
}

template <size_t kDim>
bool RegisterDim() {
  RegisterShapes<kDim, false>();
  RegisterShapes<kDim, true>();
  return true;
}

[[maybe_unused]] const bool registered =
    RegisterDim<16>() && RegisterDim<32>() && RegisterDim<64>() &&
    RegisterDim<128>();

}  // namespace
