#!/usr/bin/env bash
# The program that the README shows is an example, to the letter. What it prints is looked at by docs_test.sh.
source "$(dirname "$0")/common.sh"

awk '$0 == "```cpp" { inside = 1; next } inside && $0 == "```" { exit } inside' "$TROUPE_SOURCE_DIR/README.md" >shown.cpp
same "$TROUPE_SOURCE_DIR/examples/hello_pipeline.cpp" shown.cpp "the program of the README"
