"""The yardsticks of the bench: the ledger, and labels that say nothing; other programs beside ours."""

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
from mlops_nb.benches.handbook import deployed, learned
from mlops_nb.benches.models import COLUMNS, LEDGER, by_program, feature_names
from mlops_nb.data.labels import attach_reports_known_at
from mlops_nb.evaluation.metrics import figures
from mlops_nb.features.compute import compute
from mlops_nb.simulation.population import make_bank
from mlops_nb.simulation.simulator import simulate_day
from mlops_nb.training.splits import Fold

KNOWN = {"roc_auc": 0.901, "average_precision": 0.805, "card_precision_100": 0.326}  # the ceiling, mean of the handbook's test folds


# The ledger

def faults(ledger: pd.DataFrame) -> list[str]:
    """What is wrong with a ledger."""
    wrong = [] if list(ledger.columns) == COLUMNS else ["columns"]
    wrong += ["twice"] if ledger["configuration"].duplicated().any() else []
    wrong += ["empty"] if ledger.isna().any(axis=None) else []
    return wrong + [metric for metric, most in KNOWN.items() if (ledger[metric] > most).any()]


def test_the_ledger_is_in_order():
    path = PROJECT / LEDGER
    assert not path.exists() or faults(pd.read_csv(path)) == []


def test_a_ledger_in_disorder_is_seen():
    entry = dict.fromkeys(COLUMNS, 0.1) | {"configuration": "a", "commit": "c", "candidate": "xgboost"}
    assert faults(pd.DataFrame([entry])) == []
    assert faults(pd.DataFrame([entry, entry])) == ["twice"]
    assert faults(pd.DataFrame([entry | {"commit": None}])) == ["empty"]
    assert faults(pd.DataFrame([entry | {"average_precision": 0.9}])) == ["average_precision"]


# Labels that say nothing

@pytest.fixture(scope="module")
def bank() -> pd.DataFrame:
    """Five weeks of a small simulated bank, with features; a fifth of its payments are frauds that show."""
    simulator = make_bank(1, 100)
    days = pd.concat([simulate_day(simulator, 1, day, date(2026, 1, 1)) for day in range(35)], ignore_index=True)
    rng = np.random.default_rng(0)
    days["is_fraud"] = rng.random(len(days)) < 0.2
    days["amount_cents"] = (days["amount"].astype(float) * 100).round().astype("int64") * np.where(days["is_fraud"], 3, 1)
    days = days.assign(time=days["time"].astype("datetime64[us]"), local_time=days["time"].astype("datetime64[us]"))
    days = days.sort_values(["time", "transaction_id"])
    frauds = days[days["is_fraud"]]
    reports = pd.DataFrame({"transaction_id": frauds["transaction_id"], "is_fraud": True, "reported_at": frauds["time"] + pd.Timedelta(days=7)})
    columns = ["transaction_id", "time", "local_time", "card", "terminal", "amount_cents", "channel", "x_m", "y_m"]
    with tempfile.TemporaryDirectory() as folder:
        write_table(days[columns], Path(folder, "transactions.parquet"))
        write_table(reports, Path(folder, "reports.parquet"))
        compute(folder, Path(folder, "features.parquet"), 7)
        return attach_reports_known_at(read_table(Path(folder, "features.parquet")), reports, pd.Timestamp("2026-03-01"))


def average_precision(bank: pd.DataFrame, shuffled_by: int | None) -> tuple[float, float]:
    """Of a model trained on two weeks of the bank and judged on all who paid in a later one; and the base rate."""
    fold = Fold("toy", *map(pd.Timestamp, ("2026-01-08", "2026-01-22", "2026-01-29", "2026-02-05")))
    trained = bank["time"] < fold.train_end
    labels = bank["fraud_reported_at"].copy()
    if shuffled_by is not None:
        labels[trained] = labels[trained].sample(frac=1, random_state=shuffled_by).to_numpy()
    model = learned(bank.assign(fraud_reported_at=labels), fold, feature_names(bank), "xgboost", {"n_estimators": 20})
    judged = bank[(bank["time"] >= fold.test_start) & (bank["time"] < fold.test_end)]
    judged = judged.assign(is_fraud=judged["fraud_reported_at"].notna())
    found = figures(judged.assign(fraud_probability=deployed(model, feature_names(bank)).fraud_probability(judged)), 20)
    return found["average_precision"], found["fraud_share"]


def test_shuffled_labels_teach_nothing(bank):
    honest, base = average_precision(bank, shuffled_by=None)
    nothing = [average_precision(bank, shuffled_by=seed)[0] for seed in range(10)]
    assert np.mean(nothing) == pytest.approx(base, abs=3 * np.std(nothing) / np.sqrt(len(nothing)))
    assert max(nothing) < base + 0.1
    assert honest > base + 0.2


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
    """A folder of environments, in which AutoGluon is a predictor that gives everybody the same probability."""
    package = folder / "packages/autogluon/tabular.py"
    package.parent.mkdir(parents=True)
    package.write_text(PREDICTOR.format(rate=rate))
    python = folder / "autogluon/bin/python"
    python.parent.mkdir(parents=True)
    python.write_text(f'#!/bin/sh\nPYTHONPATH="{folder}/packages" exec "{sys.executable}" "$@"\n')
    python.chmod(0o755)
    return folder


def with_program(bank: pd.DataFrame, environments: Path, monkeypatch: pytest.MonkeyPatch) -> np.ndarray:
    """Its probabilities, where it learns from two weeks of the bank."""
    monkeypatch.setattr("mlops_nb.benches.models.ENVIRONMENTS", environments)
    monkeypatch.setattr(automl, "ENVIRONMENTS", environments)
    fold = Fold("toy", *map(pd.Timestamp, ("2026-01-08", "2026-01-22", "2026-01-29", "2026-02-05")))
    return by_program(bank, feature_names(bank), "autogluon", fold)[0]


def test_another_program_learns_in_its_own_environment(bank, tmp_path, monkeypatch):
    found = with_program(bank, environment(tmp_path, rate="train_data[self.label].mean()"), monkeypatch)
    assert len(found) > 10
    assert np.unique(found) == pytest.approx(0.2, abs=0.03)


def test_a_program_that_fails_says_why(bank, tmp_path, monkeypatch):
    with pytest.raises(UserError, match="ZeroDivisionError"):
        with_program(bank, environment(tmp_path, rate="1 / 0"), monkeypatch)


def test_a_program_that_is_not_there_is_missed(bank, tmp_path, monkeypatch):
    with pytest.raises(UserError, match="autogluon"):
        with_program(bank, tmp_path, monkeypatch)
