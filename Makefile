.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
VLLM := .venv-vllm
TRAIN := .venv-train
HARBOR := .venv-harbor
WORLD ?= mars-colony
JOBS ?= 3
CALLS ?= 20000

.PHONY: help install run test test-full check bench bench-contracts fidelity soak soak-worldmodel vllm-env train-env docs clean

help:  ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "mcp-sim needs Python 3.11 or newer; name one: make PYTHON=python3.12"; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.base: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install -q --disable-pip-version-check -e .
	@touch $@

$(VENV)/.dev: pyproject.toml $(VENV)/.base
	$(BIN)/python -m pip install -q --disable-pip-version-check -e '.[dev]'
	@touch $@

install: $(VENV)/.base  ## Create .venv and install mcp-sim into it

run: $(VENV)/.base  ## Serve a fictional API at http://127.0.0.1:8000/mcp (WORLD=mars-colony)
	$(BIN)/mcp-sim serve $(WORLD)

check: $(VENV)/.dev  ## Types, style and the direction of imports
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

test: $(VENV)/.dev check $(HARBOR)/.ready  ## Every test that fits into ten minutes
	$(BIN)/pytest -q -n $(JOBS) -m "not slow and not vllm and not trl and not train"

test-full: $(VENV)/.dev check $(HARBOR)/.ready  ## Every test that needs no vLLM
	$(BIN)/pytest -q -n $(JOBS) -m "not vllm and not trl and not train" --hypothesis-profile thorough

$(HARBOR)/.ready: pyproject.toml | $(VENV)/.dev  # Harbor's models without what Harbor needs, to judge what is written for it
	@mkdir -p $(HARBOR)
	$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --ignore-requires-python --upgrade --target $(HARBOR) harbor==0.25.0 toml==0.10.2 || echo "Harbor is not to be had here; its tests are left out."
	@touch $@

bench: $(VENV)/.dev  ## Speed and correctness beside the bare SDK and the peers
	$(BIN)/python -m tests.benchmarks

bench-contracts: $(VENV)/.dev  ## Perturbations as specified, faults of agents found, no false alarm; else it fails
	$(BIN)/python -m tests.benchmarks --only contracts

fidelity: $(VENV)/.dev  ## Twins learned from recorded calls, judged by others (MCP_SIM_DATA, ONLY=NAME, OUT=DIR)
	$(BIN)/python -m tests.fidelity --out $(or $(OUT),fidelity) $(if $(ONLY),--only $(ONLY))

soak: $(VENV)/.dev  ## Random agents, a fifth of them hostile, then an audit (CALLS=1000000, SOAK_DB=URL)
	$(BIN)/python -m tests.memory.soak --calls $(CALLS) $(if $(SOAK_DB),--db $(SOAK_DB))

test-vllm: $(VENV)/.dev vllm-env  ## The tests that ask vLLM itself, on the CPU
	$(BIN)/pytest -q -n 0 -m vllm tests/vllm

vllm-env: $(VLLM)/.ready  ## Create .venv-vllm: vLLM without a GPU, 2.5 GB (nothing else needs it)

$(VLLM)/.ready: tests/apart.py tests/vllm/requirements.txt tests/vllm/excludes.txt
	$(PYTHON) -m tests.apart vllm $(VLLM)
	@touch $@

test-trl: $(VENV)/.dev train-env  ## The tests that train an agent with TRL, on the CPU
	$(BIN)/pytest -q -n 0 -m trl tests/env/trl

test-train: train-env  ## The tests that train a world model, on the CPU
	$(TRAIN)/bin/python -m pytest -q -m train -W default tests/trainer/training

train-env: $(TRAIN)/.ready  ## Create .venv-train: TRL and torch without a GPU, 1.5 GB (nothing else needs it)

$(TRAIN)/.ready: tests/apart.py tests/env/trl/requirements.txt pyproject.toml
	$(PYTHON) -m tests.apart trl $(TRAIN)
	@touch $@

soak-worldmodel: $(VENV)/.dev  ## A world model that is wrong in 30 % of its answers, and 20,000 calls (CALLS=20000)
	$(BIN)/python -m tests.worldmodel.soak --calls $(CALLS)

docs: $(VENV)/.base  ## Write the JSON Schemas of the file formats
	$(BIN)/python -m schemas.wire

clean:  ## Remove everything that the other targets made
	rm -rf $(VENV) $(VLLM) $(TRAIN) $(HARBOR) tests/conformance/node_modules tests/benchmarks/node_modules
