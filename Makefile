# The two commands of the README. Everything they need comes from the package registries.
VENV := .venv
BIN := $(VENV)/bin
PYTHON ?= python3
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet -c constraints.txt

.PHONY: demo test lint check clean

demo: $(VENV)/base
	@$(BIN)/kinetrail run assets/demo.mp4 -o runs/demo --overwrite

test: $(VENV)/dev lint check

lint:
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

check:
	$(BIN)/pytest -n 2

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Kinetrail needs Python 3.11 or later; found $$($(PYTHON) -V). Try make PYTHON=python3.12"; exit 2; }
	@$(PYTHON) -m venv $(VENV)

$(VENV)/base: $(BIN)/python pyproject.toml constraints.txt
	@echo "Setting up $(VENV) (once, about a minute)"
	@$(PIP) -e .
	@touch $@

$(VENV)/dev: $(VENV)/base
	@$(PIP) -e '.[dev]'
	@sh tests/system_packages.sh
	@touch $@

clean:
	rm -rf $(VENV) runs build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
