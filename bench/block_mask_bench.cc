// SPDX-License-Identifier: Apache-2.0
// Block-sparse prefill: the time of a call whose mask leaves a share of the
// blocks visible, over that of the same call without a mask, in one process.
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

constexpr size_t kHeadsOfAll = 8, kTokens = 1024, kDim = 64;
constexpr size_t kBlocks = kTokens / fovea::kMaskBlock;

template <fovea::MaskKind mask>
struct Prefill : fovea::AttentionConfig {
  static constexpr size_t kHeads = kHeadsOfAll, kHeadDim = kDim;
  static constexpr size_t kMaxQueries = kTokens, kMaxKeys = kTokens;
  static constexpr fovea::MaskKind kMask = mask;
};

// Every `one_in`-th block of keys, another one from each block of queries to
// the next; 0: no mask.
template <fovea::MaskKind mask>
class Sparse {
  using Attention = fovea::Attention<Prefill<mask>>;

 public:
  explicit Sparse(size_t one_in) : p_(std::make_unique<Problem>()) {
    auto& call = p_->call;
    call.q = fovea::HeadMajor(p_->q.data(), kHeadsOfAll, kTokens, kDim);
    call.k = fovea::HeadMajor(p_->k.data(), kHeadsOfAll, kTokens, kDim);
    call.v = fovea::HeadMajor(p_->v.data(), kHeadsOfAll, kTokens, kDim);
    call.out = fovea::HeadMajor(p_->out.data(), kHeadsOfAll, kTokens, kDim);
    call.queries = call.keys = kTokens;
    if constexpr (mask == fovea::MaskKind::kBlock) {
      for (size_t i = 0; i < kBlocks * kBlocks; ++i) {
        p_->blocks[i] = (i / kBlocks + i) % one_in == 0;
      }
      call.block_mask = {p_->blocks, 0, 0, kBlocks};
    }
  }

  void operator()() {
    benchmark::DoNotOptimize(Attention::Run(p_->call, p_->workspace));
    benchmark::ClobberMemory();
  }

 private:
  struct Problem {
    typename Attention::Workspace workspace;
    typename Attention::Call call;
    std::vector<float> q = Noise(kHeadsOfAll * kTokens * kDim, 1);
    std::vector<float> k = Noise(kHeadsOfAll * kTokens * kDim, 2);
    std::vector<float> v = Noise(kHeadsOfAll * kTokens * kDim, 3);
    std::vector<float> out = std::vector<float>(q.size());
    uint8_t blocks[kBlocks * kBlocks];
  };
  std::unique_ptr<Problem> p_;
};

using Masked = BestTime<Sparse<fovea::MaskKind::kBlock>>;

// time_pct_of_density_D: of a call without a mask.
void DensityCase(benchmark::State& state) {
  BestTime<Sparse<fovea::MaskKind::kNone>> dense{
      Sparse<fovea::MaskKind::kNone>(0)};
  std::vector<size_t> shares = {1, 2, 4, 8, 16};
  std::vector<std::unique_ptr<Masked>> masked;
  masked.reserve(shares.size());
  for (const size_t one_in : shares) {
    masked.push_back(
        std::make_unique<Masked>(Sparse<fovea::MaskKind::kBlock>(one_in)));
  }
  for (auto _ : state) {
    fovea_bench::RepeatFor(2, [&] {
      dense.Sample();
      for (const auto& one : masked) one->Sample();
    });
    state.SetIterationTime(dense.seconds());
  }
  for (size_t i = 0; i < shares.size(); ++i) {
    state.counters["time_pct_at_1_in_" + std::to_string(shares[i])] =
        100 * masked[i]->seconds() / dense.seconds();
  }
}

BENCHMARK(DensityCase)
    ->Name("block_mask/heads8/tokens1024/dim64")
    ->UseManualTime()
    ->Iterations(1);

}  // namespace
