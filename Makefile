# Every target installs what it needs. `make` lists the targets.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

VENV := .venv
PY := $(VENV)/bin/python
CLUSTER := $(PY) -m tests.localcluster
PYTEST := $(VENV)/bin/pytest -q

.PHONY: help
help: ## List the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 16

$(VENV)/installed: requirements-dev.lock pyproject.toml
	@echo "installing the virtual environment (hashed lock, no network but the package index)"
	@python3 -m venv $(VENV)
	@$(VENV)/bin/pip install --quiet --require-hashes -r requirements-dev.lock
	@$(VENV)/bin/pip install --quiet --no-deps --no-build-isolation -e .
	@touch $@

.PHONY: venv
venv: $(VENV)/installed ## Install the virtual environment

.PHONY: lock
lock: ## Lock the dependencies again, with hashes and without addresses
	$(VENV)/bin/pip-compile --quiet --generate-hashes --strip-extras --allow-unsafe --no-emit-index-url \
	  --no-emit-trusted-host --no-emit-find-links --no-header --extra init \
	  --output-file requirements.lock pyproject.toml
	$(VENV)/bin/pip-compile --quiet --generate-hashes --strip-extras --allow-unsafe --no-emit-index-url \
	  --no-emit-trusted-host --no-emit-find-links --no-header --extra dev --all-build-deps \
	  --output-file requirements-dev.lock pyproject.toml

.PHONY: up
up: venv ## Start the local cluster (idempotent)
	@$(CLUSTER) up

.PHONY: down
down: venv ## Stop the local cluster and leave nothing behind
	@$(CLUSTER) down

.PHONY: logs
logs: venv ## Show where the cluster's processes log, or the end of one: make logs NAME=kubelet
	@$(CLUSTER) logs $(NAME)

dist/.built: $(VENV)/installed $(shell find operator/sluice -name '*.py') pyproject.toml
	@rm -rf dist && $(VENV)/bin/python -m hatchling build -t wheel -d dist >/dev/null
	@touch $@

.PHONY: wheel
wheel: dist/.built ## Build the wheel that the cluster tests install

.PHONY: install
install: up wheel ## Install Sluice into the local cluster from the wheel
	@$(CLUSTER) load-operator dist/*.whl --lock requirements.lock
	@$(PY) -m tests.cluster.install

.PHONY: demo
demo: install ## Promote a good version, roll back a bad one, and say what to try next
	@$(PY) -m tests.cluster.demo

.PHONY: lint
lint: venv ## Style, types and layers
	@$(VENV)/bin/ruff check .
	@$(VENV)/bin/ruff format --check .
	@$(VENV)/bin/lint-imports
	@$(VENV)/bin/mypy

# Bytecode is kept, whatever the environment says: else each worker compiles all tests at each run.
.PHONY: unit
unit: venv ## Pure tests (seconds)
	@PYTHONDONTWRITEBYTECODE= $(PYTEST) -n 2 --dist worksteal tests/unit

.PHONY: coverage
coverage: venv ## Pure tests and stories; every line and branch of the decision tower is run
	@$(PYTEST) -n 2 --cov --cov-report=term-missing:skip-covered tests/unit tests/converge/test_stories.py \
	  tests/converge/graph/test_stories.py tests/converge/init/test_stories.py

.PHONY: converge
converge: venv ## Engine, adapters and command line on HTTP; the in-memory cluster with crashes, disturbances, random histories
	@$(PYTEST) -n 2 --dist worksteal tests/engine tests/adapters tests/cli $(filter-out %/test_stories.py,$(wildcard tests/converge/test_*.py tests/converge/*/test_*.py))

.PHONY: fuzz
fuzz: venv ## Many random histories on the in-memory cluster (minutes)
	@$(PYTEST) -n 2 --hypothesis-profile=fuzz tests/converge/test_random.py tests/converge/graph/test_random.py

# Started by the tests themselves, on free ports and as nobody: what Debian would start is not wanted.
# A policy that forbids it is how Debian is told; one that somebody has already is left as it is.
SERVERS := postgresql rabbitmq-server redis-server
START_POLICY := /usr/sbin/policy-rc.d

.PHONY: servers
servers: ## Install PostgreSQL, RabbitMQ and Redis for the tests, from Debian, without starting them
	@dpkg-query --show --showformat='$${db:Status-Status}\n' $(SERVERS) 2>/dev/null | grep -cx installed \
	  | grep -qx $(words $(SERVERS)) || $(MAKE) --no-print-directory installed-servers

.PHONY: installed-servers
installed-servers:
	@export PATH="$$PATH:/usr/local/sbin:/usr/sbin:/sbin"; \
	echo "installing $(SERVERS) (of Debian; up to 101 MB are fetched, 15 s with RabbitMQ and Redis alone)"; \
	if [ ! -e $(START_POLICY) ]; then \
	  trap 'rm -f $(START_POLICY)' EXIT; \
	  printf '#!/bin/sh\nexit 101\n' >$(START_POLICY); chmod +x $(START_POLICY); \
	fi; \
	apt-get --quiet --quiet update; \
	DEBIAN_FRONTEND=noninteractive apt-get --quiet --quiet install -y --no-install-recommends $(SERVERS) >/dev/null

.PHONY: init-test
init-test: venv servers ## sluice-init on a real PostgreSQL, RabbitMQ, Redis and SQLite
	@$(PYTEST) -n 2 --dist loadfile tests/init

.PHONY: cluster-test
cluster-test: install servers ## Every scenario on the real cluster, then the cluster itself (50 minutes)
	@$(PYTEST) -n 4 --dist worksteal -m "not localcluster" tests/cluster
	@$(PYTEST) -m localcluster tests/cluster

.PHONY: test
test: lint coverage converge init-test cluster-test ## Everything that CI runs

.PHONY: bench
bench: install ## Measure; tables on the terminal, JSON in bench/results
	@for name in false_rollbacks rollback restart idle startup probes; do $(PY) -m bench.$$name; done

.PHONY: docs
docs: venv ## Generate docs/reasons.md, docs/metrics.md and the tables of stages and states from code
	@$(PY) docs/generate.py
