# Two commands matter: `make book` (environment, notebooks, pages) and `make test` (environment, everything checked).
# Works with GNU make 3.81 and later. Override, for example:
#   make book PYTHON=python3.12           another Python (3.11 to 3.13 are tested)
#   make env  TORCH="torch==2.13.0 --index-url URL"    another build of PyTorch, see README.md
#   make book CHAPTER=raw_signals         one chapter alone
#   make env  TORCH=                      whatever PyTorch pyproject.toml allows and pip chooses

PYTHON ?= python3
# PyTorch goes in first and at a fixed version, so that the rest of the install never exchanges it.
TORCH ?= torch==2.13.0
VENV ?= .venv
WORKERS ?= 2
PORT ?= 8000

# The clone's own path may hold blanks, since every path below is relative to it; make itself takes no target with one.
ifneq ($(words $(VENV)),1)
$(error VENV = $(VENV) must be one word, since make splits names at blanks: choose a path without)
endif

PY := $(VENV)/bin/python
VATT := $(VENV)/bin/vatt
PIP := $(PY) -m pip install --disable-pip-version-check --progress-bar on
STAMP := $(VENV)/.installed
# Corpora are made here once, for tests, notebooks and `make lab` alike.
export VATT_DATA ?= $(CURDIR)/build
# Two test processes on two cores: one thread each. No test or notebook may need the network.
OFFLINE := HF_HUB_OFFLINE=1 HF_DATASETS_OFFLINE=1
ONE_THREAD := OMP_NUM_THREADS=1 MKL_NUM_THREADS=1

.DEFAULT_GOAL := help
.PHONY: help env vendor book book-audit check test parity coverage mutation toy demo serve lab lint clean

help:  ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1	\2/p' $(firstword $(MAKEFILE_LIST)) | expand -t 16

env: $(STAMP)  ## make .venv and install everything, once and again when pyproject.toml or constraints.txt changes

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("vatt_edu needs Python 3.11 or later; this is " + sys.version.split()[0] + ". Try: make PYTHON=python3.12 ...")'
	@test -x $(PY) || { echo "==> environment 1 of 3: making $(VENV) with $$($(PYTHON) -V)"; $(PYTHON) -m venv $(VENV); }
	@echo "==> environment 2 of 3: PyTorch ($(if $(TORCH),$(TORCH),as pyproject.toml allows); the largest download)"
	$(if $(TORCH),$(PIP) $(TORCH),@true)
	@echo "==> environment 3 of 3: vatt_edu and everything else, at the versions of constraints.txt"
	$(PIP) -c constraints.txt -e ".[all]"
	@touch $@

vendor: env  # MathJax and the widgets' scripts, so that the pages need no network
	@$(PY) tools/vendor.py

book: vendor  ## run every notebook once (only those that changed) and render the pages; CHAPTER=NAME: one of them
	@echo "==> notebooks"
	@$(OFFLINE) $(PY) tools/book.py execute $(CHAPTER)
	@echo "==> pages"
	@$(PY) tools/book.py build $(CHAPTER)

book-audit: env  ## what each chapter holds against what it should: words, questions, exercises, live figures, run time
	@$(PY) tools/audit.py

check: env  ## lint, types and the fast tests: under a minute, for every save
	@$(MAKE) --no-print-directory lint
	@$(OFFLINE) $(ONE_THREAD) $(PY) -m pytest -m "not slow" -n $(WORKERS) -q

test: vendor  ## everything: lint, types, unit tests, notebooks, pages, pages in a browser
	@echo "==> test 1 of 4: ruff and mypy"
	@$(MAKE) --no-print-directory lint
	@echo "==> test 2 of 4: unit tests, $(WORKERS) at a time"
	@$(OFFLINE) $(ONE_THREAD) $(PY) -m pytest --ignore=tests/browser -n $(WORKERS) --durations=5
	@echo "==> test 3 of 4: notebooks, executed once, and the pages made from them"
	@$(MAKE) --no-print-directory book
	@echo "==> test 4 of 4: the pages in a browser"
	@$(PY) -m pytest tests/browser -v
	@echo "==> all green"

parity: env  ## every number of the official code in tests/golden against ours, the worst of each file into results/
	@$(ONE_THREAD) $(PY) -m pytest tests/parity --record results/parity.json

coverage: env  ## lines and branches of the single-concept modules that their tests run, into results/coverage.json
	@$(OFFLINE) $(ONE_THREAD) $(PY) tools/covered.py

mutation: env  ## 150 mistakes put into the losses and DropToken, and the tests that notice, into results/mutation.md
	@$(PY) -c 'import cosmic_ray' 2>/dev/null || $(PIP) -c constraints.txt -e ".[mutation]"
	@$(OFFLINE) $(ONE_THREAD) $(PY) tools/mutation.py

toy: env  ## corpus small, the preset toy trained on it, evaluation and report, into runs/toy
	@echo "==> toy 1 of 3: the corpus small"
	@$(VATT) data minitube --preset small --out "$(VATT_DATA)/minitube/small"
	@echo "==> toy 2 of 3: training; interrupted, make toy goes on"
	@test -f runs/toy/model.safetensors || $(VATT) pretrain toy --data "$(VATT_DATA)/minitube/small" --out runs/toy --resume
	@echo "==> toy 3 of 3: evaluation and report"
	@$(VATT) evaluate all runs/toy --data "$(VATT_DATA)/minitube/small"

demo: env  ## a minute with the shipped model: asks for clips by word, by sound and by clip, writes a page
	@$(PY) -m vatt_edu.teach.demo

serve: book  ## render the pages and serve them at http://localhost:8000 (PORT=)
	@echo "==> http://localhost:$(PORT) (Ctrl-C ends it)"
	@$(PY) -m http.server $(PORT) --bind 127.0.0.1 --directory _build/html

lab: env  ## open the notebooks in JupyterLab (installed when first asked for)
	@$(PY) -c 'import jupyterlab' 2>/dev/null || $(PIP) -c constraints.txt -e ".[lab]"
	@$(PY) -m jupyterlab book

lint: env  ## ruff, mypy and notebook hygiene
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy
	$(PY) tools/notebooks.py book/*.ipynb

clean:  ## remove what was built: pages, executed notebooks, corpora (keeps .venv, runs/ and the vendored scripts)
	rm -rf _executed _build build
