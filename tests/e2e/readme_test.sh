#!/usr/bin/env bash
# What README and examples.md show is so: the program is an example to the letter, and programs print what is said there.
set -euo pipefail

cd "$TROUPE_SOURCE_DIR"

block() { # PAGE LANGUAGE [HEADING]: the first block of code in it, or the last below a heading
  awk -v begin="\`\`\`$2" -v heading="${3-}" '
    heading != "" && /^## / { below = $0 == "## " heading }
    $0 == begin { inside = 1; text = ""; next }
    inside && $0 == "```" { inside = 0; if (heading == "") { printf "%s", text; exit } if (below) last = text }
    inside { text = text $0 "\n" }
    END { printf "%s", last }' "$1"
}
same() { # WHAT SHOWN-FILE REAL-FILE
  diff -u "$2" "$3" || { echo "$1 is not what is shown (-: shown, +: as it is)" && exit 1; }
}

same examples/hello_pipeline.cpp <(block README.md cpp) examples/hello_pipeline.cpp
same "what hello_pipeline prints" <(block README.md text) <("$TROUPE_BIN/hello_pipeline")

report=$(block docs/examples.md text log_analytics | sed '/…/,$d')
same "the report of log_analytics" <(echo "$report") \
  <("$TROUPE_BIN/log_analytics" examples/data/sample.log | head -n "$(wc -l <<<"$report")")
