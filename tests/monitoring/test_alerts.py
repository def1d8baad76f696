"""The day's alerts: lists that no later report changes, outcomes as they become known, and the reasons."""

import json
from pathlib import Path

import jsonschema
import numpy as np
import pandas as pd
import pytest

from mlops_nb.base.errors import mask_card_numbers
from mlops_nb.base.schemas import VERSION
from mlops_nb.base.files import write_json, write_table
from mlops_nb.evaluation.explanations import EARLIER_PAYMENTS, background_sample, reasons_as_text
from mlops_nb.features.catalogue import CATALOGUE
from mlops_nb.monitoring.alerts import (ALERTS_SCHEMA, FRAUD, GENUINE, PENDING, add_newest_reasons, alerts, figures,
                                        repeated_false_alarms, summary, write_alerts)
from mlops_nb.monitoring.drift import labelled_figures
from mlops_nb.monitoring.settings import MonitorSettings
from mlops_nb.monitoring.watch import labelled_and_pending, model_in_use, scored_payments
from mlops_nb.registry import contents
from mlops_nb.training.candidates import make_model
from mlops_nb.training.conversion import as_onnx
from mlops_nb.training.inputs import inputs

TRAINED, MADE, BUDGET, DELAY = pd.Timestamp("2026-04-01"), pd.Timestamp("2026-05-01"), 4, 7
FEATURES = [vars(feature) for feature in CATALOGUE
            if feature.name in ("amount", "amount_to_mean_30d", "card_transactions_1d", "is_web")]
NAMES = [feature["name"] for feature in FEATURES]
NOTHING = pd.DataFrame({"transaction_id": pd.Series(dtype=str), "is_fraud": pd.Series(dtype=bool),
                        "reported_at": pd.Series(dtype="datetime64[us]")})


@pytest.fixture(scope="module")
def payments() -> pd.DataFrame:
    """Those of 30 cards since training began, with their features and scores."""
    rng, rows = np.random.default_rng(0), 2000
    times = TRAINED + pd.to_timedelta(np.sort(rng.integers(0, 60 * 24 * 60, rows)), unit="min")
    return pd.DataFrame({
        "transaction_id": [f"p{number}" for number in range(rows)], "time": times,
        "card": [f"c{number}" for number in rng.integers(0, 30, rows)],
        "channel": rng.choice(["atm", "pos", "web"], rows), "amount_cents": rng.integers(100, 9999, rows),
        "fraud_probability": rng.integers(0, 100, rows) / 100}
        | {name: rng.integers(0, 9, rows).astype(float) for name in NAMES})


@pytest.fixture(scope="module")
def reports(payments: pd.DataFrame) -> pd.DataFrame:
    """Frauds told after one to nine days, and what analysts say of some payments after one."""
    rng = np.random.default_rng(1)
    frauds, checked = payments.sample(40, random_state=1), payments.sample(200, random_state=2)
    words = [part[["transaction_id"]].assign(is_fraud=said, reported_at=part["time"] + pd.to_timedelta(days, unit="D"))
             for part, said, days in ((frauds, True, rng.uniform(1, 9, 40)), (checked, False, 1.0))]
    return pd.concat(words, ignore_index=True)


def listed_at(payments: pd.DataFrame, reports: pd.DataFrame, day: str, budget: int = BUDGET) -> pd.DataFrame:
    """The alerts as the stage makes them on a day."""
    now = pd.Timestamp(day)
    known = payments[payments["time"] < now]
    return alerts(known[known["time"] >= MADE], known, reports, TRAINED, now, budget, DELAY)


def test_a_report_changes_nothing_before_its_time(payments, reports):
    now, told = pd.Timestamp("2026-05-20"), reports[reports["reported_at"] < "2026-05-20"]
    assert len(told) < len(reports)
    pd.testing.assert_frame_equal(listed_at(payments, reports, "2026-05-20"), listed_at(payments, told, "2026-05-20"))
    late = pd.DataFrame({"transaction_id": payments["transaction_id"], "is_fraud": True, "reported_at": now})
    pd.testing.assert_frame_equal(listed_at(payments, told, "2026-05-20"),
                                  listed_at(payments, pd.concat([told, late]), "2026-05-20"))


@pytest.mark.slow
def test_the_list_of_a_day_stays_what_it_was(payments, reports):
    later = listed_at(payments, reports, "2026-05-28")
    for day in pd.date_range("2026-05-02", "2026-05-27"):
        then = listed_at(payments, reports, f"{day:%Y-%m-%d}")
        pd.testing.assert_frame_equal(then.drop(columns="outcome"), later[later["day"] < day].drop(columns="outcome"))


