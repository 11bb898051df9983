#!/bin/sh
# Finds what makes components of Python, componentize-py in the one version this SDK is tried with, and prints the path
# of the command on stdout. Everything said to a person goes to stderr.
#
# In this order: it is on the PATH; it is where this script put it before; it is installed there, from PyPI, into a
# virtual environment of its own. Where Python cannot make one, on Debian as root, what lacks is installed first.
set -eu

VERSION=0.25.1
HOME_OF_TOOLS=${XDG_CACHE_HOME:-$HOME/.cache}/switchback-guest
VENV=$HOME_OF_TOOLS/componentize-py-$VERSION
TOOL=$VENV/bin/componentize-py

say() { echo "python guest toolchain: $*" >&2; }
fail() { say "$@"; exit 1; }

is_it() { # COMMAND
    [ "$("$1" --version 2>/dev/null)" = "componentize-py $VERSION" ]
}

found=$(command -v componentize-py || true)
[ -n "$found" ] && is_it "$found" && { echo "$found"; exit 0; }
is_it "$TOOL" && { echo "$TOOL"; exit 0; }

LOG=$(mktemp)
trap 'rm -f "$LOG"' EXIT
trap 'exit 130' INT TERM

run() { # quiet unless it fails
    "$@" >"$LOG" 2>&1 || { tail -n 20 "$LOG" >&2; fail "this failed: $*"; }
}

if ! python3 -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 9))' 2>/dev/null; then
    command -v apt-get >/dev/null 2>&1 || fail "install Python 3.9 or newer, with its modules venv and pip"
    [ "$(id -u)" = 0 ] || fail "install the Debian packages python3 and python3-venv, or run this once as root"
    say "installing the Debian packages python3 and python3-venv"
    run apt-get update -qq
    run env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends python3 python3-venv
fi

say "installing componentize-py $VERSION from PyPI (17 MB) into $VENV"
mkdir -p "$HOME_OF_TOOLS"
run python3 -m venv --clear "$VENV"
run "$VENV/bin/pip" install --quiet --disable-pip-version-check --only-binary :all: "componentize-py==$VERSION"
is_it "$TOOL" || fail "$TOOL does not run: is there a build of componentize-py $VERSION for this machine?"
echo "$TOOL"
