# What these tests share; they source it. It moves into a folder of its own, which goes with the shell.
set -euo pipefail
export LC_ALL=C

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
out=$work/out err=$work/err # of the last `expect`

expect() { # STATUS COMMAND…
  local wanted=$1 status=0 && shift
  "$@" >"$out" 2>"$err" </dev/null || status=$?
  ((status == wanted)) && return
  echo "status $status, expected $wanted: $*" && cat "$out" "$err" && exit 1
}
says() { grep -q -- "$2" "$1" || { echo "\"$2\" is missing in:" && cat "$1" && exit 1; }; }
silent() { [[ ! -s $1 ]] || { echo "unexpected output:" && cat "$1" && exit 1; }; }
same() { diff -u "$1" "$2" || { echo "not the same: $3 (-: as it should be)" && exit 1; }; }
not() { echo "$1:" && cat "$out" && exit 1; }
