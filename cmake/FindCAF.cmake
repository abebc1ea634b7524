# Finds CAF, the C++ Actor Framework, and defines CAF::core.
#
# CAF 0.18 and later install a CMake package, which is preferred. 0.17, which Debian and Ubuntu ship, is headers and
# libraries only: those are looked for here. Installed along with troupe, for the same reason.

find_package(CAF CONFIG QUIET COMPONENTS core)

if(NOT TARGET CAF::core)
  find_path(CAF_INCLUDE_DIR caf/config.hpp)
  find_library(CAF_CORE_LIBRARY caf_core)
  mark_as_advanced(CAF_INCLUDE_DIR CAF_CORE_LIBRARY)

  if(CAF_INCLUDE_DIR) # 0.17.6 is written as 1706
    file(STRINGS ${CAF_INCLUDE_DIR}/caf/config.hpp line REGEX "^#define CAF_VERSION [0-9]+")
    if(line MATCHES "CAF_VERSION ([0-9]+)")
      math(EXPR major "${CMAKE_MATCH_1} / 10000")
      math(EXPR minor "${CMAKE_MATCH_1} / 100 % 100")
      math(EXPR patch "${CMAKE_MATCH_1} % 100")
      set(CAF_VERSION ${major}.${minor}.${patch})
    endif()
  endif()
endif()

if(TARGET CAF::core)
  set(CAF_core_FOUND TRUE)
elseif(CAF_INCLUDE_DIR AND CAF_CORE_LIBRARY)
  set(CAF_core_FOUND TRUE)
  find_package(Threads REQUIRED)
  add_library(CAF::core UNKNOWN IMPORTED)
  set_target_properties(CAF::core PROPERTIES IMPORTED_LOCATION ${CAF_CORE_LIBRARY}
                                             INTERFACE_INCLUDE_DIRECTORIES ${CAF_INCLUDE_DIR}
                                             INTERFACE_LINK_LIBRARIES Threads::Threads)
endif()

if(CAF_CONFIG)
  set(CAF_where ${CAF_CONFIG})
else()
  set(CAF_where ${CAF_CORE_LIBRARY})
endif()
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(
  CAF REQUIRED_VARS CAF_where VERSION_VAR CAF_VERSION HANDLE_COMPONENTS
  REASON_FAILURE_MESSAGE "On Debian and Ubuntu: apt-get install libcaf-dev")
