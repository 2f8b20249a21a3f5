// SPDX-License-Identifier: Apache-2.0
// The time on a machine with an operating system; bench/bare has another.
#ifndef FOVEA_BENCH_HOSTED_CLOCK_H_
#define FOVEA_BENCH_HOSTED_CLOCK_H_

#include <chrono>

namespace fovea_bench {

using Clock = std::chrono::steady_clock;

inline double SecondsSince(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

}  // namespace fovea_bench

#endif  // FOVEA_BENCH_HOSTED_CLOCK_H_
