#!/usr/bin/env bash
# docs/tutorial.md shows the programs of examples/tutorial to the letter, in order, and what they print.
source "$(dirname "$0")/common.sh"

# Its blocks of code, one after the other: 1.cpp, 1.text, 2.cpp, … A text is what the program before it prints.
awk '/^```(cpp|text)$/ { kind = substr($0, 4); n += kind == "cpp"; file = n "." kind; printf "" >file; next }
     /^```/ { file = ""; next }
     file { print >file }' "$TROUPE_SOURCE_DIR/docs/tutorial.md"

steps=0
for program in "$TROUPE_SOURCE_DIR"/examples/tutorial/*.cpp; do
  steps=$((steps + 1))
  name=$(basename "$program" .cpp)
  same $steps.cpp "$program" "$name"
  expect 0 "$TROUPE_BIN/tutorial_$name"
  [[ ! -e $steps.text ]] || same $steps.text "$out" "what $name prints"
  [[ $name != 5_watched ]] || says "$err" 'error_rate("check")'
done
((steps == 5)) || not "$steps programs"
[[ ! -e $((steps + 1)).cpp ]] || not "a program of the tutorial is in no file"
