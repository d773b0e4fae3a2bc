# featurewatch. `make help` lists what there is; `make up` and `make test` do all the set-up they need.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
FEATUREWATCH := $(BIN)/featurewatch

RUNTIME ?= auto
SCENE ?= slow
PART ?=
PYTEST_ARGS ?=
# Tests wait for processes more than they compute; in CI the long ones, with clocks of their own, have a core each.
WORKERS ?= $(if $(CI),2,4)
export RUNTIME

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

## --- the stack -----------------------------------------------------------------------------------------------
up: $(READY) ## set up everything, start the stack, say what is where (RUNTIME=native|docker)
	@$(FEATUREWATCH) up --runtime $(RUNTIME)

down: $(READY) ## stop the stack; data is kept
	@$(FEATUREWATCH) down

status: $(READY) ## what runs where, since when
	@$(FEATUREWATCH) status

logs: $(READY) ## the last lines of one part: make logs PART=prometheus
	@$(FEATUREWATCH) logs $(PART)

reload: $(READY) ## check the configuration, then let the running stack take it
	@$(FEATUREWATCH) reload

demo: $(READY) ## a story on the running stack: SCENE=slow|cache|fallback|errors|down|escalation|repair
	@$(FEATUREWATCH) demo $(SCENE)

example-ray: $(READY) ## a measured Ray Serve deployment with its own Prometheus, for ten minutes
	@PYTHONPATH=$(CURDIR) $(BIN)/python -m examples.ray_serve

clean: ## stop the stack; remove data, tools and the virtual environment
	@if [ -x $(FEATUREWATCH) ]; then $(FEATUREWATCH) down; fi
	rm -rf .featurewatch $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis

## --- objectives to configuration -----------------------------------------------------------------------------
generate: $(READY) ## rules, tests, routes, dashboards and documents from objectives.yaml
	@$(FEATUREWATCH) generate

kubernetes: generate ## the same rules and scrapes for the Prometheus Operator, in deploy/kubernetes
	@ls deploy/kubernetes

check: $(READY) ## everything that can be checked without running it
	@$(FEATUREWATCH) check

preview: ## build the preview of the dashboards anew (needs Node 20)
	cd dashboards/preview && npm ci && npm run build

preview-check: ## does the committed preview equal what its sources make? (needs Node 20)
	cd dashboards/preview && npm ci && npm run check

grafana-check: $(READY) ## the dashboards in the Grafana at GRAFANA_URL: put there, read back, compared
	@$(FEATUREWATCH) grafana

schema: ## Grafana's types as JSON Schemas, from the pinned @grafana/schema (needs Node 20)
	cd dashboards/schema && npm ci && npm run make

schema-check: ## do the committed schemas equal what the pinned @grafana/schema makes? (needs Node 20)
	cd dashboards/schema && npm ci && npm run check

tools: $(READY) ## find or fetch Prometheus, Alertmanager and their tools
	@$(FEATUREWATCH) tools

## --- the project itself --------------------------------------------------------------------------------------
setup: $(READY) ## the virtual environment
test: lint check ## lint, types, check, tests (with CI set, the long ones too)
	$(BIN)/python -m pytest -n $(WORKERS) $(if $(CI),,-m "not long") $(PYTEST_ARGS)

lint: $(READY) ## format, lint, types
	$(BIN)/ruff format --check -q .
	$(BIN)/ruff check -q .
	$(BIN)/mypy

fmt: $(READY) ## format the code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix-only -q .

bench: $(READY) ## cost of a recorded extraction, and the figures of the stack
	$(BIN)/python -m featurewatch.bench.hot_path
	$(BIN)/python -m featurewatch.bench.rules
	$(BIN)/python -m featurewatch.bench.responder
	$(BIN)/python -m featurewatch.bench.dashboards

mutants: $(READY) ## change every generated rule, one thing at a time; each change must fail a test
	$(BIN)/python -m featurewatch.rules.mutants

figures: $(READY) ## measure what docs/figures.md says: memory, start, breach to delivery
	$(BIN)/python -m featurewatch.bench.stack

$(READY): pyproject.toml requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "featurewatch needs Python 3.11 or newer; '$(PYTHON)' is $$($(PYTHON) --version 2>&1). Set PYTHON=…" >&2; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { \
	  echo "'$(PYTHON)' cannot make virtual environments; on Debian: apt install python3-venv" >&2; exit 1; }
	@echo "setting up $(VENV) (once)"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --requirement requirements.lock
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

.PHONY: help up down status logs reload demo example-ray clean generate kubernetes check preview preview-check grafana-check schema schema-check tools setup test lint fmt bench mutants figures
