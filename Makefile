# Every command of the project; `make help` lists them. Needs Python 3.11 or later, nothing else.
PYTHON ?= python3
JOBS ?= 2
VENV := .venv
export PG_BIN

BIN := $(VENV)/bin
READY := $(VENV)/.ready
PYTEST := $(BIN)/python -m pytest -n $(JOBS) --dist worksteal $(if $(k),-k '$(k)')
SOURCES := pyclient tests

.DEFAULT_GOAL := help

help:  ## List the commands
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

dev: $(READY)  ## Make .venv with everything that development needs (uv is used if there is one)

# A half-made environment has no stamp and is made anew. Only the package of the flight data asks for
# pandas, without which these can be read; PyArrow imports it wherever it is, for seconds.
$(READY): pyproject.toml
	@rm -rf $(VENV)
	@if command -v uv >/dev/null; then \
	  uv venv -q --python "$$(command -v $(PYTHON))" $(VENV) && \
	  uv pip install -q --python $(BIN)/python -e '.[demo,http,test,lint]' && \
	  uv pip uninstall -q --python $(BIN)/python pandas; \
	else \
	  $(PYTHON) -m venv $(VENV) && \
	  $(BIN)/python -m pip install -q --disable-pip-version-check -e '.[demo,http,test,lint]' && \
	  $(BIN)/python -m pip uninstall -q -y pandas; \
	fi
	@touch $@

test: $(READY)  ## Run every test; `make test k=words` narrows, PG_BIN=<folder> chooses a server
	$(PYTEST) tests

test-database: $(READY)  ## Run the tests that depend on the server's version
	$(PYTEST) tests/sql tests/concurrency tests/schema tests/client/test_migrate.py \
	  tests/client/test_drift.py --ignore tests/schema/test_files.py -m 'not slow'

test-sql: $(READY)  ## Run the SQL tests
	$(PYTEST) tests/sql

test-client: $(READY)  ## Run the tests of the Python client
	$(PYTEST) tests/client

test-concurrency: $(READY)  ## Run the tests of two and more sessions
	$(PYTEST) tests/concurrency

test-faults: $(READY)  ## Run the tests that kill workers and servers
	$(PYTEST) tests/faults

test-schema: $(READY)  ## Run the house rules
	$(PYTEST) tests/schema

lint: $(READY)  ## Check style and types: ruff, mypy, squawk
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/mypy
	$(BIN)/squawk --config .squawk.toml migrations/*.sql

format: $(READY)  ## Put imports and simple style in order
	$(BIN)/ruff check --fix $(SOURCES)

docs: $(READY)  ## Write docs/reference/ anew from the comments in the code
	PYTHONPATH=tests $(BIN)/python -m support.reference

verify: $(READY)  ## Fail if anything generated is out of date
	PYTHONPATH=tests $(BIN)/python -m support.reference --check
	$(BIN)/python -m pytest -q tests/schema/test_files.py -k sealed

seal:  ## Record the checksums of new migrations
	@cd migrations && $(PYTHON) -c 'import hashlib, pathlib; [print(hashlib.sha256(p.read_bytes()) \
	  .hexdigest(), p.name, sep="  ") for p in sorted(pathlib.Path().glob("*.sql"))]' > SHA256SUMS

check: lint verify test  ## Do all that must pass before a change goes in

$(VENV)/.bench: $(READY)
	@if command -v uv >/dev/null; then uv pip install -q --python $(BIN)/python -e '.[bench]'; \
	else $(BIN)/python -m pip install -q --disable-pip-version-check -e '.[bench]'; fi
	@touch $@

bench: $(VENV)/.bench  ## Measure, side by side with the ceilings and the peers
	$(BIN)/python -m tests.benchmarks $(ARGS)

demo: $(READY)  ## Run the main job on real data with an embedded server
	$(BIN)/pgbacklog demo $(ARGS)

bundle: $(READY)  ## Write dist/: the wheel, the source archive, the installer as one SQL file
	mkdir -p dist
	$(BIN)/python -c 'from hatchling import build as b; b.build_sdist("dist"); b.build_wheel("dist")'
	$(BIN)/pgbacklog sql > dist/pgbacklog-$$($(BIN)/python -c 'import pgbacklog as p; print(p.__version__)').sql

clean:  ## Remove .venv, caches and build products
	rm -rf $(VENV) dist .cache .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.PHONY: help dev test test-database test-sql test-client test-concurrency test-faults test-schema \
  lint format docs verify seal check bench demo bundle clean
