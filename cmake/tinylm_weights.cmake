# SPDX-License-Identifier: Apache-2.0
# The weights of the example tinylm in int8 and in integers alone, made of the
# committed floats: the target tinylm_weights, and fovea_tinylm_int8 and
# fovea_tinylm_integer, where they lie. Not without Python.
#
# tinylm_weights_path tells a program that it is linked with where they lie.
include_guard(GLOBAL)

set(tinylm "${PROJECT_SOURCE_DIR}/examples/tinylm")
set(fovea_tinylm_int8 "${PROJECT_BINARY_DIR}/tinylm/int8.bin")
set(fovea_tinylm_integer "${PROJECT_BINARY_DIR}/tinylm/integer.bin")
add_library(tinylm_weights_path OBJECT EXCLUDE_FROM_ALL
            "${tinylm}/weights_path.cc")
fovea_program_options(tinylm_weights_path)
fovea_native_options(tinylm_weights_path)
target_compile_definitions(
  tinylm_weights_path PRIVATE FOVEA_TINYLM_DIR="${tinylm}"
                              FOVEA_TINYLM_INTEGER="${fovea_tinylm_integer}")

find_package(Python3 3.9 QUIET COMPONENTS Interpreter)
if(NOT Python3_FOUND)
  message(STATUS "no tinylm of integers: Python was not found, which packs it")
  return()
endif()

file(MAKE_DIRECTORY "${PROJECT_BINARY_DIR}/tinylm")
add_custom_command(
  OUTPUT "${fovea_tinylm_int8}"
  COMMAND ${Python3_EXECUTABLE} -B "${tinylm}/pack_weights.py" --int8
          "${tinylm}/tinylm.bin" "${fovea_tinylm_int8}"
  DEPENDS "${tinylm}/pack_weights.py" "${tinylm}/weights_file.py"
          "${tinylm}/tinylm.bin"
  COMMENT "Quantising tinylm's weights to int8"
  VERBATIM)
add_custom_command(
  OUTPUT "${fovea_tinylm_integer}"
  COMMAND ${Python3_EXECUTABLE} -B "${tinylm}/pack_integer.py"
          "${tinylm}/tinylm.bin" "${tinylm}/ranges.json"
          "${fovea_tinylm_integer}"
  DEPENDS "${tinylm}/pack_integer.py" "${tinylm}/pack_weights.py"
          "${tinylm}/weights_file.py" "${tinylm}/ranges.json"
          "${tinylm}/tinylm.bin"
  COMMENT "Making integers of tinylm's weights"
  VERBATIM)
add_custom_target(tinylm_weights DEPENDS "${fovea_tinylm_int8}"
                                         "${fovea_tinylm_integer}")