def test_the_budget_is_kept_each_day_by_the_riskiest(payments, reports):
    none = reports[:0]
    listed = listed_at(payments, none, "2026-05-28")
    assert listed.groupby("day").size().eq(BUDGET).all() and listed["day"].nunique() == 27
    assert (listed.groupby("day")["rank"].agg(list).map(lambda ranks: ranks == [1, 2, 3, 4])).all()
    assert not listed.duplicated(["day", "card"]).any()
    day = pd.Timestamp("2026-05-09")
    of_day = payments[payments["time"].dt.normalize() == day].groupby("card")["fraud_probability"].max()
    assert listed.loc[listed["day"] == day, "fraud_probability"].tolist() == of_day.nlargest(BUDGET).tolist()
    assert listed_at(payments, none, "2026-05-28", 1000).groupby("day").size().max() <= 30


def of_the_tenth(payments: pd.DataFrame, told: pd.DataFrame) -> pd.DataFrame:
    listed = listed_at(payments, told, "2026-05-11")
    return listed[listed["day"] == pd.Timestamp("2026-05-10")]


@pytest.mark.parametrize(("reported", "taken_back", "left_out"), [
    ("2026-05-09 23:59", None, True), ("2026-05-10 00:00", None, False), ("2026-03-31 23:59", None, True),
    ("2026-05-08 12:00", "2026-05-09 12:00", False), ("2026-05-08 12:00", "2026-05-10 12:00", True),
])
def test_a_card_known_to_be_compromised_when_the_day_began_is_left_out(payments, reported, taken_back, left_out):
    card = of_the_tenth(payments, NOTHING)["card"].iloc[0]
    payment = payments[payments["card"] == card]["transaction_id"].iloc[0]
    said = [(payment, True, reported)] + ([(payment, False, taken_back)] if taken_back else [])
    told = pd.DataFrame(said, columns=NOTHING.columns).astype(NOTHING.dtypes)
    of_day = of_the_tenth(payments, told)
    assert (card not in set(of_day["card"])) is left_out and len(of_day) == BUDGET


CHECKED = pd.DataFrame({"transaction_id": ["small", "large"],
                        "time": pd.to_datetime(["2026-05-01 08:00", "2026-05-01 12:00"]), "card": "c1",
                        "channel": "web", "amount_cents": [100, 999], "fraud_probability": [0.1, 0.9]})


@pytest.mark.parametrize(("said", "now", "outcome"), [
    ([], "2026-05-08", PENDING), # seven days are not over yet at noon
    ([], "2026-05-09", GENUINE), # nobody has said a word
    ([("large", True, "05-03")], "2026-05-03", PENDING), # told on the stroke of now: not before it
    ([("large", True, "05-03")], "2026-05-04", FRAUD),
    ([("small", True, "05-03")], "2026-05-04", FRAUD), # another payment of that card and day
    ([("large", False, "05-03")], "2026-05-04", GENUINE), # an analyst has checked it
    ([("small", False, "05-03")], "2026-05-04", PENDING), # not what was alerted
    ([("large", True, "05-03"), ("large", False, "05-05")], "2026-05-04", FRAUD),
    ([("large", True, "05-03"), ("large", False, "05-05")], "2026-05-06", GENUINE), # taken back
    ([("large", False, "05-03"), ("large", True, "05-05")], "2026-05-06", FRAUD), # the customer says otherwise, later
    ([("large", True, "05-20")], "2026-05-19", GENUINE), # later than usual
    ([("large", True, "05-20")], "2026-05-21", FRAUD),
])
def test_outcomes(said, now, outcome):
    rows = [(payment, is_fraud, f"2026-{day}") for payment, is_fraud, day in said]
    told = pd.DataFrame(rows, columns=NOTHING.columns).astype(NOTHING.dtypes)
    [found] = alerts(CHECKED, CHECKED, told, TRAINED, pd.Timestamp(now), BUDGET, DELAY)["outcome"]
    assert found == outcome


def test_precision_waits_until_every_alert_of_a_day_is_closed():
    told = pd.DataFrame({"day": pd.to_datetime(["2026-05-04"] * 2 + ["2026-05-11"] * 3), "card": list("abcde"),
                         "outcome": [FRAUD, GENUINE, FRAUD, FRAUD, PENDING]})
    assert figures(told) == {"alerts": 5, "closed": 4, "pending": 1, "frauds": 3, "judged": 2, "precision": 0.5,
                             "interval": {"low": 0.094531, "high": 0.905469}}


def test_alert_precision_is_one_figure_on_the_alerts_page_and_among_the_models_figures(payments, reports):
    """The queue's precision, and precision_at_budget of the labelled payments, of the same model and days."""
    now, budget = pd.Timestamp("2026-05-28"), BUDGET
    settings = MonitorSettings(seed=1, alert_budget=budget, drift_threshold=0.1, drift_times=1.5, drift_columns=1,
                               min_rows=1, sample_rows=100, days=7, labelled_days=28, decay=0.1,
                               missed_frauds_p_value=0.01, stale_hours=24, bad_share=0.01)
    bundle = {"train_as_of": f"{MADE:%Y-%m-%d}", "training_window": [str(TRAINED), "2026-04-24"],
              "label_delay": DELAY, "features": FEATURES}
    known = scored_payments(model_in_use(bundle, None, payments, settings), reports, now, settings)
    labelled, _ = labelled_and_pending(known, bundle, now, settings.labelled_days)
    of_model = labelled_figures(labelled, budget)["figures"]["precision_at_budget"]
    listed = listed_at(payments, reports, "2026-05-28")
    assert figures(listed[listed["time"] < now - pd.Timedelta(days=DELAY)])["precision"] == of_model > 0


