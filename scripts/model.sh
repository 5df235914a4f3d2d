#!/usr/bin/env bash
# Fetches the default model unless it is there.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
say "Model"
"$edgecoder" model pull
