// SPDX-License-Identifier: Apache-2.0
// The machine's limits, as denominators of the other cases and as cases of
// their own.
#include <benchmark/benchmark.h>
#include <hwy/highway.h>

#include <algorithm>
#include <vector>

#include "best_time.h"
#include "machine.h"

namespace hn = hwy::HWY_NAMESPACE;

namespace fovea_bench {
namespace {

using FloatTag = hn::CappedTag<float, 16>;
using Vec = hn::Vec<FloatTag>;

// The best rate over about 20 ms: other load only ever makes a sample slower.
template <class Work>
double BestRate(double amount, double seconds, const Work& work) {
  double best = 0;
  RepeatFor(0.02, [&] {
    const Clock::time_point start = Clock::now();
    double done = 0, taken = 0;
    do {
      work();
      done += amount;
      taken = SecondsSince(start);
    } while (taken < seconds);
    best = std::max(best, done / taken);
  });
  return best;
}

// Keeps a vector's value alive.
void Consume(Vec v) {
  volatile float lane = hn::GetLane(v);
  static_cast<void>(lane);
}

}  // namespace

double FmaPeakFlops(double seconds) {
  constexpr size_t kRounds = 20000;
  constexpr size_t kChains = 12;  // latency 4 to 5, two a cycle
  const FloatTag d;
  const auto work = [&] {
    // Different starts, so that no compiler merges two chains.
    Vec c0 = hn::Set(d, 1.0f), c1 = hn::Set(d, 2.0f), c2 = hn::Set(d, 3.0f);
    Vec c3 = hn::Set(d, 4.0f), c4 = hn::Set(d, 5.0f), c5 = hn::Set(d, 6.0f);
    Vec c6 = hn::Set(d, 7.0f), c7 = hn::Set(d, 8.0f), c8 = hn::Set(d, 9.0f);
    Vec c9 = hn::Set(d, 10.0f), c10 = hn::Set(d, 11.0f);
    Vec c11 = hn::Set(d, 12.0f);
    volatile float factor = 0.999f, addend = 0.001f;
    const Vec a = hn::Set(d, factor), b = hn::Set(d, addend);
    for (size_t i = 0; i < kRounds; ++i) {
      c0 = hn::MulAdd(c0, a, b), c1 = hn::MulAdd(c1, a, b);
      c2 = hn::MulAdd(c2, a, b), c3 = hn::MulAdd(c3, a, b);
      c4 = hn::MulAdd(c4, a, b), c5 = hn::MulAdd(c5, a, b);
      c6 = hn::MulAdd(c6, a, b), c7 = hn::MulAdd(c7, a, b);
      c8 = hn::MulAdd(c8, a, b), c9 = hn::MulAdd(c9, a, b);
      c10 = hn::MulAdd(c10, a, b), c11 = hn::MulAdd(c11, a, b);
    }
    c0 = hn::Add(hn::Add(c0, c1), hn::Add(c2, c3));
    c4 = hn::Add(hn::Add(c4, c5), hn::Add(c6, c7));
    c8 = hn::Add(hn::Add(c8, c9), hn::Add(c10, c11));
    Consume(hn::Add(hn::Add(c0, c4), c8));
  };
  const double lanes = static_cast<double>(hn::Lanes(d));
  return BestRate(2.0 * kRounds * kChains * lanes, seconds, work);
}

double ReadBandwidth(size_t bytes, double seconds) {
  const FloatTag d;
  const size_t lanes = hn::Lanes(d);
  const size_t floats = bytes / sizeof(float) / (4 * lanes) * (4 * lanes);
  struct alignas(64) Line {
    float floats[16];
  };
  std::vector<Line> lines((floats + 15) / 16);  // written, so pages are there
  const float* const buffer = lines.data()->floats;
  // A small buffer is read often enough for the clock to be negligible.
  const size_t rounds = std::max<size_t>(1, (size_t{4} << 20) / bytes);
  const auto work = [&] {
    Vec s0 = hn::Zero(d), s1 = s0, s2 = s0, s3 = s0;
    for (size_t round = 0; round < rounds; ++round) {
      for (size_t i = 0; i < floats; i += 4 * lanes) {
        s0 = hn::Add(s0, hn::Load(d, buffer + i));
        s1 = hn::Add(s1, hn::Load(d, buffer + i + lanes));
        s2 = hn::Add(s2, hn::Load(d, buffer + i + 2 * lanes));
        s3 = hn::Add(s3, hn::Load(d, buffer + i + 3 * lanes));
      }
    }
    Consume(hn::Add(hn::Add(s0, s1), hn::Add(s2, s3)));
  };
  return BestRate(static_cast<double>(rounds * floats * sizeof(float)), seconds,
                  work);
}

namespace {

// Operations or bytes a second; a case has no time of its own.
void PeakCase(benchmark::State& state) {
  for (auto _ : state) state.counters["flops"] = FmaPeakFlops();
}

void ReadCase(benchmark::State& state) {
  const auto bytes = static_cast<size_t>(state.range(0));
  for (auto _ : state) state.counters["bytes_per_s"] = ReadBandwidth(bytes);
}

BENCHMARK(PeakCase)->Name("machine/fma_peak")->Iterations(1);
// From what every first-level cache holds to what no cache does.
BENCHMARK(ReadCase)
    ->Name("machine/read")
    ->RangeMultiplier(4)
    ->Range(16 << 10, 256 << 20)
    ->Iterations(1);

}  // namespace
}  // namespace fovea_bench
