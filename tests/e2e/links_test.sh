#!/usr/bin/env bash
# Every link of a page leads to a file, and to a heading of it where it names one.
source "$(dirname "$0")/common.sh"
cd "$TROUPE_SOURCE_DIR"

anchors() { # PAGE: as the web page of a repository makes them of headings
  awk '
    /^ *```/ { fenced = !fenced }
    fenced || !/^#+ / { next }
    {
      $0 = tolower($0); sub(/^#+ /, ""); gsub(/[^a-z0-9 _-]/, ""); gsub(/ /, "-")
      print $0 (seen[$0]++ ? "-" seen[$0] - 1 : "")
    }' "$1"
}
links() { # PAGE; but for those of code, and of the web
  awk '/^ *```/ { fenced = !fenced } !fenced' "$1" | grep -oE '\]\([^()]+\)' | sed 's/^](//; s/)$//' | grep -vE '^[a-z]+:'
}

count=0
while read -r page; do
  while read -r link; do
    file=${link%%#*} anchor=
    [[ $link != *#* ]] || anchor=${link#*#}
    file=${file:+$(dirname "$page")/$file}
    [[ -e ${file:-$page} ]] || { echo "$page: a link leads nowhere: $link" && exit 1; }
    [[ -z $anchor ]] || grep -qx -- "$anchor" <(anchors "${file:-$page}") \
      || { echo "$page: there is no such heading: $link" && exit 1; }
    count=$((count + 1))
  done < <(links "$page" || true)
done < <(ls ./*.md && find docs -name '*.md')
((count >= 50)) || { echo "only $count links found" && exit 1; }
