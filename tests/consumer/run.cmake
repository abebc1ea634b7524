# Installs the build tree BUILD to a fresh prefix below WORK, then configures, builds and runs the project beside this
# file against it.

include(${CMAKE_CURRENT_LIST_DIR}/steps.cmake)

file(REMOVE_RECURSE ${WORK})
set(ENV{CMAKE_CXX_COMPILER_LAUNCHER} "${LAUNCHER}")
run(${CMAKE_COMMAND} --install ${BUILD} --config ${CONFIG} --prefix ${WORK}/prefix)
run(${CMAKE_COMMAND} -S ${CMAKE_CURRENT_LIST_DIR} -B ${WORK}/build -G ${GENERATOR} -DCMAKE_CXX_COMPILER=${COMPILER}
    -DCMAKE_CXX_FLAGS=${FLAGS} -DCMAKE_PREFIX_PATH=${WORK}/prefix -DCMAKE_FIND_PACKAGE_NO_PACKAGE_REGISTRY=ON)
run(${CMAKE_COMMAND} --build ${WORK}/build)
run(${WORK}/build/consumer)
run(${WORK}/build/alerts)

# The package of a build that had no spdlog.
run(${CMAKE_COMMAND} -S ${CMAKE_CURRENT_LIST_DIR}/../.. -B ${WORK}/without -G ${GENERATOR}
    -DCMAKE_CXX_COMPILER=${COMPILER} -DCMAKE_DISABLE_FIND_PACKAGE_spdlog=ON -DTROUPE_BUILD_TESTS=OFF
    -DTROUPE_BUILD_EXAMPLES=OFF -DTROUPE_BUILD_BENCHMARKS=OFF)
file(GLOB package ${WORK}/prefix/lib*/cmake/troupe ${WORK}/prefix/lib*/*/cmake/troupe)
file(GLOB of_alerts ${package}/troupe_alerts*)
file(REMOVE ${of_alerts})
file(COPY ${WORK}/without/troupeConfig.cmake DESTINATION ${package})
run(${CMAKE_COMMAND} -S ${CMAKE_CURRENT_LIST_DIR} -B ${WORK}/build_without -G ${GENERATOR}
    -DCMAKE_CXX_COMPILER=${COMPILER} -DCMAKE_PREFIX_PATH=${WORK}/prefix -DWITHOUT_ALERTS=ON
    -DCMAKE_FIND_PACKAGE_NO_PACKAGE_REGISTRY=ON)

# Who includes the headers as their own, and asks for more warnings than we do.
find_program(CLANG clang++)
if(CLANG)
  run(${LAUNCHER} ${CLANG} -std=c++20 -c -o ${WORK}/umbrella.o -Wall -Wextra -Wpedantic -Wshadow -Woverloaded-virtual -Wnon-virtual-dtor -Werror
      -I ${WORK}/prefix/include ${CMAKE_CURRENT_LIST_DIR}/umbrella.cpp)
endif()
