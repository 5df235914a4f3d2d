#!/usr/bin/env bash
# `make uplift PROBLEMS=mbpp.jsonl`: what the search adds to the default model, on problems that nothing was tuned on.
# Takes an hour or so on two cores; exit status 1 when the loop gains less than it has to.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
[ -n "${PROBLEMS:-}" ] || die "PROBLEMS is not set" "give MBPP's file: make uplift PROBLEMS=~/mbpp.jsonl"
"$root/scripts/setup.sh"
need_rust
cd "$root"
cargo build --release --locked --workspace --bins
"$root/scripts/model.sh"
say "MBPP ${FROM:-11} to ${TO:-110}: greedy, plain sampling with 8 samples, and the loop at equal tokens, seeds 1 to 3"
result=$target_dir/uplift.json
"$edgecoder" eval "${PROBLEMS/#\~\//${HOME:-}/}" --samples 8 --seeds 1,2,3 --from "${FROM:-11}" --to "${TO:-110}" --json >"$result"
python3 - "$result" <<'PY'
import json, sys
scores = json.load(open(sys.argv[1]))["scores"]
greedy = len(scores[0]["solved"])
gains, loops = [], []
for plain, loop in zip(scores[1::2], scores[2::2]):
    gains.append(len(loop["solved"]) - len(plain["solved"]))
    loops.append(len(loop["solved"]))
    print(f"seed {plain['seed']}: plain {len(plain['solved'])}, loop {len(loop['solved'])}, {gains[-1]:+}; "
          f"tokens {plain['completion_tokens']} and {loop['completion_tokens']}")
print(f"greedy {greedy}; mean gain {sum(gains) / len(gains):+.2f}, mean of the loop {sum(loops) / len(loops):.1f}")
held = sum(gains) / len(gains) >= 3 and min(gains) > 0 and sum(loops) / len(loops) >= 2 * greedy
sys.exit(0 if held else 1)
PY
