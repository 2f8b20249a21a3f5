# SPDX-License-Identifier: Apache-2.0
# 64-bit Arm Linux by clang.
set(fovea_clang ON)
include("${CMAKE_CURRENT_LIST_DIR}/aarch64-linux.cmake")
