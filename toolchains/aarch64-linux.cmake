# SPDX-License-Identifier: Apache-2.0
# 64-bit Arm Linux with Debian's cross compiler; the tests run under QEMU.
#
#   FOVEA_MCPU      -mcpu of everything; empty: the baseline, Armv8.0-A
#   FOVEA_QEMU_CPU  the CPU that QEMU plays
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_C_COMPILER aarch64-linux-gnu-gcc)
set(CMAKE_CXX_COMPILER aarch64-linux-gnu-g++)

set(FOVEA_MCPU "" CACHE STRING "-mcpu of everything")
if(FOVEA_MCPU)
  set(CMAKE_C_FLAGS_INIT "-mcpu=${FOVEA_MCPU}")
  set(CMAKE_CXX_FLAGS_INIT "-mcpu=${FOVEA_MCPU}")
  set(fovea_qemu_cpu max)
else()
  # An old core: an instruction beyond the baseline stops the test.
  set(fovea_qemu_cpu cortex-a53)
endif()
set(FOVEA_QEMU_CPU "${fovea_qemu_cpu}" CACHE STRING "The CPU that QEMU plays")
set(CMAKE_TRY_COMPILE_PLATFORM_VARIABLES FOVEA_MCPU FOVEA_QEMU_CPU)

set(fovea_sysroot /usr/aarch64-linux-gnu)
set(CMAKE_CROSSCOMPILING_EMULATOR
    "qemu-aarch64;-L;${fovea_sysroot};-cpu;${FOVEA_QEMU_CPU}")
set(CMAKE_FIND_ROOT_PATH "${fovea_sysroot}")
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
