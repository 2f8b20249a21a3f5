# SPDX-License-Identifier: Apache-2.0
# Flash, RAM and stack of the configurations in tests/bare/footprint.cc, as
# tests with limits, and written to <build>/footprint/<n>-<name>.json for
# docs/footprint.md (./dev footprint).
include_guard(GLOBAL)

find_program(FOVEA_PYTHON NAMES python3)
mark_as_advanced(FOVEA_PYTHON)
set(fovea_footprint_tool "${PROJECT_SOURCE_DIR}/tools/footprint.py")
get_filename_component(fovea_target_name "${CMAKE_BINARY_DIR}" NAME)

# GCC alone writes its call graph.
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  set(fovea_callgraph_options -fcallgraph-info=su -fno-ipa-icf)
else()
  set(fovea_callgraph_options "")
endif()

# fovea_callgraph(out target source): has GCC write the graph of an object, and
# says where. Without a launcher: ccache keeps the object and loses the graph.
function(fovea_callgraph out target source)
  string(REPLACE "../" "__/" object "${source}") # as CMake names it
  target_compile_options(${target} PRIVATE ${fovea_callgraph_options})
  set_target_properties(${target} PROPERTIES CXX_COMPILER_LAUNCHER "")
  set(${out}
      "${CMAKE_CURRENT_BINARY_DIR}/CMakeFiles/${target}.dir/${object}.ci"
      PARENT_SCOPE)
endfunction()

# Where the configurations stand that this core can compute.
if(FOVEA_HAS_FLOAT)
  set(fovea_footprint_header footprint.h)
else()
  set(fovea_footprint_header footprint_integer.h)
endif()

# fovea_footprint_image(target type [board])
function(fovea_footprint_image target type)
  fovea_firmware_options(${target} ${ARGN})
  target_compile_definitions(
    ${target} PRIVATE FOVEA_FOOTPRINT=${type}
                      FOVEA_FOOTPRINT_HEADER="${fovea_footprint_header}")
endfunction()

# fovea_add_footprint(name type text [limit arguments...])
function(fovea_add_footprint name type text)
  set(target footprint_${name})
  if(NOT TARGET footprints)
    add_custom_target(footprints)
    add_dependencies(footprints footprint_nothing)
  endif()
  add_executable(${target} footprint.cc)
  add_dependencies(footprints ${target})
  fovea_footprint_image(${target} ${type})
  # Counted by ./dev footprint, on a board of any size.
  if(TARGET fovea_large_board AND FOVEA_HAS_FLOAT)
    add_executable(${target}_count EXCLUDE_FROM_ALL footprint_count.cc)
    add_dependencies(footprints ${target}_count)
    fovea_footprint_image(${target}_count ${type} fovea_large_board)
  endif()
  set(arguments "")
  if(fovea_callgraph_options)
    fovea_callgraph(callgraph ${target} footprint.cc)
    set(arguments --callgraph "${callgraph}")
  endif()
  get_property(count GLOBAL PROPERTY fovea_footprints)
  if(NOT count)
    set(count 0)
  endif()
  math(EXPR count "${count} + 1")
  set_property(GLOBAL PROPERTY fovea_footprints ${count})
  if(count LESS 10) # so that file names sort as the lines here
    set(count 0${count})
  endif()
  file(MAKE_DIRECTORY "${CMAKE_BINARY_DIR}/footprint")
  add_test(
    NAME ${target}
    COMMAND
      "${FOVEA_PYTHON}" "${fovea_footprint_tool}" measure --target
      "${fovea_target_name}" --configuration "${text}" --size "${fovea_size}"
      --empty $<TARGET_FILE:footprint_nothing> --image $<TARGET_FILE:${target}>
      --out "${CMAKE_BINARY_DIR}/footprint/${count}-${name}.json" ${arguments}
      ${ARGN})
endfunction()
