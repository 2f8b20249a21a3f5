# SPDX-License-Identifier: Apache-2.0
# A linked firmware holds no heap, no I/O, no exceptions, no unwinder, no libm:
#   cmake -D NM=... -D IMAGE=... -P check_image.cmake
execute_process(
  COMMAND "${NM}" "${IMAGE}"
  OUTPUT_VARIABLE symbols
  COMMAND_ERROR_IS_FATAL ANY)
string(REGEX REPLACE "\n" ";" symbols "${symbols}")

set(forbidden
    "_?_?(m|c|re|mem|aligned_)alloc(_r)?|_?_?free(_r)?|_?sbrk(_r)?"
    "_Znw.*|_Zna.*|_Zdl.*|_Zda.*" # new and delete
    ".*printf.*|puts|putchar|fwrite|_write(_r)?|fflush"
    "abort|_exit|exit|atexit|__cxa_.*|_Unwind_.*|__gxx_.*|__aeabi_unwind.*"
    "__cxa_guard.*|__aeabi_atexit|_ZSt.*__throw.*|_ZTI.*|_ZTS.*"
    "(sin|cos|tan|exp|exp2|log|log2|pow|sqrt|fma|tanh|floor|rint)(f|l)?")
list(JOIN forbidden "|" forbidden)

set(found "")
set(undefined "")
set(any OFF)
foreach(line IN LISTS symbols)
  if(line MATCHES "^[0-9a-f]* +([A-Za-z]) (.+)$")
    set(any ON)
    if(CMAKE_MATCH_1 MATCHES "^[Uvw]$")
      list(APPEND undefined "${CMAKE_MATCH_2}")
    elseif(CMAKE_MATCH_2 MATCHES "^(${forbidden})$")
      list(APPEND found "${CMAKE_MATCH_2}")
    endif()
  endif()
endforeach()
if(NOT any)
  message(FATAL_ERROR "no symbols in ${IMAGE}")
endif()
if(undefined)
  list(JOIN undefined "\n  " text)
  message(FATAL_ERROR "undefined in the image:\n  ${text}")
endif()
if(found)
  list(JOIN found "\n  " text)
  message(FATAL_ERROR "a firmware has no use for:\n  ${text}")
endif()
message(STATUS "nothing of a heap, I/O, exceptions or libm")
