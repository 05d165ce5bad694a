# Targets explain themselves: `make help` prints the text after each `##`.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
# Where web/scripts/contract.mjs and the linter of the documents look for them.
DOCUMENTS := .cache/documents
PAGE_PACKAGES := web/node_modules/.package-lock.json
PEER_PACKAGES := benchmarks/peer/node_modules/.package-lock.json
GO := $(VENV)/.go
# The Node of the virtual environment, so that a machine needs none of its own.
NODE := PATH="$(abspath $(BIN)):$$PATH"

.DEFAULT_GOAL := help

.PHONY: help
help: ## List the targets
	@grep -hE '^[a-z][a-z-]*:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*##/\t/' | expand -t 20

$(INSTALLED): requirements/all.lock setup.cfg pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Parley needs Python 3.11 or later; set PYTHON=… to one."; exit 1; }
	@echo "Making a virtual environment in $(VENV) and installing the locked packages (about a minute, once)"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/all.lock
	@$(BIN)/python -m pip install --quiet --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

$(PAGE_PACKAGES): web/package-lock.json $(INSTALLED)
	cd web && $(NODE) npm ci --no-audit --no-fund
	@touch $@

$(PEER_PACKAGES): benchmarks/peer/package-lock.json $(INSTALLED)
	cd benchmarks/peer && $(NODE) npm ci --no-audit --no-fund
	@touch $@

# A Go of the machine's own will do; the package with one is large, so it comes where there is none.
$(GO): requirements/go.lock $(INSTALLED)
	@$(BIN)/python -m benchmarks.tools 2> /dev/null || $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/go.lock
	@touch $@

.PHONY: install
install: $(INSTALLED) ## Make the virtual environment from the lock file

.PHONY: lock
lock: $(INSTALLED) ## Resolve the dependencies anew and write the lock files
	$(BIN)/uv pip compile -q --upgrade --universal --python-version 3.11 --generate-hashes --no-header --no-emit-find-links setup.cfg -o requirements/runtime.lock
	$(BIN)/uv pip compile -q --upgrade --universal --python-version 3.11 --generate-hashes --no-header --no-emit-find-links --all-extras -c requirements/runtime.lock setup.cfg -o requirements/all.lock
	$(BIN)/uv pip compile -q --upgrade --universal --python-version 3.11 --generate-hashes --no-header --no-emit-find-links requirements/go.in -o requirements/go.lock

.PHONY: demo
demo: $(INSTALLED) ## Run everything on this machine with demo data; Ctrl-C stops it
	@exec $(BIN)/parley demo

.PHONY: clean-demo
clean-demo: ## Remove the data of `make demo`
	@if [ -x $(BIN)/parley ] && $(BIN)/parley status > /dev/null 2>&1; then echo "The demo is running; stop it first (Ctrl-C)."; exit 1; fi
	rm -rf .data

# Tests that mostly start and stop processes; `part-tests` are all others.
PROCESS_TESTS := tests/abuse tests/benchmarks tests/embedded tests/notify tests/rest

.PHONY: test
test: $(INSTALLED) chromium page-test bench-tools ## Run every test on real servers; installs and starts what they need
	@# All of them mostly wait for real servers, so they run side by side; each starts servers of its own.
	$(MAKE) --no-print-directory --jobs=3 --output-sync=target part-tests process-tests journeys

.PHONY: part-tests
part-tests: $(INSTALLED) $(PAGE_PACKAGES) bench-tools ## Test the packages, each on the servers it needs
	$(BIN)/pytest -q --ignore=tests/journeys --ignore=tests/chaos --ignore=tests/upgrade $(addprefix --ignore=,$(PROCESS_TESTS))

.PHONY: process-tests
process-tests: $(INSTALLED) bench-tools ## Test processes, load and attacks, with servers that fail
	$(BIN)/pytest -q $(PROCESS_TESTS)

.PHONY: journeys
journeys: $(INSTALLED) chromium ## Play whole stories over the whole stack, and kill parts of it
	$(BIN)/pytest -q tests/journeys tests/chaos tests/upgrade

.PHONY: chaos
chaos: $(INSTALLED) ## Kill, pause and cut off parts under load for ten minutes; writes tests/chaos/RESULTS.md
	$(BIN)/python -m tests.chaos

.PHONY: abuse
abuse: $(INSTALLED) ## Attack everything beside good clients for four minutes; writes tests/abuse/RESULTS.md
	$(BIN)/python -m tests.abuse

.PHONY: upgrade-test
upgrade-test: $(INSTALLED) ## Run the version before and this one together while processes are replaced
	$(BIN)/python -m tests.upgrade

.PHONY: page-test
page-test: $(INSTALLED) $(PAGE_PACKAGES) ## Test the page's client
	cd web && $(NODE) npm test

.PHONY: chromium
chromium: $(INSTALLED)
	@$(BIN)/python -m tests.journeys.chromium

.PHONY: bench
bench: bench-tools ## Measure the gateway and a Node peer side by side (12 minutes; QUICK=1: one)
	$(BIN)/python -m benchmarks $(if $(QUICK),--quick,--output benchmarks/RESULTS.md)

.PHONY: bench-tools
bench-tools: $(GO) $(PEER_PACKAGES) ## Install what builds the load generator and runs the peer

.PHONY: lint
lint: $(INSTALLED) $(PAGE_PACKAGES) ## Check format, types, import contracts, the page and everything that deploys
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m rest.documents $(DOCUMENTS)
	cd web && $(NODE) npm run lint
	$(BIN)/python -m benchmarks.tools lint
	deploy/check.sh

.PHONY: contract
contract: $(INSTALLED) $(PAGE_PACKAGES) ## Write the TypeScript types of the socket from its document
	$(BIN)/python -m rest.documents $(DOCUMENTS)
	cd web && $(NODE) npm run contract

.PHONY: format
format: $(INSTALLED) ## Format the code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
