"""Explanations of every candidate's file: they sum to what the file scores by, and name the cause that was planted."""

import time

import numpy as np
import onnx
import pandas as pd
import pytest
import yaml
from onnx import TensorProto, helper
from scipy.special import expit

from clones import PROJECT
from mlops_nb.evaluation.explanations import EARLIER_PAYMENTS, Explainer, background_sample, reasons
from mlops_nb.features.catalogue import CATALOGUE
from mlops_nb.training.candidates import make_model
from mlops_nb.training.conversion import as_onnx
from mlops_nb.training.scoring import OnnxModel

MODELS = yaml.safe_load((PROJECT / "params.yaml").read_text())["train"]["models"]
# a sequence is explained in a test of its own
MODELS = {kind: settings for kind, settings in MODELS.items() if "steps" not in settings}
READ = {"logistic_regression": "_Linear", "decision_tree": "_Trees", "random_forest": "_Trees", "xgboost": "_Trees",
        "lightgbm": "_Trees"}
WITHOUT_SIGMOID = ("decision_tree", "random_forest")
# what is read is summed in double precision; what is asked answers in single precision, as the files do
EXACT, SINGLE = 1e-12, 1e-6
FEATURES = [vars(feature) for feature in CATALOGUE]
NAMES = [feature["name"] for feature in FEATURES]
CAUSE = "amount_to_mean_30d"


def saved(folder, graph: onnx.ModelProto):
    path = folder / "model.onnx"
    path.write_bytes(graph.SerializeToString())
    return path


@pytest.fixture(scope="module")
def payments():
    rng = np.random.default_rng(0)
    X = rng.integers(0, 4, (4000, len(NAMES))).astype(np.float32)
    X[:, NAMES.index(CAUSE)] = rng.exponential(1, 4000)
    return X, (X[:, NAMES.index(CAUSE)] > rng.uniform(2, 4, 4000)).astype(int)


# loading torch takes some seconds
NETWORKS = [pytest.param(kind, marks=pytest.mark.slow) if kind == "neural_network" else kind for kind in MODELS]


@pytest.fixture(scope="module", params=NETWORKS, ids=MODELS)
def explained(request, payments, tmp_path_factory):
    X, y = payments
    model = make_model(request.param, MODELS[request.param], seed=1).fit(X, y)
    path = saved(tmp_path_factory.mktemp(request.param), as_onnx(model, NAMES))
    return request.param, Explainer(path, background_sample(X)), OnnxModel(path)


def test_contributions_sum_to_the_margin_and_the_margin_is_the_files(explained, payments):
    kind, explainer, scorer = explained
    X = payments[0][:50]
    base, contributions = explainer.contributions(X)
    margin = explainer.margin(X)
    assert np.abs(base + contributions.sum(axis=1) - margin).max() < (EXACT if kind in READ else SINGLE)
    probability = margin if kind in WITHOUT_SIGMOID else expit(margin)
    assert np.abs(probability - scorer.fraud_probability(pd.DataFrame(X, columns=NAMES))).max() < SINGLE


def test_linear_files_and_trees_are_read_and_others_asked(explained):
    kind, explainer, _ = explained
    assert type(explainer._model).__name__ == READ.get(kind, "_AnyModel")


def test_the_planted_cause_is_named_first(explained, payments):
    _, explainer, scorer = explained
    rows = pd.DataFrame(payments[0], columns=NAMES)
    rows = rows.loc[scorer.fraud_probability(rows).argsort()[-5:]]
    for values, given in zip(rows.iloc, explainer.contributions(rows.to_numpy())[1]):
        first = reasons(values, pd.Series(given, NAMES), FEATURES)[0]
        assert first == {"feature": CAUSE, "value": float(values[CAUSE]), "of": None}


def test_a_payment_is_explained_alike_alone_and_in_company(explained, payments):
    _, explainer, _ = explained
    _, together = explainer.contributions(payments[0][:3])
    _, alone = explainer.contributions(payments[0][2:3])
    assert np.abs(together[2] - alone[0]).max() < SINGLE


@pytest.mark.slow
def test_a_thousand_alerts_of_boosted_trees_take_less_than_ten_seconds(payments, tmp_path):
    X, y = payments
    model = make_model("xgboost", {"n_estimators": 100, "n_jobs": 1}, seed=1).fit(X, y)
    explainer = Explainer(saved(tmp_path, as_onnx(model, NAMES)), background_sample(X))
    began = time.process_time()
    explainer.contributions(X[:1000])
    assert time.process_time() - began < 10


