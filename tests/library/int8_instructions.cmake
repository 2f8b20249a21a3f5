# SPDX-License-Identifier: Apache-2.0
# Objects of a target of dispatch/int8_targets.h multiply with its instructions,
# and have no function that others may have too: of such the linker keeps one,
# which might be called on a CPU without these instructions.
#   cmake -D OBJDUMP=... -D NM=... -D NAMESPACE=... -D OBJECTS=... \
#     -P int8_instructions.cmake

cmake_minimum_required(VERSION 3.22)

foreach(object IN LISTS OBJECTS)
  execute_process(COMMAND "${OBJDUMP}" -d "${object}" OUTPUT_VARIABLE code
                  COMMAND_ERROR_IS_FATAL ANY)
  if(NOT code MATCHES "[ \t](sdot|smmla|vpdpbusd)[ \t]")
    message(SEND_ERROR "no product of int8 in ${object}")
  endif()
  execute_process(COMMAND "${NM}" --format=posix "${object}"
                  OUTPUT_VARIABLE symbols COMMAND_ERROR_IS_FATAL ANY)
  string(REGEX MATCHALL "[^\n ]+ [TVWu] " shared "${symbols}")
  list(FILTER shared EXCLUDE REGEX "${NAMESPACE}")
  if(shared)
    message(SEND_ERROR "shared with other objects: ${shared}")
  endif()
endforeach()
