"""The kinds of model: files that score as the models do, the same bytes for the same data; how a kind is added."""

import json
import os
import subprocess
import sys
from importlib.util import find_spec

import numpy as np
import onnx
import pandas as pd
import pytest
import yaml

from clones import FEW, PROJECT
from mlops_nb.engine.pins import PINS
from mlops_nb.training.candidates import make_model, model_kinds
from mlops_nb.training.conversion import as_onnx, greatest_difference
from mlops_nb.training.inputs import sequence_length
from mlops_nb.training.sampling import probability_among_all, sample_honest
from mlops_nb.training.scoring import onnx_session

SETTINGS = {"flaml": {"max_iter": 6}} | yaml.safe_load((PROJECT / "params.yaml").read_text())["train"]["models"]
if find_spec("tensorflow"):
    SETTINGS = {"keras_network": {"epochs": 5}} | SETTINGS
# Run here and in other processes
DATA = """
import numpy as np
rng = np.random.default_rng(0)
scales = np.array([1, 1, 0.3, 10, 100, 5000, 1e6, 0.01, 1, 30])

def toy_data(rows):  # counts, cents and shares, rounded, so that many rows lie on a threshold
    X = np.abs(rng.normal(size=(rows, 10)) ** 3 * scales)
    X[:, 3:6] = X[:, 3:6].round()
    X[:, :2] = X[:, :2].round(1)
    return X.astype(np.float32), (X[:, 0] * X[:, 2] + X[:, 6] / 1e6 + rng.normal(size=rows) > 5).astype(int)
"""
exec(DATA)  # rng, scales, toy_data


@pytest.fixture(scope="module")
def training_data() -> tuple[np.ndarray, np.ndarray]:
    return toy_data(20_000)  # noqa: F821


NAMES = list("abcdefghij")


def probabilities(graph: onnx.ModelProto, X: np.ndarray) -> np.ndarray:
    """P(fraud) of each row, from a graph."""
    return onnx_session(graph.SerializeToString()).run(["probabilities"], {"features": X})[0][:, 1].astype(float)


@pytest.mark.slow
@pytest.mark.parametrize("kind", model_kinds())
def test_the_file_scores_100_000_payments_as_the_model_does(training_data, kind):
    if kind == "keras_network" and not find_spec("tensorflow"):
        pytest.skip("TensorFlow is not installed (`make tensorflow`)")
    X, y = training_data
    model = make_model(kind, SETTINGS.get(kind), seed=1).fit(X, y)
    unseen, is_fraud = toy_data(100_000)  # noqa: F821
    assert greatest_difference(model, unseen) < 1e-6
    score = model.predict_proba(unseen)[:, 1]
    assert score[is_fraud == 1].mean() > 3 * score[is_fraud == 0].mean()
    in_sample = probabilities(as_onnx(model, NAMES[:X.shape[1] // sequence_length(model)], 0.2), unseen)
    assert np.abs(in_sample - probability_among_all(score, 0.2)).max() < 1e-6 / 0.2  # the steepest slope


def test_a_model_of_a_sample_knows_how_many_frauds_there_are():
    X, y = map(pd.DataFrame, toy_data(40_000))  # noqa: F821
    rows, labels, share = sample_honest(X, y[0] == 1, 4_000, seed=1)
    assert share < 0.15 and labels.sum() == y[0].sum()
    model = make_model("logistic_regression", None, seed=1).fit(rows.to_numpy(), labels)
    unseen, is_fraud = toy_data(40_000)  # noqa: F821
    known = is_fraud.mean()
    assert probabilities(as_onnx(model, NAMES), unseen).mean() > 1.5 * known
    assert probabilities(as_onnx(model, NAMES, share), unseen).mean() == pytest.approx(known, rel=0.1)


def hashes(threads: int) -> dict[str, str]:
    """Hashes of each kind's files, trained in a new process under the engine's pins but with so many threads."""
    code = f"""
import hashlib, json
from mlops_nb.training.candidates import kind_module, make_model
from mlops_nb.training.conversion import as_onnx
{DATA}
X, y = toy_data(5000)
for kind, settings in {SETTINGS}.items():
    if "n_jobs" in settings:
        settings["n_jobs"] = {threads}
    model, module = make_model(kind, settings, seed=1).fit(X, y), kind_module(kind)
    files = [as_onnx(model, list("abcdefghij")[:10 // getattr(model, "steps", 1)]).SerializeToString()]
    if hasattr(module, "native"):
        files.append(module.native(model)[1])
    print(kind, *(hashlib.md5(file).hexdigest() for file in files))
"""
    environment = os.environ | PINS | {"OMP_NUM_THREADS": str(threads)}
    done = subprocess.run([sys.executable, "-c", code], cwd=PROJECT, env=environment, text=True, capture_output=True)
    assert done.returncode == 0, done.stderr
    return dict(line.split(maxsplit=1) for line in done.stdout.splitlines())


@pytest.mark.slow
def test_the_files_are_the_same_bytes_for_one_thread_and_for_two():
    assert hashes(threads=1) == hashes(threads=2)


NOTEBOOK = [("code", "#| default_exp models.naive_bayes"),
            ("code", "#| export\nfrom sklearn.naive_bayes import GaussianNB\n\nModel = GaussianNB")]


@pytest.mark.slow
@pytest.mark.long
def test_another_kind_is_one_notebook_and_one_entry_in_params(copy_small_run):
    clone = copy_small_run()
    cells = [{"cell_type": kind, "id": f"cell{number}", "metadata": {}, "source": source,
              "outputs": [], "execution_count": None}
             for number, (kind, source) in enumerate(NOTEBOOK)]
    notebook = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    (clone.folder / "nbs/library/models/99_naive_bayes.ipynb").write_text(json.dumps(notebook))
    clone.run("nbdev_export")
    clone.params({"train": {"models": FEW["train"]["models"] | {"naive_bayes": {"var_smoothing": 1e-6}}}})
    clone.run("dvc", "repro", "evaluate")
    assert "naive_bayes" in json.loads((clone.folder / "reports/evaluate/metrics.json").read_text())["validation"]
    assert (clone.folder / "data/model/naive_bayes/final.onnx").exists()
