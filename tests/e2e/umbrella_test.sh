#!/usr/bin/env bash
# <troupe/troupe.hpp> is all of it: every header that is not of the machinery is reached from there.
source "$(dirname "$0")/common.sh"

cd "$TROUPE_SOURCE_DIR"
header() { # NAME, as it is included: the file
  local floor
  for floor in actors patterns monitor; do
    if [[ -e $floor/$1 ]]; then echo "$floor/$1" && return; fi
  done
  echo "no such header: $1" && exit 1
}

declare -A seen=()
todo=(troupe/troupe.hpp)
while ((${#todo[@]})); do
  next=${todo[0]} todo=("${todo[@]:1}")
  [[ ! ${seen[$next]-} ]] || continue
  seen[$next]=yes
  mapfile -t -O ${#todo[@]} todo < <(sed -n 's/^ *# *include <\(troupe\/[^>]*\)>.*/\1/p' "$(header "$next")")
done

missing=()
while read -r name; do
  [[ ${seen[$name]-} ]] || missing+=("$name")
done < <(for floor in actors patterns monitor; do (cd $floor && find troupe troupe/policy -maxdepth 1 -name '*.hpp' 2>/dev/null); done)
((${#seen[@]} > 50)) || { echo "only ${#seen[@]} headers found" && exit 1; }
((${#missing[@]} == 0)) || { echo "not in <troupe/troupe.hpp>: ${missing[*]}" && exit 1; }
