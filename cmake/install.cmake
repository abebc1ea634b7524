# The library, its headers and the CMake package: find_package(troupe 0.1 COMPONENTS core alerts).

include(GNUInstallDirs)
include(CMakePackageConfigHelpers)
set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/troupe)

install(TARGETS troupe_core EXPORT troupe_core FILE_SET HEADERS)
install(EXPORT troupe_core NAMESPACE troupe:: DESTINATION ${package_dir})

if(TARGET troupe_alerts)
  install(TARGETS troupe_alerts EXPORT troupe_alerts FILE_SET HEADERS)
  install(EXPORT troupe_alerts NAMESPACE troupe:: DESTINATION ${package_dir})
endif()

if(NOT DEFINED ZLIB_FOUND)
  set(ZLIB_FOUND FALSE)
endif()
configure_package_config_file(cmake/troupeConfig.cmake.in ${PROJECT_BINARY_DIR}/troupeConfig.cmake
                              INSTALL_DESTINATION ${package_dir})
# Before 1.0 a minor version may break its users.
write_basic_package_version_file(${PROJECT_BINARY_DIR}/troupeConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/troupeConfig.cmake ${PROJECT_BINARY_DIR}/troupeConfigVersion.cmake
              cmake/FindCAF.cmake
        DESTINATION ${package_dir})
