# SPDX-License-Identifier: Apache-2.0
# Images for boards, as a firmware is linked: without a heap.
#
#   fovea_firmware_options(target [board])
#                                   flags, start-up and the board's linker script
#   fovea_check_image(target [-D NO_FLOAT=ON])
#                                   a test of what was linked into it
include_guard(GLOBAL)

# CMake knows no variable for `size`; it lies beside objdump.
string(REGEX REPLACE "objdump" "size" fovea_size "${CMAKE_OBJDUMP}")

function(fovea_firmware_options target)
  set(board fovea_firmware)
  if(ARGC GREATER 1)
    set(board ${ARGV1})
  endif()
  fovea_program_options(${target})
  target_compile_options(
    ${target} PRIVATE -Os -fno-unwind-tables -fno-asynchronous-unwind-tables)
  target_link_libraries(${target} PRIVATE fovea_port ${board})
  add_custom_command(
    TARGET ${target}
    POST_BUILD
    COMMAND ${fovea_size} $<TARGET_FILE:${target}>
    VERBATIM)
endfunction()

function(fovea_check_image target)
  add_test(
    NAME ${target}_symbols
    COMMAND
      ${CMAKE_COMMAND} -D NM=${CMAKE_NM} -D IMAGE=$<TARGET_FILE:${target}> ${ARGN} -P
      ${PROJECT_SOURCE_DIR}/cmake/check_image.cmake)
endfunction()
