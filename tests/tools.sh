#!/bin/sh
# Gets what the tests need besides Rust, where that is possible: programs by apt on Debian as root, naming them first,
# and packages by the lockfiles here. What cannot be had is said, and the tests that need it skip (with CI=true they fail).
set -u
cd "$(dirname "$0")"

have() { command -v "$1" >/dev/null 2>&1; }

# Program and Debian package.
missing=
for pair in node:nodejs npm:npm chromium:chromium python3:python3-venv; do
    have "${pair%%:*}" || missing="$missing ${pair##*:}"
done

if [ -n "$missing" ] && [ "$(id -u)" = 0 ] && have apt-get; then
    echo "the tests need these Debian packages, which are installed now:$missing"
    # shellcheck disable=SC2086 # one word each
    export DEBIAN_FRONTEND=noninteractive
    { apt-get install -y -q --no-install-recommends $missing || {
        apt-get update -q && apt-get install -y -q --no-install-recommends $missing
    }; } >/dev/null 2>&1 || echo "apt-get could not install them; try: apt-get install$missing"
elif [ -n "$missing" ]; then
    echo "not installed, so some tests are skipped:$missing"
fi

# Packages from npm, exactly as locked; anew only if the lockfile is newer.
for folder in browser clients/typescript ../guest-sdk/javascript; do
    if have npm && ! cmp -s $folder/package-lock.json $folder/node_modules/.installed; then
        echo "installing the packages of tests/$folder/package-lock.json"
        (cd $folder && npm ci --no-audit --no-fund --loglevel=error && cp package-lock.json node_modules/.installed) ||
            echo "npm ci failed in tests/$folder, so the tests that need it are skipped"
    fi
done

# A generator of clients from PyPI, in a virtual environment of its own.
python="${CARGO_TARGET_DIR:-../target}/clients-python"
if have python3 && ! cmp -s clients/python/requirements.txt "$python/.installed"; then
    echo "installing tests/clients/python/requirements.txt from PyPI into $python"
    { python3 -m venv "$python" && "$python/bin/pip" install --quiet --disable-pip-version-check -r clients/python/requirements.txt &&
        cp clients/python/requirements.txt "$python/.installed"; } ||
        echo "that failed, so the test that needs it is skipped"
fi

# `promtool`, which checks what a scraper is given: out of Debian's package of Prometheus, without its service.
promtool="${CARGO_TARGET_DIR:-../target}/promtool"
if [ ! -x "$promtool/promtool" ] && have apt-get && have dpkg-deb; then
    echo "taking promtool out of Debian's package prometheus into $promtool"
    mkdir -p "$promtool" && (
        cd "$promtool" || exit
        { apt-get download -q prometheus || { apt-get update -q && apt-get download -q prometheus; }; } >/dev/null 2>&1 &&
            dpkg-deb --fsys-tarfile prometheus_*.deb | tar -x --strip-components=3 ./usr/bin/promtool && rm prometheus_*.deb
    ) || echo "that failed, so the test that needs it is skipped"
fi
exit 0
