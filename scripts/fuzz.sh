#!/usr/bin/env bash
# `make fuzz [TARGET=name] [SECONDS=60] [SEED=n]`: inputs that reach something new are changed further. Every target in turn, or
# one. What fails is kept, made small, under the build folder; put it into fuzz/data/found/TARGET once it is mended.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
need_rust
cd "$root"
# bash counts SECONDS itself: the makefile passes it under another name.
seconds=${FUZZ_SECONDS:-60}
found=$target_dir/fuzz
fuzz=$target_dir/release/edgecoder-fuzz
# The counters are read while the program runs; nobody wants them in a file afterwards.
export LLVM_PROFILE_FILE=/dev/null

say "Building the command and the targets with counters"
"$root/scripts/build.sh"
RUSTC_WORKSPACE_WRAPPER=$root/scripts/fuzz-rustc.sh \
    cargo build --release --locked --workspace --features edgecoder-fuzz/guided --bin edgecoder-fuzz
if [ -n "${TARGET:-}" ]; then targets=$TARGET; else targets=$("$fuzz" list | cut -d' ' -f1); fi
failed=()
for target in $targets; do
    "$fuzz" run "$target" "$seconds" "${SEED:-$(date +%s)}" "$found" || failed+=("$target")
done
[ ${#failed[@]} = 0 ] || die "these found something: ${failed[*]}" "the inputs are in $found/TARGET"
