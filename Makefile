# make run    the pipeline on the bundled digits: maps, metrics, figures
# make paper  the pipeline on the paper's data, MNIST
# make learning-rates, seeds, trajectories, classes   the studies of docs/reproduction.md
# make representations-mnist, representations-cifar10, networks-mnist, networks-cifar10,
#   few-labels-mnist, few-labels-cifar10, small-versions, both-papers
#             the studies of docs/representation.md
# make localization   the study of docs/localization.md
# make report   the pages in docs, their figures and the README's results, from docs/results
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

# PRECISION=fp32 where the processor has no bfloat16 instructions; bf16 is many times slower there.
PRECISION ?= bf16

# The paper's data, and settings that it leaves open; the learning rate is that of the lowest loss
# on normal validation images in `make learning-rates`.
MNIST := -S data.name=mnist -S train.precision=$(PRECISION) -S train.compile=true \
  -S train.patience=1000
SHORT := $(MNIST) -S train.epochs=20 -S 'train.keep_epochs=[1,2,5,10,20]'
LONG := $(MNIST) -S train.epochs=200 -S 'train.keep_epochs=[1,2,5,10,20,50,100,200]'
DENOISING := $(MNIST) -S train.epochs=50 -S 'train.keep_epochs=[1,2,5,10,20,50]' \
  -S train.noise_std=0.2
CHOSEN := -S train.learning_rate=0.003
HALVES := [5,6,7,8,9],[0,2,4,6,8],[1,3,5,7,9]
SINGLES := [0],[1],[2],[3],[4],[5],[6],[7],[8],[9]

# The second paper: the five unknown sets of Neal et al. (2018), each named by its normal classes.
# Hyperparameters are the same for every split. Forests have 200 trees instead of the slides' 1000,
# and 50 where a class is held out, for time.
comma := ,
UNKNOWN_SETS := [0,1,2,4,5,9],[0,3,5,7,8,9],[0,1,5,6,7,8],[3,4,5,7,8,9],[0,1,2,3,7,8]
FAST := -S classifier.precision=$(PRECISION) -S classifier.compile=true -S classifier.patience=1000 \
  -S train.precision=$(PRECISION) -S train.compile=true -S train.patience=1000 \
  -S train.learning_rate=0.003 -S detect.trees=200 -S detect.control_trees=50
OPEN := $(FAST) -S split.protocol=open_60_20_20 -S train.epochs=6 -S 'train.keep_epochs=[6]'
OPEN_MNIST := $(OPEN) -S data.name=mnist -S classifier.epochs=6
OPEN_CIFAR10 := $(OPEN) -S data.name=$(if $(CIFAR10),folder,cifar10) \
  $(if $(CIFAR10),-S data.path=$(abspath $(CIFAR10))) -S data.image_size=32 \
  -S classifier.epochs=12 -S classifier.augmentation=shift_and_flip
FIRST_SET := -S 'split.normal_classes=[0,1,2,4,5,9]'
# Beside the five of params.yaml: seeds, which are a deep ensemble too, and the hybrid with the slides'
# λ of 0.9 for a summed error.
add = -S '+classifier.variants.$(1)={objective: $(2)}'
drop = $(foreach name,$(1),-S '~classifier.variants.$(name)')
SEEDS := $(foreach k,1 2,$(call add,nominal_$(k),nominal$(comma) seed: $(k)))
SUM := $(call add,hybrid_sum,hybrid$(comma) reconstruction_weight: 0.9$(comma) reduction: sum)
NO_FEW := -S 'detect.labelled_anomalies=[]'
OTHERS := $(call add,svgd,svgd$(comma) members: 3) $(call add,jem,jem$(comma) steps: 10$(comma) learning_rate: 0.0001) \
  $(call add,small_csi,small_csi)

# A study is a set of DVC experiments named after it. They run JOBS at a time, each on one thread,
# and end in the tables of docs/results/STUDY. Those of the first paper stop at `plots`, the end of
# the branch about pixels, those of the second at `detection_plots`. Run again, finished stages come
# from DVC's cache and interrupted training goes on.
JOBS ?= 2
forget = dvc exp list --name-only | grep -xE '$(1)(-[0-9]+)?' | xargs -r dvc exp remove; \
  dvc queue status | awk '$$2 ~ /^$(1)(-[0-9]+)?$$/ {print $$1}' | xargs -r dvc queue remove
# The tables in docs/results are of networks evaluated with batch norm's moving averages.
RUNNING := -S train.batch_norm=running -S classifier.batch_norm=running
queue = dvc exp run --queue $(RUNNING) --name
# DVC ends well even when an experiment failed, so that is looked at.
run_queue = OMP_NUM_THREADS=1 dvc exp run --run-all --jobs $(JOBS); \
  ! dvc queue status | grep -E ' $@[-a-z]*[0-9]* .*Failed'
