# `make demo` and `make test` each set this checkout up first; once that is done it costs next to nothing.

PYTHON_IN_VENV := .venv/bin/python

.PHONY: help setup demo test test-fast coverage lint format package clean

help:
	@echo "make demo     find the landmarks of the bundled sample and show them"
	@echo "make test     style, types, import rules and all tests"
	@echo "make test-fast  style, import rules and the quick tests, for every few minutes"
	@echo "make coverage the tests, and how much of the code they run"
	@echo "make lint     style, types and import rules only"
	@echo "make format   bring the code into the house's style"
	@echo "make package  the application for people without Python, and its installers (Linux), in dist"
	@echo "make setup    only set this checkout up"
	@echo "make clean    remove what the other commands made, .venv included"

setup:
	@packaging/setup_environment.sh

demo: setup
	@$(PYTHON_IN_VENV) -m app.commands.demo

test: lint
	$(PYTHON_IN_VENV) -m pytest

# Types take a minute and are left to `make test`.
test-fast: setup
	$(PYTHON_IN_VENV) -m ruff check
	$(PYTHON_IN_VENV) -m ruff format --check
	.venv/bin/lint-imports
	OMP_NUM_THREADS=1 $(PYTHON_IN_VENV) -m pytest -m "not slow" -q -n auto

# The part of core is what the project promises, so only that is held to a number.
coverage: lint
	$(PYTHON_IN_VENV) -m pytest --cov
	$(PYTHON_IN_VENV) -m coverage report --include="core/*" --fail-under=90

lint: setup
	$(PYTHON_IN_VENV) -m ruff check
	$(PYTHON_IN_VENV) -m ruff format --check
	$(PYTHON_IN_VENV) -m mypy
	.venv/bin/lint-imports

format: setup
	$(PYTHON_IN_VENV) -m ruff check --fix
	$(PYTHON_IN_VENV) -m ruff format

# A fresh environment takes the torch without CUDA from its makers: for Linux PyPI has only the one with, of several GB.
package: export PIP_FIND_LINKS ?= https://download.pytorch.org/whl/cpu/torch/
package: setup
	$(PYTHON_IN_VENV) packaging/build_app.py
	$(PYTHON_IN_VENV) packaging/build_installers.py
	@echo "The application is dist/cairn; the installers and their SHA256SUMS are in dist."

clean:
	rm -rf .venv build dist demo
	rm -rf .benchmarks .coverage .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find app core training tests packaging -name __pycache__ -type d -prune -exec rm -rf {} +
