#!/usr/bin/env bash
# word_count counts what `tr | sort | uniq -c` counts, from a file, a gzip and a pipe, and says what is wrong with others.
# shellcheck source=tests/e2e/common.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/common.sh"

word_count=$TROUPE_BIN/word_count

# Some words are frequent, some are there once, several equally often; the last line has no end.
awk 'BEGIN {
  srand(7)
  for (i = 0; i < 20000; ++i) {
    for (j = 0; j < 12; ++j)
      printf "%s%d%s", rand() < 0.5 ? "Word" : "naïve", int(1 / (rand() + 0.0005)), rand() < 0.1 ? "; " : " "
    printf "don%st\r\n", "\x27"
  }
  printf "the END"
}' >text

tr -cs 'A-Za-z0-9\200-\377' '\n' <text | tr '[:upper:]' '[:lower:]' | grep -v '^$' | sort | uniq -c \
  | sort -k1,1nr -k2,2 | awk '{ print $1, $2 }' >expected
table() { awk '/^$/ { exit } { print $1, $4 }' out; }

expect 0 "$word_count" text --top 1000000
same expected <(table) "the words of a file"
words=$(awk '{ sum += $1 } END { print sum }' expected)
says out "^$words words, $(wc -l <expected) distinct ones, in 20001 lines"
for workers in 1 7; do
  expect 0 "$word_count" text --workers $workers --top 25
  same <(head -n 25 expected) <(table) "the 25 first, of $workers workers"
done

gzip -k text
expect 0 "$word_count" text.gz --top 25
same <(head -n 25 expected) <(table) "the words of a gzip"
"$word_count" - --top 25 <text >out
same <(head -n 25 expected) <(table) "the words of standard input"

# Punctuation beyond ASCII separates words as that of ASCII does.
printf '\342\200\234Ja\342\200\235\302\240\342\200\223 \303\234ber\342\200\246ja \377 a\377b\n' >signs
expect 0 "$word_count" signs
same <(printf '%s\n' '2 ja' '1 a' '1 b' $'1 \303\234ber') <(table) "words between typographic signs"

# A text without line ends: refused above 16 MiB, with advice that works.
head -c 17000000 < <(yes "$(printf 'x%.0s' {1..84})" | tr '\n' ' ') >one_line
expect 1 "$word_count" one_line
says err 'line 1 is longer than .*break it up'
tr -s '[:blank:]' '\n' <one_line | "$word_count" - >out
says out '200000 *100.00 %  x\{60\}\.\.\.$'

expect 0 "$word_count"
says out 'the words of .*gettysburg.txt'
says out '^ *13 .* that$'
expect 0 "$word_count" --help
says out 'in \[1 - 256\]'
expect 1 "$word_count" no_such_file
says err 'cannot open "no_such_file": No such file'
expect 1 "$word_count" .
says err 'cannot read ".": Is a directory'
expect 1 "$word_count" /dev/null
says err 'not one word in /dev/null'
for wrong in --top=0 --top=-1 --top=many --workers=0 --workers=1e3 --no-such-option; do
  expect 2 "$word_count" text $wrong
  says err "${wrong%=*}.*see word_count --help"
done
expect 1 sh -c "'$word_count' text >/dev/full"
says err 'standard output'
