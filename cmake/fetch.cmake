# SPDX-License-Identifier: Apache-2.0
# fovea_fetch: a pinned source archive, unpacked where all presets share it.
include_guard(GLOBAL)

if(FOVEA_TOP_LEVEL)
  set(fovea_deps_default "${PROJECT_SOURCE_DIR}/build/_deps_shared")
else()
  set(fovea_deps_default "${CMAKE_BINARY_DIR}/_deps_shared")
endif()
set(FOVEA_DEPS_DIR "${fovea_deps_default}" CACHE PATH
    "Where fetched sources are kept, shared by all build directories")
mark_as_advanced(FOVEA_DEPS_DIR)

# fovea_reachable(out url): whether a server answers within a few seconds.
# file(DOWNLOAD) alone would wait minutes for a connection that never comes.
function(fovea_reachable out url)
  string(REGEX MATCH "^[a-z]+://[^/]+" origin "${url}")
  file(DOWNLOAD "${origin}/robots.txt" STATUS status TIMEOUT 8)
  list(GET status 0 code)
  # 22: the server answered, with an HTTP error. That is an answer.
  if(code EQUAL 0 OR code EQUAL 22)
    set(${out} TRUE PARENT_SCOPE)
  else()
    set(${out} FALSE PARENT_SCOPE)
  endif()
endfunction()

# fovea_fetch(out NAME name URL url SHA256 hash)
# Sets out to the source directory, or to "" where the archive is not to be had:
# the caller decides what that means. A wrong hash is an error.
function(fovea_fetch out)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "NAME;URL;SHA256" "")
  set(${out} "" PARENT_SCOPE)
  set(dir "${FOVEA_DEPS_DIR}/${arg_NAME}")
  file(MAKE_DIRECTORY "${FOVEA_DEPS_DIR}")
  file(LOCK "${FOVEA_DEPS_DIR}/${arg_NAME}.lock" GUARD FUNCTION TIMEOUT 600)
  if(EXISTS "${dir}/CMakeLists.txt")
    set(${out} "${dir}" PARENT_SCOPE)
    return()
  endif()
  if(FETCHCONTENT_FULLY_DISCONNECTED)
    return()
  endif()

  fovea_reachable(reachable "${arg_URL}")
  if(NOT reachable)
    message(STATUS "fovea: ${arg_NAME}: no answer from ${arg_URL}")
    return()
  endif()
  message(STATUS "fovea: ${arg_NAME}: ${arg_URL}")
  set(archive "${dir}.tar.gz")
  file(DOWNLOAD "${arg_URL}" "${archive}" STATUS status INACTIVITY_TIMEOUT 20
       TIMEOUT 600)
  list(GET status 0 code)
  if(NOT code EQUAL 0)
    list(GET status 1 text)
    message(STATUS "fovea: ${arg_NAME}: ${text}")
    file(REMOVE "${archive}")
    return()
  endif()
  file(SHA256 "${archive}" hash)
  if(NOT hash STREQUAL arg_SHA256)
    file(REMOVE "${archive}")
    message(FATAL_ERROR "${arg_URL} has SHA-256 ${hash}, not ${arg_SHA256}")
  endif()

  # Unpacked beside its place and then renamed, so that what was interrupted is
  # never taken for whole.
  file(REMOVE_RECURSE "${dir}" "${dir}.part")
  file(ARCHIVE_EXTRACT INPUT "${archive}" DESTINATION "${dir}.part")
  file(GLOB top LIST_DIRECTORIES true "${dir}.part/*")
  file(RENAME "${top}" "${dir}")
  file(REMOVE_RECURSE "${dir}.part")
  file(REMOVE "${archive}")
  set(${out} "${dir}" PARENT_SCOPE)
endfunction()

# fovea_fetch_distribution(out PACKAGE MINIMUM)
# The same from the source packages of Debian or Ubuntu, where the system is one.
function(fovea_fetch_distribution out package minimum)
  set(dir "${FOVEA_DEPS_DIR}/${package}-distribution")
  if(NOT FETCHCONTENT_FULLY_DISCONNECTED)
    file(MAKE_DIRECTORY "${FOVEA_DEPS_DIR}")
    file(LOCK "${dir}.lock" GUARD FUNCTION TIMEOUT 600)
    if(NOT EXISTS "${dir}/CMakeLists.txt")
      message(STATUS "fovea: trying the distribution's ${package} source package")
      execute_process(
        COMMAND
          sh "${CMAKE_CURRENT_FUNCTION_LIST_DIR}/fetch-distribution-source.sh"
          "${package}" "${minimum}" "${dir}"
        RESULT_VARIABLE failed)
    endif()
  endif()
  if(EXISTS "${dir}/CMakeLists.txt")
    set(${out} "${dir}" PARENT_SCOPE)
  else()
    set(${out} "" PARENT_SCOPE)
  endif()
endfunction()

# fovea_system_includes(target): the target's headers are not ours to warn about.
function(fovea_system_includes target)
  get_target_property(dirs ${target} INTERFACE_INCLUDE_DIRECTORIES)
  set_target_properties(
    ${target} PROPERTIES INTERFACE_SYSTEM_INCLUDE_DIRECTORIES "${dirs}")
endfunction()
