#!/usr/bin/env bash
# `make run`: from a fresh machine to a verified change. TASK, REPO, TEST, SEED and MODEL come from the environment.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

need_rust
"$root/scripts/setup.sh"
"$root/scripts/build.sh"
"$root/scripts/model.sh"

options=()
[ -n "${SEED:-}" ] && options+=(--seed "$SEED")
[ -n "${MODEL:-}" ] && options+=(--model "$MODEL")
[ -n "${TEST:-}" ] && options+=(--test "$TEST")

if [ -n "${TASK:-}" ]; then
    [ -n "${REPO:-}" ] && options+=(--repo "$REPO")
    say "Your task"
    exec "$edgecoder" run "$TASK" "${options[@]}"
fi

# The demo works on a copy, so the checkout stays as it is.
demo=$target_dir/demo/textkit
rm -rf "$demo"
mkdir -p "$(dirname "$demo")"
cp -R "$root/examples/textkit" "$demo"
task="Write the functions that are missing, so that all tests pass."
say "Demo: a small library with functions missing and tests failing, copied to $demo"
exec "$edgecoder" run "$task" --repo "$demo" "${options[@]}"
