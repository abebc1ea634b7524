#!/usr/bin/env bash
# What the README shows is so: its program is an example to the letter and prints what is said there.
set -euo pipefail
readme=$TROUPE_SOURCE_DIR/README.md

block() { # LANGUAGE: the first block of code in it
  awk -v begin="\`\`\`$1" '$0 == begin { inside = 1; next } inside && $0 == "```" { exit } inside' "$readme"
}
same() { # WHAT SHOWN-FILE REAL-FILE
  diff -u "$2" "$3" || { echo "the README does not show $1 (-: the README, +: as it is)" && exit 1; }
}

same examples/hello_pipeline.cpp <(block cpp) "$TROUPE_SOURCE_DIR/examples/hello_pipeline.cpp"
same "what hello_pipeline prints" <(block text) <("$TROUPE_BIN/hello_pipeline")
