# troupe_syntax_only(SOURCE [FLAG...]): compiles SOURCE without making anything of it, and sets `status` and `output`.
# The script is given COMPILER, INCLUDES and IMPLICIT, the folders that the compiler knows by itself.
function(troupe_syntax_only source)
  # -isystem /usr/include would hide the standard library's own headers from it.
  list(REMOVE_ITEM INCLUDES ${IMPLICIT} "")
  list(TRANSFORM INCLUDES PREPEND "-I")
  execute_process(COMMAND ${COMPILER} -std=c++20 -fsyntax-only ${INCLUDES} ${ARGN} ${source}
                  RESULT_VARIABLE status OUTPUT_VARIABLE output ERROR_VARIABLE output)
  set(status "${status}" PARENT_SCOPE)
  set(output "${output}" PARENT_SCOPE)
endfunction()