def graph_of(nodes: list, columns: int, constants: dict, **told: str) -> onnx.ModelProto:
    initial = [onnx.numpy_helper.from_array(np.array(value, np.float32), name) for name, value in constants.items()]
    made = helper.make_graph(nodes, "toy",
                             [helper.make_tensor_value_info("features", TensorProto.FLOAT, [None, columns])],
                             [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, [None, 2])], initial)
    opsets = [helper.make_opsetid("", 21), helper.make_opsetid("ai.onnx.ml", 3)]
    model = helper.make_model(made, opset_imports=opsets, ir_version=10)
    helper.set_model_props(model, told)
    return model


@pytest.mark.parametrize("mode", ["BRANCH_LT", "BRANCH_LEQ"])
@pytest.mark.parametrize("missing", [0, 1])
def test_a_value_at_the_threshold_and_a_missing_one_go_where_the_file_sends_them(mode, missing, tmp_path):
    tree = helper.make_node("TreeEnsembleClassifier", ["features"], ["label", "probabilities"], domain="ai.onnx.ml",
                            nodes_treeids=[0, 0, 0], nodes_nodeids=[0, 2, 1], nodes_featureids=[0, 0, 0],
                            nodes_values=[0.1, 0.0, 0.0], nodes_modes=[mode, "LEAF", "LEAF"],
                            nodes_truenodeids=[1, 0, 0], nodes_falsenodeids=[2, 0, 0],
                            nodes_missing_value_tracks_true=[missing, 0, 0], class_treeids=[0, 0],
                            class_nodeids=[2, 1], class_ids=[0, 0], class_weights=[0.2, 0.7],
                            classlabels_int64s=[0, 1], post_transform="NONE")
    path = saved(tmp_path, graph_of([tree], 1, {}, features="amount"))
    X = np.array([[0.1], [0.0], [0.2], [np.nan]], np.float32)
    explainer = Explainer(path, np.array([[0.0], [0.2]], np.float32))
    base, contributions = explainer.contributions(X)
    told = OnnxModel(path).fraud_probability(pd.DataFrame(X, columns=["amount"]))
    assert set(told.round(2)) == {0.2, 0.7}
    assert np.allclose(explainer.margin(X), told, atol=1e-7)
    assert np.allclose(base + contributions[:, 0], told, atol=1e-7)


WEIGHTS = np.array([1.0, -1.0, 0.5, 2.0, 3.0, 4.0]) # of two earlier payments and of this one, two features each


@pytest.mark.slow
def test_the_payments_before_are_one_reason(tmp_path):
    nodes = [helper.make_node("MatMul", ["features", "weights"], ["score"]),
             helper.make_node("Sigmoid", ["score"], ["fraud"]),
             helper.make_node("Sub", ["one", "fraud"], ["honest"]),
             helper.make_node("Concat", ["honest", "fraud"], ["probabilities"], axis=1)]
    toy = graph_of(nodes, 6, {"weights": WEIGHTS[:, None], "one": 1}, features="amount,is_web", steps="3")
    background = np.random.default_rng(0).normal(size=(30, 6)).astype(np.float32)
    explainer = Explainer(saved(tmp_path, toy), background)
    X = np.ones((4, 6), np.float32)
    pushed = (X - background.mean(axis=0)) * WEIGHTS
    assert explainer.names == ["amount", "is_web", EARLIER_PAYMENTS]
    assert np.allclose(explainer.margin(X), X @ WEIGHTS, atol=1e-5)
    expected = np.column_stack([pushed[:, 4:], pushed[:, :4].sum(axis=1)])
    assert np.allclose(explainer.contributions(X)[1], expected, atol=1e-5)


@pytest.mark.slow
def test_a_file_without_a_sigmoid_is_explained_by_its_log_odds(tmp_path):
    nodes = [helper.make_node("MatMul", ["features", "weights"], ["scores"]),
             helper.make_node("Softmax", ["scores"], ["probabilities"], axis=1)]
    toy = graph_of(nodes, 2, {"weights": [[0, 1], [0, -2]]}, features="amount,is_web")
    explainer = Explainer(saved(tmp_path, toy), np.zeros((1, 2), np.float32))
    base, contributions = explainer.contributions(np.array([[3, 1]], np.float32))
    assert np.allclose([base, *contributions[0]], [0, 3, -2], atol=1e-5)
