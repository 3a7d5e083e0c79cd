# Needs git, make and Python 3.11+; everything else goes into .venv. ARGS passes options on: make run ARGS=--memory
MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help
# What a person set for other Pythons would keep .venv's from starting, or have it import their packages.
unexport PYTHONHOME PYTHONPATH PYTHONINSPECT
.NOTPARALLEL:
.PHONY: help run test coverage test-oldest check soak acceptance browser client-node generators chaos alerts image bench lock sbom format clean venv venv-dev

BIN := .venv/bin
COMPILE := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header

IMAGE := $(shell sed -n "s/^ *image: \(order-engine:.*\)/\1/p" compose.yaml)

# What asks a server for something that an older one may lack: the adapters' suites, the schema, private servers, processes.
OLDEST := servers_fixtures local_servers processes redis_order_queue redis_order_queue_machine redis_update_feed \
	redis_own_connection redis_faults postgres_order_store postgres_executions postgres_migrations postgres_sessions \
	postgres_faults postgres_trading_halts postgres_standby

help:  ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-12s %s\n", $$1, $$2 }' Makefile

run: venv  ## Start the whole engine here: API, worker, Postgres and Redis (ARGS=--memory: no server at all)
	@exec $(BIN)/order-engine dev $(ARGS)

test: venv-dev  ## Run unit and integration tests
	$(BIN)/python -m pytest tests/integration tests/unit --numprocesses=auto --dist=loadfile --no-loadscope-reorder $(ARGS)

coverage: venv-dev  ## Run the tests with coverage: below 90% it fails
	@$(MAKE) test ARGS="--cov --cov-report=term $(ARGS)"

test-oldest: venv-dev  ## Run what meets servers on the oldest ones that will do: Redis 7.0, Postgres 14 or 15 of this machine
	@if scripts/get-oldest-servers; then ORDER_ENGINE_TEST_SERVERS=local ORDER_ENGINE_TEST_OLDEST=1 $(BIN)/python -m pytest \
		$(OLDEST:%=tests/integration/test_%.py) --numprocesses=auto --dist=loadfile $(ARGS); fi

check: venv-dev  ## Lint, check the format, the types and the directions of imports
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

soak: venv-dev  ## Look for memory that grows, over many orders (SOAK_ORDERS=, SOAK_JOBS=)
	$(BIN)/python -m pytest tests/soak $(ARGS)

acceptance: venv-dev  ## Run the black-box checks against a running engine, in memory and on real servers
	$(BIN)/python -m pytest tests/acceptance $(ARGS)

browser: venv-dev  ## Test the console in a real Chromium; pictures of it go to build/screenshots
	@scripts/get-chromium
	$(BIN)/python -m pytest tests/browser $(ARGS)

generators: venv-dev  ## Generate clients from openapi.yaml, in Python and where npm is in TypeScript, and run them
	@scripts/get-generators python
	$(BIN)/python -m pytest tests/generators/test_python.py $(ARGS)
	@if scripts/get-generators typescript; then $(BIN)/python -m pytest tests/generators/test_typescript.py $(ARGS); fi

client-node: venv-dev  ## Test the TypeScript client in Node 20 or newer, against real engines
	$(BIN)/python -m pytest tests/node $(ARGS)

chaos: venv-dev  ## Load a fleet, kill everything in it at random, and check every promise (SEED=1 SECONDS=60 WORLD=mock|solana)
	$(BIN)/python -m tests.chaos --seed $(or $(SEED),1) --seconds $(or $(SECONDS),60) --world $(or $(WORLD),mock) $(ARGS)

alerts: venv-dev  ## Kill all parts of an engine that a real Prometheus watches: each fires what the runbook names (20 minutes)
	@scripts/get-prometheus $(CURDIR)/build/prometheus
	PATH="$(CURDIR)/build/prometheus/usr/bin:$$PATH" $(BIN)/python -m pytest tests/alerts $(ARGS)

image: venv-dev  ## Build the image, and run compose's commands in it on real servers (Docker, or podman)
	@scripts/make-image $(IMAGE)
	$(BIN)/python -m pytest tests/image $(ARGS)

bench: venv-dev  ## Measure throughput and latency beside references of the same run (BENCH="accept drain", ARGS=--list)
	$(BIN)/python -m benchmarks $(BENCH) $(ARGS)

lock: venv-dev  ## Write all Python locks again from pyproject.toml (ARGS=--upgrade: to the newest versions)
	$(COMPILE) pyproject.toml --extra local --group build $(ARGS) -o requirements.lock
	$(COMPILE) pyproject.toml --extra local --group build --extra dev -c requirements.lock $(ARGS) -o requirements-dev.lock
	$(COMPILE) tests/generators/python.in $(ARGS) -o tests/generators/python.lock

sbom: venv-dev  ## Write the bill of materials of what is installed to build/sbom.cdx.json (CycloneDX)
	$(BIN)/python scripts/sbom.py build/sbom.cdx.json

format: venv-dev  ## Format the code and fix what can be fixed
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

clean:  ## Remove .venv and all caches; the data in .order-engine stays
	rm -rf .venv .venv.log build *.egg-info clients/python/src/*.egg-info .coverage .coverage.* htmlcov .mypy_cache .ruff_cache .pytest_cache
	rm -rf .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

venv:
	@scripts/make-venv requirements.lock

venv-dev:
	@scripts/make-venv requirements-dev.lock
