# Compiles every block of C++ in the page PAGE of SOURCE_DIR, as blocks.awk places them, in the folder WORK.
include(${CMAKE_CURRENT_LIST_DIR}/../syntax_only.cmake)

file(REMOVE_RECURSE ${WORK})
file(MAKE_DIRECTORY ${WORK})
set(stem ${WORK}/blocks)
execute_process(
  COMMAND awk -v page=${PAGE} -v out=${stem} -f ${CMAKE_CURRENT_LIST_DIR}/blocks.awk ${SOURCE_DIR}/${PAGE}
  RESULT_VARIABLE status OUTPUT_VARIABLE blocks ERROR_VARIABLE output OUTPUT_STRIP_TRAILING_WHITESPACE)
if(NOT status EQUAL 0)
  message(FATAL_ERROR "${output}")
endif()

# Counted apart from blocks.awk.
file(STRINGS ${SOURCE_DIR}/${PAGE} fences REGEX "^ *```cpp")
list(LENGTH fences wanted)
if(NOT blocks EQUAL wanted)
  message(FATAL_ERROR "${PAGE} has ${wanted} blocks of C++, of which ${blocks} were found")
endif()
message(STATUS "${PAGE}: ${blocks} blocks")

if(EXISTS ${stem}.cpp)
  # A fragment does not use all that it makes, and a `main` that is in a namespace is told to return something.
  troupe_syntax_only(${stem}.cpp -I${CMAKE_CURRENT_LIST_DIR} -Wall -Wextra -Wconversion -Werror -Wno-unused
                     -Wno-return-type)
  if(NOT status EQUAL 0)
    message("${output}") # not in the next, which would wrap it
    message(FATAL_ERROR "${PAGE}: a block does not compile")
  endif()
endif()
file(GLOB refused ${stem}_*.cpp)
foreach(SOURCE IN LISTS refused)
  list(APPEND INCLUDES ${CMAKE_CURRENT_LIST_DIR})
  include(${CMAKE_CURRENT_LIST_DIR}/../wont_compile/run.cmake)
endforeach()
