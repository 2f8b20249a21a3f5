# SPDX-License-Identifier: Apache-2.0
# What a program writes begins with a file's text:
#   cmake -D "COMMAND=program;argument" -D TEXT=file -P expect_text.cmake
file(READ "${TEXT}" expected)
execute_process(
  COMMAND ${COMMAND}
  OUTPUT_VARIABLE written
  ERROR_VARIABLE written # where semihosting writes
  RESULT_VARIABLE result)
string(FIND "${written}" "${expected}" at)
if(NOT result EQUAL 0 OR NOT at EQUAL 0)
  message(FATAL_ERROR "it ended with ${result}, and not with the text of "
                      "${TEXT}:\n${written}")
endif()
message(STATUS "the same text, and this after it:")
string(LENGTH "${expected}" length)
string(SUBSTRING "${written}" ${length} -1 rest)
message("${rest}")
