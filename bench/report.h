// SPDX-License-Identifier: Apache-2.0
// The counters of a case, and inputs for it.
#ifndef FOVEA_BENCH_REPORT_H_
#define FOVEA_BENCH_REPORT_H_

#include <benchmark/benchmark.h>

#include <cstddef>
#include <cstdint>
#include <vector>

#include "machine.h"

namespace fovea_bench {

// Uniform in [-1, 1), the same on every run.
inline std::vector<float> Noise(size_t count, uint32_t seed) {
  std::vector<float> values(count);
  uint32_t state = seed;
  for (float& value : values) {
    state = state * 1664525u + 1013904223u;
    value = static_cast<float>(static_cast<int32_t>(state)) * 0x1p-31f;
  }
  return values;
}

// Rates of one iteration: `flops` operations (a fused multiply-add is two) over
// the measured FMA peak, and `bytes` of keys and values over the measured read
// bandwidth of a buffer of that size; flops_per_byte is where the case stands
// under the roofline.  Construct it before the timed loop.
class Report {
 public:
  Report(benchmark::State& state, double flops, size_t bytes)
      : state_(state),
        flops_(flops),
        bytes_(static_cast<double>(bytes)),
        peak_(FmaPeakFlops()),
        bandwidth_(ReadBandwidth(bytes)) {}

  ~Report() {
    state_.counters["gflops"] = Rate(flops_ * 1e-9);
    state_.counters["flops_per_byte"] = flops_ / bytes_;
    state_.counters["fma_peak_pct"] = Rate(100.0 * flops_ / peak_);
    state_.counters["read_bw_pct"] = Rate(100.0 * bytes_ / bandwidth_);
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
  double bytes_;
  double peak_;
  double bandwidth_;
};

}  // namespace fovea_bench

#endif  // FOVEA_BENCH_REPORT_H_
