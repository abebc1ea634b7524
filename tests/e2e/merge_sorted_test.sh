#!/usr/bin/env bash
# merge_sorted writes what `sort -m` writes, in memory that does not grow with the files, and names the line out of order.
# shellcheck source=tests/e2e/common.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/common.sh"

merge=$TROUPE_BIN/merge_sorted

# Files of different lengths, with equal lines in and between them, empty lines, and bytes beyond ASCII; one is empty.
for i in 1 2 3 4 5; do
  awk -v seed=$i 'BEGIN { srand(seed); for (i = 0; i < 9000 * seed; ++i) print rand() < 0.001 ? "" : int(rand() * 50000) (rand() < 0.2 ? "é" : "") }' \
    | sort >part$i
done
: >part6
printf 'the last line has no end' >part7
for parts in "part1" "part2 part1" "part1 part2 part3" "part5 part6 part1 part4" "part1 part2 part3 part4 part5 part6 part7"; do
  # shellcheck disable=SC2086 # several names
  sort -m $parts >expected
  # shellcheck disable=SC2086
  expect 0 "$merge" $parts --output merged
  cmp expected merged || { echo "not what sort -m makes of $parts" && exit 1; }
  says err "^$(wc -l <expected) lines"
done

sort -m part1 part2 part3 >expected
gzip -k part2
"$merge" part1 part2.gz - -o merged <part3 2>err
cmp expected merged

# Ten times the lines: hardly more memory, not counting what AddressSanitizer keeps of what was freed.
export ASAN_OPTIONS=quarantine_size_mb=0:thread_local_quarantine_size_kb=0
peak() { sed -n 's/.*peak memory \([0-9]*\).*/\1/p' err; }
seq -w 1 15000 >small
seq -w 1 150000 >large
expect 0 "$merge" small small small small -o merged
before=$(peak)
expect 0 "$merge" large large large large -o merged
(($(peak) < before + 8)) || { echo "$before MiB for small files, but for large ones $(peak)" && exit 1; }
unset ASAN_OPTIONS
says err '^600000 lines'

# Without arguments it makes its files, and leaves none.
mkdir temporary
expect 0 env TMPDIR="$work/temporary" "$merge"
says err '^800000 lines.*of 8 files, in order'
says out '^  0000'
[[ -z $(ls temporary) ]] || { echo "left behind:" && ls temporary && exit 1; }
expect 1 env TMPDIR="$work/no_such_folder" "$merge"
says err 'cannot make a temporary folder: .*set TMPDIR'

# What is not sorted is named, with file and line.
{ head -n 3000 part1 && echo && tail -n 10 part1; } >unsorted
expect 1 "$merge" part2 unsorted part3 -o merged
says err 'merge_sorted: "unsorted" is not sorted: line 3001 "" belongs before line 3000 .*LC_ALL=C sort'
says err '"merged" is not complete'

# Nothing is lost by a mistake: what is to be replaced is still there.
echo precious >kept
expect 1 "$merge" part1 no_such_file -o kept
says err 'cannot read "no_such_file": No such file'
expect 1 "$merge" part1 . -o kept
says err '"." is a directory'
expect 1 "$merge" part1 kept -o kept
says err '"kept" is both read and to be written'
expect 1 "$merge" - - -o kept
says err 'name it once'
expect 2 "$merge" part1
says err 'name a file to write: --output'
expect 2 "$merge" -o kept
says err 'name files, too'
# shellcheck disable=SC2046 # many names
expect 2 "$merge" $(yes part1 | head -n 65 || true) -o kept
says err '65 files are more than 64'
expect 2 "$merge" --no-such-option
says err 'see merge_sorted --help'
[[ $(<kept) == precious ]] || { echo "the output was touched" && exit 1; }
expect 1 "$merge" part1 -o .
says err 'cannot open ".": Is a directory; name another file'
expect 1 "$merge" part1 -o no_such_folder/merged
says err 'cannot open "no_such_folder/merged"'
expect 1 "$merge" part1 -o /dev/full
says err 'cannot write "/dev/full": No space'
