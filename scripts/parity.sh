#!/usr/bin/env bash
# Compares receipt bodies between a release build and a debug build (no optimisation, debug assertions) of the
# executor's own crates. Dependencies stay as they are: they are built once.
set -euo pipefail
cd "$(dirname "$0")/.."
target=$(cargo metadata --format-version 1 --no-deps | python3 -c 'import json,sys; print(json.load(sys.stdin)["target_directory"])')
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
debug=()
for crate in edgecoder-types edgecoder-subset edgecoder-python-vm edgecoder-subset-js edgecoder-js-vm edgecoder-executor; do
    debug+=(--config "profile.release.package.$crate.opt-level=0"
            --config "profile.release.package.$crate.debug-assertions=true"
            --config "profile.release.package.$crate.overflow-checks=true")
done
# The whole workspace is selected, so that dependencies keep the features they are built with already.
build() { cargo build --quiet --release --locked --workspace "$@"; }
build "${debug[@]}" --bin edgecoder-executor-helper
cp "$target/release/edgecoder-executor-helper" "$work/debug-helper"
build --bin edgecoder-executor-helper --bin receipt-parity
cp "$target/release/edgecoder-executor-helper" "$work/release-helper"
"$target/release/receipt-parity" "$work/release-helper" "$work/debug-helper" "${1:-1000}"