compare = python -m stages.compare

.PHONY: run paper test lock clean learning-rates seeds trajectories classes \
  representations-mnist representations-cifar10 networks-mnist networks-cifar10 \
  few-labels-mnist few-labels-cifar10 small-versions both-papers localization report

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

# CIFAR10=FOLDER takes CIFAR-10 from class folders instead of torchvision's download.
representations-mnist: .venv/run
	$(call forget,$@)
	$(queue) $@ $(OPEN_MNIST) -S 'split.normal_classes=$(UNKNOWN_SETS)' detection_plots
	$(run_queue)
	$(compare) $@ --branch images

representations-cifar10: .venv/run
	$(call forget,$@)
	$(queue) $@ $(OPEN_CIFAR10) -S 'split.normal_classes=$(UNKNOWN_SETS)' \
	  $(call drop,hybrid generalized_odin rotation) detection_plots
	$(run_queue)
	$(compare) $@ --branch images

networks-mnist: .venv/run
	$(call forget,$@)
	$(queue) $@ $(OPEN_MNIST) $(FIRST_SET) $(SEEDS) $(SUM) $(NO_FEW) detection_plots
	$(run_queue)
	$(compare) $@ --branch images

networks-cifar10: .venv/run
	$(call forget,$@)
	$(queue) $@ $(OPEN_CIFAR10) $(FIRST_SET) $(SUM) $(NO_FEW) detection_plots
	$(run_queue)
	$(compare) $@ --branch images

few-labels-mnist: .venv/run
	$(call forget,$@)
	$(queue) $@ $(OPEN_MNIST) $(FIRST_SET) $(call drop,hybrid generalized_odin rotation) detection_plots
	$(run_queue)
	$(compare) $@ --branch images

few-labels-cifar10: .venv/run
	$(call forget,$@)
	$(queue) $@ $(OPEN_CIFAR10) $(FIRST_SET) $(call drop,hybrid generalized_odin rotation) \
	  detection_plots
	$(run_queue)
	$(compare) $@ --branch images

small-versions: .venv/run
	$(call forget,$@)
	$(queue) $@ $(OPEN_MNIST) -S data.image_size=16 $(FIRST_SET) $(OTHERS) $(NO_FEW) \
	  $(call drop,hybrid generalized_odin rotation) detection_plots
	$(run_queue)
	$(compare) $@ --branch images

both-papers: .venv/run
	$(call forget,$@)
	$(queue) $@ $(FAST) -S data.name=mnist -S classifier.epochs=6 -S train.epochs=20 \
	  -S 'train.keep_epochs=[20]' $(NO_FEW) \
	  $(call drop,generalized_odin rotation) detection_plots
	$(run_queue)
	$(compare) $@ --branch images

# Maps against planted novelties, six networks. Of the slow maps all but one are left to the paper's.
PLANTED := -S data.name=mnist -S train.patience=1000 -S train.epochs=6 -S 'train.keep_epochs=[6]' \
  -S plant.validation_images=99 -S plant.test_images=594 -S faithfulness.images=36
QUICK := -S 'localize.methods=[reconstruction_error,saliency,squared_saliency,direct_term,$\
  indirect_term,smoothgrad,integrated_gradients_reconstruction,input_x_gradient,$\
  guided_backpropagation,uniform,input_magnitude,sobel,distance_to_mean,mask]' localization_plots
SEED := -S 'train.seed=range(0,3)'

localization: .venv/run
	$(call forget,$@(-[a-z]+)*)
	$(queue) $@-lsa $(PLANTED) $(CHOSEN) $(SEED) localization_plots
	$(queue) $@-denoising $(PLANTED) $(CHOSEN) $(SEED) -S train.noise_std=0.2 $(QUICK)
	$(queue) $@-dense $(PLANTED) $(SEED) -S train.network=dense $(QUICK)
	$(queue) $@-convolutional $(PLANTED) $(CHOSEN) $(SEED) -S train.network=fully_convolutional $(QUICK)
	$(queue) $@-vae $(PLANTED) $(CHOSEN) $(SEED) -S train.network=vae $(QUICK)
	$(queue) $@-pca $(PLANTED) $(CHOSEN) -S train.network=pca $(QUICK)
	$(run_queue)
	$(compare) $(addprefix $@-,lsa denoising dense convolutional vae pca) \
	  --branch localization --output docs/results/$@
	for figure in localization_maps planted; do \
	  dvc get . plots/$$figure.png --rev $@-lsa-1 --force -o docs/figures/$$figure.png; done

report: .venv/run
	python -m stages.report

test: .venv/test
	ruff check .
	ruff format --check .
	mypy
	OMP_NUM_THREADS=1 pytest -n 2 --dist loadfile --no-loadscope-reorder

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
