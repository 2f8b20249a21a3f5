// SPDX-License-Identifier: Apache-2.0
// The best time of a call.  Other load only ever makes a sample slower, so the
// least of many short samples is what the machine itself takes.
#ifndef FOVEA_BENCH_BEST_TIME_H_
#define FOVEA_BENCH_BEST_TIME_H_

#include <algorithm>
#include <cstddef>
#include <limits>
#include <utility>

#include "clock.h"

namespace fovea_bench {

// Repeats `work` for about `budget` seconds, three times at least.
template <class Work>
void RepeatFor(double budget, const Work& work) {
  const Clock::time_point start = Clock::now();
  for (int round = 0; round < 3 || SecondsSince(start) < budget; ++round) {
    work();
  }
}

// Of works that are to be compared, sample each in turn, again and again: what
// slows the core then meets them all alike.
template <class Work>
class BestTime {
 public:
  explicit BestTime(Work work) : work_(std::move(work)) {
    // Also warms the caches up.
    for (double taken = Time(); taken < kSample && calls_ < kMaxCalls;) {
      calls_ *= 2;
      taken = Time();
    }
  }

  // Samples for some milliseconds, three times at least: the first call finds
  // the caches as another work left them, which is not what is asked for.
  void Sample() {
    RepeatFor(kTurn, [&] {
      seconds_ = std::min(seconds_, Time() / static_cast<double>(calls_));
    });
  }

  double seconds() const { return seconds_; }  // a call
  double sample_seconds() const {
    return seconds_ * static_cast<double>(calls_);
  }

 private:
  // Reading the clock costs some 30 ns; a sample must be short against the
  // time slices in which other programs take the core.
  static constexpr double kSample = 100e-6;
  static constexpr double kTurn = 5e-3;
  static constexpr size_t kMaxCalls = size_t{1} << 20;

  double Time() {
    const Clock::time_point start = Clock::now();
    for (size_t i = 0; i < calls_; ++i) work_();
    return SecondsSince(start);
  }

  Work work_;
  size_t calls_ = 1;
  double seconds_ = std::numeric_limits<double>::infinity();
};

}  // namespace fovea_bench

#endif  // FOVEA_BENCH_BEST_TIME_H_
