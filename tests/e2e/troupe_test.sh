#!/usr/bin/env bash
# The troupe command: what it says, where, and its exit status.
# shellcheck source=tests/e2e/common.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/common.sh"

troupe=$TROUPE_BIN/troupe

expect 0 "$troupe" --version
says "$out" '^troupe [0-9]*\.[0-9]*\.[0-9]*$'
expect 0 "$troupe" --help
says "$out" list
says "$out" run
expect 0 "$troupe" run --help
says "$out" EXAMPLE

# Every example is listed with its description; its program is there, and a section that says what to look at.
expect 0 "$troupe" list
silent "$err"
while read -r name description; do
  [[ -x $TROUPE_BIN/$name && -n $description ]] || { echo "listed, but not there: $name" && exit 1; }
  grep -qx "## $name" "$TROUPE_SOURCE_DIR/docs/examples.md" || { echo "not in docs/examples.md: $name" && exit 1; }
done <"$out"
says "$out" '^hello_pipeline '

expect 2 "$troupe" run no_such_example
silent "$out"
says "$err" 'no_such_example.*hello_pipeline'
expect 2 "$troupe"
expect 2 "$troupe" no_such_command
expect 2 "$troupe" run
expect 2 "$troupe" list --no-such-option
silent "$out"
expect 1 sh -c "'$troupe' list >/dev/full"

# The example's exit status and output are passed on, from any folder and through a symbolic link.
cd /
expect 0 "$troupe" run hello_pipeline
[[ -s $out ]] || { echo "hello_pipeline said nothing" && exit 1; }
links=$(mktemp -d)
ln -s "$troupe" "$links/troupe"
expect 0 "$links/troupe" run hello_pipeline
rm -r "$links"
