# SPDX-License-Identifier: Apache-2.0
# How the project's own programs are compiled, and one function for each kind:
#
#   fovea_add_test(stem [sources...])         tests/<stem>_test.cc
#   fovea_add_golden_test(stem [sources...])  the same, for every x86-64 class
#   fovea_add_bench(stem [sources...])        bench/<stem>_bench.cc
#   fovea_add_example(stem [libraries...])    examples/<stem>/*.cc
#
# `sources` are further files of the same program.
include_guard(GLOBAL)
include(CheckCXXCompilerFlag)

set(fovea_march_default "")
if(FOVEA_TOP_LEVEL AND NOT CMAKE_CROSSCOMPILING)
  check_cxx_compiler_flag(-march=native FOVEA_HAS_MARCH_NATIVE)
  if(FOVEA_HAS_MARCH_NATIVE)
    set(fovea_march_default native)
  endif()
endif()
set(FOVEA_MARCH "${fovea_march_default}" CACHE STRING
    "-march of the tests, benchmarks and examples; empty for none")

# Flags of all the project's own programs; -march stands apart because the
# golden tests choose their own.
add_library(fovea_program_flags INTERFACE)
target_compile_options(
  fovea_program_flags
  INTERFACE -Wall
            -Wextra
            -Werror
            -Wshadow
            -Wundef
            -Wold-style-cast
            -Wnon-virtual-dtor
            -fno-exceptions
            -fno-rtti)
# The golden tests want clang here: g++ 12 needed more than 11 GB and 8 minutes
# for one file that clang compiles in 2 minutes and 1.7 GB, and in two thirds of
# that without two checks that the address sanitizer makes up for. Half of what
# was left took overflows of pointers, which only the fuzz targets and the C
# interface look for now, and checks of addresses inlined: called, they make the
# tests take 2 minutes instead of 1.
if(FOVEA_SANITIZE)
  list(JOIN FOVEA_SANITIZE "," fovea_sanitize)
  target_compile_options(
    fovea_program_flags
    INTERFACE -fsanitize=${fovea_sanitize} -fno-sanitize-recover=all
              -fno-sanitize=null,object-size,pointer-overflow
              -fno-omit-frame-pointer)
  if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
    target_compile_options(
      fovea_program_flags
      INTERFACE "SHELL:-mllvm -asan-instrumentation-with-call-threshold=0")
  endif()
  target_link_options(fovea_program_flags INTERFACE
                      -fsanitize=${fovea_sanitize})
endif()

# Linked after the above: every check that finds what the others don't.
add_library(fovea_all_checks INTERFACE)
if("undefined" IN_LIST FOVEA_SANITIZE)
  target_compile_options(fovea_all_checks INTERFACE -fsanitize=pointer-overflow)
endif()

function(fovea_program_options target)
  target_link_libraries(${target} PRIVATE fovea::fovea fovea_program_flags)
  set_target_properties(${target} PROPERTIES CXX_EXTENSIONS OFF)
endfunction()

function(fovea_native_options target)
  if(FOVEA_MARCH)
    target_compile_options(${target} PRIVATE -march=${FOVEA_MARCH})
  endif()
endfunction()

# ---------------------------------------------------------------------- tests

# Every float of a range takes seconds where the code is fast, minutes elsewhere.
if(CMAKE_CROSSCOMPILING
   OR FOVEA_SANITIZE
   OR FOVEA_TEST_REDUCED
   OR CMAKE_BUILD_TYPE STREQUAL "Debug")
  set(fovea_test_is_slow ON)
else()
  set(fovea_test_is_slow OFF)
endif()

# What must not be built: the build's own words say why it is not.
function(fovea_add_refused_build target expected)
  set_target_properties(${target} PROPERTIES EXPORT_COMPILE_COMMANDS OFF)
  add_test(NAME ${target} COMMAND ${CMAKE_COMMAND} --build ${CMAKE_BINARY_DIR}
                                  --target ${target})
  set_tests_properties(${target} PROPERTIES PASS_REGULAR_EXPRESSION
                                            "${expected}" RUN_SERIAL ON)
