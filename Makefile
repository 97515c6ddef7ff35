# `make demo` and `make test` do everything on a fresh machine with Python >= 3.11.
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.ready
# Tests wait more than they compute; each process has a broker and a store of its own.
JOBS ?= 2
# Several processes share the cores, and OpenBLAS's threads wait by spinning.
export OPENBLAS_NUM_THREADS ?= 1

.PHONY: setup demo test check audit bench faults lock clean

setup: $(STAMP)

$(STAMP): requirements.lock pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install -q uv
	$(BIN)/uv pip sync -q --compile-bytecode --require-hashes --python $(BIN)/python requirements.lock
	$(BIN)/uv pip install -q --python $(BIN)/python --no-deps --no-build-isolation --editable .
	$(BIN)/telltale fetch
	touch $@

demo: $(STAMP)
	$(BIN)/telltale demo $(DEMO)

test: $(STAMP)
	$(BIN)/pytest --numprocesses $(JOBS) --dist loadfile --no-loadscope-reorder $(TESTS)

check: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# Needs the network; AUDIT=--unreachable-ok where it may be missing.
audit: $(STAMP)
	$(BIN)/python tools/audit.py $(AUDIT)

bench: $(STAMP)
	$(BIN)/python -m benchmarks

# Everything at full scale takes about two hours: FAULTS="--scale 0.1 --time-scale 0.1" a part.
faults: $(STAMP)
	$(BIN)/python -m tests.faults $(FAULTS)

lock:
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
		--no-annotate --no-header --group dev pyproject.toml -o requirements.lock

clean:
	rm -rf .venv .telltale build dist
