# Contact Sheet. `make run` and `make test` are all that most people need.
VENV := .venv
BIN := $(VENV)/bin
PORT ?= 8501

.PHONY: help run test check bench evaluate drill screenshots licences models clean

help:
	@echo "make run          the dashboard with the embedded engine, on http://127.0.0.1:$(PORT)"
	@echo "make test         every test, linter and type checker"
	@echo "make check        linters and type checker alone"
	@echo "make bench        speed side by side with what a user would otherwise do"
	@echo "make evaluate     how well the embedded engine answers, on pictures with known answers"
	@echo "make drill        processes killed, disks full, networks cut, in mid-batch: what is lost?"
	@echo "make licences     docs/licences.md, written anew from what is installed"
	@echo "make screenshots  the README's pictures, made anew in headless Chromium"

run: $(VENV)/.run
	$(BIN)/streamlit run app.py --server.port $(PORT)

test: $(VENV)/.dev
	sh scripts/test_packages.sh
	$(BIN)/python -m pytest

check: $(VENV)/.dev
	$(BIN)/python -m pytest tests/test_house_rules.py

bench: $(VENV)/.dev
	$(BIN)/python -m scripts.bench

evaluate: $(VENV)/.dev
	$(BIN)/python -m pip install --quiet -r requirements-evaluate.txt
	$(BIN)/python -m scripts.evaluate

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
	sh scripts/make_venv.sh $(VENV)

# Models are fetched here once, so that the first start of the dashboard is a quick one.
$(VENV)/.run: requirements.txt | $(BIN)/python
	$(BIN)/python -m pip install --quiet -r requirements.txt
	touch $@

$(VENV)/.dev: requirements-dev.txt $(VENV)/.run
	$(BIN)/python -m pip install --quiet -r requirements-dev.txt
	touch $@

clean:
	rm -rf $(VENV) test-output .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
