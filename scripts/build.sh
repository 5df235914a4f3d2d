#!/usr/bin/env bash
# Builds the edgecoder command in release.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
need_rust
cd "$root"
say "Building edgecoder (release${RUSTFLAGS:+, $RUSTFLAGS}); the first build takes some minutes"
cargo build --release --locked --workspace --bins
