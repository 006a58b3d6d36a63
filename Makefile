# Two commands for a fresh machine with Python 3.11 or later and make: `make demo`, `make test`.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo test lint bench mutants mutations seeded foreign copies agree fuzz scale faults lock words docs clean

demo: .venv/runtime  ## three months of 东府〔2025〕2号, from the bureaus' workbooks to the booked ledger, in demo/
	rm -rf demo && cp -R samples/01-three-months demo
	cd demo && PATH="$(CURDIR)/$(BIN):$$PATH" sh -e cmd.txt
	@echo; echo "请打开 demo/out/2025-05/ledger.xlsx  ·  open demo/out/2025-05/ledger.xlsx"

test: .venv/dev  ## every test
	$(BIN)/python -m pytest -n auto

lint: .venv/dev  ## style, types, direction of imports, generated files
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python docs/findings.py --check
	$(BIN)/python samples/build.py --check

bench: .venv/dev  ## time and memory of each stage, against merely reading and writing, and against pandas with openpyxl
	$(BIN)/python -m tests.bench

mutants: .venv/dev  ## flip every comparison, bound and order of the fast calculation: the plain one must notice
	$(BIN)/python -m tests.verify.mutants

seeded: .venv/dev  ## N submissions with one planted defect each, from seed FIRST on: what is missed, what is made up
	$(BIN)/python -m tests.intake.seeded $(or $(N),1000) $(or $(FIRST),0)

mutations: .venv/dev  ## N random single changes to runs and store: recheck must find each
	$(BIN)/python -m tests.audit.mutation $(or $(N),1000) $(or $(SEED),1)

scale: .venv/dev  ## a month against ten million booked lines, beside one against a hundred thousand (an hour, 10 GB)
	$(BIN)/python -m tests.store.scale

faults: .venv/dev  ## the store under every fault, in the full numbers that CI only samples (an hour)
	KILLS=200 ROUNDS=200 EXAMPLES=2000 $(BIN)/python -m pytest tests/store/test_faults.py tests/store/test_concurrency.py \
	  tests/store/test_consulted.py

foreign: .venv/dev  ## check every workbook below DIR, each in a process of its own: tracebacks, time, memory
	$(BIN)/python -m tests.measurement.foreign $(DIR)

copies: .venv/dev  ## mark every workbook below DIR: the copy differs by its marks alone; with OPEN=N LibreOffice opens each N-th
	OPEN=$(OPEN) $(BIN)/python -m tests.measurement.copies $(DIR)

agree: .venv/dev  ## the reader against openpyxl, cell by cell, over the workbooks below DIR
	$(BIN)/python -m tests.measurement.oracle $(DIR)

fuzz: .venv/dev  ## N damaged workbooks: refused by a sentence or read rightly
	$(BIN)/python -m tests.measurement.mutants $(or $(N),2000) $(SEED)

lock: .venv/dev  ## resolve the dependencies again, with hashes and without addresses
	$(BIN)/python -m uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --no-emit-find-links --no-header pyproject.toml --group build -o requirements.txt
	$(BIN)/python -m uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --no-emit-find-links --no-header pyproject.toml --extra postgres --group build --group dev -c requirements.txt -o requirements-dev.txt

words: .venv/dev  ## compile click's words in Chinese
	$(BIN)/pybabel compile -i disburse/locale/zh_CN/LC_MESSAGES/messages.po -o disburse/locale/zh_CN/LC_MESSAGES/messages.mo

docs: .venv/dev  ## write the parts of docs/ that come from schemas/
	$(BIN)/python docs/findings.py

clean:
	rm -rf .venv demo build dist

.venv/runtime: requirements.txt pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install -q --require-hashes -r requirements.txt
	$(BIN)/python -m pip install -q --no-deps --no-build-isolation -e .
	touch $@

.venv/dev: .venv/runtime requirements-dev.txt
	$(BIN)/python -m pip install -q --require-hashes -r requirements-dev.txt
	touch $@
