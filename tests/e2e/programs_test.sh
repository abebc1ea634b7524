#!/usr/bin/env bash
# What all programs do alike: --help, arguments that they do not know, output that cannot be written, signals.
# shellcheck source=tests/e2e/common.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/common.sh"

fails() { # STATUS COMMAND…, which has redirected its standard output
  local wanted=$1 status=0 && shift
  "$@" 2>"$err" </dev/null || status=$?
  ((status == wanted)) || { echo "status $status, expected $wanted: $*" && cat "$err" && exit 1; }
  says "$err" 'standard output'
}

expect 0 "$TROUPE_BIN/troupe" list
programs=$(awk '{ print $1 }' "$out")
(($(wc -w <<<"$programs") >= 15)) || not "these are all the programs"
for name in $programs; do
  program=$TROUPE_BIN/$name
  expect 0 "$program" --help
  says "$out" "$name"
  silent "$err"
  fails 1 "$program" --help >/dev/full
  fails 1 "$program" --help >&-
  expect 2 "$program" --no-such-option
  says "$err" "^$name: .*no-such-option.*(see $name --help)"
  silent "$out"
done

# Those without options, which are short: their work, too.
for name in hello_pipeline supervised_tree scatter_gather; do
  fails 1 "$TROUPE_BIN/$name" >/dev/full
  fails 1 "$TROUPE_BIN/$name" >&-
done

make_log=$TROUPE_BIN/make_log
for wrong in "--days nan" "--malformed nan" "--lines -1" "--start 9999-12-31" "--malformed inf" "--seed -1"; do
  # shellcheck disable=SC2086 # two words
  expect 2 "$make_log" --lines 1 $wrong
  silent "$out"
  says "$err" "make_log: ${wrong% *}: .*(see make_log --help)"
done

# A carriage return is a byte of a line like others, and a merge can go on into a pipe.
printf 'a\tb\r\na\r\n' >returns
sort -m returns >expected
expect 0 "$TROUPE_BIN/merge_sorted" returns --output -
cmp expected "$out"
cp returns kept
"$TROUPE_BIN/merge_sorted" kept -o - >>kept 2>"$err" && not "merged into its own input"
cmp returns kept
seq -w 1 200000 >numbers
cp numbers kept
"$TROUPE_BIN/merge_sorted" - returns -o kept <kept 2>"$err" && not "its own standard input was replaced"
says "$err" 'both read and to be written'
cmp numbers kept

# A signal ends it with the exit code of a shell.
mkfifo pipe
for signal in INT:130 TERM:143; do
  "$TROUPE_BIN/merge_sorted" pipe -o merged >"$out" 2>"$err" &
  program=$!
  exec 3>pipe # both have it open now: the handlers are there
  kill "-${signal%:*}" $program
  status=0
  wait $program || status=$?
  exec 3>&-
  ((status == ${signal#*:})) || not "merge_sorted ended by $signal: $status"
  says "$err" 'interrupted: what is in "merged" is not complete'
done
