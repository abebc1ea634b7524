#!/usr/bin/env bash
# What log_analytics makes of odd and damaged logs, that it destroys nothing, and how it ends.
# shellcheck source=tests/e2e/common.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/common.sh"

analytics=$TROUPE_BIN/log_analytics
request='[10/Mar/2024:12:34:56 +0000] "GET / HTTP/1.1" 200 5'
line="192.0.2.7 - - $request \"-\" \"x\""
value() { sed -n "s/^    \"$1\": \([^,]*\),\{0,1\}$/\1/p" "$out" | head -n 1; }
figures() { # OPTIONS…; "lines requests failed skipped outside" of the last report
  echo "$(value lines) $(value requests) $(value failed_lines) $(value skipped_lines) $(value outside_range)"
}
is() { [[ $1 == "$2" ]] || not "\"$1\" where \"$2\" was expected"; }

# -- a gzip that is cut off: all whole lines in front of the cut, each time, and then the next file --------------------
for i in $(seq 20000); do echo "192.0.2.$((i % 250)) - - $request \"-\" \"agent $i\""; done >large
gzip -c large >whole.gz
head -c -1 whole.gz >cut.gz
head -c 30000 whole.gz >half.gz
echo "$line" >small
for workers in 1 2 5; do
  expect 1 "$analytics" cut.gz small --json --workers $workers
  is "$(figures)" "20001 20001 0 0 0"
  says err 'log_analytics: cannot read "cut.gz": unexpected end of file, behind line 20000$'
  expect 1 "$analytics" half.gz --json --workers $workers
  is "$(value lines)" "$(zcat half.gz 2>/dev/null | wc -l)"
  cp out "half.$workers"
done
cmp half.1 half.2 && cmp half.1 half.5
"$analytics" - --json <whole.gz >out
is "$(figures)" "20000 20000 0 0 0"
# shellcheck disable=SC2002 # a pipe is what is tried
cat whole.gz | "$analytics" - --json >out
is "$(figures)" "20000 20000 0 0 0"

# -- odd lines -------------------------------------------------------------------------------------------------------
{ head -c 1100000 /dev/zero && for _ in $(seq 50); do echo "$line"; done; } >hole
expect 0 "$analytics" hole --json
is "$(figures)" "50 50 0 0 0"
# shellcheck disable=SC2002
cat hole | "$analytics" - --json >out
is "$(figures)" "50 50 0 0 0"
{ printf '\xef\xbb\xbf%s\r\n\r\n  \n# rotated\n' "$line" && echo junk; } >odd
expect 0 "$analytics" odd --json
is "$(figures)" "5 1 1 3 0"
expect 0 "$analytics" small --json --since 2024-03-10 --until 2024-03-10
is "$(figures)" "1 1 0 0 0"
printf '192.0.2.7 - - [%s] "GET / HTTP/1.1" 200 5\n' "31/Mar/2024:02:00:00 +0530" "01/Apr/2024:02:00:00 +0530" >local
expect 0 "$analytics" local --json --since 2024-03-31 --until 2024-03-31
is "$(figures)" "2 1 0 0 1"
says out '"key": "2024-03-31"'
expect 0 "$analytics" large --json --filter 'host ~ [.]1$' --filter 'agent != agent 1'
is "$(value requests)" 79
expect 0 "$analytics" --json --filter 'status >= 200' large # the file behind a filter
is "$(value requests)" 20000

# -- the same requests, however they are written ------------------------------------------------------------------------
fields='date time c-ip cs-method cs-uri-stem cs-uri-query sc-status sc-bytes cs(Referer) cs(User-Agent)'
for i in $(seq 30); do
  time="[10/Mar/2024:12:34:$((i + 10)) +0000] \"GET /p$((i % 3))?q=$i HTTP/1.1\" 20$((i % 5)) $((i * 7))"
  agent="\"http://r.example/$((i % 2))\" \"Agent $((i % 4))\""
  echo "192.0.2.$i - - $time $agent" >>combined
  echo "192.0.2.$i - - $time $agent 17" >>timed
  echo "www.example.org:80 192.0.2.$i - - $time $agent" >>vcombined
  [[ $i != 1 ]] || echo "#Fields: $fields" >>w3c
  echo "2024-03-10 12:34:$((i + 10)) 192.0.2.$i GET /p$((i % 3)) q=$i 20$((i % 5)) $((i * 7)) http://r.example/$((i % 2)) Agent+$((i % 4))" >>w3c
done
for log in combined timed vcombined w3c; do
  options=()
  [[ $log != timed ]] || options=(--format '%h %l %u %t "%r" %>s %b "%{Referer}i" "%{User-Agent}i" %D')
  expect 0 "$analytics" $log --csv --top 100 ${options[@]+"${options[@]}"}
  grep -E '^(general,(requests|unique)|status_codes|dates|hours|paths|hosts|referrers|agents)' out >$log.tables
  cmp combined.tables $log.tables
done
is "$(wc -l <combined.tables)" $((2 + 5 + 1 + 24 + 30 + 30 + 2 + 4))
expect 0 "$analytics" timed --csv --format '%h %l %u %t "%r" %>s %b "%{Referer}i" "%{User-Agent}i" %D'
says out '^served_us,p50,30,17$'
expect 0 "$analytics" combined --csv --no-query
says out '^paths,/p0,10,'
expect 0 "$analytics" w3c
says out '^  Format: w3c$'
printf '192.0.2.7 - - [10/Mar/2024:12:34:56 +0000] "GET =cmd HTTP/1.1" 404 5 "-" "=1+1"\n' >formula
expect 0 "$analytics" formula --csv-safe
! grep -qE '(^|,)"?[=+@-]' out || not "a cell that is a formula"

