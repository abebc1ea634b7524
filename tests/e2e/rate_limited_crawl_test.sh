#!/usr/bin/env bash
# rate_limited_crawl: every page is fetched, not faster than agreed, and wrong options are refused.
# shellcheck source=tests/e2e/common.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/common.sh"

expect 0 "$TROUPE_BIN/rate_limited_crawl" --pages 200 --rate 100
took=$(sed -n 's/^200 pages, 0 failed, in \([0-9.]*\) s$/\1/p' "$out")
[[ -n $took ]] || not "not every page was fetched"
# 5 come at once, the others at 100 a second at most, also before the rate is halved.
awk -v took="$took" 'BEGIN { exit !(took >= 1.95) }' || not "it was faster than agreed"
grep -q "s .* of 100 " "$out" || not "no row tells the rate"
grep -q "s .* of 50 " "$out" || not "the rate was not halved"
grep -q "^the site's busiest second: [0-9]* requests; agreed: 5 + 100$" "$out" || not "the site was not asked"

expect 0 "$TROUPE_BIN/rate_limited_crawl" --pages 1
expect 0 "$TROUPE_BIN/rate_limited_crawl" --help
for wrong in --pages=0 --rate=1 --rate=fast --no-such-option; do
  expect 2 "$TROUPE_BIN/rate_limited_crawl" $wrong
  grep -q -- "${wrong%=*}.*see rate_limited_crawl --help" "$err" || { echo "nothing about $wrong in:" && cat "$err" && exit 1; }
done
