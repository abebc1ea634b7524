#!/usr/bin/env bash
# The picture of hello_pipeline in the README is its topology.
source "$(dirname "$0")/common.sh"
picture=$TROUPE_SOURCE_DIR/docs/pictures/hello_pipeline

expect 0 "$TROUPE_BIN/hello_dot"
sed '/^}/q' "$out" >real.dot
same "$picture.dot" real.dot "docs/pictures/hello_pipeline.dot and the topology; scripts/pictures makes it anew"

# What Graphviz draws differs a little from version to version; the words in it do not.
words() { sed 's/&#45;/-/g; s/&#160;/ /g; s/&gt;/>/g; s/&lt;/</g; s/&amp;/\&/g' | sort; }
sed -n 's/.*label="\(.*\)".*/\1/p' "$picture.dot" | words >wanted
sed -n 's|.*<text [^>]*>\(.*\)</text>.*|\1|p' "$picture.svg" | words >drawn
[[ -s wanted ]] || not "no words in the topology"
same wanted drawn "what hello_pipeline.svg shows; scripts/pictures draws it anew"
