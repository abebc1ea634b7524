#!/usr/bin/env bash
# hedged_reads: the same luck with and without hedging, a shorter tail with it, few attempts more; wrong options are refused.
# shellcheck source=tests/e2e/common.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/common.sh"

holds() { awk "BEGIN { exit !($1) }"; }
row() { sed -n "s/^$1  *//p" "$out" | head -n 1; } # p50, p90, p99, max, attempts, extra load

slow_of() { sed -n 's/.*the first attempt of \([0-9]*\) takes 30 times as long$/\1/p' "$out"; }

expect 0 "$TROUPE_BIN/hedged_reads" --reads 400 --rate 200 --seed 2
slow=$(slow_of)
# 8 of 400 are expected. More than 4 of them, so that p99 (rank 396) without hedging is one of them.
((slow > 4 && slow < 20)) || not "not 2 % of the reads are slow"
read -r p50 p90 p99 most attempts load _ <<<"$(row without)"
[[ $attempts == 400 && $load == 0.0 ]] || not "without hedging each read is one attempt"
# A read takes 8 ms at least, a slow one 30 times that.
holds "$p50 >= 8 && $p50 <= $p90 && $p90 <= $p99 && $p99 >= 240 && $p99 <= $most" || not "the quantiles without hedging"

read -r hp50 hp90 hp99 hmost hattempts hload _ <<<"$(row 'hedge at 0.95')"
holds "$hp50 >= 8 && $hp50 <= $hp90 && $hp90 <= $hp99 && $hp99 <= $hmost" || not "the quantiles with hedging"
holds "$hp99 < $p99" || not "hedging did not shorten the tail"
# The budget: at most a fifth of the calls, and the floor of 3 while there were few.
((hattempts > 400 && hattempts <= 400 + 400 / 5 + 15)) || not "more attempts than the budget allows"
holds "($hattempts / 4 - 100 - $hload) ^ 2 <= 0.06 ^ 2" || not "the extra load is not that of the attempts"
grep -q "^$((hattempts - 400)) second attempts, " "$out" || not "the second attempts are not the extra ones"
for column in 1 2; do # every read is in one line of the table
  sum=$(sed -n 's/.* ms\( or more\)\?  *\([0-9]*\)  *\([0-9]*\)$/\2 \3/p' "$out" | awk "{ sum += \$$column } END { print sum }")
  ((sum == 400)) || not "the table does not show every read: $sum"
done

# Another seed, other luck; the same seed, the same.
expect 0 "$TROUPE_BIN/hedged_reads" --reads 400 --rate 1000 --seed 2
[[ $(slow_of) == "$slow" ]] || not "the seed does not decide"
expect 0 "$TROUPE_BIN/hedged_reads" --help
for wrong in --reads=99 --reads=100001 --rate=9 --rate=fast --seed=-1 --seed=x --no-such-option; do
  expect 2 "$TROUPE_BIN/hedged_reads" $wrong
  grep -q -- "${wrong%=*}.*see hedged_reads --help" "$err" || { echo "nothing about $wrong in:" && cat "$err" && exit 1; }
done
