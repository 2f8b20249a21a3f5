# SPDX-License-Identifier: Apache-2.0
# What the shared library exports is the C interface, of which the header has
# every function, and what it needs is the C library alone.
#   cmake -D NM=... -D OBJDUMP=... -D LIBRARY=... -P shared_symbols.cmake

cmake_minimum_required(VERSION 3.22)

function(run out)
  execute_process(COMMAND ${ARGN} OUTPUT_VARIABLE text RESULT_VARIABLE failed)
  if(failed)
    message(FATAL_ERROR "${ARGN}: ${failed}")
  endif()
  string(REPLACE "\n" ";" text "${text}")
  set(${out} "${text}" PARENT_SCOPE)
endfunction()

run(symbols ${NM} -D --defined-only --format=posix ${LIBRARY})
list(TRANSFORM symbols REPLACE " .*" "")
list(FILTER symbols EXCLUDE REGEX "^$")
set(others ${symbols})
list(FILTER others EXCLUDE REGEX "^fovea_[a-z0-9_]+$")
if(others)
  message(SEND_ERROR "exported beside the C interface: ${others}")
endif()

file(READ "${CMAKE_CURRENT_LIST_DIR}/../../include/fovea/fovea.h" header)
string(REGEX MATCHALL "\nFOVEA_API [^(]+\\(" declarations "${header}")
foreach(declaration IN LISTS declarations)
  string(REGEX REPLACE ".*(fovea_[a-z0-9_]+)\\(" "\\1" name "${declaration}")
  if(NOT name IN_LIST symbols)
    message(SEND_ERROR "declared but not exported: ${name}")
  endif()
endforeach()
list(LENGTH declarations declared)
list(LENGTH symbols exported)
if(NOT declared EQUAL exported)
  message(SEND_ERROR "${declared} functions declared, ${exported} exported")
endif()

run(needed ${OBJDUMP} -p ${LIBRARY})
list(FILTER needed INCLUDE REGEX "NEEDED")
list(FILTER needed EXCLUDE REGEX "lib(c|gcc_s|m)\\.so|ld-linux")
if(needed)
  message(SEND_ERROR "needs more than the C library: ${needed}")
endif()
message(STATUS "${exported} functions, the C library alone")
