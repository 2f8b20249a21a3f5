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

BENCHMARK(ModuleCase)
    ->Name("M1/embed512/heads8/tokens128")
    ->UseManualTime()
    ->Iterations(1);

}  // namespace
