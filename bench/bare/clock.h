// SPDX-License-Identifier: Apache-2.0
// The time on a board: what the port's counter counts, at FOVEA_CPU_MHZ.
#ifndef FOVEA_BENCH_BARE_CLOCK_H_
#define FOVEA_BENCH_BARE_CLOCK_H_

#include <cstdint>

#include "port/port.h"

namespace fovea_bench {

// To be read once in each turn of the counter at least.
class Clock {
 public:
  using time_point = uint64_t;  // counts since the start

  static time_point now() {
    const uint64_t count = fovea::port::CycleCount();
    total_ += fovea::port::CyclesBetween(last_, count);
    last_ = count;
    return total_;
  }

 private:
  inline static uint64_t last_ = 0, total_ = 0;
};

inline double SecondsSince(Clock::time_point start) {
  return static_cast<double>(Clock::now() - start) / (FOVEA_CPU_MHZ * 1e6);
}

}  // namespace fovea_bench

#endif  // FOVEA_BENCH_BARE_CLOCK_H_
