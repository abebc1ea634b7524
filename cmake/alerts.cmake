# troupe::alerts: the listeners that need more than the core does. Built where their packages are; where not, the
# installed package tells who asks for it what was missing.

set(TROUPE_ALERTS_MISSING "")
find_package(spdlog QUIET)
if(NOT TARGET spdlog::spdlog)
  list(APPEND TROUPE_ALERTS_MISSING libspdlog-dev)
endif()
find_package(Boost 1.74 QUIET) # Beast, which is headers only
if(NOT TARGET Boost::headers)
  list(APPEND TROUPE_ALERTS_MISSING libboost-dev)
endif()
list(JOIN TROUPE_ALERTS_MISSING ", " TROUPE_ALERTS_MISSING)
if(TROUPE_ALERTS_MISSING)
  message(STATUS "troupe::alerts is not built, for want of ${TROUPE_ALERTS_MISSING} (names of Debian)")
  return()
endif()

file(GLOB_RECURSE headers CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/alerts/troupe/*.hpp)
file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/alerts/troupe/*.cpp)
add_library(troupe_alerts ${sources})
add_library(troupe::alerts ALIAS troupe_alerts)
set_target_properties(
  troupe_alerts PROPERTIES EXPORT_NAME alerts POSITION_INDEPENDENT_CODE ON VERSION ${PROJECT_VERSION}
                           SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR})
target_sources(troupe_alerts PUBLIC FILE_SET HEADERS BASE_DIRS ${PROJECT_SOURCE_DIR}/alerts FILES ${headers})
if(NOT PROJECT_IS_TOP_LEVEL)
  set_property(TARGET troupe_alerts APPEND PROPERTY INTERFACE_SYSTEM_INCLUDE_DIRECTORIES ${PROJECT_SOURCE_DIR}/alerts)
  if(NOT TROUPE_INSTALL)
    set_property(TARGET troupe_alerts PROPERTY EXCLUDE_FROM_ALL ON) # built for who uses it
  endif()
endif()
target_link_libraries(troupe_alerts PUBLIC troupe_core spdlog::spdlog
                                    PRIVATE $<BUILD_INTERFACE:nlohmann_json::nlohmann_json>
                                            $<BUILD_INTERFACE:Boost::headers>)
# Boost.Asio has fences, which ThreadSanitizer cannot see; ours are to fail its build.
target_compile_options(troupe_alerts PRIVATE ${TROUPE_LIBRARY_OPTIONS} $<$<CXX_COMPILER_ID:GNU>:-Wno-error=tsan>)
