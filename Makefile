# Contact Sheet. `make run` and `make test` are all that most people need.
# PYTHON=python3.13 gives another Python an environment of its own beside .venv.
PYTHON ?=
VENV := .venv$(if $(PYTHON),-$(notdir $(PYTHON)))
BIN := $(VENV)/bin
PORT ?= 8501
# CONSTRAINTS=constraints.txt installs the very versions that were tested.
CONSTRAINTS ?=
INSTALL = $(BIN)/python -m pip install --quiet $(if $(CONSTRAINTS),--constraint $(CONSTRAINTS))
# Without browsers, running engines, pages on them, PostgreSQL, tests of seconds, and what `make check` does.
FAST := -m "not slow" --ignore=tests/browser --ignore=tests/protocol --ignore=tests/pages --ignore=tests/standin --ignore=tests/test_house_rules.py
DEV := -r requirements.txt -r requirements-cluster.txt -r requirements-dev.txt

.PHONY: help run test test-fast test-fast-jobs test-fast-rest check bench evaluate drill screenshots licences models clean

help:
	@echo "make run          the dashboard with the embedded engine, on http://127.0.0.1:$(PORT)"
	@echo "make test         every test, linter and type checker (PYTHON=python3.13: with that Python)"
	@echo "make test-fast    what needs no browser, no running engine and no seconds of its own"
	@echo "make check        style, types, layers and sizes alone"
	@echo "make bench        speed side by side with what a user would otherwise do"
	@echo "make evaluate     how well the embedded engine answers, on pictures with known answers"
	@echo "make drill        processes killed, disks full, networks cut, in mid-batch: what is lost?"
	@echo "make licences     docs/licences.md, written from what is installed"
	@echo "make screenshots  the README's pictures, made again in headless Chromium"

run: $(VENV)/.run
	$(BIN)/streamlit run app.py --server.port $(PORT)

test: $(VENV)/.dev
	sh scripts/test_packages.sh
	$(BIN)/python -m pytest

# In two halves at once, for two cores.
test-fast: $(VENV)/.dev
	$(MAKE) --no-print-directory --jobs=2 --output-sync=target test-fast-jobs test-fast-rest

test-fast-jobs:
	CONTACT_SHEET_TEST_LEDGER=sqlite $(BIN)/python -m pytest $(FAST) tests/jobs tests/engine tests/pictures

test-fast-rest:
	CONTACT_SHEET_TEST_LEDGER=sqlite $(BIN)/python -m pytest $(FAST) --ignore=tests/jobs --ignore=tests/engine --ignore=tests/pictures

check: $(VENV)/.dev
	$(BIN)/python -m pytest tests/test_house_rules.py

bench: $(VENV)/.dev
	$(BIN)/python -m scripts.bench

evaluate: $(VENV)/.dev
	sh scripts/evaluation_packages.sh
	$(INSTALL) $(DEV) -r requirements-evaluate.txt
	$(BIN)/python -m scripts.evaluation.run

drill: $(VENV)/.dev
	$(BIN)/python -m scripts.drill

licences: $(VENV)/.dev
	$(BIN)/python -m scripts.list_licences

screenshots: $(VENV)/.dev
	sh scripts/test_packages.sh
	$(BIN)/python -m scripts.screenshots

models: $(VENV)/.run
	$(BIN)/python -m core.engine --prepare

$(BIN)/python:
	sh scripts/make_venv.sh $(VENV) $(PYTHON)

# Models are fetched here once, so that the first start of the dashboard is a quick one.
$(VENV)/.run: requirements.txt | $(BIN)/python
	$(INSTALL) -r requirements.txt
	touch $@

$(VENV)/.dev: requirements-dev.txt requirements-cluster.txt $(VENV)/.run
	$(INSTALL) $(DEV)
	touch $@

clean:
	rm -rf $(VENV) test-output .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
