#!/usr/bin/env bash
# Compares receipt bodies between a release build and a debug build (no optimisation, debug assertions) of the
# executor's own crates. Dependencies stay as they are: they are built once.
set -euo pipefail
cd "$(dirname "$0")/.."
target=$(cargo metadata --format-version 1 --no-deps | python3 -c 'import json,sys; print(json.load(sys.stdin)["target_directory"])')
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
debug=()
for crate in edgecoder-types edgecoder-subset edgecoder-python-vm edgecoder-executor; do
    debug+=(--config "profile.release.package.$crate.opt-level=0"
            --config "profile.release.package.$crate.overflow-checks=true")
done
# The interpreter's macros look for debug-only items of the interpreter itself, which is not rebuilt: no debug assertions there.
for crate in edgecoder-types edgecoder-subset edgecoder-executor; do
    debug+=(--config "profile.release.package.$crate.debug-assertions=true")
done
build() { cargo build --quiet --release "$@" -p edgecoder-executor --bin edgecoder-executor-helper; }
build "${debug[@]}"
cp "$target/release/edgecoder-executor-helper" "$work/debug-helper"
build
cp "$target/release/edgecoder-executor-helper" "$work/release-helper"
cargo run --quiet --release -p edgecoder-testkit --bin receipt-parity -- "$work/release-helper" "$work/debug-helper" "${1:-1000}"