def test_repeated_false_alarms_of_the_last_weeks():
    days = {"often": (1, 2, 27), "twice": (1, 27), "once": (1, 30), "long ago": (28, 29), "pending": (1, 2),
            "compromised": (1, 2, 3)}
    now = pd.Timestamp("2026-06-01")
    told = pd.DataFrame([(now - pd.Timedelta(days=ago), card, PENDING if card == "pending" else GENUINE)
                         for card, all_ in days.items() for ago in all_],
                        columns=["day", "card", "outcome"])
    told.loc[told["card"] == "compromised", "outcome"] = [GENUINE, GENUINE, FRAUD]
    assert repeated_false_alarms(told, now) == [{"card": "often", "times": 3}, {"card": "twice", "times": 2}]


@pytest.fixture(scope="module",
                params=[{"random_forest": {"n_estimators": 10}},
                        pytest.param({"sequence_network": {"steps": 2, "hidden": 8, "epochs": 10,
                                                           "learning_rate": 0.01}}, marks=pytest.mark.slow)],
                ids=["a payment alone", "with those before"])
def bundle(request, payments, tmp_path_factory) -> tuple[Path, int]:
    """A bundle of what reasons need, and how many payments its model reads."""
    [(kind, settings)], folder = request.param.items(), tmp_path_factory.mktemp("bundle")
    steps = settings.get("steps", 1)
    X = inputs(payments, payments, NAMES, steps)
    model = make_model(kind, settings, 1).fit(X, (X[:, 0] > 6).astype(int))
    (folder / "model.onnx").write_bytes(as_onnx(model, NAMES).SerializeToString())
    write_table(pd.DataFrame(background_sample(X)).rename(columns=str), folder / "background.parquet")
    (folder / "judged.onnx").write_bytes(b"not read")
    write_json({"version": contents.VERSION, "files": contents.file_hashes(folder), "features": FEATURES,
                "calibration": {"slope": 1, "intercept": 0}}, folder / "bundle.json")
    return folder, steps


def test_the_last_day_has_reasons_and_both_files_agree(payments, reports, bundle, tmp_path):
    folder, steps = bundle
    now = pd.Timestamp("2026-05-28")
    told = add_newest_reasons(listed_at(payments, reports, f"{now:%Y-%m-%d}"), payments, folder)
    last = told["day"] == told["day"].max()
    assert told.loc[last, "reasons"].map(len).gt(0).all() and told.loc[~last, "reasons"].map(len).eq(0).all()
    assert told["reasons"].map(reasons_as_text).str.contains(EARLIER_PAYMENTS).any() == (steps > 1)
    write_alerts(told, now, tmp_path)
    table = pd.read_csv(tmp_path / "alerts.csv", keep_default_na=False)
    record = json.loads((tmp_path / "alerts.json").read_text())
    listed = [alert | {"reasons": reasons_as_text(alert["reasons"])} for alert in record["list"]]
    assert table[table["day"] == record["day"]].to_dict("records") == listed
    jsonschema.validate(record, ALERTS_SCHEMA)
    assert (record == {"version": VERSION} | summary(told, now)
            and record["alerts"] == len(table) == sum(week["alerts"] for week in record["by_week"]))
    assert record["pending"] == (table["outcome"] == "pending").sum() and record["day"] == "2026-05-27"
    for file in tmp_path.iterdir():
        assert mask_card_numbers(file.read_text()) == file.read_text()


@pytest.mark.parametrize("how_many", [0, 1, 3])
def test_few_payments_or_none(payments, reports, bundle, tmp_path, how_many):
    few = payments[payments["time"] >= MADE].head(how_many)
    listed = alerts(few, payments, NOTHING, TRAINED, MADE + pd.Timedelta(days=1), BUDGET, DELAY)
    told = add_newest_reasons(listed, payments, bundle[0])
    write_alerts(told, MADE, tmp_path)
    record = json.loads((tmp_path / "alerts.json").read_text())
    assert (record["pending"] == len(record["list"]) == len(told) == few["card"].nunique()
            and record["precision"] is None)
    assert (tmp_path / "alerts.csv").read_text().startswith(
        "day,rank,card,transaction_id,time,channel,amount,fraud_probability,outcome,reasons\n")
    assert record["day"] == ("2026-05-01" if how_many else None)
