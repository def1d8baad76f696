"""The bench of models: the ledger, labels without information, and other programs beside ours."""

import sys
import tempfile
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from clones import PROJECT
from mlops_nb.base.errors import UserError
from mlops_nb.base.files import read_table, write_table
from mlops_nb.benches import automl
from mlops_nb.benches.handbook import through_onnx, train_on_fold
from mlops_nb.benches.models import COLUMNS, LEDGER, feature_names, score_with_program
from mlops_nb.data.labels import attach_reports_known_at
from mlops_nb.evaluation.metrics import figures
from mlops_nb.features.compute import compute
from mlops_nb.simulation.population import make_bank
from mlops_nb.simulation.simulator import simulate_day
from mlops_nb.training.splits import Fold

CEILING = {"roc_auc": 0.901, "average_precision": 0.805, "card_precision_100": 0.326}  # mean of the test folds


# The ledger

def faults(ledger: pd.DataFrame) -> list[str]:
    """List what is wrong with a ledger."""
    result = [] if list(ledger.columns) == COLUMNS else ["columns"]
    result += ["twice"] if ledger["configuration"].duplicated().any() else []
    result += ["empty"] if ledger.isna().any(axis=None) else []
    return result + [metric for metric, most in CEILING.items() if (ledger[metric] > most).any()]


def test_the_ledger_is_in_order():
    path = PROJECT / LEDGER
    assert not path.exists() or faults(pd.read_csv(path)) == []


def test_a_ledger_in_disorder_is_seen():
    entry = dict.fromkeys(COLUMNS, 0.1) | {"configuration": "a", "commit": "c", "candidate": "xgboost"}
    assert faults(pd.DataFrame([entry])) == []
    assert faults(pd.DataFrame([entry, entry])) == ["twice"]
    assert faults(pd.DataFrame([entry | {"commit": None}])) == ["empty"]
    assert faults(pd.DataFrame([entry | {"average_precision": 0.9}])) == ["average_precision"]


# Labels without information

@pytest.fixture(scope="module")
def bank() -> pd.DataFrame:
    """Five weeks of a small simulated bank, with features; a fifth of its payments are frauds of large amounts."""
    simulator = make_bank(1, 100)
    days = pd.concat([simulate_day(simulator, 1, day, date(2026, 1, 1)) for day in range(35)], ignore_index=True)
    rng = np.random.default_rng(0)
    days["is_fraud"] = rng.random(len(days)) < 0.2
    cents = (days["amount"].astype(float) * 100).round().astype("int64")
    days["amount_cents"] = cents * np.where(days["is_fraud"], 3, 1)
    days = days.assign(time=days["time"].astype("datetime64[us]"), local_time=days["time"].astype("datetime64[us]"))
    days = days.sort_values(["time", "transaction_id"])
    frauds = days[days["is_fraud"]]
    reports = pd.DataFrame({"transaction_id": frauds["transaction_id"], "is_fraud": True,
                            "reported_at": frauds["time"] + pd.Timedelta(days=7)})
    columns = ["transaction_id", "time", "local_time", "card", "terminal", "amount_cents", "channel", "x_m", "y_m"]
    with tempfile.TemporaryDirectory() as folder:
        write_table(days[columns], Path(folder, "transactions.parquet"))
        write_table(reports, Path(folder, "reports.parquet"))
        compute(folder, Path(folder, "features.parquet"), 7)
        features = read_table(Path(folder, "features.parquet"))
        return attach_reports_known_at(features, reports, pd.Timestamp("2026-03-01"))


def average_precision(bank: pd.DataFrame, shuffle_seed: int | None) -> tuple[float, float]:
    """Average precision, in a later week, of a model trained on two weeks of the bank; and the base rate."""
    fold = Fold("toy", *map(pd.Timestamp, ("2026-01-08", "2026-01-22", "2026-01-29", "2026-02-05")))
    before = bank["time"] < fold.train_end
    labels = bank["fraud_reported_at"].copy()
    if shuffle_seed is not None:
        labels[before] = labels[before].sample(frac=1, random_state=shuffle_seed).to_numpy()
    bank = bank.assign(fraud_reported_at=labels)
    model = train_on_fold(bank, fold, feature_names(bank), "xgboost", {"n_estimators": 20})
    rows = bank[(bank["time"] >= fold.test_start) & (bank["time"] < fold.test_end)]
    rows = rows.assign(is_fraud=rows["fraud_reported_at"].notna(),
                       fraud_probability=through_onnx(model, feature_names(bank)).fraud_probability(rows))
    result = figures(rows, 20)
    return result["average_precision"], result["fraud_share"]


def test_shuffled_labels_teach_nothing(bank):
    true_labels, base = average_precision(bank, shuffle_seed=None)
    shuffled = [average_precision(bank, shuffle_seed=seed)[0] for seed in range(10)]
    assert np.mean(shuffled) == pytest.approx(base, abs=3 * np.std(shuffled) / np.sqrt(len(shuffled)))
    assert max(shuffled) < base + 0.1
    assert true_labels > base + 0.2


# Programs in environments of their own

PREDICTOR = """
class TabularPredictor:
    def __init__(self, label, **settings):
        self.label = label

    def fit(self, train_data, tuning_data, **settings):
        assert train_data.index.max() < tuning_data.index.min(), "it chooses by the past"
        self.rate = {rate}

    def predict_proba(self, rows):
        assert self.label not in rows
        return {{1: rows["amount"] * 0 + self.rate}}
"""


def environment(folder: Path, rate: str) -> Path:
    """Make a folder of environments, whose AutoGluon gives every payment the same probability."""
    package = folder / "packages/autogluon/tabular.py"
    package.parent.mkdir(parents=True)
    package.write_text(PREDICTOR.format(rate=rate))
    python = folder / "autogluon/bin/python"
    python.parent.mkdir(parents=True)
    python.write_text(f'#!/bin/sh\nPYTHONPATH="{folder}/packages" exec "{sys.executable}" "$@"\n')
    python.chmod(0o755)
    return folder


def with_program(bank: pd.DataFrame, environments: Path, monkeypatch: pytest.MonkeyPatch) -> np.ndarray:
    """The program's probabilities after training on two weeks of the bank."""
    monkeypatch.setattr("mlops_nb.benches.models.ENVIRONMENTS", environments)
    monkeypatch.setattr(automl, "ENVIRONMENTS", environments)
    fold = Fold("toy", *map(pd.Timestamp, ("2026-01-08", "2026-01-22", "2026-01-29", "2026-02-05")))
    return score_with_program(bank, feature_names(bank), "autogluon", fold)[0]


def test_another_program_learns_in_its_own_environment(bank, tmp_path, monkeypatch):
    scores = with_program(bank, environment(tmp_path, rate="train_data[self.label].mean()"), monkeypatch)
    assert len(scores) > 10
    assert np.unique(scores) == pytest.approx(0.2, abs=0.03)


def test_a_program_that_fails_says_why(bank, tmp_path, monkeypatch):
    with pytest.raises(UserError, match="ZeroDivisionError"):
        with_program(bank, environment(tmp_path, rate="1 / 0"), monkeypatch)


def test_a_program_that_is_not_there_is_missed(bank, tmp_path, monkeypatch):
    with pytest.raises(UserError, match="autogluon"):
        with_program(bank, tmp_path, monkeypatch)
