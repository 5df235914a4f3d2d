#!/usr/bin/env bash
# `make bench`: prints ratios against peers; exit status 1 when one misses its bound.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
"$root/scripts/setup.sh" bubblewrap
need_rust
cd "$root"
cargo build --release --locked --workspace --bins
"$root/scripts/model.sh"
exec "$target_dir/release/edgecoder-bench" --model="$("$edgecoder" model info --path)"
