// SPDX-License-Identifier: Apache-2.0
// What this machine can do at most, measured in the same process right before
// a case: the denominators of fma_peak_pct and read_bw_pct.
#ifndef FOVEA_BENCH_MACHINE_H_
#define FOVEA_BENCH_MACHINE_H_

#include <cstddef>

namespace fovea_bench {

// Both are the best of samples of about `seconds` each, at least one piece of
// work: a core's clock goes up and down, and short samples find it at its
// highest more often than the calls that they are compared with.

// Fused multiply-adds from registers on one core, two operations each.
double FmaPeakFlops(double seconds = 0.0);

// Reading a buffer of `bytes` over and over on one core, bytes a second.
double ReadBandwidth(size_t bytes, double seconds = 0.0);

}  // namespace fovea_bench

#endif  // FOVEA_BENCH_MACHINE_H_
