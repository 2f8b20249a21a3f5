# SPDX-License-Identifier: Apache-2.0
# Makes GTest::gtest_main: installed, or the distribution's sources (what a
# cross build wants), or the pinned release.
include_guard(GLOBAL)
include("${CMAKE_CURRENT_LIST_DIR}/fetch.cmake")

# A function, so that what its CMakeLists.txt is told stays in here.
function(fovea_add_googletest dir)
  set(CMAKE_POLICY_DEFAULT_CMP0077 NEW)
  set(BUILD_GMOCK OFF)
  set(INSTALL_GTEST OFF)
  set(CMAKE_SUPPRESS_DEVELOPER_WARNINGS ON)
  if(FOVEA_BARE_METAL)
    set(gtest_disable_pthreads ON)
  endif()
  add_subdirectory("${dir}" "${CMAKE_BINARY_DIR}/_deps/googletest"
                   EXCLUDE_FROM_ALL)
  foreach(target gtest gtest_main)
    fovea_system_includes(${target})
    # GoogleTest's CMakeLists.txt puts -Werror on itself.
    target_compile_options(${target} PRIVATE -w)
    if(FOVEA_BARE_METAL)
      # newlib declares what GoogleTest takes for granted only when asked, and
      # lacks what there is no file system for.
      target_compile_definitions(
        ${target} PUBLIC _GNU_SOURCE GTEST_HAS_POSIX_RE=0
                         GTEST_HAS_STREAM_REDIRECTION=0 GTEST_HAS_DEATH_TEST=0
                         _POSIX_PATH_MAX=256)
    endif()
    if(NOT TARGET GTest::${target})
      add_library(GTest::${target} ALIAS ${target})
    endif()
  endforeach()
endfunction()

# Without a C++ library: the part that the golden tests use.
if(FOVEA_BARE_METAL AND FOVEA_PICOLIBC)
  add_library(fovea_gtest_main INTERFACE)
  target_sources(fovea_gtest_main
                 INTERFACE "${PROJECT_SOURCE_DIR}/tests/bare/gtest_main.cc")
  target_include_directories(fovea_gtest_main
                             INTERFACE "${PROJECT_SOURCE_DIR}/tests/bare")
  add_library(GTest::gtest_main ALIAS fovea_gtest_main)
endif()

if(NOT TARGET GTest::gtest_main)
  find_package(GTest 1.10 CONFIG QUIET)
endif()
if(NOT TARGET GTest::gtest_main)
  find_path(
    FOVEA_GOOGLETEST_SOURCE_DIR googletest/CMakeLists.txt
    PATHS /usr/src/googletest
    NO_DEFAULT_PATH NO_CMAKE_FIND_ROOT_PATH
    DOC "GoogleTest's sources, to be used where it is not installed")
  mark_as_advanced(FOVEA_GOOGLETEST_SOURCE_DIR)
  set(fovea_googletest_dir "${FOVEA_GOOGLETEST_SOURCE_DIR}")
  if(NOT fovea_googletest_dir)
    fovea_fetch(
      fovea_googletest_dir NAME googletest-1.14.0
      URL https://github.com/google/googletest/archive/refs/tags/v1.14.0.tar.gz
      SHA256 8ad598c73ad796e0d8280b082cebd82a630d73e73cd3c70057938a6501bba5d7)
  endif()
  if(NOT fovea_googletest_dir)
    message(
      FATAL_ERROR
        "fovea's tests need GoogleTest. Install it (Debian: libgtest-dev, or "
        "googletest for a cross build), or pass -DFOVEA_BUILD_TESTS=OFF.")
  endif()
  fovea_add_googletest("${fovea_googletest_dir}")
endif()
