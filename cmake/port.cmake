# SPDX-License-Identifier: Apache-2.0
# What a machine supplies to the project's programs (port/):
#
#   fovea_port        counter, text, end: port/<architecture>/port.cc
#   fovea_firmware    start-up and the board's linker script; bare metal alone
#                     (fovea::firmware, also in projects that take fovea in)
#   fovea_large_board the same with all the memory that QEMU gives the board
#   fovea_test_board  that with a heap and files, for test images
#
# For what core they are, cmake/core.cmake says.
include_guard(GLOBAL)
include(cmake/core.cmake)

if(NOT FOVEA_BARE_METAL)
  set(FOVEA_PORT hosted)
endif()

# For ./dev, which runs images too.
set(FOVEA_EMULATOR "${CMAKE_CROSSCOMPILING_EMULATOR}" CACHE INTERNAL
    "What runs the target's programs")

set(fovea_port_dir "${PROJECT_SOURCE_DIR}/port")

add_library(fovea_port STATIC EXCLUDE_FROM_ALL
            "${fovea_port_dir}/${FOVEA_PORT}/port.cc")
target_include_directories(fovea_port PUBLIC "${PROJECT_SOURCE_DIR}")
target_compile_features(fovea_port PUBLIC cxx_std_17)
target_compile_options(fovea_port PRIVATE -Wall -Wextra -Werror -fno-exceptions
                                          -fno-rtti)

if(NOT FOVEA_BARE_METAL)
  return()
endif()

set(FOVEA_UART "" CACHE STRING
    "Address of the board's UART, where text goes; empty: through semihosting")
if(FOVEA_UART)
  target_compile_definitions(
    fovea_port PRIVATE FOVEA_UART=${FOVEA_UART} FOVEA_CPU_MHZ=${FOVEA_CPU_MHZ})
endif()

# ---------------------------------------------------------------- bare metal

# Start-up code runs before anything that the compiler could take for granted.
add_library(fovea_bare_flags INTERFACE)
target_compile_options(
  fovea_bare_flags INTERFACE -ffreestanding -fno-unwind-tables
                             -fno-asynchronous-unwind-tables)

# picolibc beside a compiler that has no C library, with the C++ headers of the
# one that has them (Debian: libstdc++-arm-none-eabi-dev): the templates in them
# are the same for all processors, and nothing of its library is linked.
if(FOVEA_PICOLIBC)
  file(GLOB fovea_cxx_headers LIST_DIRECTORIES true "/usr/include/newlib/c++/*")
  set(FOVEA_CXX_HEADERS "${fovea_cxx_headers}" CACHE PATH
      "Directory of C++ headers, for a compiler without")
  if(NOT EXISTS "${FOVEA_CXX_HEADERS}/type_traits"
     OR NOT EXISTS "${FOVEA_PICOLIBC}/include/stdint.h")
    message(
      FATAL_ERROR
        "bare metal needs picolibc (FOVEA_PICOLIBC) and C++ headers "
        "(FOVEA_CXX_HEADERS; Debian: libstdc++-arm-none-eabi-dev).")
  endif()
  set(CMAKE_CXX_STANDARD_INCLUDE_DIRECTORIES
      "${FOVEA_CXX_HEADERS}" "${FOVEA_CXX_HEADERS}/arm-none-eabi"
      "${FOVEA_PICOLIBC}/include")
  set(CMAKE_C_STANDARD_INCLUDE_DIRECTORIES "${FOVEA_PICOLIBC}/include")
endif()

add_library(fovea_start OBJECT EXCLUDE_FROM_ALL "${fovea_port_dir}/${FOVEA_PORT}/start.cc")
target_link_libraries(fovea_start PRIVATE fovea_port fovea_bare_flags)
target_compile_options(fovea_start PRIVATE -Wall -Wextra -Werror
                                           -fno-exceptions -fno-rtti)

