# SPDX-License-Identifier: Apache-2.0
# 32-bit Arm Linux with NEON: Cortex-A7, A15 and later. NEON alone (Cortex-A8, A9)
# has no fused multiply-add, and Highway takes none of it.
set(CMAKE_SYSTEM_PROCESSOR arm)
set(fovea_triple arm-linux-gnueabihf)
set(fovea_qemu qemu-arm)
set(fovea_march armv7-a)
set(fovea_flags "-mfpu=neon-vfpv4 -mfloat-abi=hard")
set(fovea_qemu_cpu cortex-a15)
include("${CMAKE_CURRENT_LIST_DIR}/linux.cmake")
