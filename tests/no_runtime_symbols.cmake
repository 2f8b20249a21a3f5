# SPDX-License-Identifier: Apache-2.0
# The kernels call nothing: no heap, no I/O, no exception machinery, no libm, no
# locks. The compiler itself may ask for the three memory functions.
#   cmake -D NM=... -D OBJECTS=... -P no_runtime_symbols.cmake
execute_process(
  COMMAND "${NM}" -u ${OBJECTS}
  OUTPUT_VARIABLE symbols
  COMMAND_ERROR_IS_FATAL ANY)
string(REGEX REPLACE "\n" ";" symbols "${symbols}")
foreach(line IN LISTS symbols)
  string(REGEX REPLACE "^ *[Uuw] +|.*:$" "" symbol "${line}")
  if(symbol AND NOT symbol MATCHES "^(memcpy|memmove|memset|_GLOBAL_OFFSET_TABLE_)$")
    list(APPEND unexpected "${symbol}")
  endif()
endforeach()
if(unexpected)
  list(JOIN unexpected "\n  " text)
  message(FATAL_ERROR "the kernels need more than memory functions:\n  ${text}")
endif()
message(STATUS "only memory functions are undefined")
