# Two commands: `make run` shows the agent at work, `make test` checks everything.
# Both say what they install before they do, and install nothing twice.

SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help run test test-openai-server check bench fuzz uplift deny build clean

export TASK REPO TEST SEED MODEL AVX2 PROBLEMS FROM TO TARGET

help: ## Show this
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-18s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo
	@echo '  make run TASK="…" [REPO=dir] [TEST="command"] [SEED=n] [MODEL=name]   runs your own task'
	@echo '  AVX2=0 builds for any x86-64 processor'

run: ## Build, fetch the model, and let the agent repair a small repository
	@scripts/run.sh

test: ## Format, licences, lints, documentation and every test
	@scripts/test.sh

test-openai-server: ## The contract of models against a server of others (builds it first; takes minutes)
	@scripts/openai-server.sh

check: ## Format, lints and tidy only
	@scripts/check.sh

bench: ## Measure against peers and print ratios
	@scripts/bench.sh

fuzz: ## Search for inputs that break a promise: make fuzz [TARGET=name] [SECONDS=60]
	@FUZZ_SECONDS="$(SECONDS)" scripts/fuzz.sh

uplift: ## Measure what the search adds to the model: make uplift PROBLEMS=mbpp.jsonl
	@scripts/uplift.sh

deny: ## Check the licences and sources of all dependencies
	@scripts/deny.sh

build: ## Build the edgecoder command
	@scripts/setup.sh
	@scripts/build.sh

clean: ## Remove what was built
	@cargo clean
