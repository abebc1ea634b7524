#!/usr/bin/env bash
# supervised_tree: after each death those are started anew whom the strategy says, and too many deaths end the tree.
# shellcheck source=tests/e2e/common.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/common.sh"

timeout 20 "$TROUPE_BIN/supervised_tree" >"$out" </dev/null || not "status $?"
anew() { # TITLE: the names with a star below the title
  sed -n "/^$1/,/^\$/s/^ *\* \([a-z]*\):.*/\1/p" "$out" | xargs
}
[[ -z $(anew "all are up") ]] || not "something was new at the beginning"
[[ $(anew "catalogue is killed") == catalogue ]] || not "one_for_one"
[[ $(anew "ledger throws") == "ledger gateway" ]] || not "one_for_all"
[[ $(anew "basket is killed") == "basket checkout" ]] || not "rest_for_one"
[[ -z $(anew "basket, which") && -z $(anew "banner, which") ]] || not "a normal end restarted somebody"
sed -n '/^basket, which/,/^$/p' "$out" | grep -q "basket: stopped" || not "a transient child that ended well is not stopped"
sed -n '/^banner, which/,/^$/p' "$out" | grep -q "banner:" && not "a temporary child is not forgotten"
[[ $(anew "gateway throws, the second") == "ledger gateway" ]] || not "one_for_all, the second time"
grep -q 'more restarts than 1 in 5 s; the last was payment: supervisor "payment": more restarts than 2 in 5 s; the last was gateway: a negative amount' "$out" \
  || not "the end does not say why"
grep -qx "actors left: 0" "$out" || not "orphans"
