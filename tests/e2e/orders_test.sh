#!/usr/bin/env bash
# orders: every line is in the ledger or a dead letter, the breaker refuses while prices cannot be had, alerts are
# raised and resolved; what is wrong with files and options is said.
# shellcheck source=tests/e2e/common.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/common.sh"

orders=$TROUPE_BIN/orders

count() { # STAGE WHAT
  sed -n "s/^$1: .*\b$2 \([0-9]*\).*/\1/p" out
}

mkdir tmp
TMPDIR=$work/tmp expect 0 "$orders" --orders 1000
[[ -z $(ls tmp) ]] || not "the input that it made is left"
# Every 50th of 1000 lines is malformed. Lines 400 to 599 find no price, but for 4 of them which are malformed.
failed=$(count pricing failed)
(($(count read received) == 1000 && $(count parse failed) == 20)) || not "the lines"
(($(count throttle delivered) == 980 && $(count pricing received) == 980)) || not "the orders"
((failed >= 196)) || not "a price from a server that is out of order"
(($(count ledger received) == 980 - failed)) || not "the ledger"
grep -q "^1000 lines: $((980 - failed)) receipts .* $((20 + failed)) dead letters; " out || not "the sum"
# 50 may pass at once, the other 930 at 500 a second.
took=$(sed -n 's/.*; \([0-9]*\) ms$/\1/p' out)
((took >= 1850)) || not "faster than agreed"
letters=$(awk '/^ +[0-9]+  (parse|pricing), / { sum += $1 } END { print sum }' out)
((letters == 20 + failed)) || not "the dead letters are not those that are counted"
grep -q '^ *20  parse, stage_failed; the first: "10050,tea,many": ' out || not "the malformed lines"
grep -q '^ *[1-9][0-9]*  pricing, breaker_open; ' out || not "the breaker has refused nothing"
# 2 % of the lines are malformed, so that they are more than 1 % of those of some period.
grep -q ' s  warning: error_rate("parse") = ' out || not "no alert"
raised=$(grep -cE '^ *[0-9.]+ s  (warning|critical): ' out) resolved=$(grep -cE '^ *[0-9.]+ s  resolved: ' out)
((raised == resolved)) || not "an alert was not resolved, or twice"
grep -q "; $raised alerts; " out || not "the number of alerts"

# Tea costs 1.75, cheese 2.50; a price server that nothing was said about works.
printf '%s\n' 1,tea,2 2,cheese,1000 3,tea 4,,1 5,tea,1001 6,tea,2x tea >file
printf '8,cheese,1' >>file
expect 0 "$orders" file
grep -q '^8 lines: 3 receipts over 2506 euros, 5 dead letters; ' out || not "the file"
(($(count parse failed) == 5)) && [[ -z $(count pricing failed) ]] || not "the malformed lines of the file"
"$orders" - <file >out
grep -q '^8 lines: 3 receipts' out || not "standard input"

expect 1 "$orders" no_such_file
grep -q 'cannot open "no_such_file": No such file' err || { cat err && exit 1; }
expect 0 "$orders" --help
for wrong in --orders=99 --orders=many --rate=99 --rate=1001 --no-such-option; do
  expect 2 "$orders" $wrong
  grep -q -- "${wrong%=*}.*see orders --help" err || { echo "nothing about $wrong in:" && cat err && exit 1; }
done
expect 2 "$orders" --orders=100 file
