#!/bin/sh
# Reports on a text: how many words it has, how many different ones, and the most frequent.
# usage: report FILE
set -eu
if [ $# -ne 1 ]; then
  echo "usage: report FILE" >&2
  exit 2
fi

counts=$(@tally@/bin/tally "$1")
if [ -z "$counts" ]; then
  echo "$1 has no words"
  exit 0
fi
numbers=$(printf '%s\n' "$counts" | while read -r count word; do echo "$count"; done)
different=$(printf '%s\n' "$numbers" | wc -l)
total=$(@calc@/bin/calc "$(printf '%s\n' "$numbers" | tr '\n' '+')0")
printf '%s: %s words, %s different\n' "$1" "$total" "$((different))"
printf 'how often one comes: %s\n' "$(printf '%s\n' "$numbers" | @stats@/bin/stats)"
printf 'most frequent:\n'
printf '%s\n' "$counts" | head -n 5