endfunction()

function(fovea_add_refused_object target expected)
  add_library(${target} OBJECT EXCLUDE_FROM_ALL ${ARGN})
  fovea_program_options(${target})
  fovea_native_options(${target})
  fovea_add_refused_build(${target} "${expected}")
endfunction()

# On bare metal a test is an image, with the board's start-up and a heap. As
# WebAssembly it is what the compiler made, as everywhere: the linker's optimizer
# takes a quarter of a minute a test. What a page loads, the example web's, has
# been through that, and ./dev web --test compares its text.
function(fovea_test_image target)
  if(FOVEA_BARE_METAL)
    target_link_libraries(${target} PRIVATE fovea_test_board)
  elseif(EMSCRIPTEN)
    target_link_options(${target} PRIVATE -O1)
  endif()
endfunction()

function(fovea_add_test_program target)
  add_executable(${target} ${ARGN})
  fovea_program_options(${target})
  target_link_libraries(${target} PRIVATE GTest::gtest_main fovea_port)
  fovea_test_image(${target})
  if(FOVEA_GOLDENS_REDUCED)
    target_compile_definitions(${target} PRIVATE FOVEA_GOLDENS_REDUCED)
  endif()
  if(fovea_test_is_slow)
    target_compile_definitions(${target} PRIVATE FOVEA_SWEEP_STEP=97)
  endif()
endfunction()

if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64|amd64)$"
   AND NOT CMAKE_CROSSCOMPILING)
  set(fovea_x86_64_host ON)
else()
  set(fovea_x86_64_host OFF)
endif()

# Runs a test only where the CPU has what it was compiled for, and reports it as
# skipped elsewhere. Asked when the test runs: that may be another machine.
if(FOVEA_BUILD_TESTS AND fovea_x86_64_host)
  add_executable(fovea_run_if_cpu "${PROJECT_SOURCE_DIR}/cmake/run_if_cpu.cc")
  target_compile_features(fovea_run_if_cpu PRIVATE cxx_std_17)
  target_link_libraries(fovea_run_if_cpu PRIVATE fovea_program_flags)
endif()

# Whether this CPU's own build has the lanes of AVX-512.
if(FOVEA_BUILD_TESTS AND fovea_x86_64_host)
  include(CheckCXXSourceCompiles)
  set(CMAKE_REQUIRED_FLAGS -march=native)
  check_cxx_source_compiles(
    "#if !(__AVX512F__ && __AVX512BW__ && __AVX512CD__)
#error
#elif !(__AVX512DQ__ && __AVX512VL__)
#error
#endif
int main() {}"
    FOVEA_NATIVE_IS_AVX512)
  unset(CMAKE_REQUIRED_FLAGS)
endif()

set(FOVEA_CPU_FEATURES "" CACHE STRING
    "CPU features without which the tests are skipped, as run_if_cpu names them")
# fovea_register_test(target [argument...]): one ctest entry a program (asking
# each program for its cases would run it under the emulator at build time), or
# one for each CPU that QEMU is to play, with that CPU for its label.
function(fovea_register_test target)
  set(properties TIMEOUT 900 SKIP_RETURN_CODE 77)
  set(command ${target})
  if(FOVEA_CPU_FEATURES)
    set(command fovea_run_if_cpu ${FOVEA_CPU_FEATURES} --
                $<TARGET_FILE:${target}>)
  endif()
  if(NOT FOVEA_QEMU_CPU)
    add_test(NAME ${target} COMMAND ${command} ${ARGN})
    set_tests_properties(${target} PROPERTIES ${properties})
    return()
  endif()
  list(LENGTH FOVEA_QEMU_CPU cpus)
  foreach(cpu IN LISTS FOVEA_QEMU_CPU)
    set(name ${target})
    if(cpus GREATER 1)
      string(APPEND name "@${cpu}")
    endif()
    add_test(NAME ${name} COMMAND ${command} ${ARGN})
    set_tests_properties(
      ${name} PROPERTIES ${properties} LABELS "${cpu}" ENVIRONMENT
                         "QEMU_CPU=${cpu}")
  endforeach()
