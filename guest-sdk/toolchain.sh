#!/bin/sh
# Finds what compiles guests (target wasm32-wasip2) and prints on stdout the argument by which cargo uses it: nothing
# where the active toolchain can do it, else `+switchback-guest`. Everything said to a person goes to stderr.
#
# In this order: the target is there; rustup fetches it; on Debian 12 as root, where rustup's download site may be out
# of reach, std for it is built once from Debian's newer Rust and registered with rustup as `switchback-guest`.
set -eu

TARGET=wasm32-wasip2
NAME=switchback-guest

say() { echo "guest toolchain: $*" >&2; }
fail() { say "$@"; exit 1; }

WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT
trap 'exit 130' INT TERM

run() { # quiet unless it fails
    "$@" >"$WORK/log" 2>&1 || { tail -n 20 "$WORK/log" >&2; fail "this failed: $*"; }
}

install() { # PACKAGE… — $instead: what to do where this cannot be done
    command -v apt-get >/dev/null 2>&1 || fail "$instead (this script installs packages on Debian and its kin only)"
    [ "$(id -u)" = 0 ] || fail "$instead, or run this once as root: it would install the Debian packages $*"
    say "installing the Debian packages $*"
    run apt-get update -qq
    run env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@"
}

has_std() { # by the target's libraries, since rustc knows every target by name
    libraries=$(rustc ${1:+"$1"} --print target-libdir --target $TARGET 2>/dev/null) || return 1
    set -- "$libraries"/libstd-*.rlib
    [ -e "$1" ]
}

command -v rustup >/dev/null 2>&1 || {
    command -v rustc >/dev/null 2>&1 || fail "no Rust found: install it from https://rustup.rs"
    has_std "" && exit 0
    fail "this Rust has no target $TARGET, and there is no rustup to add it: install Rust from https://rustup.rs"
}

command -v cc >/dev/null 2>&1 || { instead="install a C compiler, Rust links with it" && install gcc libc6-dev; }

has_std "" && exit 0
has_std "+$NAME" && { echo "+$NAME"; exit 0; }

say "adding the target $TARGET by rustup"
if rustup target add $TARGET >"$WORK/log" 2>&1 && has_std ""; then
    exit 0
fi
say "rustup could not: $(grep -m 1 '^error' "$WORK/log" || tail -n 1 "$WORK/log")"

instead="make \`rustup target add $TARGET\` work"
install rustc-web rust-web-src wasi-libc
say "building std for $TARGET with them, once (about a minute)"

RUSTC=/usr/bin/rustc
HOST=$($RUSTC -vV | sed -n 's/^host: //p')
LIB=/usr/lib/rustlib/$TARGET/lib
# Every rustup toolchain carries the component linker and wasm-ld; rustc looks for them in its own sysroot.
LINKERS=$(rustc --print sysroot)/lib/rustlib/$HOST/bin
[ -e "$LINKERS/wasm-component-ld" ] || fail "the active Rust has no wasm-component-ld: update it by \`rustup update\`"
rm -rf "$LIB"
mkdir -p "$LIB/self-contained" "/usr/lib/rustlib/$HOST/bin"
ln -sfn "$LINKERS/wasm-component-ld" "$LINKERS/gcc-ld" "$LINKERS/rust-lld" "/usr/lib/rustlib/$HOST/bin/"

# std, with bitcode so that a guest can be optimised as a whole.
mkdir -p "$WORK/std/src"
touch "$WORK/std/src/lib.rs"
printf '[package]\nname = "std-for-guests"\nedition = "2024"\n' >"$WORK/std/Cargo.toml"
cd "$WORK/std"
run env RUSTC=$RUSTC RUSTC_BOOTSTRAP=1 RUSTFLAGS="-C embed-bitcode=yes" CARGO_TARGET_DIR="$WORK/target" \
    cargo build --quiet --release --target $TARGET -Z build-std=std,panic_abort
cd "$WORK/target/$TARGET/release/deps"
rm libstd_for_guests*
mv libstd-*.rlib "$WORK/" # the last to arrive: its being there says that all is
cp ./*.rlib "$LIB/"

# The C library: Debian's. Its crt1-command.o makes wasm-ld run the constructors in every export, also in the one that
# allocates, where a component must not call out; its crt1.o does not.
cp /usr/lib/wasm32-wasi/crt1-reactor.o /usr/lib/wasm32-wasi/libc.a "$LIB/self-contained/"
cp /usr/lib/wasm32-wasi/crt1.o "$LIB/self-contained/crt1-command.o"

# What std names and that library lacks: unsupported at run time, as in the real one.
cat >"$WORK/stubs.rs" <<'RUST'
#![no_std]
unsafe extern "C" {
    static mut errno: i32;
}
const EAGAIN: i32 = 6;
const ENOTSUP: i32 = 58;
macro_rules! answer {
    ($value:expr; $($name:ident($($arg:ident)*))*) => {$(
        #[unsafe(no_mangle)]
        pub unsafe extern "C" fn $name($($arg: i32),*) -> i32 { $value }
    )*};
}
answer! { unsafe { errno = ENOTSUP; -1 };
    socket(_a _b _c) connect(_a _b _c) bind(_a _b _c) listen(_a _b)
    getsockname(_a _b _c) getpeername(_a _b _c) setsockopt(_a _b _c _d _e)
    sendto(_a _b _c _d _e _f) recvfrom(_a _b _c _d _e _f) getaddrinfo(_a _b _c _d)
}
// std asserts that the attributes work; making the thread is what must fail.
answer! { 0; pthread_attr_init(_a) pthread_attr_destroy(_a) pthread_attr_setstacksize(_a _b) }
answer! { EAGAIN; pthread_create(_a _b _c _d) }
answer! { ENOTSUP; pthread_join(_a _b) pthread_detach(_a) }
#[unsafe(no_mangle)]
pub unsafe extern "C" fn freeaddrinfo(_a: i32) {}
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gai_strerror(_a: i32) -> *const u8 { c"not supported".as_ptr().cast() }
RUST
run $RUSTC --edition 2024 --target $TARGET --crate-type lib --emit "obj=$WORK/stubs.o" -C opt-level=s -C panic=abort \
    "$WORK/stubs.rs"
run ar q "$LIB/self-contained/libc.a" "$WORK/stubs.o"

mv "$WORK"/libstd-*.rlib "$LIB/"
run rustup toolchain link $NAME /usr
say "done: cargo +$NAME build --target $TARGET"
echo "+$NAME"
