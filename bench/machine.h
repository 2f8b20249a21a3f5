// SPDX-License-Identifier: Apache-2.0
// What this machine can do at most, measured in the same process right before
// a case: the denominators of fma_peak_pct and read_bw_pct.
#ifndef FOVEA_BENCH_MACHINE_H_
#define FOVEA_BENCH_MACHINE_H_

#include <cstddef>

namespace fovea_bench {

// Fused multiply-adds from registers on one core, two operations each.
double FmaPeakFlops();

// Reading a buffer of `bytes` over and over on one core, bytes a second.
double ReadBandwidth(size_t bytes);

}  // namespace fovea_bench

#endif  // FOVEA_BENCH_MACHINE_H_
