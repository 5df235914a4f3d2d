#!/usr/bin/env bash
# `make check`: the quick part of `make test`, without running tests.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
need_rust
cd "$root"
cargo fmt --all --check
cargo clippy --release --locked --workspace --all-targets -- -D warnings
cargo build --release --locked --workspace --bins
"$target_dir/release/xtask" tidy
