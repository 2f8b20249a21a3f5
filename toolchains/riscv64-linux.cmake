# SPDX-License-Identifier: Apache-2.0
# 64-bit RISC-V Linux without vectors: rv64gc. With g++ 12 Highway's library
# does not compile for RISC-V; its headers do (FOVEA_HIGHWAY_HEADERS_ONLY).
set(CMAKE_SYSTEM_PROCESSOR riscv64)
set(fovea_triple riscv64-linux-gnu)
set(fovea_qemu qemu-riscv64)
set(fovea_march rv64gc)
set(fovea_qemu_cpu rv64)
include("${CMAKE_CURRENT_LIST_DIR}/linux.cmake")
