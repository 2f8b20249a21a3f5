# SPDX-License-Identifier: Apache-2.0
# 64-bit Arm Linux with the int8 dot product: Cortex-A55, A75, A76 and later.
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(fovea_triple aarch64-linux-gnu)
set(fovea_qemu qemu-aarch64)
set(fovea_march armv8.2-a+dotprod)
set(fovea_qemu_cpu cortex-a76)
include("${CMAKE_CURRENT_LIST_DIR}/linux.cmake")
