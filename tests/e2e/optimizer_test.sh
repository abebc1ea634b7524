#!/usr/bin/env bash
# optimizer: the slow stage is found and mended, what came of it stands beside what was predicted, what makes it worse is
# taken back, and wrong options are refused.
# shellcheck source=tests/e2e/common.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/common.sh"

program=$TROUPE_BIN/optimizer
"$program" --seconds 8 --crowded >crowded 2>crowded.err </dev/null & # side by side: they wait most of the time
crowded=$!
expect 0 "$program" --seconds 8
silent "$err"
says "$out" '^ *price: in its function .* ms an item'
says "$out" 'step 1: price: parallel = [4-9] instead of 2'
says "$out" '^  step  change'
# Two did 100 orders a second at most, and 250 come, or fewer on a busy machine.
read -r predicted measured state < <(awk '/^ *1  price: parallel/ { print $(NF - 2) + 0, $(NF - 1) + 0, $NF }' "$out")
((predicted > 110 && measured > 110)) || not "it was not mended"
[[ $state == kept ]] || not "it was not kept"

wait $crowded || { echo "--crowded: status $?" && cat crowded crowded.err && exit 1; }
silent crowded.err
says crowded '^ *1  price: parallel.* taken back$'
says crowded 'taken back, it made it worse'
says crowded 'price x2, .*busy$'
[[ $(grep 'price x' crowded | tail -n 1) == *"price x2, "* ]] || { echo "it was not taken back:" && cat crowded && exit 1; }

expect 0 "$program" --help
says "$out" '--crowded'
for wrong in --seconds=5 --seconds=soon --most=1 --most=65 --no-such-option; do
  expect 2 "$program" $wrong
  says "$err" "${wrong%=*}.*see optimizer --help"
done
