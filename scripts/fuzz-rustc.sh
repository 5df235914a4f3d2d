#!/usr/bin/env bash
# Compiles the workspace's own crates for `make fuzz`: with counters of what is executed, and with the checks that a
# release build leaves out. Cargo calls it in place of rustc, for no other crate.
exec "$@" -C instrument-coverage -C debug-assertions=on -C overflow-checks=on
