# SPDX-License-Identifier: Apache-2.0
# libfovea, behind the C interface of fovea/fovea.h: the kernels compiled for
# every target of the architecture and chosen at run time, or for the one that
# the compiler's flags name.
include_guard(GLOBAL)
include(cmake/core.cmake)

# A core without a floating-point unit has what is computed in integers alone.
set(fovea_library_sources
    c/integer_attention.cc
    c/integer_cache.cc
    c/integer_cache_attend.cc
    c/integer_call.cc
    c/integer_scales.cc
    c/linear_integer.cc
    c/status.cc
    dispatch/integer_attention.cc)
set(fovea_float_sources
    c/attention.cc
    c/attention_call.cc
    c/cache.cc
    c/cache_attend.cc
    c/cache_save.cc
    c/cache_streams.cc
    c/check_int8.cc
    c/int8_arithmetic.cc
    c/layer_norm.cc
    c/linear.cc
    c/linear_int8.cc
    c/merge.cc
    c/multi_head.cc
    c/rms_norm.cc
    c/rope.cc
    c/softmax.cc
    c/target.cc
    dispatch/attend_bfloat16_cache.cc
    dispatch/attend_float16_cache.cc
    dispatch/attend_float_cache.cc
    dispatch/attend_int8.cc
    dispatch/attend_int8_cache.cc
    dispatch/attend_int8_scores.cc
    dispatch/attend_plain.cc
    dispatch/attend_plain_cache.cc
    dispatch/attend_rich.cc
    dispatch/layer_norm.cc
    dispatch/linear.cc
    dispatch/linear_int8.cc
    dispatch/merge.cc
    dispatch/rms_norm.cc
    dispatch/rope.cc
    dispatch/softmax.cc
    dispatch/target.cc)
if(FOVEA_HAS_FLOAT)
  list(APPEND fovea_library_sources ${fovea_float_sources})
endif()
list(TRANSFORM fovea_library_sources PREPEND "${PROJECT_SOURCE_DIR}/src/fovea/")
# Those of them with products of int8: compiled for the targets of
# dispatch/int8_targets.h too.
set(fovea_int8_sources
    dispatch/attend_int8.cc dispatch/attend_int8_cache.cc
    dispatch/attend_int8_scores.cc dispatch/integer_attention.cc
    dispatch/linear_int8.cc)
list(TRANSFORM fovea_int8_sources PREPEND "${PROJECT_SOURCE_DIR}/src/fovea/")

# Compiled once for both libraries. A function a section: a firmware links the
# operations that it calls and no others.
function(fovea_add_library_objects target)
  add_library(${target} OBJECT ${ARGN})
  set_target_properties(
    ${target}
    PROPERTIES CXX_EXTENSIONS OFF CXX_VISIBILITY_PRESET hidden
               VISIBILITY_INLINES_HIDDEN ON POSITION_INDEPENDENT_CODE
                                            ${FOVEA_LIBRARY_DISPATCH})
  target_link_libraries(${target} PRIVATE fovea::fovea)
  target_compile_options(
    ${target} PRIVATE -Wall -Wextra -fno-exceptions -fno-rtti
                      -ffunction-sections -fdata-sections)
endfunction()
fovea_add_library_objects(fovea_objects ${fovea_library_sources})
set(fovea_all_objects fovea_objects)
target_compile_definitions(fovea_objects PRIVATE FOVEA_BUILDS_SHARED)
if(CMAKE_SYSTEM_NAME STREQUAL "Generic") # flash is dear
  target_compile_options(fovea_objects PRIVATE -Os)
endif()

