#!/usr/bin/env bash
# scripts/install-packages on a machine that is made up: programs and headers of this folder are all there is.
# shellcheck disable=SC2016 # the programs expand these, not this script
set -euo pipefail

fake=$(mktemp -d)
trap 'rm -r "$fake"' EXIT
bin=$fake/bin include=$fake/include
mkdir "$bin" "$include"
program() { # NAME, its script on stdin
  { echo '#!/bin/sh' && cat; } >"$bin/$1"
  chmod +x "$bin/$1"
}
header() { mkdir -p "$include/$(dirname "$1")" && touch "$include/$1"; }
for tool in bash cat env mktemp rm tail sh; do ln -s "$(command -v $tool)" "$bin/$tool"; done
program apt-get <<<'echo "apt-get $*" >>"${0%/*}/../calls"'
program dpkg-query <<<'cat "${0%/*}/../installed"; exit 1'
program id <<<'cat "${0%/*}/../uid"'
cxx=$(command -v c++)
compiler() { program "$1" <<<"exec $cxx -nostdinc -nostdinc++ -I $include \"\$@\""; }
for command in cmake ninja; do program $command <<<''; done
headers="caf/config.hpp tl/expected.hpp CLI/CLI.hpp nlohmann/json.hpp boost/beast.hpp spdlog/spdlog.h zlib.h"
for h in $headers; do header "$h"; done
compiler c++
: >"$fake/installed"
echo 0 >"$fake/uid"
prefix=

install() { # the status is kept in $status, what apt-get was asked for in $fake/calls
  rm -f "$fake/calls" && touch "$fake/calls"
  status=0
  env -u CXX -u CPATH -u CPLUS_INCLUDE_PATH CMAKE_PREFIX_PATH="$prefix" PATH="$bin" \
    "$TROUPE_SOURCE_DIR/scripts/install-packages" "$@" >"$fake/said" 2>&1 || status=$?
}
check() { # WHAT COMMAND…
  "${@:2}" || { echo "not so: $1 (status $status)" && cat "$fake/said" "$fake/calls" && exit 1; }
}
installs() { # WHAT PACKAGES
  check "$1" grep -q "install --yes --no-install-recommends $2\$" "$fake/calls"
  check "$1" [ "$status" = 0 ]
}
nothing() { check "$1" [ "$status" = 0 -a ! -s "$fake/calls" -a ! -s "$fake/said" ]; }

install build
nothing "all is there, whatever the packages are called that brought it"

program doxygen <<<''
install docs
installs "a group has needs of its own" graphviz
program dot <<<''
install docs
nothing "and is content when they are met"

rm "$include/caf/config.hpp"
install build
installs "only what is missing is installed" libcaf-dev
check "the lists are brought up to date first" grep -q 'apt-get -q update' "$fake/calls"

header caf/config.hpp && mkdir -p "$fake/prefix/include" && mv "$include/caf" "$fake/prefix/include"
install build
installs "a prefix that nobody named does not count" libcaf-dev
prefix=/nowhere:$fake/prefix
install build
nothing "one of CMAKE_PREFIX_PATH does"
prefix=
header caf/config.hpp

for other in ninja-build samu; do
  rm -f "$bin"/ninja* "$bin/samu" && program $other <<<''
  install build
  nothing "$other is as good as ninja"
done
rm "$bin/samu"
install build
installs "one of them has to be there" ninja-build
program ninja <<<''

rm "$bin/c++" && compiler clang++
install build
nothing "any compiler will do"
rm "$bin/clang++"

# Without a compiler the names of packages are all that is known, until it can be asked.
echo 'ii libcaf-dev ii libexpected-dev ii libcli11-dev hi nlohmann-json3-dev ii libboost1.81-dev ii libspdlog-dev ii zlib1g-dev ' \
  >"$fake/installed"
program apt-get <<END
echo "apt-get \$*" >>$fake/calls
case "\$*" in *install*g++*) $(command -v ln) -s $bin/hidden $bin/g++ ;; esac
END
compiler hidden
install build
installs "the compiler comes first" g++
check "and then tells that Boost is there, of which another package would be in conflict" \
  [ "$(grep -c install "$fake/calls")" = 1 ]
rm "$bin/g++"
program apt-get <<<'echo "apt-get $*" >>"${0%/*}/../calls"'
compiler c++

rm "$include/caf/config.hpp"
echo 1000 >"$fake/uid"
install build
check "nobody without sudo is told what to do" grep -q 'apt-get install libcaf-dev$' "$fake/said"
check "and it fails, untried" [ "$status" = 1 -a ! -s "$fake/calls" ]

program sudo <<<'echo "sudo" >>"${0%/*}/../calls"; exec "$@"'
install build
check "sudo is used where there is one" grep -q sudo "$fake/calls"
check "and it installs" [ "$status" = 0 ]

program apt-get <<<'echo "E: no such thing"; exit 100'
install build
check "a failing apt-get is shown" grep -q 'E: no such thing' "$fake/said"
check "and is a failure" [ "$status" = 1 ]

rm "$bin/apt-get" "$bin/dpkg-query"
install build
check "elsewhere than on Debian it says what is missing" grep -q 'missing.*: libcaf-dev$' "$fake/said"
check "and goes on" [ "$status" = 0 ]
header caf/config.hpp
install build
nothing "or nothing, if nothing is"
