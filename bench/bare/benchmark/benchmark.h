// SPDX-License-Identifier: Apache-2.0
// The part of Google Benchmark that the cases here use, for boards: it wants
// threads, a file system and a clock of the C++ library, which newlib's and
// picolibc's do not have.  bench/bare_main.cc runs what is registered.
#ifndef FOVEA_BENCH_BARE_BENCHMARK_BENCHMARK_H_
#define FOVEA_BENCH_BARE_BENCHMARK_BENCHMARK_H_

#include <stddef.h>
#include <stdint.h>

#include <string>
#include <utility>
#include <vector>

namespace benchmark {

struct Counter {
  enum Flags { kDefaults = 0, kIsIterationInvariantRate = 1 };

  double value = 0;
  Flags flags = kDefaults;

  // Not explicit, as the original is not.
  Counter(double v = 0, Flags f = kDefaults) : value(v), flags(f) {}
};

// In the order of their making.
class UserCounters {
 public:
  Counter& operator[](const std::string& name) {
    for (auto& counter : counters_) {
      if (counter.first == name) return counter.second;
    }
    counters_.emplace_back(name, Counter());
    return counters_.back().second;
  }
  auto begin() const { return counters_.begin(); }
  auto end() const { return counters_.end(); }

 private:
  std::vector<std::pair<std::string, Counter>> counters_;
};

// One iteration: the cases repeat on their own, and say how long it took.
class State {
 public:
  explicit State(int64_t range) : range_(range) {}

  struct [[maybe_unused]] Iteration {};
  class Iterator {
   public:
    explicit Iterator(bool more) : more_(more) {}
    bool operator!=(const Iterator& other) const {
      return more_ != other.more_;
    }
    void operator++() { more_ = false; }
    Iteration operator*() const { return {}; }

   private:
    bool more_;
  };
  Iterator begin() { return Iterator(true); }
  Iterator end() { return Iterator(false); }

  void SetIterationTime(double seconds) { seconds_ = seconds; }
  double seconds() const { return seconds_; }
  int64_t range(size_t) const { return range_; }

  UserCounters counters;

 private:
  int64_t range_;
  double seconds_ = 0;
};

class Benchmark {
 public:
  using Function = void (*)(State&);

  explicit Benchmark(Function function);

  Benchmark* Name(const char* name) {
    name_ = name;
    return this;
  }
  Benchmark* UseManualTime() {
    manual_time_ = true;
    return this;
  }
  Benchmark* Iterations(int) { return this; }  // one
  Benchmark* RangeMultiplier(int multiplier) {
    multiplier_ = multiplier;
    return this;
  }
  Benchmark* Range(int64_t first, int64_t last) {
    for (; first <= last; first *= multiplier_) ranges_.push_back(first);
    return this;
  }

  const std::string& name() const { return name_; }
  bool manual_time() const { return manual_time_; }
  const std::vector<int64_t>& ranges() const { return ranges_; }
  void Run(State& state) const { function_(state); }

 private:
  Function function_;
  std::string name_;
  bool manual_time_ = false;
  int64_t multiplier_ = 8;
  std::vector<int64_t> ranges_;
};

// All of them, in the order of the program's files.
std::vector<Benchmark*>& AllBenchmarks();

template <class T>
inline void DoNotOptimize(T&& value) {
  __asm__ volatile("" : : "r"(&value) : "memory");
}

inline void ClobberMemory() { __asm__ volatile("" : : : "memory"); }

}  // namespace benchmark

#define FOVEA_BENCHMARK_JOIN2(a, b) a##b
#define FOVEA_BENCHMARK_JOIN(a, b) FOVEA_BENCHMARK_JOIN2(a, b)
#define BENCHMARK(...)                                                        \
  [[maybe_unused]] static ::benchmark::Benchmark* const FOVEA_BENCHMARK_JOIN( \
      fovea_benchmark_, __LINE__) = (new ::benchmark::Benchmark(&__VA_ARGS__))

#endif  // FOVEA_BENCH_BARE_BENCHMARK_BENCHMARK_H_
