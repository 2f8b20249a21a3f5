# SPDX-License-Identifier: Apache-2.0
# Builds the consumer in one way, and runs what it built.
#   cmake -D WAY=... -D SOURCE=... -D BUILD=... -D DIR=... -D GENERATOR=...
#         -D CC=... -D CXX=... -D HIGHWAY=... -P consumer.cmake
function(run)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE failed OUTPUT_VARIABLE out
                  ERROR_VARIABLE out)
  if(failed)
    message(FATAL_ERROR "${ARGN}\n${out}")
  endif()
endfunction()

# The SPDX document names what was installed, with versions.
function(check_sbom prefix)
  file(READ "${prefix}/share/fovea/fovea.spdx.json" sbom)
  string(JSON format GET "${sbom}" spdxVersion)
  string(JSON relation GET "${sbom}" relationships 1 relationshipType)
  set(described "${format} ${relation}")
  foreach(i 0 1)
    string(JSON name GET "${sbom}" packages ${i} name)
    string(JSON version GET "${sbom}" packages ${i} versionInfo)
    string(APPEND described " ${name} ${version}")
  endforeach()
  set(number "[0-9]+\\.[0-9]+\\.[0-9]+")
  if(NOT described MATCHES
     "^SPDX-2\\.3 (CONTAINS|DEPENDS_ON) fovea ${number} highway ${number}$")
    message(FATAL_ERROR "fovea.spdx.json: ${described}")
  endif()
endfunction()

file(REMOVE_RECURSE "${DIR}")
set(options "-DWAY=${WAY}" "-DCMAKE_C_COMPILER=${CC}"
            "-DCMAKE_CXX_COMPILER=${CXX}")
if(WAY STREQUAL "find_package" OR WAY STREQUAL "pkg-config")
  run(${CMAKE_COMMAND} --install "${BUILD}" --prefix "${DIR}/prefix")
  check_sbom("${DIR}/prefix")
  list(APPEND options "-DCMAKE_PREFIX_PATH=${DIR}/prefix")
else()
  list(APPEND options "-DFOVEA_SOURCE_DIR=${SOURCE}"
       "-DFOVEA_HIGHWAY_SOURCE_DIR=${HIGHWAY}")
endif()

if(WAY STREQUAL "pkg-config")
  file(GLOB_RECURSE pc "${DIR}/prefix/fovea.pc")
  get_filename_component(dir "${pc}" DIRECTORY)
  set(ENV{PKG_CONFIG_PATH} "${dir}")
  execute_process(COMMAND pkg-config --cflags --libs fovea
                  OUTPUT_VARIABLE flags OUTPUT_STRIP_TRAILING_WHITESPACE)
  separate_arguments(flags)
  run(${CC} -std=c11 "${SOURCE}/tests/library/c_header.c" ${flags} -o
      "${DIR}/program" "-Wl,-rpath,${dir}/..")
  run("${DIR}/program")
  return()
endif()

run(${CMAKE_COMMAND} -G "${GENERATOR}" -S "${SOURCE}/tests/consumer" -B
    "${DIR}/build" ${options})
run(${CMAKE_COMMAND} --build "${DIR}/build" -j 1)
run(${CMAKE_CTEST_COMMAND} --test-dir "${DIR}/build" --no-tests=error)
