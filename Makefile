# make run    the pipeline on the bundled digits: maps, metrics, figures
# make paper  the pipeline on the paper's data, MNIST
# make test   lint, types and the whole test suite
# make lock   renew constraints.txt from what is installed

PYTHON ?= python3.11
BIN := $(CURDIR)/.venv/bin
export PATH := $(BIN):$(PATH)

# Stages may run in a workspace of DVC's own, so a relative path would not be found there.
ifdef DATASETS_ROOT
override DATASETS_ROOT := $(abspath $(DATASETS_ROOT))
export DATASETS_ROOT
endif

# Learning rate: the lowest normal validation loss of 1e-4, 3e-4, 1e-3, 3e-3 and 1e-2 (seed 0).
PAPER := -S data.name=mnist -S train.learning_rate=0.01 -S train.batch_size=256 \
  -S train.epochs=20 -S train.precision=bf16 -S train.compile=true

.PHONY: run paper test lock clean

run: .venv/run
	dvc repro
	@echo 'Figures: plots/*.png   Numbers: metrics/agreement.json   All metrics: dvc metrics show'

paper: .venv/run
	dvc exp run --name paper-mnist $(PAPER)

test: .venv/test
	ruff check .
	ruff format --check .
	mypy
	pytest

.venv/run: pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet -c constraints.txt -e .
	touch $@

.venv/test: .venv/run
	$(BIN)/python -m pip install --quiet -c constraints.txt -e '.[test]'
	touch $@

lock: .venv/test
	{ echo '# Versions that the results were made with; `make lock` renews them.'; \
	  $(BIN)/python -m pip freeze --exclude-editable | sed 's/+cpu//; s/ @ .*//'; } > constraints.txt

clean:
	rm -rf .venv build *.egg-info
