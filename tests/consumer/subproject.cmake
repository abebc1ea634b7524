# Configures a project that has troupe as a subdirectory, shared and static, and looks at what would be built; compiles
# two files of it.

include(${CMAKE_CURRENT_LIST_DIR}/steps.cmake)

function(expect text pattern what)
  if(NOT "${text}" MATCHES "${pattern}")
    message(FATAL_ERROR "not so: ${what} (${pattern})")
  endif()
endfunction()

file(REMOVE_RECURSE ${WORK})
set(ENV{CMAKE_CXX_COMPILER_LAUNCHER} "${LAUNCHER}")
foreach(shared IN ITEMS ON OFF)
  run(${CMAKE_COMMAND} -S ${CMAKE_CURRENT_LIST_DIR}/subproject -B ${WORK}/build -G Ninja -DTROUPE=${SOURCE}
      -DCMAKE_CXX_COMPILER=${COMPILER} -DCMAKE_DISABLE_PRECOMPILE_HEADERS=ON
      -DBUILD_SHARED_LIBS=${shared})
  file(READ ${WORK}/build/build.ninja rules)
  if(shared)
    expect("${rules}" "SONAME = libtroupe_core\\.so\\.${SOVERSION}\n" "a shared library is called by its version")
  endif()
  expect("${rules}" " -fPIC " "the library is position independent code")
  expect("${rules}" "-isystem [^\n]*/patterns" "to the parent, its headers are those of the system")
endforeach()

file(READ ${WORK}/build/troupe/cmake_install.cmake rules)
if(rules MATCHES "file\\(INSTALL")
  message(FATAL_ERROR "troupe as a subdirectory installs itself with its parent")
endif()

set(objects CMakeFiles/troupe_core.dir)
run(${CMAKE_COMMAND} --build ${WORK}/build --target troupe/${objects}/patterns/troupe/topology.cpp.o parent)
