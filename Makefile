# Everything a person needs is one of these: make run, make test, make check, make new-pattern slug=…, make bench.

PORT ?= 8000
UV := $(or $(shell command -v uv 2>/dev/null),.tools/bin/uv)
PY := .venv/bin/python
VENV := $(UV) venv --quiet --clear
INSTALL := $(UV) pip install --quiet --python .venv --require-hashes --compile-bytecode

.PHONY: run test check format new-pattern wheel bench readers shots mutants chaos soak requirements clean

run: .venv/run.stamp  ## the whole site on one machine: http://127.0.0.1:$(PORT)/
	@exec $(PY) manage.py up --port $(PORT)

# Five processes on two cores: the labs' tests mostly wait for what AWS does by time. They start hundreds of commands, which
# need not compile our modules again where the environment keeps Python from saving what it compiles.
test: check  ## everything: unit, content, real labs, browser
	PYTHONDONTWRITEBYTECODE= $(PY) -m pytest -n 5

check: .venv/dev.stamp  ## format, lint, types, import rule, Django's checks over settings and all content
	@$(MAKE) --no-print-directory --jobs 2 --output-sync check-types check-style check-content

.PHONY: check-style check-types check-content
check-style:
	$(PY) -m ruff format --check .
	$(PY) -m ruff check .
	$(dir $(PY))lint-imports --no-logo

check-types:
	$(PY) -m mypy

check-content:
	$(PY) manage.py check
	$(PY) manage.py makemigrations --check --dry-run

format: .venv/dev.stamp
	$(PY) -m ruff format .
	$(PY) -m ruff check --fix .
	$(PY) manage.py stamp_deployments

new-pattern: .venv/run.stamp  ## make new-pattern slug=my-pattern
	@$(PY) manage.py new_pattern "$(slug)"

wheel: .venv/bin/python  ## an installable package with the command serverless-patterns: dist/
	@$(UV) build --quiet --wheel --out-dir dist .

bench: .venv/dev.stamp  ## what the site promises of its speed, measured: docs/benchmarks.md
	$(PY) -m tests.bench --json var/bench.json

.PHONY: markup
markup: .venv/dev.stamp  ## a page of every kind and state through the Nu HTML checker; needs npm and java
	REQUIRE_STANDARDS=1 $(PY) -m pytest tests/web/standards/test_markup.py

.PHONY: accessibility
accessibility: .venv/dev.stamp  ## axe-core on a page of every kind and state, wide and narrow, light and dark; needs npm
	REQUIRE_STANDARDS=1 REQUIRE_BROWSER=1 $(PY) -m pytest tests/web/standards/test_accessibility.py

.PHONY: lighthouse
lighthouse: .venv/dev.stamp  ## Lighthouse's scores on a phone, of a built site; needs npm, and a machine that does nothing else
	@$(PY) -m tests.web.standards.lighthouse

.PHONY: lint-openapi
lint-openapi: .venv/dev.stamp  ## /openapi.json through Redocly's linter and Spectral; needs npm
	@DJANGO_SETTINGS_MODULE=catalogue.settings $(PY) -m tests.web.standards.lint_openapi

readers: .venv/dev.stamp  ## five tasks of a first-time reader, with the presses and seconds that each takes
	REQUIRE_BROWSER=1 $(PY) -m pytest -q -s tests/web/browser/journeys/test_readers.py

shots: .venv/dev.stamp  ## every kind of page at three widths in both themes, as one contact sheet: var/shots/index.html
	$(PY) -m tests.web.browser.journeys.shots

mutants: .venv/dev.stamp  ## changes to pure modules that no test notices: tests/project/mutants.py; make mutants module=http for one
	@$(INSTALL) -r requirements-mutants.txt
	$(PY) -m tests.project.mutants $(module)

chaos: .venv/dev.stamp  ## faults on purpose and 20,000 fuzzed requests, with what came of them: docs/reliability.md
	$(PY) -m tests.reliability chaos fuzz --json var/chaos.json

soak: .venv/dev.stamp  ## an hour of load, slow clients, a stranger at every limit: docs/reliability.md
	$(PY) -m tests.reliability soak --json var/soak.json

requirements:  .venv/bin/python ## after a change of the dependencies in pyproject.toml
	$(UV) pip compile pyproject.toml --extra server --upgrade --generate-hashes --python-version 3.13 --no-annotate --no-header --no-emit-index-url -o requirements.txt
	$(UV) pip compile pyproject.toml --extra server --upgrade --group dev --generate-hashes --python-version 3.13 --no-annotate --no-header --no-emit-index-url -c requirements.txt -o requirements-dev.txt
	for group in mcp otel sentry mutants; do $(UV) pip compile --group $$group --generate-hashes --python-version 3.13 --no-annotate --no-header --no-emit-index-url -c requirements-dev.txt -o requirements-$$group.txt || exit 1; done

clean:
	rm -rf .venv .tools var

# Without uv on the machine, a pinned one goes into .tools. The interpreter is looked for from / because a
# version manager that reads a .python-version here or above would refuse to run any Python but that one.
.tools/bin/uv:
	@project="$$PWD"; for python in python3 python3.15 python3.14 python3.13 python3.12 python3.11; do \
		if (cd / && $$python -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))') 2>/dev/null; then \
			(cd / && $$python -m venv "$$project/.tools") && \
			.tools/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-tools.txt && exit 0; \
		fi; \
	done; \
	echo "No Python 3.11 or newer with its venv module was found (on Debian: apt install python3-venv)." >&2; exit 1

# An installed Python 3.13, else an installed newer one, else one that pyenv has but does not offer here, else one that
# uv fetches. Of the messages only the last attempt's reason is of use, and one line says what to do.
.venv/bin/python: | $(filter .tools/%,$(UV))
	@$(VENV) --python 3.13 --no-python-downloads .venv 2>/dev/null \
		|| $(VENV) --python '>=3.13' --no-python-downloads .venv 2>/dev/null \
		|| { for python in "$${PYENV_ROOT:-$$HOME/.pyenv}"/versions/3.1[3-9]*/bin/python; do \
			$(VENV) --python "$$python" --no-python-downloads .venv 2>/dev/null && break; done; } \
		|| $(VENV) --python 3.13 .venv 2>/dev/null \
		|| { echo "No Python 3.13 or newer was found, and uv could not fetch one: install it (Debian 13: apt install python3; elsewhere: https://www.python.org/downloads/) and run make again." >&2; exit 1; }

.venv/run.stamp: requirements.txt | .venv/bin/python
	@$(INSTALL) -r requirements.txt
	@touch $@

.venv/dev.stamp: requirements-dev.txt .venv/run.stamp | .venv/bin/python
	@$(INSTALL) -r requirements-dev.txt
	@touch $@
