# make run    the pipeline on the bundled digits: maps, metrics, figures
# make paper  the pipeline on the paper's data, MNIST
# make learning-rates, seeds, trajectories, classes   the studies of docs/reproduction.md
# make report   docs/reproduction.md, its figures and the README's results, from docs/results
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

# The paper's data, and settings that it leaves open; the learning rate is that of the lowest loss
# on normal validation images in `make learning-rates`.
MNIST := -S data.name=mnist -S train.precision=bf16 -S train.compile=true \
  -S train.patience=1000
SHORT := $(MNIST) -S train.epochs=20 -S 'train.keep_epochs=[1,2,5,10,20]'
LONG := $(MNIST) -S train.epochs=200 -S 'train.keep_epochs=[1,2,5,10,20,50,100,200]'
DENOISING := $(MNIST) -S train.epochs=50 -S 'train.keep_epochs=[1,2,5,10,20,50]' \
  -S train.noise_std=0.2
CHOSEN := -S train.learning_rate=0.003
HALVES := [5,6,7,8,9],[0,2,4,6,8],[1,3,5,7,9]
SINGLES := [0],[1],[2],[3],[4],[5],[6],[7],[8],[9]

# A study is a set of DVC experiments named after it. They run JOBS at a time, each on one thread,
# and end in the tables of docs/results/STUDY. They stop at `plots`, the end of the branch about
# pixels, so that no classifier is trained for them. Run again, finished stages come from DVC's cache and
# interrupted training goes on.
JOBS ?= 2
forget = dvc exp list --name-only | grep -xE '$(1)(-[0-9]+)?' | xargs -r dvc exp remove; \
  dvc queue status | awk '$$2 ~ /^$(1)(-[0-9]+)?$$/ {print $$1}' | xargs -r dvc queue remove
queue = dvc exp run --queue --name
# DVC ends well even when an experiment failed, so that is looked at.
run_queue = OMP_NUM_THREADS=1 dvc exp run --run-all --jobs $(JOBS); \
  ! dvc queue status | grep -E ' $@[-a-z]*[0-9]* .*Failed'
compare = python -m stages.compare

.PHONY: run paper test lock clean learning-rates seeds trajectories classes \
  report

run: .venv/run
	dvc repro
	@echo 'Figures: plots/*.png   Numbers: metrics/agreement.json   All metrics: dvc metrics show'

paper: .venv/run
	dvc exp run --name paper-mnist $(SHORT) $(CHOSEN) plots

learning-rates: .venv/run
	$(call forget,$@)
	$(queue) $@ $(SHORT) -S train.learning_rate=0.0001,0.0003,0.001,0.003,0.01 plots
	$(run_queue)
	$(compare) $@

seeds: .venv/run
	$(call forget,$@)
	$(queue) $@ $(SHORT) $(CHOSEN) -S metrics.k=5,10 -S 'train.seed=range(0,5)' plots
	$(run_queue)
	$(compare) $@
	for figure in maps explanation; do \
	  dvc get . plots/$$figure.png --rev $@-6 --force -o docs/figures/$$figure.png; done

trajectories: .venv/run
	$(call forget,$@(-[a-z]+)*)
	$(queue) $@ $(LONG) $(CHOSEN) plots
	$(queue) $@-high-rate $(LONG) -S train.learning_rate=0.01 plots
	$(queue) $@-denoising $(DENOISING) $(CHOSEN) plots
	$(run_queue)
	$(compare) $@ $@-high-rate $@-denoising

classes: .venv/run
	$(call forget,$@)
	$(queue) $@ $(SHORT) -S 'train.keep_epochs=[]' $(CHOSEN) -S 'split.normal_classes=$(HALVES),$(SINGLES)' plots
	$(run_queue)
	$(compare) $@

report: .venv/run
	python -m stages.report

test: .venv/test
	ruff check .
	ruff format --check .
	mypy
	pytest -n 2 --dist loadfile

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
