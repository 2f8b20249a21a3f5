# SPDX-License-Identifier: Apache-2.0
# What is compiled for: FOVEA_BARE_METAL says whether there is no operating
# system, FOVEA_HAS_FLOAT whether there is a floating-point unit.
include_guard(GLOBAL)

if(CMAKE_SYSTEM_NAME STREQUAL "Generic")
  set(FOVEA_BARE_METAL ON)
else()
  set(FOVEA_BARE_METAL OFF)
endif()

# A core without a floating-point unit has no float kernels.
if(FOVEA_BARE_METAL AND CMAKE_CXX_FLAGS MATCHES "-mfloat-abi=soft( |$)|-mabi=(ilp32|lp64)( |$)")
  set(FOVEA_HAS_FLOAT OFF)
else()
  set(FOVEA_HAS_FLOAT ON)
endif()
