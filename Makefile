# Cambist's targets. `make help` lists them. Stamp files keep each step from running again while its inputs are unchanged.

# Paths are relative, or quoted where a program wants a whole one: the directory's own name may have blanks and any letters.

PYTHON ?= python3
PORT   ?= 8700
# Of processes that run the Python tests; most of what they do is waiting for servers.
PYTEST_WORKERS ?= 2
VENV   := .venv
BIN    := $(VENV)/bin
STAMPS := $(VENV)/.stamps

CORE_SOURCES := $(shell find core/src -name '*.rs' 2>/dev/null) $(wildcard core/Cargo.toml core/Cargo.lock core/build.rs)

WEB_SOURCES := $(shell find web/src web/build -type f 2>/dev/null) $(wildcard web/*.json web/*.ts web/*.js web/*.html)

.DEFAULT_GOAL := help
.PHONY: help graph build web run cluster test test-core test-python test-web lint format pictures bench wheel lock clean toolchain-python toolchain-rust toolchain-lint

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-8s %s\n", $$1, $$2 }' Makefile

build: $(STAMPS)/core ## Make .venv, compile the core in release mode, install the command at .venv/bin/cambist

web: $(STAMPS)/web ## Build the page for people, on a Node that comes as a Python package

run: toolchain-python ## Start a sandbox with a moving market at http://127.0.0.1:8700, or another port: make run PORT=8701
	@"$(PYTHON)" scripts/check_port.py "$(PORT)"
	@$(MAKE) --no-print-directory build web
	@exec $(BIN)/cambist sandbox --port "$(PORT)" $(RUN_ARGS)

cluster: build web ## Start a venue of several machines on this one: three log servers, PostgreSQL, two nodes, two edges
	@scripts/install-test-packages
	@exec $(BIN)/python scripts/local_cluster.py $(CLUSTER_ARGS)

test: test-core test-web test-python ## Run every test: the core's in Rust, the page's modules, then everything in Python

test-core: toolchain-rust
	cd core && cargo test --quiet --locked --no-default-features

test-web: web
	$(BIN)/python scripts/web.py test

test-python: build web
	@scripts/install-test-packages
	$(BIN)/python -m pytest --numprocesses=$(PYTEST_WORKERS) $(PYTEST_ARGS) || $(BIN)/python scripts/rerun_failed.py

lint: toolchain-lint build ## Check format, types, layers and warnings, in Python, TypeScript and Rust
	$(BIN)/ruff check src tests scripts benchmarks
	$(BIN)/ruff format --check src tests scripts benchmarks
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/vulture
	$(BIN)/python scripts/dependency_graph.py --check
	$(BIN)/python scripts/web_api.py --check
	$(BIN)/python scripts/web.py check
	cd core && cargo fmt --check
	cd core && cargo clippy --quiet --locked --all-targets --no-default-features -- -D warnings
	cd core && cargo clippy --quiet --locked --all-targets --features python -- -D warnings

format: toolchain-lint build ## Rewrite the sources into the agreed format
	$(BIN)/ruff check --fix-only --quiet src tests scripts benchmarks
	$(BIN)/ruff format src tests scripts benchmarks
	$(BIN)/python scripts/wrap_docs.py
	cd core && cargo fmt

graph: build ## Draw the packages' dependencies into docs/internals/blueprint.md
	$(BIN)/python scripts/dependency_graph.py

pictures: build web ## Take the pages' pictures of the web page anew, in Chromium
	@scripts/install-test-packages
	CAMBIST_PICTURES="$$PWD/docs/images" $(BIN)/python -m pytest -q tests/web/test_pictures.py

bench: build web ## Measure the speeds; a table here, the same as JSON in benchmarks/latest.json
	$(BIN)/python benchmarks/run.py $(BENCH_ARGS)

wheel: build web ## Build an abi3 wheel, which needs no Rust to install, and the source archive into dist/
	$(BIN)/maturin build --release --locked --out dist
	$(BIN)/maturin sdist --out dist

lock: toolchain-python ## Pin the newest allowed versions of all Python packages into requirements/
	"$(PYTHON)" scripts/lock_requirements.py

clean: ## Remove everything that a target made
	rm -rf $(VENV) .venvs dist web/node_modules web/dist src/cambist/web/built core/target target .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis src/cambist/_core*.so

# --- steps behind the targets ---------------------------------------------------------------------------------------------

toolchain-python:
	@command -v "$(PYTHON)" >/dev/null 2>&1 && "$(PYTHON)" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
	  { echo "Cambist needs Python 3.11 or newer: install python3 with its venv module (Debian: apt-get install python3 python3-venv), or name one with PYTHON=/path/to/python3." >&2; exit 1; }

toolchain-rust:
	@command -v cargo >/dev/null 2>&1 && cargo --version >/dev/null 2>&1 || \
	  { echo "Cambist needs Rust 1.85 or newer with cargo: install it with rustup (rustup toolchain install stable)." >&2; exit 1; }
	@command -v cc >/dev/null 2>&1 || \
	  { echo "Rust needs a C compiler to link with (Debian: apt-get install gcc libc6-dev; macOS: xcode-select --install)." >&2; exit 1; }

toolchain-lint: toolchain-rust
	@cargo fmt --version >/dev/null 2>&1 && cargo clippy --version >/dev/null 2>&1 || \
	  { echo "The checks need rustfmt and clippy: rustup component add rustfmt clippy." >&2; exit 1; }

# Nothing is downloaded before everything that must be there already is known to be there.
$(STAMPS)/python: requirements/run.txt requirements/dev.txt | toolchain-python toolchain-rust
	test -x $(BIN)/python || "$(PYTHON)" -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --requirement requirements/dev.txt
	@mkdir -p $(STAMPS) && touch $@

# The stamp's time is taken before compiling: a source that changes meanwhile makes the next build compile again.
# Bytecode is written as an installer does: where PYTHONDONTWRITEBYTECODE is set, every start would compile all modules again.
$(STAMPS)/core: $(STAMPS)/python pyproject.toml $(CORE_SOURCES)
	@touch $@.started
	VIRTUAL_ENV="$$PWD/$(VENV)" PIP_QUIET=1 $(BIN)/maturin develop --release --locked --quiet
	$(BIN)/python -m compileall -q src/cambist
	@mv $@.started $@

# The stamp's time is taken before building, as the core's is.
$(STAMPS)/web: $(STAMPS)/python scripts/web.py $(WEB_SOURCES)
	@touch $@.started
	$(BIN)/python scripts/web.py build
	@mv $@.started $@
