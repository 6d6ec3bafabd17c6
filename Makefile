# Every target sets up what it needs in .venv by itself: Python 3.11 or newer and git are enough.

PYTHON ?= python3
APP    ?= starlette
VENV   := .venv
BIN    := $(VENV)/bin
CODE   := $(wildcard src tests examples benchmarks)

# The modules that decide: at least 95 % of their lines and branches are covered.
CORE := $(patsubst %,src/netguard/%,bodies.py checks.py cookies.py cookie_attributes.py cookie_reading.py cookie_rewriting.py core.py \
        count_sources.py counted_by.py counters/* counting.py csrf.py devices.py errors.py exchange.py forgetting.py hashes.py identities.py intervals.py keys.py learn.py \
        limiting.py lockout.py login_attempts.py login_blocks.py login_counting.py login_locks.py login_refusals.py login_settling.py \
        login_unlocks.py logins.py memo.py messages.py networks.py network_files.py network_lists.py outcomes.py patterns.py plan.py policy.py proxies.py published_lists.py rate_answers.py \
        rate_counting.py rate_limit.py rate_refusals.py rates.py refusals.py report_counting.py response_head.py roles.py serving.py store_schemes.py \
        steps.py structured.py tokens.py toml.py unlocking.py headers/* rules/*)
comma := ,
empty :=
space := $(empty) $(empty)

export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help demo test lint unit docs matrix bench races clean

help: ## print the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' Makefile

demo: $(VENV)/.demo ## run the booking app on https://localhost:8443 (APP=starlette)
	@$(BIN)/python examples/demo.py $(APP)

test: lint docs unit ## run every check: lint, docs, tests with coverage

lint: $(VENV)/.dev ## ruff, mypy --strict, import-linter
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy $(CODE)
	$(BIN)/lint-imports

unit: $(VENV)/.dev tests/outside/node_modules/.installed
	$(BIN)/pytest -n 2 --cov --cov-report=
	$(BIN)/coverage report
	@echo "The modules that decide, at least 95 %:"
	@$(BIN)/coverage report --fail-under=95 --include='$(subst $(space),$(comma),$(CORE))'
	@PYTHONPATH=tests $(BIN)/python -m support.outside

docs: $(VENV)/.dev ## build the documentation, strictly, into site/
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

matrix: ## unit and scenario suites on every Python from 3.11 to 3.13 that is here
	@scripts/matrix

bench: $(VENV)/.bench ## measure against the bare app and released peers
	@$(BIN)/python -m benchmarks

clean: ## remove everything that the other targets made
	rm -rf .venv* .demo site dist .coverage .coverage.* .pytest_cache .mypy_cache .ruff_cache .import_linter_cache \
	    .hypothesis tests/outside/node_modules

races: $(VENV)/.bench ## how many passwords netguard and released peers evaluate where five are allowed
	@$(BIN)/python -m benchmarks.races

$(VENV)/.pip:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	    { echo "netguard needs Python 3.11 or newer: make PYTHON=python3.12 ..." >&2; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' || \
	    { echo "$(PYTHON) cannot make environments: install its venv module (Debian: apt-get install python3-venv)" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1'
	@touch $@

# One stamp for each dependency group; a change of pyproject.toml installs it again.
$(VENV)/.%: pyproject.toml | $(VENV)/.pip
	$(BIN)/python -m pip install --quiet --editable '.[all]' --group $*
	@touch $@

# Outside programs from npm. Without them their tests are skipped (or fail, with NETGUARD_REQUIRE_ALL=1).
tests/outside/node_modules/.installed: tests/outside/package-lock.json
	@if command -v npm >/dev/null; then \
	    npm ci --ignore-scripts --no-audit --no-fund --silent --prefix tests/outside && touch $@ || \
	    echo "npm ci failed in tests/outside: its tests cannot run" >&2; \
	fi
