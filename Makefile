# Every target makes .venv by itself when it is missing or older than the lock.
# Needed beforehand: make, git and Python 3.11 or newer with its venv module.

SHELL := /bin/sh
BIN := .venv/bin
READY := .venv/.ready

# Without cached byte code every start of the program takes about three times as long.
unexport PYTHONDONTWRITEBYTECODE

# How many processes share the tests; `make test JOBS=0` runs them in one.
JOBS ?= 2
# Passed on to the program a target runs: `make test ARGS="-k rota"`.
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help setup demo test check format bench prove docs lock clean

help: ## show this list
	@sed -n 's/^\([a-z]*\):[^#]*## /\1\t/p' $(firstword $(MAKEFILE_LIST)) | while IFS="$$(printf '\t')" read -r name text; do printf '  make %-8s %s\n' "$$name" "$$text"; done

setup: $(READY) ## make .venv, with everything pinned and its hash checked

demo: $(READY) ## play one whole outage on this machine, from detection to postmortem
	$(BIN)/relight demo $(ARGS)

test: $(READY) ## run the tests
	$(BIN)/pytest -n $(JOBS) $(ARGS)

check: $(READY) ## everything that reads the code without running it; all faults in one go
	@failed=; \
	try() { printf '== %s\n' "$$*"; "$$@" || failed="$$failed  $$*\n"; }; \
	try $(BIN)/ruff format --check .; \
	try $(BIN)/ruff check .; \
	try $(BIN)/basedpyright; \
	try $(BIN)/mypy; \
	try $(BIN)/lint-imports; \
	try $(BIN)/python -m tools.docs --check; \
	try $(BIN)/python -m tools.changelog check; \
	if [ -n "$$failed" ]; then printf '\nfailed:\n%b' "$$failed"; exit 1; fi

format: $(READY) ## lay out the code and mend what can be mended by rule
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

bench: $(READY) ## measure, and write bench/report.md
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements/bench.txt
	$(BIN)/python -m bench $(ARGS)

prove: $(READY) ## the long tests: kills at every step, many seeds
	$(BIN)/pytest --timeout 3600 -m prove $(ARGS)

docs: $(READY) ## write the reference pages from the code
	$(BIN)/python -m tools.docs $(ARGS)

# A lock names versions and hashes, never the place they came from.
UV_COMPILE = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-header --no-annotate
lock: $(READY) ## pin the newest versions that fit pyproject.toml
	$(UV_COMPILE) --upgrade --group dev --output-file requirements/dev.txt pyproject.toml
	$(UV_COMPILE) --upgrade --constraints requirements/dev.txt --output-file requirements/run.txt pyproject.toml
	$(UV_COMPILE) --upgrade --constraints requirements/dev.txt --group bench --output-file requirements/bench.txt pyproject.toml

clean: ## remove caches and build output; `rm -rf .venv` starts the environment anew
	rm -rf build dist .pytest_cache .ruff_cache .mypy_cache .hypothesis .import_linter_cache
	find src tests tools -name __pycache__ -type d -prune -exec rm -rf {} +

$(READY): requirements/dev.txt pyproject.toml
	@set -e; \
	python=; \
	for candidate in $(PYTHON) python3 python3.13 python3.12 python3.11; do \
	  if $$candidate -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then python=$$candidate; break; fi; \
	done; \
	if [ -z "$$python" ]; then echo 'Relight needs Python 3.11 or newer, and none was found. make PYTHON=/path/to/python3 setup names one.' >&2; exit 1; fi; \
	if ! $$python -c 'import venv, ensurepip' 2>/dev/null; then \
	  printf '%s\n' "$$python lacks its venv module. On Debian and Ubuntu this line brings it:" '  apt-get install -y python3-venv' >&2; exit 1; fi; \
	if ! $(BIN)/python -m pip --version >/dev/null 2>&1; then $$python -m venv --clear .venv; fi; \
	set -x; \
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements/dev.txt; \
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation -e .; \
	$(BIN)/python -m compileall -q src; \
	touch $(READY)
