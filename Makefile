# Each target does all its own set-up. `make help` explains.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP_FLAGS := -qq --disable-pip-version-check --require-hashes

.DEFAULT_GOAL := help
.PHONY: help setup demo needs pages test screens check format messages bench build lock clean

help: ## Show what can be made
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# What a machine must bring: Python 3.11+ with venv. Said in one line, with the command.
$(BIN)/python:
	@command -v $(PYTHON) >/dev/null || { echo "Python 3.11 or newer is missing: sudo apt-get install python3 python3-venv"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed, this is $$($(PYTHON) -V): sudo apt-get install python3 (Debian 12 or newer)"; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { echo "Python's venv is missing: sudo apt-get install python3-venv"; exit 1; }
	@rm -rf $(VENV)
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.run: requirements.lock pyproject.toml | $(BIN)/python
	@echo "Installing what Callcard runs on (once) …"
	@$(BIN)/pip install $(PIP_FLAGS) -r requirements.lock
	@$(BIN)/python -c 'import site, pathlib; pathlib.Path(site.getsitepackages()[0], "callcard-here.pth").write_text("$(CURDIR)\n")'
	@printf '#!/bin/sh\nexec "%s/python" -m callcard "$$@"\n' "$(CURDIR)/$(BIN)" > $(BIN)/callcard && chmod +x $(BIN)/callcard
	@touch $@

$(VENV)/.dev: requirements-dev.lock $(VENV)/.run
	@echo "Installing what the tests and checks need (once) …"
	@$(BIN)/pip install $(PIP_FLAGS) -r requirements-dev.lock
	@touch $@

# Node for the front-end: the system's (20 or newer, with npm), else a wheel that brings it along.
$(VENV)/.node: requirements-build.lock | $(BIN)/python
	@$(BIN)/python agent_ui/frontend/make.py node 2>/dev/null || { echo "Installing Node to build the pages with (once) …"; $(BIN)/pip install $(PIP_FLAGS) -r requirements-build.lock; }
	@touch $@

# Does nothing while the sources are those that it was built from.
pages: $(VENV)/.node ## Build the pages' scripts and styles
	@$(BIN)/python agent_ui/frontend/make.py build

setup: $(VENV)/.dev pages ## Install everything into .venv, and Asterisk into the cache
	@$(BIN)/callcard pbx install

demo: $(VENV)/.run pages ## Run an office with real calls in this terminal; Ctrl-C ends everything (DEMO="--calls 3")
	@$(BIN)/callcard demo $(DEMO)

# First of all, so that what is missing is said before anything is fetched.
needs:
	@bash tests/needs.sh

test: needs $(VENV)/.dev pages ## Run all tests, on real PostgreSQL, Redis and Asterisk
	@$(BIN)/python agent_ui/frontend/make.py test
	@$(BIN)/callcard pbx install --quiet
	@$(BIN)/pytest -n 3 --dist loadfile

screens: needs $(VENV)/.dev pages ## Capture every screen of a demo office into screens/
	@$(BIN)/callcard pbx install --quiet
	@$(BIN)/python -m tests.browser.screens

check: $(VENV)/.dev $(VENV)/.node ## Format, lint, types, rooms, translations, docs, locks
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache
	@$(BIN)/python agent_ui/frontend/make.py check
	@$(BIN)/python -m tests.checks

format: $(VENV)/.dev ## Format the code
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

messages: $(VENV)/.dev ## Bring the translation files up to the code's texts
	@$(BIN)/python -m tests.checks.translations --update

bench: needs $(VENV)/.dev pages ## Measure beside the peers: one JSON object a line
	@$(BIN)/callcard pbx install --quiet
	@$(BIN)/python -m benchmarks

build: $(VENV)/.dev pages ## Make a wheel in dist/
	@rm -rf dist
	@$(BIN)/python -m hatchling build -t wheel

lock: $(VENV)/.dev ## Pin the dependencies anew, with hashes
	@$(BIN)/uv pip compile pyproject.toml --extra embedded --extra audio --universal --python-version 3.11 --generate-hashes --no-annotate --no-header --no-emit-index-url --quiet -o requirements.lock
	@$(BIN)/uv pip compile pyproject.toml --all-extras --universal --python-version 3.11 --generate-hashes --no-annotate --no-header --no-emit-index-url --quiet -o requirements-dev.lock
	@$(BIN)/uv pip compile --group pyproject.toml:node --universal --python-version 3.11 --generate-hashes --no-annotate --no-header --no-emit-index-url --quiet -o requirements-build.lock

clean: ## Remove what was built here (not the cache, not data)
	@rm -rf $(VENV) build dist screens agent_ui/static agent_ui/frontend/node_modules .mypy_cache .ruff_cache .pytest_cache .hypothesis
