# troupe_compile(ARGUMENT...): runs COMPILER, and sets `status` and `output`. Where the headers are is in INCLUDES;
# IMPLICIT are the folders that the compiler knows by itself.
function(troupe_compile)
  # -isystem /usr/include would hide the standard library's own headers from it.
  list(REMOVE_ITEM INCLUDES ${IMPLICIT} "")
  list(TRANSFORM INCLUDES PREPEND "-I")
  execute_process(COMMAND ${COMPILER} -std=c++20 ${INCLUDES} ${ARGN}
                  RESULT_VARIABLE status OUTPUT_VARIABLE output ERROR_VARIABLE output)
  set(status "${status}" PARENT_SCOPE)
  set(output "${output}" PARENT_SCOPE)
endfunction()

# troupe_syntax_only(SOURCE [FLAG...]): compiles SOURCE, behind the header PRECOMPILED, without making anything of it.
macro(troupe_syntax_only source)
  troupe_compile(-fsyntax-only -include ${PRECOMPILED} ${ARGN} ${source})
endmacro()
