# SPDX-License-Identifier: Apache-2.0
# A linked firmware holds no heap, no I/O, no exceptions, no unwinder, no libm:
# With NO_FLOAT also no function that computes in floating point for a core that
# cannot (of the Arm EABI, and of libgcc).
#   cmake -D NM=... -D IMAGE=... [-D NO_FLOAT=ON] -P check_image.cmake
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
set(soft_float "nothing")
if(NO_FLOAT)
  # Apart, since CMake's expressions hold few parentheses.
  set(soft_float
      "__aeabi_c?[fd].*|__aeabi_u?[il]2[fd]|__aeabi_h2f.*"
      "__(add|sub|mul|div|neg|cmp|unord|eq|ne|l[te]|g[te])[sdt]f[23]"
      "__fix(uns)?[sdt]f[sdt]i|__float(un)?[sdt]i[sdt]f"
      "__(extend|trunc)[hsd]f[sdt]f2")
  list(JOIN soft_float "|" soft_float)
endif()

set(found "")
set(undefined "")
set(any OFF)
foreach(line IN LISTS symbols)
  if(line MATCHES "^[0-9a-f]* +([A-Za-z]) (.+)$")
    set(any ON)
    if(CMAKE_MATCH_1 MATCHES "^[Uvw]$")
      list(APPEND undefined "${CMAKE_MATCH_2}")
      continue()
    endif()
    set(symbol "${CMAKE_MATCH_2}")
    if(symbol MATCHES "^(${forbidden})$" OR symbol MATCHES "^(${soft_float})$")
      list(APPEND found "${symbol}")
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