# The C library and the compiler's own one, for what the board's programs call.
add_library(fovea_board_libraries INTERFACE)
if(NOT FOVEA_PICOLIBC)
  target_link_options(fovea_board_libraries INTERFACE -nostartfiles)
elseif(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
  file(GLOB fovea_libgcc
       "/usr/lib/gcc-cross/${CMAKE_SYSTEM_PROCESSOR}-linux-gnu/*/libgcc.a")
  target_link_options(fovea_board_libraries INTERFACE -nostdlib -fuse-ld=lld)
  set(fovea_libraries "${FOVEA_PICOLIBC}/lib")
  target_link_libraries(
    fovea_board_libraries INTERFACE "${fovea_libraries}/libm.a"
                                    "${fovea_libraries}/libc.a" ${fovea_libgcc})
else()
  separate_arguments(fovea_flags UNIX_COMMAND "${CMAKE_CXX_FLAGS}")
  execute_process(
    COMMAND ${CMAKE_CXX_COMPILER} ${fovea_flags} -print-multi-directory
    OUTPUT_VARIABLE fovea_multilib
    OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
  set(fovea_libraries "${FOVEA_PICOLIBC}/lib/${fovea_multilib}")
  target_link_options(fovea_board_libraries INTERFACE -nostdlib)
  target_link_libraries(
    fovea_board_libraries
    INTERFACE -Wl,--start-group "${fovea_libraries}/libm.a"
              "${fovea_libraries}/libc.a" -lgcc -Wl,--end-group)
endif()

# fovea_board(name script): an interface library that lays an image out.
function(fovea_board name script)
  add_library(${name} INTERFACE)
  target_link_libraries(
    ${name} INTERFACE fovea_port fovea_board_libraries
                      $<TARGET_OBJECTS:fovea_start>)
  target_link_options(
    ${name} INTERFACE "-L${fovea_port_dir}/boards" "-L${FOVEA_BOARD_DIR}"
    "-T${FOVEA_BOARD_DIR}/${script}")
  add_dependencies(${name} fovea_start)
endfunction()

fovea_board(fovea_firmware board.ld)
add_library(fovea::firmware ALIAS fovea_firmware)
if(EXISTS "${FOVEA_BOARD_DIR}/large.ld")
  fovea_board(fovea_large_board large.ld)
endif()
if(EXISTS "${FOVEA_BOARD_DIR}/test.ld")
  fovea_board(fovea_test_board test.ld)
  # GNU's assembler up to 2.40 at least takes a conditional conversion to double
  # for one of Helium's instructions, and the compiler writes it all the same. No
  # kernel converts to double, but the tests' references do.
  if(CMAKE_SYSTEM_PROCESSOR STREQUAL "arm")
    include(CheckCXXSourceCompiles)
    check_cxx_source_compiles(
      [=[
      #ifdef __ARM_FEATURE_MVE
      void Convert() {
        __asm__ volatile("it ne\n vcvtne.f64.f32 d4, s18" ::: "d4");
      }
      #endif
      ]=]
      FOVEA_CONVERTS_CONDITIONALLY)
    if(NOT FOVEA_CONVERTS_CONDITIONALLY)
      target_compile_options(fovea_test_board
                             INTERFACE -fno-if-conversion -fno-if-conversion2)
    endif()
  endif()
  if(FOVEA_PICOLIBC)
    target_sources(fovea_test_board
                   INTERFACE "${PROJECT_SOURCE_DIR}/tests/bare/picolibc.cc")
    # One thread, and no library to guard the variables of functions with.
    target_compile_options(fovea_test_board INTERFACE -fno-threadsafe-statics)
    target_link_libraries(fovea_test_board
                          INTERFACE "${fovea_libraries}/libsemihost.a")
  else()
    target_sources(fovea_test_board
                   INTERFACE "${PROJECT_SOURCE_DIR}/tests/bare/newlib.cc")
  endif()
endif()
