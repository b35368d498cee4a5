# make run    the pipeline on the bundled digits: maps, metrics, figures
# make paper  the pipeline on the paper's data, MNIST
# make natural FOLDER=PHOTOS   own photos: what finds planted novelties in them, and how novel new ones are
# make STUDY  several runs, for a page in docs; `python -m studies list` names them and what they ask
# make report the pages in docs, their figures and the README's answers, from studies/results
# make test   lint, types, layers and the whole test suite
# make docs   the documentation as a site, in build/docs
# make lock   renew constraints.txt from what is installed, and requirements.lock, which has hashes
# make clean  remove the environment

PYTHON ?= python3.11
export PATH := $(CURDIR)/.venv/bin:$(PATH)

# A text as one word of the shell, and a path seen from everywhere; `abspath` would divide at spaces.
quoted = '$(subst ','\'',$(1))'
page = $(call quoted,$(CURDIR)/plots/report.html)
absolute = $(if $(filter /%,$(firstword $(1))),,$(CURDIR)/)$(1)

# Stages may run in a workspace of DVC's own, so a relative path would not be found there.
ifdef DATASETS_ROOT
override DATASETS_ROOT := $(call absolute,$(DATASETS_ROOT))
export DATASETS_ROOT
endif

# Stages at a time, or of a study runs; and settings that all its runs have (SET='train.epochs=2 metrics.k=5').
# PRECISION=fp32 where the processor has no bfloat16 instructions; bf16 is many times slower there.
# CIFAR10=FOLDER takes CIFAR-10 from class folders instead of torchvision's download.
JOBS ?= 2
SET ?=
comma := ,
STUDIES := $(basename $(notdir $(wildcard studies/definitions/*.yaml)))
settings = $(if $(PRECISION),train.precision=$(PRECISION) classifier.precision=$(PRECISION)) $(SET)
own = $(if $(and $(CIFAR10),$(findstring cifar10,$(filter-out %cifar100,$@))),--set data.name=folder \
  --set $(call quoted,data.path="$(call absolute,$(CIFAR10))"))

.PHONY: run paper natural report test docs lock clean repository $(STUDIES)

run: repository .venv/run
	python -m stages.repro --jobs $(JOBS)
	@echo 'Figures: plots/*/   Numbers: metrics/agreement.json   At a glance: dvc metrics show'
	@echo 'All of it on one page, in a browser:' $(page)

# Settings that the paper leaves open, and the learning rate that `make learning-rates` chooses.
paper: repository .venv/run
	dvc exp run --name paper-mnist -S data.name=mnist -S train.precision=$(or $(PRECISION),bf16) \
	  -S train.compile=true -S train.patience=1000 -S train.epochs=20 \
	  -S 'train.keep_epochs=[1,2,5,10,20]' -S train.learning_rate=0.003 plots
	python -m stages.report
	@echo 'On one page, in a browser:' $(page)

# Photos in the layout of MVTec AD: FOLDER/train/good, FOLDER/test/KIND, and masks if there are any.
FOLDER ?=
photos = $(call quoted,$(call absolute,$(FOLDER)))
natural: repository .venv/run
	@test -d $(photos)/train/good || { echo 'error: FOLDER=$(FOLDER) has no train/good:' \
	  'give a folder with normal photos there and others in test/KIND, see docs/usage.md' >&2; exit 1; }
	.venv/bin/python -m pip install --quiet -c constraints.txt -e '.[detectors]'
	dvc exp run -S data.name=folder -S "data.path='"$(photos)"'" -S data.image_size=128 \
	  -S 'split.normal_classes=[good]' -S train.network=pca -S train.code_length=16 -S maps.batch_size=16 \
	  -S 'plant.kinds=[disk,square,stripe,dotted_line,zigzag$(if $(shell test -d $(photos)/ground_truth && echo yes),$(comma)ground_truth)]' \
	  -S 'localization.methods=[patchcore,padim,reconstruction_error,absolute_error,saliency,uniform,distance_to_mean]' \
	  -S 'localization.blurs=[0,2,4,8]' $(foreach each,$(SET),-S $(call quoted,$(each))) localization_plots
	python -m stages.report
	python -m stages.score $(photos)/test --method patchcore --method padim
	@echo 'Scores, masks and overlays: scores/   What finds what: plots/localization/'
	@echo 'On one page, in a browser:' $(page)

$(STUDIES): repository .venv/run
	python -m studies run $@ --jobs $(JOBS) $(own) $(foreach each,$(settings),--set $(call quoted,$(each)))

report: .venv/run
	python -m studies report

test: .venv/test
	ruff check .
	ruff format --check .
	mypy
	lint-imports
	OMP_NUM_THREADS=1 pytest -n 2 --dist loadfile --no-loadscope-reorder

docs: .venv/docs
	rm -rf docs/library
	python -m sphinx -q -W --keep-going docs build/docs
	@echo 'Begin with build/docs/index.html'

# DVC keeps its experiments in git, which an unpacked archive lacks.
repository:
	@said=$$(git rev-parse --git-dir 2>&1) || { echo "error: $${said#fatal: }; DVC needs git and a repository:" \
	  "an unpacked archive becomes one by: git init && git add . && git commit -m start" >&2; exit 1; }

.venv/run: pyproject.toml constraints.txt
	test -x .venv/bin/python || $(call quoted,$(PYTHON)) -m venv .venv
	.venv/bin/python -m pip install --quiet -c constraints.txt -e .
	touch $@

.venv/test: .venv/run
	.venv/bin/python -m pip install --quiet -c constraints.txt -e '.[test,docs,cluster]'
	touch $@

.venv/docs: .venv/run
	.venv/bin/python -m pip install --quiet -c constraints.txt -e '.[docs]'
	touch $@

lock: .venv/test
	{ echo '# Versions that the results were made with; `make lock` renews them.'; \
	  .venv/bin/python -m pip freeze --exclude-editable | sed 's/+cpu//; s/ @ .*//'; } > constraints.txt
	.venv/bin/python -m pip install --quiet uv
	.venv/bin/uv pip compile --quiet --all-extras --universal --python-version 3.11.5 --generate-hashes \
	  --no-annotate --no-header --no-emit-index-url -c constraints.txt -o requirements.lock pyproject.toml

clean:
	rm -rf .venv build docs/library *.egg-info
