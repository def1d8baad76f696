"""The simulated bank: frauds in proportion, given away by no single column; files that are repeatable and only grow."""

import json
import os
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from clones import contents
from mlops_nb.simulation.feeds import DEFECTS, BankSettings, simulate_feeds
from mlops_nb.simulation.population import Drift, make_bank
from mlops_nb.simulation.simulator import reports_about, simulate_day

pytestmark = pytest.mark.slow

START = date(2026, 1, 1)
NO_DEFECTS = dict.fromkeys(DEFECTS, 0)
MOST_AUC = 0.65  # the area under the ROC curve that a column may reach alone; 0.5 says nothing


def history(seed: int, customers: int, days: int, drifts=(), start: date = START) -> pd.DataFrame:
    """A bank's first days."""
    bank = make_bank(seed, customers)
    return pd.concat([simulate_day(bank, seed, day, start, drifts) for day in range(days)], ignore_index=True)


@pytest.fixture(scope="module", params=[1, 2])
def days(request) -> pd.DataFrame:
    """The default bank's quarter, and another's."""
    return history(request.param, 600, 90)


def auc(labels: pd.Series, values: pd.Series) -> float:
    area = roc_auc_score(labels, values)
    return max(area, 1 - area)


def encoded(days: pd.DataFrame, values: pd.Series) -> tuple[pd.Series, pd.Series]:
    """Labels of the second half, and the share of frauds that each value had in the first half."""
    early = days["time"] < days["time"].iloc[len(days) // 2]
    label = days["is_fraud"]
    seen = label[early].groupby(values[early]).agg(["sum", "size"])
    risk = (seen["sum"] + 10 * label.mean()) / (seen["size"] + 10)
    return label[~early], values[~early].map(risk).fillna(label.mean())


RAW = {
    "hour": lambda days: days["time"].dt.hour,
    "minute": lambda days: days["time"].dt.minute,
    "minute of the day": lambda days: 60 * days["time"].dt.hour + days["time"].dt.minute,
    "second": lambda days: days["time"].dt.second,
    "weekday": lambda days: days["time"].dt.dayofweek,
    "row": lambda days: pd.Series(range(len(days))),
    "transaction_id": lambda days: days["transaction_id"].str.split("-").str[1].astype(int),
    "card": lambda days: days["card"].astype(float),
    "terminal": lambda days: days["terminal"].str[1:].astype(int),
    "channel": lambda days: days["channel"].rank(),
    "x_m": lambda days: days["x_m"].astype(float).fillna(-1),
    "y_m": lambda days: days["y_m"].astype(float).fillna(-1),
}
CATEGORIES = {"place": lambda days: days["x_m"].astype(str) + " " + days["y_m"].astype(str)} | {
    name: RAW[name]
    for name in ("hour", "minute", "minute of the day", "weekday", "card", "terminal", "channel", "x_m")}


@pytest.mark.parametrize("name", RAW)
def test_no_column_gives_the_label_away(days, name):
    assert auc(days["is_fraud"], RAW[name](days)) <= MOST_AUC


@pytest.mark.parametrize("name", CATEGORIES)
def test_nor_do_the_past_frauds_of_its_values(days, name):
    assert auc(*encoded(days, CATEGORIES[name](days))) <= MOST_AUC


def test_no_hour_is_the_thieves_own(days):
    by_hour = days.groupby(days["time"].dt.hour)["is_fraud"].agg(["sum", "mean"])
    assert len(by_hour) == 24 and (by_hour["sum"] > 0).all()
    assert by_hour["mean"].max() < 0.1


def test_a_robbed_card_is_still_used_by_its_owner(days):
    of_day = days.groupby(["card", days["time"].dt.date])["is_fraud"].agg(["any", "all"])
    assert (~of_day.loc[of_day["any"], "all"]).mean() > 0.6


def test_a_compromised_terminal_is_used_honestly_too(days):
    frauds = days[days["fraud_kind"] == "terminal"]
    compromised = frauds.groupby("terminal")["time"].agg(["min", "max", "size"]).query("size >= 5")
    meanwhile = days.join(compromised, on="terminal", how="inner").query("min <= time <= max")
    assert len(compromised) > 3 and 0.3 < meanwhile["is_fraud"].mean() < 0.8
    assert (meanwhile.groupby("terminal")["is_fraud"].mean() < 1).mean() > 0.8


def test_the_distance_from_home_tells_who_pays_far_away(days):
    ground = days[days["x_m"].notna()].astype({"x_m": float, "y_m": float})
    earlier = ground.groupby("card")[["x_m", "y_m"]]
    count = ground.groupby("card").cumcount().replace(0, np.nan)
    centre = (earlier.cumsum() - ground[["x_m", "y_m"]]).div(count, axis=0)
    ground["distance"] = np.hypot(*(ground[["x_m", "y_m"]] - centre).to_numpy().T)
    ground = ground[ground["distance"].notna()]
    assert roc_auc_score(ground["is_fraud"], ground["distance"]) > 0.6
    away = ground[~ground["is_fraud"] | (ground["fraud_kind"] == "away")]
    assert roc_auc_score(away["is_fraud"], away["distance"]) > 0.85
    assert (ground["distance"][~ground["is_fraud"]] > 10_000).mean() > 0.005  # honest people travel


def test_there_are_enough_frauds_in_a_week(days):
    weekly = days.groupby(days["time"].dt.isocalendar().week)["is_fraud"].sum().iloc[1:-1]
    assert weekly.min() >= 30
    assert set(days["fraud_kind"].dropna()) == {"large", "away", "probing", "terminal"}


@pytest.mark.parametrize("customers", [300, 3000])
def test_frauds_are_in_proportion_to_the_population(customers):
    assert 0.005 < history(3, customers, 30)["is_fraud"].mean() < 0.01


def test_reports_come_late_and_some_are_withdrawn(days):
    reports = pd.concat([reports_about(of_day.reset_index(drop=True), 1, number)
                         for number, (_, of_day) in enumerate(days.groupby(days["time"].dt.date))])
    paid_at = reports["transaction_id"].map(days.set_index("transaction_id")["time"])
    delay = (reports["reported_at"] - paid_at) / pd.Timedelta(days=1)
    assert delay.min() >= 1 and (delay > 14).mean() > 0.02 and 0.8 < (delay[reports["is_fraud"]] < 7).mean() < 0.97
    last = reports.sort_values("reported_at").drop_duplicates("transaction_id", keep="last")
    assert set(last.loc[last["is_fraud"], "transaction_id"]) == set(days.loc[days["is_fraud"], "transaction_id"])
    assert 10 < (~last["is_fraud"]).sum() < 0.2 * len(last)


@pytest.mark.parametrize("kind, figure", [
    ("prices", lambda late: late["amount"].mean()),
    ("web", lambda late: (late["channel"] == "web").mean()),
    ("fraud", lambda late: (late["fraud_kind"] == "cash").sum()),
], ids=["prices", "web", "fraud"])
def test_a_drift_changes_what_it_says_from_its_day_on(kind, figure):
    turn = START + timedelta(10)
    before, after = history(1, 500, 20), history(1, 500, 20, [Drift(kind, turn, 0.5)])
    early = [rows[rows["time"] < pd.Timestamp(turn)] for rows in (before, after)]
    pd.testing.assert_frame_equal(*early)
    late = [rows[rows["time"] >= pd.Timestamp(turn)] for rows in (before, after)]
    assert figure(late[1]) > 1.2 * figure(late[0]) + 0.01


def feeds(folder: Path, as_of: str, start="2026-03-20", defects=NO_DEFECTS, customers=200) -> dict[str, str]:
    """Write a bank's feeds; each file's hash."""
    simulate_feeds(folder, BankSettings(1, customers, start, "Europe/Berlin", defects), as_of)
    return contents(folder)


def test_the_same_seed_gives_the_same_bytes_in_another_process(tmp_path):
    here = feeds(tmp_path / "here", "2026-03-31", defects=dict.fromkeys(DEFECTS, 0.02))
    code = f"""
from pathlib import Path
from mlops_nb.simulation.feeds import DEFECTS, BankSettings, simulate_feeds
settings = BankSettings(1, 200, "2026-03-20", "Europe/Berlin", dict.fromkeys(DEFECTS, 0.02))
simulate_feeds(Path({str(tmp_path / 'there')!r}), settings, "2026-03-31")"""
    environment = os.environ | {"PYTHONHASHSEED": "7", "OMP_NUM_THREADS": "2", "TZ": "Asia/Tokyo"}
    subprocess.run([sys.executable, "-c", code], env=environment, check=True)
    assert contents(tmp_path / "there") == here


def test_a_later_as_of_only_adds_files(tmp_path):
    defects = dict.fromkeys(DEFECTS, 0.02)
    early = feeds(tmp_path / "early", "2026-03-31", defects=defects)
    late = feeds(tmp_path / "late", "2026-04-15", defects=defects)
    assert {name: late[name] for name in early} == early
    assert len(late) >= len(early) + 3 * 15


def read_atm(folder: Path) -> pd.DataFrame:
    files = sorted((folder / "atm").glob("*.csv"))
    return pd.concat([pd.read_csv(file, sep=";", decimal=",", dtype={"card": str}) for file in files])


def test_local_time_skips_an_hour_in_spring_and_repeats_one_in_autumn(tmp_path):
    feeds(tmp_path / "spring", "2026-03-30", "2026-03-29", customers=3000)
    feeds(tmp_path / "autumn", "2026-10-26", "2026-10-25", customers=3000)
    spring, autumn = (pd.to_datetime(read_atm(tmp_path / season)["time"], format="%d.%m.%Y %H:%M:%S")
                      for season in ("spring", "autumn"))
    assert 2 not in set(spring.dt.hour) and {1, 3} <= set(spring.dt.hour) and spring.is_monotonic_increasing
    assert (autumn.diff() < pd.Timedelta(0)).sum() == 1  # the clock went back, once
    assert autumn[autumn.diff() < pd.Timedelta(0)].dt.hour.tolist() == [2]


def luhn(number: str) -> bool:
    digits = [int(digit) for digit in reversed(number)]
    return sum(digits[::2] + [sum(divmod(2 * digit, 10)) for digit in digits[1::2]]) % 10 == 0


def test_cards_are_numbers_that_no_network_uses_in_every_feed(tmp_path):
    feeds(tmp_path, "2026-03-25")
    web = [json.loads(line) for file in (tmp_path / "web").glob("*.jsonl") for line in file.read_text().splitlines()]
    pos = pd.read_parquet(tmp_path / "pos")
    cards = {*read_atm(tmp_path)["card"], *(row["payment"]["card"] for row in web), *pos["card"]}
    assert len(cards) > 100 and all(len(card) == 16 and card.startswith("9999") and luhn(card) for card in cards)


@pytest.mark.parametrize("defect", DEFECTS)
def test_pos_has_each_defect_at_its_rate_and_is_never_cut(tmp_path, defect):
    feeds(tmp_path, "2026-04-10", defects=NO_DEFECTS | {defect: 0.1}, customers=400)
    rows = pd.read_parquet(tmp_path / "pos")
    share = {"missing": rows[["time", "card", "terminal", "amount"]].isna().any(axis=1).mean(),
             "twice": rows["transaction_id"].duplicated().mean(),
             "impossible": ((rows["amount"] <= 0) | (rows["amount"] > 1_000_000)).mean(), "truncated": 0}
    assert 0.08 <= share.pop(defect) <= 0.12 or defect == "truncated"
    assert not any(share.values())


def test_lines_are_cut_at_their_rate(tmp_path):
    feeds(tmp_path, "2026-04-10", defects=NO_DEFECTS | {"truncated": 0.1}, customers=400)
    for feed, is_whole in (("atm", lambda line: line.count(";") == 6), ("web", lambda line: line.endswith("}}"))):
        lines = [line for file in (tmp_path / feed).iterdir() for line in file.read_text().splitlines()]
        assert 0.07 < np.mean([not is_whole(line) for line in lines]) < 0.13


def test_what_is_missing_has_no_text_anywhere(tmp_path):
    feeds(tmp_path, "2026-04-10", defects=NO_DEFECTS | {"missing": 0.5}, customers=400)
    texts = "".join(file.read_text() for feed in ("atm", "web") for file in (tmp_path / feed).iterdir())
    assert not any(word in texts for word in ("nan", "NaN", "NaT", "None", "<NA>"))
    assert ";;" in texts and '"at": null' in texts and '"payment": {"amount"' in texts
