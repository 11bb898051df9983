#!/bin/sh
# Makes the pictures in docs/pages anew: screenshots.sh PROGRAM [FLAGS OF switchback serve]
set -eu
cd "$(dirname "$0")/../.."
tests/tools.sh
program=$1
shift

scratch=$(mktemp -d)
mkdir -p docs/pages
"$program" serve --plugins examples/dist --listen 127.0.0.1:0 --log error "$@" >"$scratch/out" &
host=$!
trap 'kill $host; rm -r "$scratch"' EXIT
until grep -q listening "$scratch/out"; do
    kill -0 $host
    sleep 0.1
done
CHROMIUM=$(command -v chromium) node tests/browser/screenshots.mjs "$(sed -n 's/^listening on //p' "$scratch/out")" docs/pages