endfunction()

function(fovea_add_test stem)
  fovea_add_test_program(${stem}_test ${stem}_test.cc ${ARGN})
  fovea_native_options(${stem}_test)
  fovea_register_test(${stem}_test)
endfunction()

# fovea_add_x86_test(stem class CPU features... MARCH flags... SOURCES files...)
function(fovea_add_x86_test stem class)
  cmake_parse_arguments(PARSE_ARGV 2 arg "" "" "CPU;MARCH;SOURCES")
  set(target ${stem}_${class}_test)
  fovea_add_test_program(${target} ${stem}_test.cc ${arg_SOURCES})
  target_compile_options(${target} PRIVATE ${arg_MARCH})
  # One entry a file is enough for clang-tidy.
  set_target_properties(${target} PROPERTIES EXPORT_COMPILE_COMMANDS OFF)
  add_test(NAME ${target} COMMAND fovea_run_if_cpu ${arg_CPU} --
                                  $<TARGET_FILE:${target}>)
  set_tests_properties(${target} PROPERTIES TIMEOUT 900 SKIP_RETURN_CODE 77)
endfunction()

function(fovea_add_golden_test stem)
  fovea_add_test(${stem} ${ARGN})
  # Where the goldens are reduced, one instruction set will do; preset `release`
  # has them all.
  if(fovea_x86_64_host
     AND NOT FOVEA_CPU_FEATURES
     AND NOT FOVEA_GOLDENS_REDUCED)
    # The whole suite has the lanes of this CPU already, and libfovea's of every
    # target; these are the templates of others, of fewer configurations.
    set(FOVEA_GOLDENS_REDUCED ON)
    # Highway asks for AES and PCLMUL too before it takes AVX2.
    fovea_add_x86_test(
      ${stem} avx2
      CPU avx2 fma bmi bmi2 aes pclmul
      MARCH -march=haswell -maes -mpclmul
      SOURCES ${ARGN})
    # Where the CPU has AVX-512 the whole suite has it, except int8 without VNNI.
    if(NOT FOVEA_NATIVE_IS_AVX512 OR stem MATCHES "int8")
      fovea_add_x86_test(
        ${stem} avx512
        CPU avx512f avx512bw avx512cd avx512dq avx512vl
        MARCH -march=skylake-avx512
        SOURCES ${ARGN})
    endif()
  endif()
endfunction()

# fovea_add_sve_compile_check(source): the kernels must compile for vectors whose
# length the compiler does not know, with the cross compiler and, in a whole
# build, with clang where it is at hand. Nothing is made of them, let alone run:
# what is wrong with a vector a compiler says before it optimises, in 4 seconds
# instead of minutes.
function(fovea_add_sve_compile_check source)
  fovea_add_sve_syntax_check(sve_compile_check "${source}" ${CMAKE_CXX_COMPILER})
  if(FOVEA_TEST_REDUCED)
    return()
  endif()
  find_program(FOVEA_CLANGXX NAMES clang++-19 clang++)
  mark_as_advanced(FOVEA_CLANGXX)
  if(FOVEA_CLANGXX)
    # Highway 1.3 leaves SVE to be asked for under clang.
    fovea_add_sve_syntax_check(
      sve_compile_check_clang "${source}" ${FOVEA_CLANGXX}
      --target=aarch64-linux-gnu -DHWY_BROKEN_SVE=0)
  endif()
endfunction()

