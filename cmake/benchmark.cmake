# SPDX-License-Identifier: Apache-2.0
# Makes benchmark::benchmark: installed, or the pinned release, or the
# distribution's sources (what a cross build wants).
include_guard(GLOBAL)
include("${CMAKE_CURRENT_LIST_DIR}/fetch.cmake")

# A function, so that what its CMakeLists.txt is told stays in here.
function(fovea_add_benchmark dir)
  set(CMAKE_POLICY_DEFAULT_CMP0077 NEW)
  set(BENCHMARK_ENABLE_TESTING OFF)
  set(BENCHMARK_ENABLE_INSTALL OFF)
  set(BENCHMARK_ENABLE_WERROR OFF)
  add_subdirectory("${dir}" "${CMAKE_BINARY_DIR}/_deps/benchmark"
                   EXCLUDE_FROM_ALL)
  fovea_system_includes(benchmark)
endfunction()

if(NOT TARGET benchmark::benchmark)
  find_package(benchmark 1.6 CONFIG QUIET)
endif()
if(NOT TARGET benchmark::benchmark)
  fovea_fetch(
    fovea_benchmark_dir NAME benchmark-1.8.3
    URL https://github.com/google/benchmark/archive/refs/tags/v1.8.3.tar.gz
    SHA256 6bc180a57d23d4d9515519f92b0c83d61b05b5bab188961f36ac7b06b0d9e9ce)
  if(NOT fovea_benchmark_dir)
    fovea_fetch_distribution(fovea_benchmark_dir benchmark 1.6)
  endif()
  if(NOT fovea_benchmark_dir)
    message(
      FATAL_ERROR
        "fovea's benchmarks need Google Benchmark. Install it (Debian: "
        "libbenchmark-dev), or pass -DFOVEA_BUILD_BENCH=OFF.")
  endif()
  fovea_add_benchmark("${fovea_benchmark_dir}")
endif()
