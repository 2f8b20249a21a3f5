# SPDX-License-Identifier: Apache-2.0
# 32-bit RISC-V with single-precision floating point, GNU's cross compiler and
# picolibc (Debian: gcc-riscv64-unknown-elf, picolibc-riscv64-unknown-elf), on
# QEMU's virt.
#
#   FOVEA_MCPU, FOVEA_MABI  -march and -mabi of another core
set(CMAKE_SYSTEM_PROCESSOR riscv32)
set(CMAKE_C_COMPILER riscv64-unknown-elf-gcc)
set(CMAKE_CXX_COMPILER riscv64-unknown-elf-g++)

set(FOVEA_MCPU rv32imafc CACHE STRING "-march of everything")
set(FOVEA_MABI ilp32f CACHE STRING "-mabi of everything")
set(fovea_flags
    "-march=${FOVEA_MCPU} -mabi=${FOVEA_MABI} -mcmodel=medany")
set(fovea_picolibc /usr/lib/picolibc/riscv64-unknown-elf)
set(fovea_port riscv)
set(fovea_board riscv32-virt)
set(fovea_qemu "qemu-system-riscv32;-M;virt;-bios;none")
set(fovea_mhz 1000)
include("${CMAKE_CURRENT_LIST_DIR}/bare.cmake")
