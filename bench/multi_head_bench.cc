// SPDX-License-Identifier: Apache-2.0
// The whole module: four projections and the attention between them.
#include <benchmark/benchmark.h>

#include "fovea/multi_head.h"
#include "noise.h"
#include "report.h"

namespace {

using fovea_bench::Noise;
using fovea_bench::TimeCase;

constexpr size_t kDim = 512;
constexpr size_t kTokens = 128;

struct Module : fovea::MultiHeadConfig {
  static constexpr size_t kModelDim = kDim, kHeads = 8, kHeadDim = 64;
  static constexpr size_t kMaxQueries = kTokens, kMaxKeys = kTokens;
};

struct Packed {
  std::vector<float> panels;
  std::vector<float> bias;

  explicit Packed(uint32_t seed)
      : panels(fovea::PackedLinearFloats(kDim, kDim)),
        bias(Noise(kDim, seed + 100)) {
    const auto weight = Noise(kDim * kDim, seed);
    fovea::PackLinear(weight.data(), kDim, kDim, panels.data());
  }

  fovea::LinearWeights View() const { return {panels.data(), bias.data()}; }
};

void ModuleCase(benchmark::State& state) {
  using MultiHead = fovea::MultiHeadAttention<Module>;
  static MultiHead::Workspace workspace;
  const Packed q(1), k(2), v(3), out(4);
  MultiHead::Weights weights;
  weights.q = q.View();
  weights.k = k.View();
  weights.v = v.View();
  weights.out = out.View();
  const auto x = Noise(kTokens * kDim, 5);
  std::vector<float> y(kTokens * kDim);
  MultiHead::Call call;
  call.x = fovea::TokenMajor(x.data(), 1, kTokens, kDim);
  call.y = fovea::TokenMajor(y.data(), 1, kTokens, kDim);
  call.queries = kTokens;
  const double projections = 4 * 2.0 * kTokens * kDim * kDim;
  const double attention = 4.0 * kTokens * kTokens * kDim;
  TimeCase(state, projections + attention, 2 * kTokens * kDim * sizeof(float),
           [&] {
             benchmark::DoNotOptimize(MultiHead::Run(weights, call, workspace));
           });
}

struct Int8Module : Module {
  using WeightElement = int8_t;
  using CacheElement = int8_t;
  static constexpr fovea::Arithmetic kArithmetic = fovea::Arithmetic::kInt8;
};
struct Int8LinearModule : Module {
  using WeightElement = int8_t;
};

struct PackedInt8 {
  std::vector<int8_t> panels;
  std::vector<float> scales;
  std::vector<float> bias;

  explicit PackedInt8(uint32_t seed)
      : panels(fovea::PackedLinearInt8Bytes(kDim, kDim)),
        scales(fovea::PackedLinearInt8Scales(kDim)),
        bias(Noise(kDim, seed + 100)) {
    const auto weight = Noise(kDim * kDim, seed);
    fovea::PackLinearInt8(weight.data(), kDim, kDim, panels.data(),
                          scales.data());
  }

  fovea::LinearInt8Weights View() const {
    return {panels.data(), scales.data(), bias.data()};
  }
};

// The module of some weights, ready to run.
template <class Config, class Layer>
class ModuleProblem {
 public:
  using MultiHead = fovea::MultiHeadAttention<Config>;

  ModuleProblem() {
    weights_.q = q_.View();
    weights_.k = k_.View();
    weights_.v = v_.View();
    weights_.out = out_.View();
    call_.x = fovea::TokenMajor<const float>(x_.data(), 1, kTokens, kDim);
    call_.y = fovea::TokenMajor(y_.data(), 1, kTokens, kDim);
    call_.queries = kTokens;
  }
  void operator()() {
    static typename MultiHead::Workspace workspace;
    benchmark::DoNotOptimize(MultiHead::Run(weights_, call_, workspace));
    benchmark::ClobberMemory();
  }

 private:
  const Layer q_{1}, k_{2}, v_{3}, out_{4};
  typename MultiHead::Weights weights_;
  const std::vector<float> x_ = Noise(kTokens * kDim, 5);
  std::vector<float> y_ = std::vector<float>(kTokens * kDim);
  typename MultiHead::Call call_;
};

// Counter `float_ratio`: how many times as fast as the module in float.
template <class Config>
void Int8ModuleCase(benchmark::State& state) {
  static ModuleProblem<Config, PackedInt8> int8;
  static ModuleProblem<Module, Packed> in_float;
  fovea_bench::BestTime time([] { int8(); });
  fovea_bench::BestTime float_time([] { in_float(); });
  for (auto _ : state) {
    fovea_bench::RepeatFor(0.5, [&] {
      time.Sample();
      float_time.Sample();
    });
    state.SetIterationTime(time.seconds());
  }
  state.counters["float_ratio"] = float_time.seconds() / time.seconds();
}

BENCHMARK(Int8ModuleCase<Int8LinearModule>)
    ->Name("int8_linear/M1/embed512/heads8/tokens128")
    ->UseManualTime()
    ->Iterations(1);
BENCHMARK(Int8ModuleCase<Int8Module>)
    ->Name("int8/M1/embed512/heads8/tokens128")
    ->UseManualTime()
    ->Iterations(1);
BENCHMARK(ModuleCase)
    ->Name("M1/embed512/heads8/tokens128")
    ->UseManualTime()
    ->Iterations(1);

}  // namespace
