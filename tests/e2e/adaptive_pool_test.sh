#!/usr/bin/env bash
# adaptive_pool: the pool follows its load up and down again, answers every call, and refuses wrong options.
# shellcheck source=tests/e2e/common.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/common.sh"

expect 0 "$TROUPE_BIN/adaptive_pool" --seconds 4 --workers 6
workers=$(awk '$2 == "s" { print $NF }' "$out") # a row ends with their number
(($(wc -l <<<"$workers") == 4000 / 200)) || not "not a row every 200 ms"
first=$(head -n 1 <<<"$workers") most=$(sort -n <<<"$workers" | tail -n 1)
# Callers come at random, so that the pool may have grown by one just now.
last=$(tail -n 1 <<<"$workers") least=$(tail -n 4 <<<"$workers" | sort -n | head -n 1)
# At its most, the load keeps 4.5 of 6 workers busy; at either end less than half of one.
((first == 1)) || not "it did not begin with one worker"
((most >= 4 && most <= 6)) || not "it did not grow with the load"
((least <= 2)) || not "it did not shrink again"
grep -q "^workers: 1 at least, $most at most, $last at the end" "$out" || not "the sum does not tell what the rows do"
calls=$(sed -n 's/^\([0-9]*\) calls: \([0-9]*\) answered, 0 refused.*/\1 \2/p' "$out")
[[ -n $calls && ${calls% *} == "${calls#* }" ]] || not "not every call was answered"

expect 0 "$TROUPE_BIN/adaptive_pool" --help
for wrong in --workers=1 --workers=65 --seconds=0 --seconds=soon --no-such-option; do
  expect 2 "$TROUPE_BIN/adaptive_pool" $wrong
  grep -q -- "${wrong%=*}.*see adaptive_pool --help" "$err" || { echo "nothing about $wrong in:" && cat "$err" && exit 1; }
done
