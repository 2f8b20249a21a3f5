# SPDX-License-Identifier: Apache-2.0
# What the toolchain files of Linux boards share. They say, before they include
# this one:
#
#   CMAKE_SYSTEM_PROCESSOR
#   fovea_triple      of Debian's cross packages, aarch64-linux-gnu
#   fovea_qemu        the emulator, qemu-aarch64
#   fovea_march       -march of everything; empty: the compiler's own baseline
#   fovea_flags       further flags of everything
#   fovea_clang       ON: clang 19 with the triple's libraries, not its g++
#   fovea_qemu_cpu    the CPUs that QEMU plays: every test runs once on each
#
# and can be told on the command line:
#
#   FOVEA_MCPU        -mcpu of everything, instead of -march
#   FOVEA_MARCH       -march of everything
#   FOVEA_QEMU_CPU    the CPUs that QEMU plays
set(CMAKE_SYSTEM_NAME Linux)

set(FOVEA_MCPU "" CACHE STRING "-mcpu of everything")
if(FOVEA_MCPU)
  set(fovea_flags "-mcpu=${FOVEA_MCPU} ${fovea_flags}")
  set(fovea_march "")
  set(fovea_qemu_cpu max)
endif()
set(FOVEA_MARCH "${fovea_march}" CACHE STRING "-march of everything")
if(FOVEA_MARCH)
  set(fovea_flags "-march=${FOVEA_MARCH} ${fovea_flags}")
endif()
string(STRIP "${fovea_flags}" fovea_flags)
set(FOVEA_QEMU_CPU "${fovea_qemu_cpu}" CACHE STRING "The CPUs that QEMU plays")
list(APPEND CMAKE_TRY_COMPILE_PLATFORM_VARIABLES FOVEA_MCPU FOVEA_MARCH)

if(fovea_clang)
  set(CMAKE_C_COMPILER clang-19)
  set(CMAKE_CXX_COMPILER clang++-19)
  set(CMAKE_C_COMPILER_TARGET ${fovea_triple})
  set(CMAKE_CXX_COMPILER_TARGET ${fovea_triple})
else()
  set(CMAKE_C_COMPILER ${fovea_triple}-gcc)
  set(CMAKE_CXX_COMPILER ${fovea_triple}-g++)
endif()
set(CMAKE_C_FLAGS_INIT "${fovea_flags}")
set(CMAKE_CXX_FLAGS_INIT "${fovea_flags}")

# Which CPU it plays QEMU reads from QEMU_CPU, which each test sets.
set(CMAKE_CROSSCOMPILING_EMULATOR "${fovea_qemu};-L;/usr/${fovea_triple}")
set(CMAKE_FIND_ROOT_PATH "/usr/${fovea_triple}")
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