# Whether this is 64-bit Arm Linux, and the compiler knows these products but may
# not use them everywhere.
function(fovea_find_int8_targets out)
  include(CheckCXXSourceCompiles)
  check_cxx_source_compiles("#ifndef __ARM_FEATURE_DOTPROD
#error
#endif
int main() {}" FOVEA_BASELINE_HAS_DOTPROD)
  set(CMAKE_REQUIRED_FLAGS "-march=armv8.2-a+dotprod+i8mm")
  check_cxx_source_compiles(
    "#if !__aarch64__ || !__linux__ || !__ARM_FEATURE_MATMUL_INT8
#error
#endif
int main() {}"
    FOVEA_COMPILES_I8MM)
  set(${out} OFF PARENT_SCOPE)
  if(FOVEA_COMPILES_I8MM AND NOT FOVEA_BASELINE_HAS_DOTPROD)
    set(${out} ON PARENT_SCOPE)
  endif()
endfunction()
set(fovea_has_int8_targets OFF)
if(FOVEA_LIBRARY_DISPATCH)
  fovea_find_int8_targets(fovea_has_int8_targets)
endif()

# fovea_add_int8_target(name namespace march): the kernels of int8 for CPUs with
# these products, which are all Armv8.2-A (what g++ wants of its intrinsics); in
# a namespace of Highway's and one of ours that are their own.
function(fovea_add_int8_target name namespace march)
  set(target fovea_objects_${namespace})
  fovea_add_library_objects(${target} ${fovea_int8_sources})
  target_compile_options(${target} PRIVATE -march=${march})
  target_compile_definitions(
    ${target}
    PRIVATE HWY_COMPILE_ONLY_STATIC FOVEA_INT8_TARGET=${name}
            N_NEON_WITHOUT_AES=N_${namespace})
  # One entry a file is enough for clang-tidy.
  set_target_properties(${target} PROPERTIES EXPORT_COMPILE_COMMANDS OFF)
  set(fovea_all_objects ${fovea_all_objects} ${target} PARENT_SCOPE)
endfunction()
if(fovea_has_int8_targets)
  target_sources(
    fovea_objects
    PRIVATE "${PROJECT_SOURCE_DIR}/src/fovea/dispatch/int8_targets.cc")
  target_compile_definitions(fovea_objects PRIVATE FOVEA_HAS_INT8_TARGETS)
  fovea_add_int8_target(NeonDotprod NEON_DOTPROD armv8.2-a+dotprod)
  fovea_add_int8_target(NeonI8mm NEON_I8MM armv8.2-a+dotprod+i8mm)
endif()

if(FOVEA_LIBRARY_DISPATCH)
  # Targets between those that are kept gain nothing: SSSE3 beside SSE4, and
  # beside AVX3_DL, which has VNNI, the bfloat16 of AVX3_ZEN4 and the float16 of
  # AVX3_SPR, which no kernel uses. On AArch64: NEON with AES, and SVE of sizes
  # fixed when it is compiled; NEON with bfloat16 where the products of int8 that
  # come with it are targets of their own.
  set(disabled HWY_SSSE3 HWY_AVX3_ZEN4 HWY_AVX3_SPR HWY_NEON HWY_SVE_256
               HWY_SVE2_128)
  if(fovea_has_int8_targets)
    list(APPEND disabled HWY_NEON_BF16)
  endif()
  list(JOIN disabled "|" disabled)
  target_compile_definitions(
    fovea_objects PRIVATE HWY_WANT_AVX3_DL "HWY_DISABLED_TARGETS=(${disabled})")
else()
  target_compile_definitions(fovea_objects PRIVATE HWY_COMPILE_ONLY_STATIC)
endif()

function(fovea_add_library target kind)
  add_library(${target} ${kind})
  foreach(objects IN LISTS fovea_all_objects)
    target_sources(${target} PRIVATE $<TARGET_OBJECTS:${objects}>)
  endforeach()
  set_target_properties(
    ${target}
    PROPERTIES OUTPUT_NAME fovea LINKER_LANGUAGE CXX VERSION
               "${PROJECT_VERSION}" SOVERSION
               "${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR}")
  target_include_directories(
    ${target} INTERFACE $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>
                        $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  if(NOT FOVEA_LIBRARY_DISPATCH)
    return()
  endif()
  # What asks the CPU which targets it has. Of Highway's sources where they are
  # at hand, so that libfovea needs no other library.
  if(TARGET fovea_cpu_detection)
    target_sources(${target} PRIVATE $<TARGET_OBJECTS:fovea_cpu_detection>)
  else()
    target_link_libraries(${target} PRIVATE ${fovea_hwy})
  endif()
endfunction()

if(FOVEA_LIBRARY_DISPATCH AND fovea_hwy_source_dir)
  add_library(
    fovea_cpu_detection OBJECT
    "${PROJECT_SOURCE_DIR}/src/fovea/dispatch/abort.cc"
    "${fovea_hwy_source_dir}/hwy/per_target.cc"
    "${fovea_hwy_source_dir}/hwy/targets.cc")
  target_include_directories(fovea_cpu_detection SYSTEM
                             PRIVATE "${fovea_hwy_source_dir}")
  target_compile_features(fovea_cpu_detection PRIVATE cxx_std_17)
  # The library's, not the program's, if that has a Highway of its own.
  target_compile_definitions(fovea_cpu_detection PRIVATE HWY_STATIC_DEFINE)
  set_target_properties(
    fovea_cpu_detection
    PROPERTIES CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON
               POSITION_INDEPENDENT_CODE ON)
endif()

fovea_add_library(fovea_static STATIC)
add_library(fovea::static ALIAS fovea_static)
if(FOVEA_LIBRARY_DISPATCH)
  fovea_add_library(fovea_shared SHARED)
  add_library(fovea::dynamic ALIAS fovea_shared)
  # Only what it uses: not the C++ library.
  target_link_options(
    fovea_shared PRIVATE -Wl,--as-needed -Wl,--no-undefined -Wl,--gc-sections
    -Wl,--exclude-libs,ALL)
endif()
