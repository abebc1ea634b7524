#!/usr/bin/env bash
# A line of a single word in the middle of a sentence is told: something has broken that comment.
source "$(dirname "$0")/common.sh"

format=$TROUPE_SOURCE_DIR/scripts/format
mkdir -p tree/{actors,patterns,monitor,alerts,tests,examples,benchmarks}
cp "$TROUPE_SOURCE_DIR/.clang-format" tree
header=tree/actors/one.hpp

refused() { # LINE WORD, of the comment on stdin
  cat >"$header"
  expect 1 "$format" --check tree
  says "$out" "^actors/one.hpp:$1: a single word goes on with the sentence of the line before: $2$"
}
accepted() {
  cat >"$header"
  expect 0 "$format" --check tree
  silent "$out"
}

refused 2 again. <<'END'
/// A sentence that was broken
/// again.
END
refused 3 stop. <<'END'
int x;
int ended; ///< by drain or by
           ///< stop.
END
accepted <<'END'
/// A list:
/// one
/// two
///
/// word
/// A sentence. Another:
///
///     int i = 0;
///     else
int x;
// goes
END

printf 'int  x;\n' >"$header"
expect 1 "$format" --check tree
expect 0 "$format" tree
same <(echo 'int x;') "$header" "what was formatted"
