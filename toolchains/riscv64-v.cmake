# SPDX-License-Identifier: Apache-2.0
# 64-bit RISC-V Linux with the vector extension, whatever the vectors' length. By
# clang: g++ knows it from version 14 on.
set(CMAKE_SYSTEM_PROCESSOR riscv64)
set(fovea_triple riscv64-linux-gnu)
set(fovea_clang ON)
set(fovea_qemu qemu-riscv64)
set(fovea_march rv64gcv)
foreach(bits 256 128 512)
  list(APPEND fovea_qemu_cpu "rv64,v=true,vext_spec=v1.0,vlen=${bits}")
endforeach()
include("${CMAKE_CURRENT_LIST_DIR}/linux.cmake")
