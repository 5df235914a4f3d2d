#!/usr/bin/env bash
# `make deny`: licences, bans and sources of the dependencies. Needs no advisory database.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
need_rust
cd "$root"
if ! command -v cargo-deny >/dev/null; then
    say "Installing cargo-deny"
    RUSTFLAGS='' cargo install --locked cargo-deny
fi
cargo fetch --locked
cargo deny --offline check bans licenses sources
