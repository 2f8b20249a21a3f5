# SPDX-License-Identifier: Apache-2.0
# `cmake --install`: headers, libfovea, and what find_package and pkg-config ask
# for. `include` and `src` both spell `fovea/...` and become one directory.
include_guard(GLOBAL)
include(CMakePackageConfigHelpers)
include(GNUInstallDirs)

set(fovea_package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/fovea")

foreach(tree include src)
  install(
    DIRECTORY "${PROJECT_SOURCE_DIR}/${tree}/fovea"
    DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}"
    FILES_MATCHING
    PATTERN "*.h"
    PATTERN "${tree}/fovea/c" EXCLUDE
    PATTERN "${tree}/fovea/dispatch" EXCLUDE
    PATTERN "${tree}/fovea/run_time" EXCLUDE)
endforeach()

# The kernels include theirs as port/..., which is no name for a directory that
# others share.
install(
  DIRECTORY "${PROJECT_SOURCE_DIR}/port"
  DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}/fovea/leaves"
  FILES_MATCHING
  PATTERN "*.h"
  PATTERN "port/boards" EXCLUDE)

# Highway's headers are part of the templates' interface: those of a Highway
# that this build fetched go along, for a system that has none.
if(fovea_hwy_source_dir)
  install(
    DIRECTORY "${fovea_hwy_source_dir}/hwy"
    DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}/fovea/highway"
    FILES_MATCHING
    PATTERN "*.h"
    PATTERN "hwy/contrib" EXCLUDE
    PATTERN "hwy/examples" EXCLUDE
    PATTERN "hwy/tests" EXCLUDE)
  install(
    FILES "${fovea_hwy_source_dir}/LICENSE"
    DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}/fovea/highway"
    OPTIONAL)
endif()
install(FILES "${PROJECT_SOURCE_DIR}/LICENSE"
        DESTINATION "${CMAKE_INSTALL_DATADIR}/licenses/fovea")

# What is in it, as an SPDX document (2.3): fovea and the Highway that it was
# built with, which is installed along or has to be there.
if(NOT fovea_hwy_version) # a target of the enclosing project
  set(fovea_hwy_version NOASSERTION)
endif()
if(fovea_hwy_source_dir)
  set(fovea_hwy_relation CONTAINS)
else()
  set(fovea_hwy_relation DEPENDS_ON)
endif()
# Its name is to be its own: the same for the same content.
string(UUID fovea_sbom_id NAMESPACE 6ba7b811-9dad-11d1-80b4-00c04fd430c8 NAME
            "${PROJECT_VERSION} ${fovea_hwy_relation} ${fovea_hwy_version}" TYPE
            SHA1)
string(TIMESTAMP fovea_sbom_time UTC) # or SOURCE_DATE_EPOCH
configure_file("${PROJECT_SOURCE_DIR}/cmake/fovea.spdx.json.in"
               "${PROJECT_BINARY_DIR}/fovea.spdx.json" @ONLY)
install(FILES "${PROJECT_BINARY_DIR}/fovea.spdx.json"
        DESTINATION "${CMAKE_INSTALL_DATADIR}/fovea")

set(fovea_installed "")
if(FOVEA_BUILD_LIBRARY)
  set_target_properties(fovea_static PROPERTIES EXPORT_NAME static)
  list(APPEND fovea_installed fovea_static)
  if(TARGET fovea_shared)
    set_target_properties(fovea_shared PROPERTIES EXPORT_NAME dynamic)
    list(APPEND fovea_installed fovea_shared)
  endif()
  install(TARGETS ${fovea_installed} EXPORT fovea_targets)
  install(EXPORT fovea_targets NAMESPACE fovea:: FILE fovea-targets.cmake
          DESTINATION "${fovea_package_dir}")
  file(RELATIVE_PATH fovea_pc_to_prefix "/prefix/${CMAKE_INSTALL_LIBDIR}/pkgconfig"
       "/prefix")
  configure_file("${PROJECT_SOURCE_DIR}/cmake/fovea.pc.in"
                 "${PROJECT_BINARY_DIR}/fovea.pc" @ONLY)
  install(FILES "${PROJECT_BINARY_DIR}/fovea.pc"
          DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig")
endif()

configure_package_config_file(
  "${PROJECT_SOURCE_DIR}/cmake/fovea-config.cmake.in"
  "${PROJECT_BINARY_DIR}/fovea-config.cmake"
  INSTALL_DESTINATION "${fovea_package_dir}"
  PATH_VARS CMAKE_INSTALL_INCLUDEDIR)
write_basic_package_version_file("${PROJECT_BINARY_DIR}/fovea-config-version.cmake"
                                 COMPATIBILITY SameMinorVersion)
install(FILES "${PROJECT_BINARY_DIR}/fovea-config.cmake"
              "${PROJECT_BINARY_DIR}/fovea-config-version.cmake"
        DESTINATION "${fovea_package_dir}")
