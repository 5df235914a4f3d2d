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
    say "Your task"
    if [ -z "${REPO:-}" ]; then
        # Without a repository of yours the task is no task about this one: it gets a folder of its own.
        REPO=$target_dir/demo/task
        mkdir -p "$REPO"
        note "no REPO is given, so the work is done in $REPO"
    fi
    # Some shells leave the tilde of REPO=~/src as it is.
    options+=(--repo "${REPO/#\~\//${HOME:-}/}")
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
