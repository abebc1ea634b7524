# Compiles SOURCE, which must fail; the first error must hold the text of its first line, `// expect: text`.
# The first error, because that is the one people read.
include(${CMAKE_CURRENT_LIST_DIR}/../syntax_only.cmake)

file(READ ${SOURCE} text) # not file(STRINGS), which escapes semicolons
if(NOT text MATCHES "^// expect: ([^\n]+)")
  message(FATAL_ERROR "${SOURCE} must begin with `// expect: <text of the first error>`")
endif()
set(expected "${CMAKE_MATCH_1}")

troupe_syntax_only(${SOURCE})
if(status EQUAL 0)
  message(FATAL_ERROR "${SOURCE} compiles, and must not.\nExpected: ${expected}")
endif()

string(FIND "${output}" "error:" at)
string(SUBSTRING "${output}" ${at} -1 first_error)
string(REGEX REPLACE "\n.*" "" first_error "${first_error}")
string(FIND "${first_error}" "${expected}" at)
if(at EQUAL -1)
  message("${output}\nexpected: ${expected}\nfound:    ${first_error}\n") # not in the next, which would wrap it
  message(FATAL_ERROR "the first error of ${SOURCE} is not the expected one")
endif()
