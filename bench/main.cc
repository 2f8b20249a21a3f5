// SPDX-License-Identifier: Apache-2.0
#include <benchmark/benchmark.h>
#include <hwy/highway.h>

#ifdef FOVEA_BENCH_OPENBLAS
#include "unfused.h"
#endif

int main(int argc, char** argv) {
#ifdef FOVEA_BENCH_OPENBLAS
  benchmark::AddCustomContext("openblas_kernels",
                              fovea_bench::PrepareOpenBlas());
#endif
  benchmark::AddCustomContext("highway_target", hwy::TargetName(HWY_TARGET));
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  return 0;
}
