# SPDX-License-Identifier: Apache-2.0
# Defines `fovea_highway`: Highway's headers as system headers, and its library
# unless FOVEA_HIGHWAY_HEADERS_ONLY. Looked for in this order: a target of the
# enclosing project, FOVEA_HIGHWAY_SOURCE_DIR (or
# FETCHCONTENT_SOURCE_DIR_HIGHWAY), an installed package, the pinned release,
# and where that cannot be downloaded, the newer source package of the
# distribution.
include_guard(GLOBAL)
include("${CMAKE_CURRENT_LIST_DIR}/fetch.cmake")

set(FOVEA_HIGHWAY_MINIMUM 1.2.0)
set(FOVEA_HIGHWAY_PINNED 1.2.0)
set(FOVEA_HIGHWAY_SHA256
    7e0be78b8318e8bdbf6fa545d2ecb4c90f947df03f7aadc42c1967f019e63343)

set(FOVEA_HIGHWAY_SOURCE_DIR "" CACHE PATH
    "Highway's sources, to be used instead of an installed or fetched copy")

# fovea_highway_version(out dir): the version that the header itself states, ""
# where there is none.
function(fovea_highway_version out dir)
  set(version "")
  if(EXISTS "${dir}/hwy/base.h")
    file(STRINGS "${dir}/hwy/base.h" lines
         REGEX "^#define HWY_(MAJOR|MINOR|PATCH) [0-9]+")
    list(TRANSFORM lines REPLACE "^#define HWY_[A-Z]+ ([0-9]+).*" "\\1")
    list(JOIN lines "." version)
  endif()
  set(${out} "${version}" PARENT_SCOPE)
endfunction()

# Sets out to a directory of Highway's sources, or fails and says what to do.
function(fovea_find_highway_source out)
  foreach(dir IN LISTS FOVEA_HIGHWAY_SOURCE_DIR FETCHCONTENT_SOURCE_DIR_HIGHWAY)
    set(${out} "${dir}" PARENT_SCOPE)
    return()
  endforeach()

  set(distribution "${FOVEA_DEPS_DIR}/highway-distribution")
  if(EXISTS "${distribution}/CMakeLists.txt")
    set(${out} "${distribution}" PARENT_SCOPE)
    return()
  endif()

  fovea_fetch(
    dir NAME highway-${FOVEA_HIGHWAY_PINNED}
    URL "https://github.com/google/highway/archive/refs/tags/${FOVEA_HIGHWAY_PINNED}.tar.gz"
    SHA256 ${FOVEA_HIGHWAY_SHA256})
  if(NOT dir)
    fovea_fetch_distribution(dir highway ${FOVEA_HIGHWAY_MINIMUM})
  endif()
  if(NOT dir)
    message(
      FATAL_ERROR
        "fovea needs Highway ${FOVEA_HIGHWAY_MINIMUM} or newer. Install it, or "
        "unpack its release and pass -DFOVEA_HIGHWAY_SOURCE_DIR=<directory>.")
  endif()
  set(${out} "${dir}" PARENT_SCOPE)
endfunction()

function(fovea_check_highway_version dir)
  fovea_highway_version(version "${dir}")
  if(NOT version OR version VERSION_LESS FOVEA_HIGHWAY_MINIMUM)
    message(FATAL_ERROR "fovea needs Highway ${FOVEA_HIGHWAY_MINIMUM} or newer: "
                        "found \"${version}\" in ${dir}")
  endif()
  message(STATUS "fovea: Highway ${version} in ${dir}")
endfunction()

# A function, so that what Highway's CMakeLists.txt is told stays in here.
function(fovea_add_highway dir)
  set(CMAKE_POLICY_DEFAULT_CMP0077 NEW)
  set(BUILD_TESTING OFF)
  foreach(part TESTS EXAMPLES CONTRIB INSTALL)
    set(HWY_ENABLE_${part} OFF CACHE BOOL "Highway's own ${part}")
    mark_as_advanced(HWY_ENABLE_${part})
  endforeach()
  add_subdirectory("${dir}" "${CMAKE_BINARY_DIR}/_deps/highway"
                   EXCLUDE_FROM_ALL)
  fovea_system_includes(hwy)
endfunction()

if(NOT TARGET hwy
   AND NOT TARGET hwy::hwy
   AND NOT FOVEA_HIGHWAY_SOURCE_DIR
   AND NOT FETCHCONTENT_SOURCE_DIR_HIGHWAY)
  find_package(hwy ${FOVEA_HIGHWAY_MINIMUM} CONFIG QUIET)
  if(hwy_FOUND)
    message(STATUS "fovea: Highway ${hwy_VERSION} in ${hwy_DIR}")
    set(fovea_hwy_version "${hwy_VERSION}")
  endif()
endif()
if(NOT TARGET hwy AND NOT TARGET hwy::hwy)
  fovea_find_highway_source(fovea_hwy_dir)
  fovea_check_highway_version("${fovea_hwy_dir}")
  set(fovea_hwy_source_dir "${fovea_hwy_dir}")
  fovea_highway_version(fovea_hwy_version "${fovea_hwy_dir}")
  if(NOT FOVEA_HIGHWAY_HEADERS_ONLY)
    fovea_add_highway("${fovea_hwy_dir}")
  endif()
endif()

set(fovea_hwy "")
foreach(target hwy hwy::hwy)
  if(TARGET ${target})
    set(fovea_hwy ${target})
  endif()
endforeach()

add_library(fovea_highway INTERFACE)
if(fovea_hwy)
  set(fovea_hwy_dir
      $<TARGET_PROPERTY:${fovea_hwy},INTERFACE_INCLUDE_DIRECTORIES>)
endif()
target_include_directories(fovea_highway SYSTEM INTERFACE "${fovea_hwy_dir}")
if(NOT FOVEA_HIGHWAY_HEADERS_ONLY)
  target_link_libraries(fovea_highway INTERFACE ${fovea_hwy})
endif()
