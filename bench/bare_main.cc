// SPDX-License-Identifier: Apache-2.0
// The benchmarks on a board without an operating system: counted by the port's
// counter, printed as Google Benchmark's JSON.  The command line comes through
// semihosting:
//   --benchmark_filter=TEXT   the cases whose names contain it
// Without it those that small memories hold.
#include <benchmark/benchmark.h>
#include <hwy/highway.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include <string>
#include <vector>

#include "port/port.h"
#include "port/semihosting.h"

namespace benchmark {
namespace {

constexpr const char* kSmallCases[] = {
    "machine/fma_peak", "P5/", "P6/", "D3/", "T1/", "T3/"};

char command_line[512];

// Empty where none is given.
const char* Filter() {
  constexpr char kOption[] = "--benchmark_filter=";
  if (!fovea::port::SemihostingCommandLine(command_line,
                                           sizeof(command_line))) {
    return "";
  }
  const char* const found = strstr(command_line, kOption);
  return found == nullptr ? "" : found + strlen(kOption);
}

bool IsWanted(const std::string& name, const char* filter) {
  if (*filter != '\0') return strstr(name.c_str(), filter) != nullptr;
  for (const char* small : kSmallCases) {
    if (strncmp(name.c_str(), small, strlen(small)) == 0) return true;
  }
  return false;
}

void PrintNumber(const char* name, double value) {
  // JSON has no infinity.
  if (!isfinite(value)) value = 0;
  printf(",\n      \"%s\": %.9e", name, value);
}

void PrintCase(const std::string& name, const Benchmark& benchmark,
               const State& state, bool first) {
  const std::string full =
      name + "/iterations:1" + (benchmark.manual_time() ? "/manual_time" : "");
  printf(
      "%s    {\n"
      "      \"name\": \"%s\",\n"
      "      \"run_name\": \"%s\",\n"
      "      \"run_type\": \"iteration\",\n"
      "      \"repetitions\": 1,\n"
      "      \"repetition_index\": 0,\n"
      "      \"threads\": 1,\n"
      "      \"iterations\": 1",
      first ? "" : ",\n", full.c_str(), full.c_str());
  PrintNumber("real_time", state.seconds() * 1e9);
  PrintNumber("cpu_time", state.seconds() * 1e9);
  printf(",\n      \"time_unit\": \"ns\"");
  for (const auto& counter : state.counters) {
    const bool rate =
        counter.second.flags == Counter::kIsIterationInvariantRate;
    PrintNumber(
        counter.first.c_str(),
        rate ? counter.second.value / state.seconds() : counter.second.value);
  }
  printf("\n    }");
}

void PrintContext() {
  printf(
      "{\n"
      "  \"context\": {\n"
      "    \"executable\": \"fovea_bench\",\n"
      "    \"num_cpus\": 1,\n"
      "    \"mhz_per_cpu\": %d,\n"
      "    \"cpu_scaling_enabled\": false,\n"
      "    \"caches\": [],\n"
      "    \"counter\": \"%s, %u bits\",\n"
      "    \"highway_target\": \"%s\",\n"
      "    \"library_build_type\": \"release\"\n"
      "  },\n"
      "  \"benchmarks\": [\n",
      FOVEA_CPU_MHZ, fovea::port::CycleCountUnit(),
      fovea::port::CycleCountBits(), hwy::TargetName(HWY_TARGET));
}

bool RunOne(const Benchmark& benchmark, const std::string& name, int64_t range,
            const char* filter, bool first) {
  if (!IsWanted(name, filter)) return false;
  State state(range);
  benchmark.Run(state);
  PrintCase(name, benchmark, state, first);
  return true;
}

int RunAll() {
  const char* const filter = Filter();
  bool any = false;
  for (const Benchmark* benchmark : AllBenchmarks()) {
    if (benchmark->ranges().empty()) {
      any |= RunOne(*benchmark, benchmark->name(), 0, filter, !any);
    }
    for (const int64_t range : benchmark->ranges()) {
      char suffix[24];
      snprintf(suffix, sizeof(suffix), "/%ld", static_cast<long>(range));
      any |=
          RunOne(*benchmark, benchmark->name() + suffix, range, filter, !any);
    }
  }
  printf("\n  ]\n}\n");
  return any ? 0 : 1;
}

}  // namespace

std::vector<Benchmark*>& AllBenchmarks() {
  static std::vector<Benchmark*> all;
  return all;
}

Benchmark::Benchmark(Function function) : function_(function) {
  AllBenchmarks().push_back(this);
}

}  // namespace benchmark

int main() {
  fovea::port::StartCycleCount();
  benchmark::PrintContext();
  return benchmark::RunAll();
}
