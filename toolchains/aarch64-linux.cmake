# SPDX-License-Identifier: Apache-2.0
# 64-bit Arm Linux, Armv8.0-A: any board.
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(fovea_triple aarch64-linux-gnu)
set(fovea_qemu qemu-aarch64)
# An old core: an instruction beyond the baseline stops the test.
set(fovea_qemu_cpu cortex-a53)
include("${CMAKE_CURRENT_LIST_DIR}/linux.cmake")
