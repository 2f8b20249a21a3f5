# SPDX-License-Identifier: Apache-2.0
# 64-bit Arm Linux with the int8 matrix product, in NEON alone: Cortex-A510,
# A710, Neoverse N2, V1 and later.
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(fovea_triple aarch64-linux-gnu)
set(fovea_qemu qemu-aarch64)
set(fovea_march armv8.2-a+dotprod+i8mm)
set(fovea_qemu_cpu max)
include("${CMAKE_CURRENT_LIST_DIR}/linux.cmake")
