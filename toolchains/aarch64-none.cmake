# SPDX-License-Identifier: Apache-2.0
# 64-bit Arm without an operating system, with clang, lld and picolibc (Debian:
# clang-19, lld-19, picolibc-aarch64-linux-gnu), on QEMU's virt.
#
#   FOVEA_MCPU  -mcpu of everything, and of the core that QEMU plays
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_C_COMPILER clang-19)
set(CMAKE_CXX_COMPILER clang++-19)
set(CMAKE_C_COMPILER_TARGET aarch64-none-elf)
set(CMAKE_CXX_COMPILER_TARGET aarch64-none-elf)

set(FOVEA_MCPU cortex-a53 CACHE STRING "-mcpu of everything")
set(fovea_flags "-mcpu=${FOVEA_MCPU}")
set(fovea_picolibc /usr/lib/picolibc/aarch64-linux-gnu)
set(fovea_port aarch64)
set(fovea_board aarch64-virt)
set(fovea_qemu "qemu-system-aarch64;-M;virt;-nic;none;-cpu;${FOVEA_MCPU}")
set(fovea_mhz 1000)
include("${CMAKE_CURRENT_LIST_DIR}/bare.cmake")
