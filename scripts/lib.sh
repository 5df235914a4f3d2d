# shellcheck shell=bash
# Shared by the scripts: where things are, how to say something, which processor features to build for.

set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
target_dir=${CARGO_TARGET_DIR:-$root/target}
edgecoder=$target_dir/release/edgecoder
export root target_dir edgecoder

say() { printf '\n==> %s\n' "$*"; }
note() { printf '    %s\n' "$*"; }
die() {
    printf 'error: %s\n' "$1" >&2
    shift
    for hint in "$@"; do printf 'hint: %s\n' "$hint" >&2; done
    exit 1
}

# An empty HOME has no place for the model: keep it with the build then.
if [ -z "${HOME:-}" ] && [ -z "${XDG_DATA_HOME:-}" ] && [ -z "${EDGECODER_STORAGE_DATA_DIR:-}" ]; then
    export EDGECODER_STORAGE_DATA_DIR=$target_dir/edgecoder-data
fi

# One set of flags for run, test, bench and lints, so that everything is built once.
if [ -z "${RUSTFLAGS+set}" ]; then
    RUSTFLAGS=$("$root/scripts/rustflags.sh")
fi
export RUSTFLAGS

# With another HOME than the one Rust was installed under, rustup's proxies find no toolchain: it lies beside them.
need_rust() {
    local cargo_home
    command -v cargo >/dev/null || PATH=${CARGO_HOME:-${HOME:-}/.cargo}/bin:$PATH
    cargo_home=$(dirname "$(dirname "$(command -v cargo || echo /nowhere/bin/cargo)")")
    # A folder without toolchains counts for nothing: pip asks for the compiler's version, and its proxy leaves one.
    if [ -z "${RUSTUP_HOME:-}" ] && [ -z "$(ls -A "${HOME:-/nowhere}/.rustup/toolchains" 2>/dev/null)" ] &&
        [ -d "$cargo_home/../.rustup" ]; then
        RUSTUP_HOME=$(cd "$cargo_home/../.rustup" && pwd)
        export RUSTUP_HOME
    fi
    command -v cargo >/dev/null || die "there is no cargo on the PATH" "install Rust 1.95 or newer, for example with rustup"
}
