# SPDX-License-Identifier: Apache-2.0
# M-profile with GNU's cross compiler and newlib (Debian: gcc-arm-none-eabi);
# included by the toolchain file of a core, which sets fovea_mcpu, fovea_float
# (hard or soft) and fovea_board.
#
#   FOVEA_MCPU  another core: the compiler knows its floating-point unit
set(CMAKE_SYSTEM_PROCESSOR arm)
set(CMAKE_C_COMPILER arm-none-eabi-gcc)
set(CMAKE_CXX_COMPILER arm-none-eabi-g++)

set(FOVEA_MCPU "${fovea_mcpu}" CACHE STRING "-mcpu of everything")
# -Wno-psabi: a note on what GCC 7 changed, not a warning.
set(fovea_flags
    "-mcpu=${FOVEA_MCPU} -mthumb -mfloat-abi=${fovea_float} -Wno-psabi")
set(fovea_port cortex_m)
set(fovea_qemu "qemu-system-arm;-M;${fovea_board}")
include("${CMAKE_CURRENT_LIST_DIR}/bare.cmake")
