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

# Who includes the headers as their own, and asks for more warnings than we do.
find_program(CLANG clang++)
if(CLANG)
  run(${LAUNCHER} ${CLANG} -std=c++20 -c -o ${WORK}/umbrella.o -Wall -Wextra -Wpedantic -Wshadow -Woverloaded-virtual -Wnon-virtual-dtor -Werror
      -I ${WORK}/prefix/include ${CMAKE_CURRENT_LIST_DIR}/umbrella.cpp)
endif()
