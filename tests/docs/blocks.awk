# Makes C++ of the blocks of a page: awk -v page=NAME -v out=STEM -f blocks.awk PAGE writes STEM.cpp, and STEM_LINE.cpp
# for a block that must not compile. Each block is a function in a namespace of its own; one with a `main`, or that is
# marked so, is all of its namespace. Comments of the page, which a reader does not see, say the rest:
#   <!-- given: DECLARATIONS -->          what the next block takes as given
#   <!-- given inside: … -->              the same, in its function: what a lambda captures
#   <!-- given on this page: … -->        what all that follow take as given
#   <!-- namespace scope -->              the next block holds functions or types
#   <!-- wont_compile: SENTENCE -->       the first error of the next block holds this
# Prints the number of blocks. Nothing is skipped: what cannot be placed is an error.

function wrong(line, why) {
  printf "%s:%d: %s\n", page, line, why >"/dev/stderr"
  failed = 1
}
function at(line) { return "#line " line " \"" page "\"\n" } # where the compiler says that what follows is

function take_comment(   text) {
  text = comment
  sub(/^ *<!-- */, "", text)
  sub(/ *-->.*/, "", text)
  if (sub(/^given on this page:/, "", text)) {
    shared = shared at(comment_line) text "\n"
    return
  }
  if (sub(/^given inside:/, "", text)) local = local at(comment_line) text "\n"
  else if (sub(/^given:/, "", text)) given = given at(comment_line) text "\n"
  else if (sub(/^wont_compile: */, "", text)) refusal = text
  else if (text == "namespace scope") scope = 1
  else return
  if (!pending) pending = comment_line
}

function take_block(   text) {
  ++blocks
  if (!scope) code = "void block() {\n" local code "}\n"
  text = "namespace block_" opened " {\n" given code "}\n"
  if (refusal == "") all = all text
  else print "// expect: " refusal "\n" start shared includes text >(out "_" opened ".cpp")
  given = ""; local = ""; refusal = ""; scope = 0; pending = 0
}

function take_code(line) {
  if (line ~ /^ *#include/) { includes = includes line "\n"; line = "" } # not inside of a namespace
  if (line ~ /^int main\(/) scope = 1
  code = code line "\n"
}

BEGIN { start = "#include \"prelude.hpp\"\n" }

inside { # a fence
  if ($0 ~ /^ *```/) {
    if (inside == "cpp") take_block()
    inside = ""
  } else if (inside == "cpp") {
    take_code($0)
  } else if (inside == "plain" && $0 ~ /(tr|troupe|std|caf)::[a-z]|;$/) {
    wrong(NR, "this looks like C++: mark its block so, ```cpp, or as the ```text that is printed")
  }
  next
}
/^ *<!--/ { comment = ""; comment_line = NR; in_comment = 1 }
in_comment {
  comment = comment (comment == "" ? "" : "\n") $0
  if ($0 ~ /-->/) { in_comment = 0; take_comment() }
  next
}
/^ *```/ {
  inside = $0; sub(/^ *```/, "", inside); if (inside == "") inside = "plain"
  opened = NR
  if (inside == "cpp") code = at(NR + 1)
  else if (inside !~ /^(plain|text|cmake|sh)$/) wrong(NR, "a block of \"" inside "\", which is none of cpp, text, cmake, sh")
}
pending && inside != "cpp" && $0 !~ /^ *$/ { wrong(pending, "no block of C++ follows"); pending = 0 }

END {
  if (inside) wrong(opened, "this block has no end")
  if (pending) wrong(pending, "no block of C++ follows")
  if (all != "") print start includes shared all >(out ".cpp")
  print blocks + 0
  exit failed
}
