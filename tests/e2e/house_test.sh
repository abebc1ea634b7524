#!/usr/bin/env bash
# The house keeps its order, and what goes against it is told by name.
source "$(dirname "$0")/common.sh"

house=$TROUPE_SOURCE_DIR/scripts/house
expect 0 "$house"
silent "$out"

mkdir tree && cp -r "$TROUPE_SOURCE_DIR"/{actors,patterns,monitor,alerts} tree
plant() { echo "#include <troupe/$2>" >>"tree/$1"; } # FILE HEADER
remove() { sed -i '$d' "tree/$1"; }                  # FILE
refused() {                                          # FILE HEADER WHY
  plant "$1" "$2"
  expect 1 "$house" tree
  says "$out" "^$1:[0-9]*: includes <troupe/$2>: $3$"
  remove "$1"
}

refused actors/troupe/link/link.hpp launch/graph.hpp "actors/link is below actors/launch"
refused actors/troupe/error.hpp caf/compat.hpp "actors is below actors/caf"
refused actors/troupe/cast/merger.cpp flow.hpp "actors is below patterns"
refused patterns/troupe/inbox/inbox_queue.hpp gather/balanced.hpp \
  "patterns/inbox and patterns/gather do not know each other"
refused patterns/troupe/flow.hpp no_such.hpp "there is no such header"

# Pages know each other, as long as they go round nowhere.
plant patterns/troupe/stage.hpp run.hpp
plant patterns/troupe/flow.hpp stage.hpp
expect 1 "$house" tree
says "$out" "^a circle: "
says "$out" "patterns/troupe/flow.hpp -> patterns/troupe/stage.hpp -> patterns/troupe/flow.hpp"
remove patterns/troupe/stage.hpp
remove patterns/troupe/flow.hpp

mkdir tree/patterns/troupe/attic
echo '#include <troupe/flow.hpp>' >tree/patterns/troupe/attic/old.hpp
expect 1 "$house" tree
says "$out" "the room patterns/attic is not in the list of scripts/house"
rm -r tree/patterns/troupe/attic

printf '//\n%.0s' {1..300} >>tree/actors/troupe/error.cpp
expect 1 "$house" tree
says "$out" "^actors/troupe/error.cpp: more than 300 lines"
