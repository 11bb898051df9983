#!/bin/sh
# Says, last of all, which tests were skipped for want of a tool: tests/src/tools.rs writes a line for each.
if [ -s "$1" ]; then
    echo
    echo "$(wc -l <"$1") TESTS WERE SKIPPED:"
    sort "$1"
fi
