# Two commands matter: `make run` and `make test`. Both make the environment if it is missing.
# Needs Python 3.11 or newer, pip, git and make.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV ?= .venv
# The address of an index with torch's CPU build, for Linux without a GPU (see README).
TORCH_INDEX ?=

BIN := $(abspath $(VENV))/bin
READY := $(VENV)/.ready
LOCK := requirements.lock
# Not the studies, pipelines/advice and pipelines/paper: hours, and a data set of Kaggle.
SIBLINGS := topics forecast rhymes entities

# Nothing phones home: no telemetry, tips or update checks in anything started from here.
export DO_NOT_TRACK := 1
export DVC_NO_ANALYTICS := 1
export HF_HUB_DISABLE_TELEMETRY := 1
export PREFECT_SERVER_ANALYTICS_ENABLED := false
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PATH := $(BIN):$(PATH)

.DEFAULT_GOAL := help
.PHONY: help setup run run-all flow retrain watch test test-faults lint types bench lock docs clean

help:  ## Say what there is.
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

$(READY): $(LOCK) pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Sluice needs Python 3.11+")'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet $(if $(TORCH_INDEX),--extra-index-url $(TORCH_INDEX)) \
		"$$(grep '^torch==' $(LOCK))"
	$(BIN)/python -m pip install --quiet --no-deps -r $(LOCK)
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation -e .
	$(BIN)/python -m pip check
	@# Without git history (a source archive) DVC works without SCM.
	@test -e .git || printf '[core]\n    no_scm = true\n' > .dvc/config.local
	touch $@

setup: $(READY)  ## Make the environment from the lock.

run: $(READY)  ## Run the whole pipeline on the bundled tweets; print the results.
	@sluice check
	dvc repro
	@sluice summary

run-all: $(READY)  ## The same, then every sibling pipeline: topics, forecast, rhymes, entities.
	@sluice check
	dvc repro dvc.yaml $(SIBLINGS:%=pipelines/%/dvc.yaml)
	@sluice summary

flow: $(READY)  ## The same as one Prefect flow run; a server is needed only to watch it.
	@sluice check
	$(BIN)/python -m flows pipeline
	@sluice summary

retrain: $(READY)  ## Take the data anew; if there is new data train, gate, promote or keep.
	$(BIN)/python -m flows retrain

watch: $(READY)  ## Hold the new texts of data/incoming against the champion.
	$(BIN)/python -m flows watch

PYTEST := $(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

test: $(READY) lint types  ## Linter, types and all tests but those of test-faults.
	$(PYTEST) -m "not faults"

test-faults: $(READY)  ## Killed runs, workers and servers, full disks, lost machines, installing: ten minutes more.
	$(PYTEST) -m faults

lint: $(READY)  ## Linter, formatter, freshness of what is generated.
	ruff check .
	ruff format --check .
	python scripts/deps.py --check
	python scripts/docs.py --check

types: $(READY)  ## Strict types of src/, flows/ and each pipeline's own scripts.
	mypy
	for folder in pipelines/*/; do mypy $$folder*.py || exit 1; done

bench: $(READY)  ## Measure the figures of benchmarks/ on this machine and write them there.
	$(BIN)/python benchmarks/run.py

docs: $(READY)  ## Write the generated parts of dvc.yaml and the README.
	$(BIN)/python scripts/deps.py
	$(BIN)/python scripts/docs.py

lock:  ## Resolve the newest allowed versions into the lock (maintainers).
	$(PYTHON) scripts/lock.py $(LOCK)

clean:  ## Remove the environment and scratch; data, models and reports stay.
	rm -rf $(VENV) .sluice build
