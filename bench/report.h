// SPDX-License-Identifier: Apache-2.0
// The counters of a case, and inputs for it.
#ifndef FOVEA_BENCH_REPORT_H_
#define FOVEA_BENCH_REPORT_H_

#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstddef>

#include "best_time.h"
#include "machine.h"
#include "noise.h"

namespace fovea_bench {

// Rates of one iteration: `flops` operations (a fused multiply-add is two) over
// the measured FMA peak, and `bytes` of keys and values over the measured read
// bandwidth of a buffer of that size; flops_per_byte is where the case stands
// under the roofline.
class Report {
 public:
  Report(benchmark::State& state, double flops, size_t bytes)
      : state_(state), flops_(flops), bytes_(bytes) {}

  // Measures what the machine can do, in turn with the case and in samples as
  // long as the case's: what slows the core then meets both.
  void Sample(double seconds) {
    constexpr double kLongest = 2e-3;
    seconds = std::min(seconds, kLongest);
    peak_ = std::max(peak_, FmaPeakFlops(seconds));
    bandwidth_ = std::max(bandwidth_, ReadBandwidth(bytes_, seconds));
  }

  ~Report() {
    state_.counters["gflops"] = Rate(flops_ * 1e-9);
    const double bytes = static_cast<double>(bytes_);
    state_.counters["flops_per_byte"] = flops_ / bytes;
    state_.counters["fma_peak_pct"] = Rate(100.0 * flops_ / peak_);
    state_.counters["read_bw_pct"] = Rate(100.0 * bytes / bandwidth_);
  }

  Report(const Report&) = delete;
  Report& operator=(const Report&) = delete;

 private:
  static benchmark::Counter Rate(double per_iteration) {
    return benchmark::Counter(per_iteration,
                              benchmark::Counter::kIsIterationInvariantRate);
  }

  benchmark::State& state_;
  double flops_;
  size_t bytes_;
  double peak_ = 0;
  double bandwidth_ = 0;
};

// A case of so many operations and bytes: the best time of work(), and rates
// against the best of the machine, over half a second.  Register it with
// UseManualTime() and Iterations(1).
template <class Work>
void TimeCase(benchmark::State& state, double flops, size_t bytes,
              const Work& work) {
  Report report(state, flops, bytes);
  BestTime time([&] {
    work();
    benchmark::ClobberMemory();
  });
  for (auto _ : state) {
    RepeatFor(0.5, [&] {
      time.Sample();
      report.Sample(time.sample_seconds());
    });
    state.SetIterationTime(time.seconds());
  }
}

}  // namespace fovea_bench

#endif  // FOVEA_BENCH_REPORT_H_
