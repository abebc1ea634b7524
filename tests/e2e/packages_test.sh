#!/usr/bin/env bash
# scripts/install-packages on a machine that is made up: programs of this name come first in PATH.
# shellcheck disable=SC2016 # the programs expand these, not this script
set -euo pipefail

fake=$(mktemp -d)
trap 'rm -r "$fake"' EXIT
program() { # NAME, its script on stdin
  { echo '#!/bin/sh' && cat; } >"$fake/$1"
  chmod +x "$fake/$1"
}
for tool in bash cat env mktemp rm tail sh; do ln -s "$(command -v $tool)" "$fake/$tool"; done
program apt-get <<<'echo "apt-get $*" >>"${0%/*}/calls"'
program dpkg-query <<<'cat "${0%/*}/installed"; exit 1'
program id <<<'cat "${0%/*}/uid"'

install() { # the status is kept in $status, what apt-get was asked for in $fake/calls
  rm -f "$fake/calls" && touch "$fake/calls"
  status=0
  PATH=$fake "$TROUPE_SOURCE_DIR/scripts/install-packages" "$@" >"$fake/said" 2>&1 || status=$?
}
check() { # WHAT COMMAND…
  "${@:2}" || { echo "not so: $1 (status $status)" && cat "$fake/said" "$fake/calls" && exit 1; }
}
everything='ii g++ ii cmake ii ninja-build ii libcaf-dev ii libexpected-dev ii libcli11-dev ii nlohmann-json3-dev ii libboost-dev ii zlib1g-dev '

echo "$everything" >"$fake/installed"
echo 0 >"$fake/uid"
install build
check "nothing is missing, so nothing is called" [ "$status" = 0 -a ! -s "$fake/calls" ]

echo "${everything/ii libcaf-dev /un libcaf-dev }" >"$fake/installed"
install build
check "root installs" [ "$status" = 0 ]
check "the lists are brought up to date first" grep -q 'apt-get -q update' "$fake/calls"
check "only what is missing is installed" grep -q 'install --yes --no-install-recommends libcaf-dev$' "$fake/calls"

echo 1000 >"$fake/uid"
install build
check "nobody without sudo is told what to do" grep -q 'apt-get install libcaf-dev$' "$fake/said"
check "and it fails, untried" [ "$status" = 1 -a ! -s "$fake/calls" ]

program sudo <<<'echo "sudo" >>"${0%/*}/calls"; exec "$@"'
install build
check "sudo is used where there is one" grep -q sudo "$fake/calls"
check "and it installs" [ "$status" = 0 ]

program apt-get <<<'echo "E: no such thing"; exit 100'
install build
check "a failing apt-get is shown" grep -q 'E: no such thing' "$fake/said"
check "and is a failure" [ "$status" = 1 ]
