#!/bin/sh
# tests/guests/others/build.sh FOLDER: standard components by others' tools, for the tests, into FOLDER. Ten to twenty
# seconds each, so only what has changed. Where a tool cannot be had this is said, and with CI=true it fails.
set -eu
cd "$(dirname "$0")/../../.."
OUT=$1
HERE=tests/guests/others
status=0

# The interfaces as the host's own runtime has them.
runtime=$(cargo metadata --format-version 1 | sed 's/.*"\([^"]*\/wasmtime-wasi-http-[^"\/]*\)\/Cargo.toml".*/\1/')
mkdir -p "$OUT"

skip() { # NAME
    echo "SKIPPED: the component $1, for the reason above" >&2
    rm -f "$OUT/$1.wasm"
    [ "${CI:-}" = true ] && status=1 || true
}

is_old() { # NAME SOURCE…
    built=$OUT/$1.wasm
    shift
    [ ! -e "$built" ] || [ -n "$(find "$@" "$HERE/build.sh" Cargo.lock -newer "$built")" ]
}

put() { # NAME
    mv "$OUT/$1.new" "$OUT/$1.wasm"
}

python() {
    name=componentize-py
    folder=$HERE/$name
    is_old $name $folder || return 0
    tool=$(guest-sdk/python/toolchain.sh) || { skip $name; return 0; }
    echo "$name $folder"
    "$tool" --quiet -d "$runtime/wit" -w wasi:http/proxy@0.2.12 componentize -p $folder app -o "$OUT/$name.new"
    put $name
}

python

javascript() {
    name=componentize-js
    folder=$HERE/$name
    is_old $name $folder/app.js $folder/build.js $folder/package-lock.json || return 0
    if ! cmp -s $folder/package-lock.json $folder/node_modules/.installed; then
        echo "installing the packages of $folder/package-lock.json (108 MB)"
        (cd $folder && npm ci --no-audit --no-fund --loglevel=error && cp package-lock.json node_modules/.installed) >&2 ||
            { skip $name; return 0; }
    fi
    echo "$name $folder"
    wit=$OUT/wit-0.2.10
    mkdir -p "$wit"
    (cd "$runtime/wit" && find . -name '*.wit') | while read -r file; do
        mkdir -p "$wit/$(dirname "$file")"
        sed 's/0\.2\.12/0.2.10/g' "$runtime/wit/$file" >"$wit/$file"
    done
    node $folder/build.js $folder/app.js "$wit" "$OUT/$name.new"
    rm -r "$wit"
    put $name
}

javascript
exit $status
