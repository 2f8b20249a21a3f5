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
    dispatch/integer_attention.cc
    dispatch/linear_integer.cc)
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
    dispatch/linear_int8.cc dispatch/linear_integer.cc)
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

# The targets of port/int8/targets.h, as name:namespace of Highway's:flags. Only
# where the compiler knows them and may not use their products everywhere.
set(fovea_avx2 "-mavx2 -mfma -mf16c -mbmi -mbmi2 -maes -mpclmul")
set(fovea_avx512
    "${fovea_avx2} -mavx512f -mavx512vl -mavx512dq -mavx512bw -mavx512cd")
set(fovea_int8_x86
    "AVX3_VNNI:N_AVX3:${fovea_avx512} -mavx512vnni"
    "AVX2_VNNI:N_AVX2:${fovea_avx2} -mavxvnni")
set(fovea_int8_aarch64
    "NEON_I8MM:N_NEON_WITHOUT_AES:-march=armv8.2-a+dotprod+i8mm"
    "NEON_DOTPROD:N_NEON_WITHOUT_AES:-march=armv8.2-a+dotprod")

# Whether the compiler with these flags has what `condition` says.
function(fovea_compiles out flags condition)
  include(CheckCXXSourceCompiles)
  set(CMAKE_REQUIRED_FLAGS "${flags}")
  check_cxx_source_compiles("#if !(${condition})
#error
#endif
int main() {}" ${out})
endfunction()

set(fovea_int8_targets "")
if(FOVEA_LIBRARY_DISPATCH)
  set(fovea_baseline "__AVX512VNNI__ || __AVXVNNI__ || __ARM_FEATURE_DOTPROD")
  fovea_compiles(FOVEA_BASELINE_HAS_INT8_PRODUCTS "" "${fovea_baseline}")
  fovea_compiles(FOVEA_COMPILES_VNNI "-mavx512vnni -mavxvnni"
                 "__x86_64__ && __AVX512VNNI__ && __AVXVNNI__")
  fovea_compiles(
    FOVEA_COMPILES_I8MM "-march=armv8.2-a+dotprod+i8mm"
    "__aarch64__ && __linux__ && __ARM_FEATURE_MATMUL_INT8")
  if(FOVEA_COMPILES_VNNI AND NOT FOVEA_BASELINE_HAS_INT8_PRODUCTS)
    set(fovea_int8_targets ${fovea_int8_x86})
  elseif(FOVEA_COMPILES_I8MM AND NOT FOVEA_BASELINE_HAS_INT8_PRODUCTS)
    set(fovea_int8_targets ${fovea_int8_aarch64})
  endif()
endif()

# fovea_add_int8_target(name namespace flags...): the kernels of int8 for CPUs
# that have its products, in namespaces that are their own: of two functions by
# one name the linker keeps one, for every CPU.
function(fovea_add_int8_target name namespace)
  set(target fovea_objects_${name})
  fovea_add_library_objects(${target} ${fovea_int8_sources})
  target_compile_options(${target} PRIVATE ${ARGN})
  target_compile_definitions(
    ${target}
    PRIVATE HWY_COMPILE_ONLY_STATIC FOVEA_INT8_TARGET=${name}
            fovea=fovea_${name} ${namespace}=N_${name})
  # One entry a file is enough for clang-tidy.
  set_target_properties(${target} PROPERTIES EXPORT_COMPILE_COMMANDS OFF)
  set(fovea_all_objects ${fovea_all_objects} ${target} PARENT_SCOPE)
endfunction()
if(fovea_int8_targets)
  target_sources(
    fovea_objects
    PRIVATE "${PROJECT_SOURCE_DIR}/src/fovea/dispatch/int8_targets.cc")
  target_compile_definitions(fovea_objects PRIVATE FOVEA_HAS_INT8_TARGETS)
endif()
foreach(int8_target IN LISTS fovea_int8_targets)
  string(REGEX REPLACE "[: ]" ";" int8_target "${int8_target}")
  fovea_add_int8_target(${int8_target})
endforeach()

if(FOVEA_LIBRARY_DISPATCH)
  # Targets between those that are kept gain nothing: SSSE3 beside SSE4, and
  # beside AVX3 what later ones have except VNNI, which is a target above. On
  # AArch64: NEON with AES, and SVE of sizes fixed when it is compiled; NEON with
  # bfloat16 where the products of int8 that come with it are targets above.
  set(disabled HWY_SSSE3 HWY_AVX3_DL HWY_AVX3_ZEN4 HWY_AVX3_SPR HWY_NEON
               HWY_SVE_256 HWY_SVE2_128)
  if(fovea_int8_targets)
    list(APPEND disabled HWY_NEON_BF16)
  endif()
  list(JOIN disabled "|" disabled)
  target_compile_definitions(fovea_objects
                             PRIVATE "HWY_DISABLED_TARGETS=(${disabled})")
  # Their calls are short: by where the linker put their loops, D3 took 4 % more.
  set_source_files_properties(
    "${PROJECT_SOURCE_DIR}/src/fovea/dispatch/attend_plain.cc"
    "${PROJECT_SOURCE_DIR}/src/fovea/dispatch/attend_plain_cache.cc"
    PROPERTIES COMPILE_OPTIONS -falign-functions=64)
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
