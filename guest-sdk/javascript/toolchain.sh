#!/bin/sh
# Finds or makes what builds JavaScript plugins and prints on stdout the command that does it: put a plugin's folder and
# `-o FILE` after it. Everything said to a person goes to stderr.
#
# Needed: Node 18 or newer, and componentize-qjs beside this script, in the version that package-lock.json names.
set -eu

say() { echo "javascript toolchain: $*" >&2; }
fail() { say "$@"; exit 1; }

cd "$(dirname "$0")"

recent() {
    command -v node >/dev/null 2>&1 && node -e 'process.exit(process.versions.node.split(".")[0] >= 18 ? 0 : 1)'
}

ready() { # the version installed is the one locked
    node -e '
        const read = (path) => JSON.parse(require("fs").readFileSync(path, "utf8"));
        const locked = read("package-lock.json").packages["node_modules/componentize-qjs"].version;
        process.exit(read("node_modules/componentize-qjs/package.json").version === locked ? 0 : 1);
    ' 2>/dev/null
}

quietly() { # unless it fails
    log=$(mktemp)
    "$@" >"$log" 2>&1 || { tail -n 20 "$log" >&2; rm -f "$log"; fail "this failed: $*"; }
    rm -f "$log"
}

if ! recent || { ! ready && ! command -v npm >/dev/null 2>&1; }; then
    instead="install Node 18 or newer, with npm (https://nodejs.org)"
    command -v apt-get >/dev/null 2>&1 || fail "$instead"
    [ "$(id -u)" = 0 ] || fail "$instead, or run this once as root: it would install the Debian packages nodejs npm"
    say "installing the Debian packages nodejs npm"
    quietly apt-get update -qq
    quietly env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends nodejs npm
    recent || fail "Debian's Node is older than 18: $instead"
fi

if ! ready; then
    say "installing componentize-qjs from npm into $(pwd)/node_modules (38 MB), as package-lock.json has it"
    quietly npm ci --omit=dev --no-audit --no-fund
    ready || fail "npm has installed another componentize-qjs than package-lock.json names"
fi

echo "node $(pwd)/build.js"
