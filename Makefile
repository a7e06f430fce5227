# Every target sets up what it needs: a bare machine needs python3 (3.11 or newer, with venv and pip) and make.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Written last, so that a set-up that was interrupted is taken up again by the next call.
STAMP := $(VENV)/.installed

.DEFAULT_GOAL := help
.PHONY: help setup demo test slow lint format docs results pins clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' Makefile

$(STAMP): pyproject.toml constraints.txt
	@rm -f $(STAMP)
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --disable-pip-version-check -c constraints.txt -e '.[demo,live,database,remote,spark,track,text,tune,dev]'
	@touch $(STAMP)

setup: $(STAMP) ## install foretell and its tools into .venv

demo: $(STAMP) ## a real shop's log to six kinds of prediction and a report, in runs/demo
	$(BIN)/foretell demo --out runs/demo

# A file's tests stay together: they share what is dear to make.
PYTEST := $(BIN)/python -m pytest -n auto --maxprocesses 4 --dist loadfile

test: $(STAMP) ## the default tests, doctests included
	$(PYTEST)

# pytest's status 5 says that no test was selected, which is no failure here.
slow: $(STAMP) ## the tests that take longer
	$(PYTEST) -o timeout=1800 -m "slow and not gpu" || test $$? -eq 5

lint: $(STAMP) ## style, types, import direction, docs: everything that must be clean
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/zensical build --strict --clean

format: $(STAMP) ## let ruff rewrite what it can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: $(STAMP) ## build the documentation into site/
	$(BIN)/zensical build --strict --clean

results: $(STAMP) ## put the figures of the last demo into the README
	$(BIN)/python benchmarks/readme_table.py runs/demo/report.json

# torch stays at the version pinned before; everything else moves to the newest that fits.
pins: ## renew constraints.txt from an install of its own
	@set -e; fresh=$$(mktemp -d); trap 'rm -rf "$$fresh"' EXIT; \
	$(PYTHON) -m venv "$$fresh/venv"; \
	grep '^#' constraints.txt > "$$fresh/pins"; \
	grep '^torch==' constraints.txt > "$$fresh/torch"; \
	"$$fresh/venv/bin/python" -m pip install --disable-pip-version-check -c "$$fresh/torch" -e '.[demo,live,database,remote,spark,track,text,tune,dev]'; \
	"$$fresh/venv/bin/python" -m pip freeze --all --exclude pip --exclude-editable \
		| sed 's/+[a-z0-9]*$$//' >> "$$fresh/pins"; \
	cp "$$fresh/pins" constraints.txt

clean: ## remove everything that the targets made, except runs/
	rm -rf $(VENV) .cache .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache build dist site
	find src tests benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +
