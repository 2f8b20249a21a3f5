# SPDX-License-Identifier: Apache-2.0
# An image has what its program calls of the C interface, and nothing of any
# other operation.
#   cmake -D NM=... -D IMAGE=... -D CALLS=regex -D ABSENT=regex
#         -P check_operations.cmake
# CALLS: the fovea_* functions that it may have, and has one of. ABSENT: what no
# symbol of fovea's may contain.
execute_process(
  COMMAND "${NM}" "${IMAGE}"
  OUTPUT_VARIABLE symbols
  COMMAND_ERROR_IS_FATAL ANY)
string(REGEX REPLACE "\n" ";" symbols "${symbols}")

set(found OFF)
set(wrong "")
foreach(line IN LISTS symbols)
  if(NOT line MATCHES "^[0-9a-f]* +[A-Za-z] (.+)$")
    continue()
  endif()
  set(symbol "${CMAKE_MATCH_1}")
  if(symbol MATCHES "^fovea_(bss|data|stack|heap|vector)_") # of linker scripts
    continue()
  elseif(symbol MATCHES "^fovea_")
    if(symbol MATCHES "^(${CALLS})$")
      set(found ON)
    else()
      list(APPEND wrong "${symbol}")
    endif()
  elseif(symbol MATCHES "^_Z.*fovea" AND symbol MATCHES "${ABSENT}")
    list(APPEND wrong "${symbol}")
  endif()
endforeach()
if(wrong)
  list(JOIN wrong "\n  " text)
  message(FATAL_ERROR "not called, and in ${IMAGE}:\n  ${text}")
endif()
if(NOT found)
  message(FATAL_ERROR "${IMAGE} calls nothing of ${CALLS}")
endif()
message(STATUS "only ${CALLS}")
