# One verb per target. `make help` lists them.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-all check format lint types layers bench screenshots clean

help:  ## List what can be made
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

$(STAMP): pyproject.toml constraints.txt $(wildcard native/*)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Inertial needs Python 3.11 or newer; $(PYTHON) is older. Try: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check "pip>=25.1"
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt torch==2.13.0
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[train,lab]' --group dev
	@touch $@

setup: $(STAMP)  ## Make the virtual environment and install everything

demo: $(STAMP)  ## Train on real handwritten digits, with and without momentum, side by side
	$(BIN)/inertial demo

test: $(STAMP)  ## Run the tests (under 3 minutes on two cores)
	$(BIN)/python -m pytest -n 2 --dist loadfile -q -m "not slow"

test-all: $(STAMP)  ## Run every test, the slow ones too
	-$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --group triton
	$(BIN)/python -m pytest -n 2 --dist loadfile -q

format: $(STAMP)  ## Format the code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix --quiet . || true

lint: $(STAMP)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: $(STAMP)
	$(BIN)/mypy

layers: $(STAMP)
	$(BIN)/lint-imports

check: lint types layers test  ## Format, lint, types, layers and tests: the one command before a commit

bench: $(STAMP)  ## Time the step beside other optimizers' (minutes, on a quiet machine)
	-$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --group bench
	$(BIN)/python benchmarks/step.py --json build/step.json --markdown build/step.md --plot build/step.png

screenshots: $(STAMP)  ## Take the lab's pictures for the documents (needs Chromium and Playwright)
	PYTHONPATH=benchmarks $(BIN)/python docs/figures/make_lab_pictures.py

clean:  ## Remove the virtual environment and caches
	rm -rf $(VENV) build .pytest_cache .mypy_cache .ruff_cache .hypothesis
