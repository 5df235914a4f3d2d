#!/usr/bin/env bash
# `make test`: everything that has to hold before a change goes in. Ends with the tests' own summary.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

need_rust
# The corpus of JavaScript programs is compared with Node.
"$root/scripts/setup.sh" nodejs
cd "$root"
cargo fmt --version >/dev/null 2>&1 && cargo clippy --version >/dev/null 2>&1 ||
    die "the checks need rustfmt and clippy" "rustup component add rustfmt clippy"

say "Format"
cargo fmt --all --check
say "Licences and sources of the dependencies"
"$root/scripts/deny.sh"
say "Lints"
cargo clippy --release --locked --workspace --all-targets -- -D warnings
say "Documentation"
RUSTDOCFLAGS="-D warnings" cargo doc --release --locked --workspace --no-deps
say "Building the tests"
cargo test --release --locked --workspace --no-run
"$root/scripts/model.sh"
EDGECODER_TEST_MODEL=$("$edgecoder" model info --path)
export EDGECODER_TEST_MODEL
say "Receipts of 1,000 generated programs: release against debug build, and two processes"
"$root/scripts/parity.sh" 1000
say "Tests"
cargo test --release --locked --workspace --no-fail-fast