# fovea_add_sve_syntax_check(target source compiler flags...)
function(fovea_add_sve_syntax_check target source)
  set(stamp "${CMAKE_CURRENT_BINARY_DIR}/${target}.stamp")
  set(includes $<TARGET_PROPERTY:fovea,INTERFACE_INCLUDE_DIRECTORIES>)
  set(system_includes
      $<TARGET_PROPERTY:fovea_highway,INTERFACE_INCLUDE_DIRECTORIES>)
  set(flags $<TARGET_PROPERTY:fovea_program_flags,INTERFACE_COMPILE_OPTIONS>)
  add_custom_command(
    OUTPUT "${stamp}"
    COMMAND
      ${ARGN} -march=armv8.2-a+sve -std=c++17 -O2 -ffp-contract=off ${flags}
      "-I$<JOIN:${includes},;-I>" "-isystem$<JOIN:${system_includes},;-isystem>"
      -MD -MF "${stamp}.d" -MT "${stamp}" -fsyntax-only
      "${CMAKE_CURRENT_SOURCE_DIR}/${source}"
    COMMAND ${CMAKE_COMMAND} -E touch "${stamp}"
    DEPENDS ${source}
    DEPFILE "${stamp}.d"
    COMMENT "Compiling ${source} for SVE: ${target}"
    COMMAND_EXPAND_LISTS VERBATIM)
  add_custom_target(${target} ALL DEPENDS "${stamp}")
endfunction()

# ----------------------------------------------------------------- benchmarks

# Without shared libraries, so that it runs where it is copied to; and the
# smallest case once under the emulator, whose times say nothing.
function(fovea_bench_of_a_board target)
  target_link_options(${target} PRIVATE -static)
  list(GET FOVEA_QEMU_CPU 0 cpu)
  add_custom_target(
    bench_smoke
    COMMAND
      ${CMAKE_COMMAND} -E env "QEMU_CPU=${cpu}" ${CMAKE_CROSSCOMPILING_EMULATOR}
      $<TARGET_FILE:${target}> "--benchmark_filter=^P6"
      --benchmark_min_time=0.01
    VERBATIM USES_TERMINAL)
endfunction()

# What the cases include as <benchmark/benchmark.h> and "clock.h": on a board
# without an operating system what stands in for them.
function(fovea_bench_options target)
  fovea_program_options(${target})
  fovea_native_options(${target})
  if(FOVEA_BARE_METAL)
    target_include_directories(${target} PRIVATE bare)
    target_compile_definitions(${target} PRIVATE
                               FOVEA_CPU_MHZ=${FOVEA_CPU_MHZ})
    target_link_libraries(${target} PRIVATE fovea_port fovea_test_board)
  else()
    target_include_directories(${target} PRIVATE hosted)
    target_link_libraries(${target} PRIVATE benchmark::benchmark)
  endif()
endfunction()

# All cases are in one program, bench/main.cc or on bare metal bench/bare_main.cc,
# made by the first of them.
function(fovea_add_bench stem)
  if(NOT TARGET fovea_bench)
    if(FOVEA_BARE_METAL)
      add_executable(fovea_bench bare_main.cc)
    else()
      add_executable(fovea_bench main.cc)
    endif()
    fovea_bench_options(fovea_bench)
    if(CMAKE_CROSSCOMPILING AND CMAKE_SYSTEM_NAME STREQUAL "Linux")
      fovea_bench_of_a_board(fovea_bench)
    endif()
  endif()
  target_sources(fovea_bench PRIVATE ${stem}_bench.cc ${ARGN})
endfunction()

# ------------------------------------------------------------------- examples

function(fovea_add_example stem)
  file(GLOB sources CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/${stem}/*.cc")
  if(NOT sources)
    message(WARNING "example ${stem} has no sources")
    return()
  endif()
  add_executable(${stem} ${sources})
  fovea_program_options(${stem})
  fovea_native_options(${stem})
  target_link_libraries(${stem} PRIVATE ${ARGN})
  set_target_properties(
    ${stem} PROPERTIES RUNTIME_OUTPUT_DIRECTORY
                       "${CMAKE_CURRENT_BINARY_DIR}/${stem}")
endfunction()
