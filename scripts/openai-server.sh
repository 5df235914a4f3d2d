#!/usr/bin/env bash
# `make test-openai-server`: the contract of models against a server that others wrote, llama-cpp-python's, with the default
# model. Not part of `make test`: building that server takes minutes. It lies under the build folder.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
need_rust
cd "$root"

place=$target_dir/openai-server
port=${PORT:-8399}
python=$place/bin/python

if ! "$python" -c 'import llama_cpp.server.app' 2>/dev/null; then
    say "Installing llama-cpp-python[server] into $place"
    python3 -m venv "$place"
    "$python" -m pip install --quiet --disable-pip-version-check 'llama-cpp-python[server]>=0.3,<0.4'
fi
"$root/scripts/build.sh"
"$root/scripts/model.sh"
model=$("$edgecoder" model info smollm2-135m-instruct --path)

# By default that server breaks off an answer when the next request comes.
say "Starting the server on 127.0.0.1:$port"
"$python" -m llama_cpp.server --host 127.0.0.1 --port "$port" --model "$model" --model_alias tiny --n_ctx 8192 \
    --interrupt_requests false \
    >"$place/server.log" 2>&1 &
server=$!
trap 'kill "$server" 2>/dev/null || true; wait "$server" 2>/dev/null || true' EXIT
for _ in $(seq 120); do
    kill -0 "$server" 2>/dev/null || die "the server ended" "$(tail -n 3 "$place/server.log")"
    if (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then break; fi
    sleep 0.5
done

export EDGECODER_MODEL_OPENAI_BASE_URL=http://127.0.0.1:$port/v1
say "The contract"
# The whole workspace is selected, so that dependencies keep the features they are built with already.
cargo build --release --locked --workspace --example contract
"$target_dir/release/examples/contract" "$EDGECODER_MODEL_OPENAI_BASE_URL" tiny
say "What it offers and what it can do"
"$edgecoder" model list
"$edgecoder" model probe openai:tiny
