# SPDX-License-Identifier: Apache-2.0
# That a chapter of the tutorial tells the truth: its C++ stands in the program,
# and its blocks of text, one after the other, are what the program prints.
#   cmake -D CHAPTER=... -D SOURCE=... -D PROGRAM=[emulator;...]... -P tutorial_chapter.cmake
cmake_minimum_required(VERSION 3.22)

execute_process(
  COMMAND ${PROGRAM}
  RESULT_VARIABLE code
  # A board's semihosting writes to standard error.
  OUTPUT_VARIABLE output
  ERROR_VARIABLE output)
if(code EQUAL 77)
  message("${output}")  # of cmake/run_if_cpu.cc, for ctest
  return()
endif()
if(NOT code EQUAL 0)
  message(FATAL_ERROR "exit code ${code}:\n${output}")
endif()

file(READ "${CHAPTER}" rest)
file(READ "${SOURCE}" source)
set(told "")
set(quotes 0)
while(TRUE)
  string(FIND "${rest}" "\n```" at)
  if(at EQUAL -1)
    break()
  endif()
  math(EXPR at "${at} + 4")
  string(SUBSTRING "${rest}" ${at} -1 rest)
  string(FIND "${rest}" "\n" at)
  string(SUBSTRING "${rest}" 0 ${at} kind)
  string(FIND "${rest}" "\n```" end)
  if(end EQUAL -1)
    message(FATAL_ERROR "a block without end:\n${rest}")
  endif()
  math(EXPR at "${at} + 1")
  math(EXPR length "${end} + 1 - ${at}")
  string(SUBSTRING "${rest}" ${at} ${length} block)
  math(EXPR end "${end} + 4")
  string(SUBSTRING "${rest}" ${end} -1 rest)

  if(kind STREQUAL "text")
    string(APPEND told "${block}")
  elseif(kind STREQUAL "cpp")
    math(EXPR quotes "${quotes} + 1")
    string(FIND "${source}" "\n${block}" at)
    if(at EQUAL -1)
      message(FATAL_ERROR "not in ${SOURCE}:\n${block}")
    endif()
  endif()
endwhile()

if(quotes EQUAL 0)
  message(FATAL_ERROR "${CHAPTER} quotes nothing of its program")
endif()
# Blanks at the end of a line do not show.
string(REGEX REPLACE "[ \r]+\n" "\n" output "${output}")
string(REGEX REPLACE "[ \r]+\n" "\n" told "${told}")
if(NOT output STREQUAL told)
  message(FATAL_ERROR "the program prints:\n${output}\nthe chapter:\n${told}")
endif()
