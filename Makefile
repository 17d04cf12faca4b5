# What a developer types; CI (.ci/run) calls the same targets. The two stamps keep the tools of a developer out of
# an environment that only serves.
PORT ?= 8000
JOBS ?= 2
ARGS ?=
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --quiet --disable-pip-version-check
UV_VERSION := 0.13.9
# No index address in a lock file: it must install from any mirror.
LOCK = .venv-lock/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-annotate --no-header $(UPGRADE)

.PHONY: help serve dev test bench bench-profile lint types drift format lock check clean

help:
	@echo 'make serve [PORT=8000]  serve the record with its seed on 127.0.0.1'
	@echo 'make test [ARGS=…]      the tests, on SQLite and PostgreSQL, with a real Chromium where there is one'
	@echo 'make lint types drift   ruff; mypy; do the tables still agree with the migrations?'
	@echo 'make check              lint, types, drift and test'
	@echo 'make format             let ruff format and mend what it can'
	@echo 'make bench [FULL=1]     measure it beside its peers, into bench/RESULTS.md; needs wrk, curl and taskset'
	@echo 'make lock [UPGRADE=--upgrade]  lock the dependencies anew'

serve: .venv/serve.stamp
	$(BIN)/onrecord serve --port $(PORT)

dev: .venv/dev.stamp

test: .venv/dev.stamp
	@$(BIN)/python -m tests.available
	$(BIN)/python -m pytest -n $(JOBS) --dist loadfile $(ARGS)

# Records and peers are kept in ONRECORD_BENCH_DIR, else below the temporary folder: the first run makes them.
bench: .venv/dev.stamp
	$(BIN)/python -m bench.run $(ARGS)
	$(BIN)/python -m bench.plans --size $(if $(FULL),1M,10k)

bench-profile: .venv/dev.stamp
	$(BIN)/python -m bench.profile $(ARGS)

lint: .venv/dev.stamp
	$(BIN)/ruff check
	$(BIN)/ruff format --check

types: .venv/dev.stamp
	$(BIN)/mypy

drift: .venv/serve.stamp
	$(BIN)/onrecord migrate --check

check: lint types drift test

format: .venv/dev.stamp
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

# The largest set first: the other two take its versions, so that one environment can serve all three.
lock: .venv-lock/uv-$(UV_VERSION).stamp
	$(LOCK) pyproject.toml --group build --group dev -o requirements-dev.lock
	$(LOCK) pyproject.toml -c requirements-dev.lock -o requirements.lock
	$(LOCK) --group build -c requirements-dev.lock -o requirements-build.lock
	cd tests/clients && npm install --package-lock-only && node unfunded.mjs

clean:
	rm -rf .venv .venv-lock build dist tests/clients/node_modules .mypy_cache .pytest_cache .ruff_cache .hypothesis

.venv/serve.stamp: requirements.lock requirements-build.lock pyproject.toml | .venv/bin/python
	@echo 'Installing what serving needs …'
	@$(PIP) --require-hashes -r requirements.lock -r requirements-build.lock
	@$(PIP) --no-build-isolation --no-deps --editable .
	@touch $@

.venv/dev.stamp: requirements-dev.lock .venv/serve.stamp
	@echo 'Installing what tests, lint and types need …'
	@$(PIP) --require-hashes -r requirements-dev.lock
	@touch $@

.venv-lock/uv-$(UV_VERSION).stamp: | .venv/bin/python
	@$(BIN)/python -m venv .venv-lock
	@.venv-lock/bin/python -m pip install --quiet --quiet uv==$(UV_VERSION)
	@touch $@

# The first of these that runs and is new enough; a name on the path may be a version manager's empty shim.
.venv/bin/python:
	@for python in $(PYTHON) python3 python3.13 python3.12 python3.11; do \
		if "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
			echo "Making .venv with $$("$$python" --version) …"; exec "$$python" -m venv .venv; \
		fi; \
	done; \
	echo "On Record needs Python 3.11 or newer; python3 here is: $$(python3 --version 2>&1 || true)" >&2; exit 1
