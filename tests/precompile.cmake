# Makes of PRECOMPILED, a header that is all of troupe, what troupe_syntax_only reads instead of it.
include(${CMAKE_CURRENT_LIST_DIR}/syntax_only.cmake)

file(WRITE ${PRECOMPILED} "#include <troupe/troupe.hpp>\n")
troupe_compile(-x c++-header ${PRECOMPILED} -o ${PRECOMPILED}.gch)
if(NOT status EQUAL 0)
  message("${output}")
  message(FATAL_ERROR "troupe.hpp does not compile")
endif()
