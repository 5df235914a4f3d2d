#!/usr/bin/env bash
# Prints the RUSTFLAGS for this machine: AVX2 code where the processor has all of x86-64-v3.
# AVX2=0 forces the baseline.
set -euo pipefail

if [ "${AVX2:-}" = 0 ] || [ "$(uname -m)" != x86_64 ] || [ ! -r /proc/cpuinfo ]; then
    exit 0
fi
flags=" $(grep -m1 '^flags' /proc/cpuinfo | cut -d: -f2) "
for wanted in avx avx2 fma bmi1 bmi2 f16c movbe abm; do
    [[ $flags == *" $wanted "* ]] || exit 0
done
printf '%s\n' '-C target-cpu=x86-64-v3'
