# Everything a person needs is one of these: make run, make test, make check, make new-pattern slug=…, make bench.

PORT ?= 8000
UV := $(or $(shell command -v uv 2>/dev/null),.tools/bin/uv)
PY := .venv/bin/python
INSTALL := $(UV) pip install --quiet --python .venv --require-hashes --compile-bytecode

.PHONY: run test check format new-pattern bench requirements clean

run: .venv/run.stamp  ## the whole site on one machine: http://127.0.0.1:$(PORT)/
	@exec $(PY) manage.py up --port $(PORT)

test: check  ## everything: unit, content, real labs, browser
	$(PY) -m pytest -n 4

check: .venv/dev.stamp  ## format, lint, types, import rule, Django's checks over settings and all content
	$(PY) -m ruff format --check .
	$(PY) -m ruff check .
	$(PY) -m mypy
	$(dir $(PY))lint-imports --no-logo
	$(PY) manage.py check
	$(PY) manage.py makemigrations --check --dry-run

format: .venv/dev.stamp
	$(PY) -m ruff format .
	$(PY) -m ruff check --fix .

new-pattern: .venv/run.stamp  ## make new-pattern slug=my-pattern
	@$(PY) manage.py new_pattern "$(slug)"

bench: .venv/dev.stamp  ## what the site promises of its speed, measured: docs/benchmarks.md
	$(PY) -m tests.bench --json var/bench.json

requirements:  .venv/bin/python ## after a change of the dependencies in pyproject.toml
	$(UV) pip compile pyproject.toml --upgrade --generate-hashes --python-version 3.13 --no-annotate --no-header --no-emit-index-url -o requirements.txt
	$(UV) pip compile pyproject.toml --upgrade --group dev --generate-hashes --python-version 3.13 --no-annotate --no-header --no-emit-index-url -c requirements.txt -o requirements-dev.txt

clean:
	rm -rf .venv .tools var

# Without uv on the machine, a pinned one goes into .tools. The interpreter is looked for from / because a
# version manager that reads .python-version here would refuse to run any Python but that one.
.tools/bin/uv:
	@project="$$PWD"; for python in python3 python3.14 python3.13 python3.12 python3.11; do \
		if (cd / && $$python -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))') 2>/dev/null; then \
			(cd / && $$python -m venv "$$project/.tools") && \
			.tools/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-tools.txt && exit 0; \
		fi; \
	done; \
	echo "No Python 3.11 or newer with its venv module was found (on Debian: apt install python3-venv)." >&2; exit 1

.venv/bin/python: | $(filter .tools/%,$(UV))
	@$(UV) venv --quiet --clear .venv

.venv/run.stamp: requirements.txt | .venv/bin/python
	@$(INSTALL) -r requirements.txt
	@touch $@

.venv/dev.stamp: requirements-dev.txt .venv/run.stamp | .venv/bin/python
	@$(INSTALL) -r requirements-dev.txt
	@touch $@
