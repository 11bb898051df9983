#!/bin/sh
# Makes the plugin's folder: build.sh COMPONENT FOLDER. A host may be watching it: it appears whole, and stays untouched if
# nothing has changed.
set -eu
component=$(realpath "$1")
mkdir -p "$(dirname "$2")"
folder=$(realpath -m "$2")
cd "$(dirname "$0")"

# What npm has installed is what the lockfile names.
if ! cmp -s web/package-lock.json web/node_modules/.installed; then
    echo "installing the packages of examples/stock/web/package-lock.json from npm (45 MB)"
    (cd web && npm ci --no-audit --no-fund --loglevel=error && cp package-lock.json node_modules/.installed)
fi

new=$(dirname "$folder")/.$(basename "$folder").new
old=$(dirname "$folder")/.$(basename "$folder").old
rm -rf "$new" "$old"
mkdir "$new"
cp "$component" "$new/plugin.wasm"
cp plugin.toml "$new/"
echo "vite build examples/stock/web"
(cd web && node_modules/.bin/vite build --logLevel warn --outDir "$new/static" --emptyOutDir)
if [ -d "$folder" ] && diff -r "$folder" "$new" >/dev/null 2>&1; then
    rm -r "$new"
    exit
fi
[ ! -d "$folder" ] || mv "$folder" "$old"
mv "$new" "$folder"
rm -rf "$old"
