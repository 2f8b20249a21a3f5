# SPDX-License-Identifier: Apache-2.0
# What every target without an operating system shares; included by its
# toolchain file, which sets
#
#   fovea_port       directory of port/ with start-up code
#   fovea_board      directory of port/boards
#   fovea_qemu       the emulator with its machine, as a list
#   fovea_flags      flags of compiler and linker
#   fovea_picolibc   picolibc's directory, where the compiler has no C library
#   fovea_mhz        what the board's counter counts a microsecond
#
# The user may set FOVEA_MCPU (-mcpu, or -march on RISC-V), FOVEA_BOARD_DIR
# (a board.ld of one's own), FOVEA_CPU_MHZ and FOVEA_QEMU (another machine).
set(CMAKE_SYSTEM_NAME Generic)

set(FOVEA_PORT "${fovea_port}" CACHE STRING "Directory of port/ with start-up")
set(FOVEA_BOARD_DIR "${CMAKE_CURRENT_LIST_DIR}/../port/boards/${fovea_board}"
    CACHE PATH "Directory of board.ld")
set(FOVEA_PICOLIBC "${fovea_picolibc}" CACHE PATH
    "picolibc, for a compiler without a C library; empty: it has one")
set(FOVEA_QEMU "${fovea_qemu}" CACHE STRING "The emulator and its machine")
set(FOVEA_CPU_MHZ "${fovea_mhz}" CACHE STRING
    "What the board's counter counts a microsecond, for the benchmarks")
set(FOVEA_HIGHWAY_HEADERS_ONLY ON CACHE BOOL
    "Use Highway's headers without its library (bare metal)")

foreach(language C CXX)
  set(CMAKE_${language}_FLAGS_INIT
      "${fovea_flags} -ffunction-sections -fdata-sections")
endforeach()
set(CMAKE_EXE_LINKER_FLAGS_INIT "-Wl,--gc-sections")

# A program needs a board; whether the compiler works shows without one.
set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)
set(CMAKE_TRY_COMPILE_PLATFORM_VARIABLES FOVEA_MCPU FOVEA_MABI FOVEA_PORT FOVEA_BOARD_DIR FOVEA_CPU_MHZ
     FOVEA_QEMU FOVEA_UART)
# One serial line too many stops QEMU: text goes through semihosting, or through
# the UART at FOVEA_UART.
set(fovea_serial none)
if(FOVEA_UART)
  set(fovea_serial stdio)
endif()
set(CMAKE_CROSSCOMPILING_EMULATOR
    "${FOVEA_QEMU};-nographic;-monitor;none;-serial;${fovea_serial};-semihosting-config;enable=on,target=native;-kernel")

# A directory without any: the host's libraries are of no use here.
set(CMAKE_FIND_ROOT_PATH "${CMAKE_CURRENT_LIST_DIR}")
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