# -- a key that comes after too many others ----------------------------------------------------------------------------
awk -v line="192.0.2.7 - - [10/Mar/2024:12:34:56 +0000] \"GET " 'BEGIN {
  for (i = 0; i < 100200; ++i) print line "/scan/" i " HTTP/1.1\" 404 7"
  for (i = 0; i < 110000; ++i) print line "/index.html HTTP/1.1\" 200 7" }' >heavy
for workers in 1 3; do
  expect 0 "$analytics" heavy --json --top 1 --workers $workers
  says out '"key": "/index.html"'
  grep -A 1 -q '"key": "/index.html"' out && grep -q '"hits": 110000' out || not "not all hits"
  cp out "heavy.$workers"
done
cmp heavy.1 heavy.3

# -- nothing is destroyed ------------------------------------------------------------------------------------------------
cp small kept
ln -s kept symbolic
ln kept hard
for name in kept ./kept symbolic hard; do
  expect 2 "$analytics" kept --dead-letters $name
  says err "\-\-dead-letters: $name is an input"
  cmp small kept
done
"$analytics" - --dead-letters kept <kept >out 2>err && not "its own standard input was taken"
cmp small kept
for option in --dead-letters --html --state; do
  expect 2 "$analytics" --follow not_there_yet $option ./not_there_yet
  says err "$option: ./not_there_yet is an input"
done
expect 2 "$analytics" small --dead-letters both --html ./both
says err '\-\-html: ./both is the file of another output'
cp small page.new
expect 0 "$analytics" page.new --html page
cmp small page.new # nothing of that name was in the way
mkfifo unread
expect 2 "$analytics" small --html unread
says err 'unread is a pipe that nobody reads'
expect 2 "$analytics" --follow unread
says err 'unread is no plain file'
expect 0 "$analytics" small --dead-letters kept # there is nothing to write
cmp small kept
expect 0 "$analytics" odd --dead-letters kept
is "$(cat kept)" "5	the line does not start with a host	junk"
seq 3000 | awk -v line="$line" '{ print $1 % 7 ? line : "bad line " $1 }' >some_bad
expect 0 "$analytics" some_bad --dead-letters letters --workers 4
cut -f 1 letters | sort -nc
is "$(wc -l <letters)" 428
expect 1 "$analytics" some_bad --dead-letters /dev/full
says err '/dev/full: not all lines could be written'

# -- totals that go on, a page, and a log that grows --------------------------------------------------------------------
head -n 10 combined >first
tail -n +11 combined >second
expect 0 "$analytics" first --state totals --csv
expect 0 "$analytics" second --state totals --csv --top 100 --html page.html
grep -E '^(general,(requests|unique)|status_codes|dates|hours|paths|hosts|referrers|agents)' out >totals.tables
cmp combined.tables totals.tables
says page.html '^</body></html>$'
cp totals before
expect 1 "$analytics" cut.gz --state totals
says err 'totals is as it was before, since not all was read'
cmp before totals
head -c 3000000 /dev/zero | tr '\0' '\201' >nested # lists in lists, as CBOR
expect 1 "$analytics" first --state nested
says err 'nested: is no state of this program'
chmod 600 totals
expect 0 "$analytics" first --state totals
is "$(stat -c %a totals)" 600
expect 1 "$analytics" first --state kept
says err '^log_analytics: --state: kept: is no state of this program'
for option in --html --state; do
  cp small precious
  expect 2 "$analytics" precious $option precious
  cmp small precious
done
: >err
cp first growing
"$analytics" growing --follow --csv --top 100 --html follow.html --progress never >out 2>err &
program=$!
shown() { # LINE of the page, which is written anew each second
  local _
  for _ in $(seq 600); do
    grep -q "$1" follow.html 2>/dev/null && return
    read -rt 0.1 <> <(:) || true
  done
  not "\"$1\" is not in the page"
}
shown '<dt>Requests</dt><dd>10</dd>'
mv growing growing.1
cp second growing
shown '<dt>Requests</dt><dd>30</dd>'
kill -TERM $program
status=0
wait $program || status=$?
is "$status" 143
grep -E '^(general,(requests|unique)|status_codes|dates|hours|paths|hosts|referrers|agents)' out >follow.tables
cmp combined.tables follow.tables

# -- how it ends ----------------------------------------------------------------------------------------------------------
expect 0 "$analytics" --help
says out '--filter'
expect 2 "$analytics" --nope
expect 2 "$analytics" small --filter 'status ~ 5'
says err 'compared by =, !='
status=0
"$analytics" small >/dev/full 2>err || status=$?
is "$status" 1
says err 'standard output: the report could not be written'
status=0
"$analytics" small >&- 2>err || status=$?
is "$status" 1
mkfifo pipe
for signal in INT:130 TERM:143; do
  : >err
  "$analytics" pipe --json --progress always >out 2>err &
  program=$!
  { for _ in $(seq 700); do echo "$line"; done && exec sleep 60; } >pipe &
  writer=$!
  (set +o pipefail && tail -f --pid=$program err | stdbuf -o0 tr '\r' '\n' | grep -qm 1 '700 lines') \
    || not "the lines were not read"
  kill "-${signal%:*}" $program
  status=0
  wait $program || status=$?
  kill $writer
  is "$status" "${signal#*:}"
  is "$(figures)" "700 700 0 0 0"
done
