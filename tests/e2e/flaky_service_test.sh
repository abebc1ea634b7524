#!/usr/bin/env bash
# flaky_service: the breaker opens, tries, closes again, and spares the backend; every call ends; wrong options are refused.
# shellcheck source=tests/e2e/common.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/common.sh"

sums() { sed -n "s/^ *$1  *\([0-9.]*\)  *\([0-9.]*\)$/\1 \2/p" "$out"; } # WHAT: without and with the breaker

expect 0 "$TROUPE_BIN/flaky_service" --seconds 6 --rate 50
# A row every 250 ms: 4 of the backend being well, 4 of slow, 8 of failing, 8 of well.
backend=$(awk '/^ *[0-9.]+ s  (healthy|slow|failing)/ { print $3 }' "$out" | uniq -c | xargs)
[[ $backend == "4 healthy 4 slow 8 failing 8 healthy" ]] || not "not the script: $backend"

# It opens first; every later state follows from the one before, out of open only by trials.
awk '/the breaker:/ {
  if ($5 != (n++ ? state : "closed") || ($5 == "open" && $7 != "half_open"))
    exit 1
  state = $7
  closed += $5 == "half_open" && $7 == "closed"
} END { exit !(n >= 3 && closed) }' "$out" || not "the states of the breaker do not follow each other"

read -r calls_without calls_with <<<"$(sums calls)"
read -r answered_without answered_with <<<"$(sums answered)"
read -r failed_without failed_with <<<"$(sums failed)"
read -r refused_without refused_with <<<"$(sums 'refused by the breaker')"
read -r load_without load_with <<<"$(sums 'reached the backend')"
((calls_without == 300 && calls_with == 300)) || not "not every call ended"
((answered_without + failed_without == 300 && refused_without == 0)) || not "the sums without a breaker"
((answered_with + failed_with + refused_with == 300 && refused_with > 0)) || not "the sums with a breaker"
((load_with < load_without)) || not "the backend was not spared"
grep -q "^saved: $((load_without - load_with)) calls of the backend" "$out" || not "what was saved is not the difference"

expect 0 "$TROUPE_BIN/flaky_service" --help
for wrong in --seconds=2 --seconds=61 --rate=39 --rate=fast --no-such-option; do
  expect 2 "$TROUPE_BIN/flaky_service" $wrong
  grep -q -- "${wrong%=*}.*see flaky_service --help" "$err" || { echo "nothing about $wrong in:" && cat "$err" && exit 1; }
done
