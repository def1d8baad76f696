"""The windows proposed for a file hold enough frauds, as the pipeline itself counts them."""

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest
import yaml

from clones import PROJECT
from mlops_nb.base.errors import UserError
from mlops_nb.base.shares import MIN_COUNT
from mlops_nb.data.labels import between, training_snapshot, without_known_cards
from mlops_nb.data.sources import read_rows
from mlops_nb.data.windows import WISHED_FRAUDS, Labels, propose_windows, read_labels
from mlops_nb.training.splits import folds, training_sets

PARAMS = yaml.safe_load((PROJECT / "params.yaml").read_text()) | {
    "as_of": "2026-04-01", "label_delay": 7, "alert_budget": 20}
PARAMS["train"] |= {"as_of": "2026-03-18", "train_days": 28, "test_days": 7, "validation_folds": 2}
FIRST = date(2016, 1, 1)


def bank(days: int, a_day: int, cards: int, share: float) -> pd.DataFrame:
    """Payments of a bank; a fraud is reported a week later."""
    generator = np.random.default_rng(1)
    rows = days * a_day
    time = pd.Timestamp(FIRST) + pd.to_timedelta(np.sort(generator.uniform(0, days, rows)), unit="D").floor("s")
    fraud = generator.random(rows) < share
    return pd.DataFrame({"transaction_id": np.arange(rows).astype(str), "time": time, "is_fraud": fraud,
                         "card": generator.integers(0, cards, rows).astype(str),
                         "reported_at": (time + pd.Timedelta(days=7)).where(fraud)})


def proposed(payments: pd.DataFrame, days: int) -> dict:
    """The proposal for a bank's payments."""
    frauds = payments[payments["is_fraud"]]
    table = pd.DataFrame({"day": frauds["time"].dt.normalize(), "reported": frauds["reported_at"].dt.normalize(),
                          "card": frauds["card"]})
    return propose_windows(FIRST, FIRST + timedelta(days=days - 1), Labels(table, len(payments), 400.0), PARAMS)


def counted(payments: pd.DataFrame, proposal: dict) -> dict:
    """The frauds that count in the windows, by the pipeline's own functions."""
    train = proposal["train"]
    reports = payments.loc[payments["is_fraud"], ["transaction_id", "is_fraud", "reported_at"]]
    made_by = payments[["transaction_id", "time", "card"]]
    snapshot = training_snapshot(made_by, reports, train["as_of"], proposal["as_of"])
    test, *validation = made = folds(train["as_of"], 7, train["train_days"], train["test_days"],
                                     train["validation_folds"])
    until = pd.Timestamp(train["as_of"]) - pd.Timedelta(days=7)
    final = until - pd.Timedelta(days=train["train_days"]), until
    judged = {fold.name: int(without_known_cards(between(snapshot, fold.test_start, fold.test_end), snapshot,
                                                 fold.train_start)["fraud_reported_at"].notna().sum()) for fold in made}
    learned = training_sets(snapshot, made, final, train["as_of"])
    return {"training": min(int(labels.sum()) for _, labels in learned.values()),
            "validation": sum(judged[fold.name] for fold in validation), "test": judged[test.name]}


@pytest.mark.parametrize("days, a_day, cards, share", [
    (3650, 15, 60, 0.015), (3650, 15, 10_000, 0.015), (31, 1200, 30_000, 0.008), (120, 700, 600, 0.012)],
    ids=["ten years, few cards", "ten years", "a month", "the simulated bank's size"])
def test_every_window_holds_enough_frauds(days, a_day, cards, share):
    payments = bank(days, a_day, cards, share)
    proposal = proposed(payments, days)
    found = counted(payments, proposal)
    assert {name: proposal["frauds"][name] for name in found} == found
    assert min(proposal["frauds"].values()) >= (MIN_COUNT if cards == 60 or days == 31 else WISHED_FRAUDS)
    train = proposal["train"]
    needed = 14 + train["train_days"] + train["test_days"] * (train["validation_folds"] + 1)
    assert date.fromisoformat(train["as_of"]) - FIRST >= timedelta(days=needed)
    if days == 120:
        assert (train["train_days"], train["test_days"]) == (28, 7)
    else:
        assert (train["test_days"] > 7) == (days > 31)
    assert proposal["monitor"]["days"] * a_day >= PARAMS["monitor"]["min_rows"]


@pytest.mark.parametrize("days, share, cards, what, cure", [
    (2, 0.2, 400, "history is too short", "at least 25 days"),
    (200, 0, 400, "No transaction of the file is labelled", "name the column"),
    (200, 0.0015, 400, "frauds are too few", "a longer history"),
    (2000, 0.02, 8, "frauds are too few", "more cards")])
def test_what_cannot_be_judged_is_refused_with_a_cure(days, share, cards, what, cure):
    with pytest.raises(UserError) as refused:
        proposed(bank(days, 15, cards, share), days)
    assert what in str(refused.value) and cure in str(refused.value)


def test_labels_are_read_as_the_feeds_are(tmp_path):
    (tmp_path / "own.csv").write_text("when,who,bad,told\n2026-01-01 23:30,a,yes,\n2026-01-02 01:00,a,no,\n"
                                      "2026-01-02 02:00,b,1,2026-03-01 00:00\n")
    columns = {"time": "when", "card": "who", "is_fraud": "bad", "reported_at": "told"}
    mapping = {"columns": columns, "time_zone": "Europe/Berlin"}
    labels = read_labels(read_rows(tmp_path / "own.csv", mapping), 7, mapping)
    assert labels.payments == 3 and labels.cards_a_day == 1.5
    assert labels.frauds.astype(str).values.tolist() == [["2026-01-01", "2026-01-08", "a"],
                                                         ["2026-01-02", "2026-02-28", "b"]]
