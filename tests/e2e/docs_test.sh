#!/usr/bin/env bash
# What the pages show as ```text is printed, by the command that a comment in front of it names:
#   <!-- printed by: COMMAND -->   each line, in this order; … stands for what is left out
#   <!-- one run of: COMMAND -->   each line that is not indented, but for its numbers
# Pictures are not printed, and docs/tutorial.md has a test of its own. Also: what is wrong with the C++ of a page is told
# (tests/docs/blocks.awk).
source "$(dirname "$0")/common.sh"
root=$TROUPE_SOURCE_DIR

# N.text and N.how of each; how: "PAGE:LINE KIND COMMAND".
(cd "$root" && find README.md docs -name '*.md' ! -name tutorial.md -print0 | sort -z) >pages
(cd "$root" && xargs -0 awk -v work="$work" '
  /^<!-- (printed by|one run of): / { how = $2; sub(/^[^:]*: */, ""); sub(/ *-->.*/, ""); how = how " " $0; next }
  /^```text$/ { n++; print FILENAME ":" FNR " " how >(work "/" n ".how"); how = ""; inside = 1; next }
  /^```/ { inside = 0 }
  inside { print >(work "/" n ".text") }
  /./ && !inside { how = "" }') <pages

in_order() { # SHOWN PRINTED
  awk 'NR == FNR { if ($0 !~ /^ *…$/) want[++n] = $0; next } $0 == want[found + 1] { ++found }
       END { if (found < n) { print "not printed: " want[found + 1]; exit 1 } }' "$1" "$2"
}
alike() { # SHOWN PRINTED
  local shape='/^[[:space:]$]/d; /^$/d; s/[0-9][0-9.,]*/N/g'
  comm -23 <(sed "$shape" "$1" | sort -u) <(sed "$shape" "$2" | sort -u) >"$work/missing"
  [[ ! -s $work/missing ]] || { echo "nothing like it is printed: $(head -n 1 "$work/missing")" && return 1; }
}

shown=0
while read -r where kind program arguments; do
  shown=$((shown + 1))
  [[ $program ]] || ! grep -q -e '-->' "$shown.text" || continue # a picture
  [[ $program ]] || { echo "$where: no comment says what prints this" && exit 1; }
  # shellcheck disable=SC2086 # words
  (cd "$root" && expect 0 "$TROUPE_BIN/$program" $arguments)
  if [[ $kind == printed ]]; then check=in_order; else check=alike; fi
  $check "$shown.text" "$out" || { echo "$where: this is not what $program prints" && exit 1; }
done < <(ls [0-9]*.how | sort -n | xargs cat)
((shown >= 3)) || { echo "only $shown texts found" && exit 1; }

wrong() { # LINE WHY, of the page on stdin
  cat >page.md
  expect 1 awk -v page=page.md -v out="$work/code" -f "$root/tests/docs/blocks.awk" page.md
  says "$err" "^page.md:$1: $2"
}
wrong 2 "this looks like C++: mark its block so" <<'END'
```
auto f = tr::from("a", v);
```
END
wrong 1 'a block of "c++", which is none of' <<'END'
```c++
END
wrong 1 "this block has no end" <<'END'
```cpp
int i;
END
wrong 1 "no block of C++ follows" <<'END'
<!-- given: int i; -->
text
```cpp
++i;
```
END

cat >page.md <<'END'
<!-- given: int i; -->

```cpp
#include <vector>
++i;
```
<!-- wont_compile: a sentence -->
```cpp
i = "";
```
END
expect 0 awk -v page=page.md -v out="$work/code" -f "$root/tests/docs/blocks.awk" page.md
says "$out" '^2$'
says code.cpp '^#line 4 "page.md"$'
says code_8.cpp '^// expect: a sentence$'
