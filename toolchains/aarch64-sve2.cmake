# SPDX-License-Identifier: Apache-2.0
# 64-bit Arm Linux with SVE2, whatever the vectors' length: Armv9-A.
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(fovea_triple aarch64-linux-gnu)
set(fovea_qemu qemu-aarch64)
set(fovea_march armv9-a)
set(fovea_qemu_cpu "max,sve256=on;max,sve128=on;max,sve512=on")
include("${CMAKE_CURRENT_LIST_DIR}/linux.cmake")
