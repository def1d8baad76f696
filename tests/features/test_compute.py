"""Features look back only, mean the same on every engine, and one is added without touching anything else."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clones import needs_java
from mlops_nb.base.files import read_table, write_table
from mlops_nb.benches.handbook import handbook_clean, handbook_folder
from mlops_nb.features import catalogue
from mlops_nb.features.catalogue import Feature
from mlops_nb.features.compute import compute
from mlops_nb.words.language import Language
from mlops_nb.words.reasons import feature_name

START, WEEKS = pd.Timestamp("2026-01-01"), 8


def payments(rng: np.random.Generator, count: int, earliest: int = 0) -> pd.DataFrame:
    """Random payments from `earliest` on, in seconds; every tenth falls on the second of the one before."""
    second = np.sort(rng.integers(earliest, WEEKS * 7 * 86_400, count))
    second[1::10] = second[:-1:10][:len(second[1::10])]
    time = START + pd.to_timedelta(second, unit="s")
    channel = rng.choice(["atm", "web", "pos"], count)
    place = pd.DataFrame(rng.integers(0, 9_000, (count, 2)), columns=["x_m", "y_m"], dtype="Int64")
    numbers = rng.choice(10**8, count, replace=False)
    rows = pd.DataFrame({"transaction_id": [f"{number:08d}" for number in numbers],
                         "time": time, "local_time": time + pd.Timedelta(hours=1),
                         "card": rng.choice(["a", "b", "c", "d"], count),
                         "terminal": rng.choice(["t", "u", "v"], count),
                         "amount_cents": rng.integers(1, 50_000, count), "channel": channel})
    return rows.join(place.mask(pd.Series(channel == "web")))


def reports_on(rng: np.random.Generator, transactions: pd.DataFrame, share: float = 0.3) -> pd.DataFrame:
    """Reports on a share of the payments, hours to weeks later, some of them withdrawn."""
    frauds = transactions[rng.random(len(transactions)) < share]
    at = frauds["time"] + pd.to_timedelta(rng.integers(3_600, 21 * 86_400, len(frauds)), unit="s")
    reports = pd.DataFrame({"transaction_id": frauds["transaction_id"], "is_fraud": True, "reported_at": at})
    withdrawn = reports[rng.random(len(reports)) < 0.2].assign(is_fraud=False)
    withdrawn["reported_at"] += pd.Timedelta(days=2)
    return pd.concat([reports, withdrawn])


def in_microseconds(table: pd.DataFrame) -> pd.DataFrame:
    return table.astype({name: "datetime64[us]" for name in table.select_dtypes("datetime")})


def features_of(
    folder: Path, transactions: pd.DataFrame, reports: pd.DataFrame, label_delay: int = 7, **kwargs,
) -> pd.DataFrame:
    """The features, as the stage computes them from cleaned tables."""
    transactions = in_microseconds(transactions).sort_values(["time", "transaction_id"])
    write_table(transactions, folder / "transactions.parquet")
    write_table(in_microseconds(reports).sort_values(["reported_at", "transaction_id"]), folder / "reports.parquet")
    compute(folder, folder / "features.parquet", label_delay, **kwargs)
    return read_table(folder / "features.parquet").set_index("transaction_id")


# The past does not change

def change_what_came_later(
    rng: np.random.Generator, transactions: pd.DataFrame, reports: pd.DataFrame, moment: pd.Timestamp,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Add, remove and alter payments made, and reports received, after a moment."""
    before, after = transactions[transactions["time"] <= moment], transactions[transactions["time"] > moment]
    kept = after[rng.random(len(after)) < 0.5].copy()
    kept["amount_cents"] = rng.integers(1, 10**6, len(kept))
    kept["card"], kept["terminal"] = rng.permutation(kept["card"]), rng.permutation(kept["terminal"])
    new = payments(rng, 10, int((moment - START).total_seconds()) + 1)
    changed = pd.concat([before, kept, new[~new["transaction_id"].isin(transactions["transaction_id"])]])
    earlier = reports[reports["reported_at"] <= moment]
    later = reports_on(rng, changed, 0.5)
    later = later[later["reported_at"] > moment]
    return changed, pd.concat([earlier, later])


@pytest.fixture(scope="module")
def scratch(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("features")


@pytest.mark.slow
@settings(max_examples=100, deadline=None, derandomize=True, database=None)
@given(seed=st.integers(0, 2**32 - 1), share=st.floats(0.1, 0.9), label_delay=st.sampled_from([0, 1, 7, 14]))
def test_nothing_later_changes_a_feature(scratch, seed, share, label_delay):
    rng = np.random.default_rng(seed)
    transactions = payments(rng, 120)
    reports = reports_on(rng, transactions)
    moment = transactions["time"].iloc[int(share * len(transactions))]
    reports = reports[reports["transaction_id"].isin(transactions["transaction_id"])]
    first = features_of(scratch, transactions, reports, label_delay)
    second = features_of(scratch, *change_what_came_later(rng, transactions, reports, moment), label_delay)
    pd.testing.assert_frame_equal(first[first["time"] <= moment], second[second["time"] <= moment])


def reported(name: str, at: str) -> pd.DataFrame:
    """One fraud report."""
    return pd.DataFrame({"transaction_id": [name], "is_fraud": True, "reported_at": pd.to_datetime([at])})


NO_REPORTS = reported("", "2026-01-01").head(0)


def toy(rows: list[tuple[str, str]]) -> pd.DataFrame:
    """Payments of one card at one terminal: id and time."""
    time = pd.to_datetime([at for _, at in rows], format="ISO8601")
    return pd.DataFrame({"transaction_id": [name for name, _ in rows], "time": time, "local_time": time,
                         "card": "a", "terminal": "t", "amount_cents": 100, "channel": "pos", "x_m": 0, "y_m": 0})


@pytest.mark.parametrize("at, counted", [
    ("2026-01-31 12:00:00", 1), ("2026-01-31 12:00:01", 2), ("2026-02-01 11:59:59", 2), ("2026-02-01 12:00:00", 1)])
def test_the_payments_clock_is_kept_to_the_second(scratch, at, counted):
    features = features_of(scratch, toy([("1", at), ("2", "2026-02-01 12:00:00")]), NO_REPORTS)
    assert features.loc["2", "card_transactions_1d"] == counted


@pytest.mark.parametrize("at, risk", [
    ("2026-01-31 12:00:00", 0), ("2026-01-31 12:00:01", 1), ("2026-02-01 12:00:00", 1), ("2026-02-01 12:00:01", 0)])
def test_the_reports_clock_is_kept_to_the_second(scratch, at, risk):
    rows = toy([("1", "2026-01-25 00:00:00"), ("2", "2026-02-01 12:00:00")])
    assert features_of(scratch, rows, reported("1", at)).loc["2", "terminal_risk_1d"] == risk


def test_a_label_not_yet_reported_is_not_counted_as_honest(scratch):
    recent = [(f"recent {day}", f"2026-01-{day}") for day in (26, 27, 28, 29, 30)]
    features = features_of(scratch, toy([("1", "2026-01-25"), *recent, ("now", "2026-02-01 06:00")]),
                           reported("1", "2026-02-01"))
    assert features.loc["now", "terminal_risk_7d"] == 1  # one report, of the one payment whose label is due


# One more feature

def test_a_feature_is_added_by_its_text_and_its_entry(scratch, monkeypatch):
    entry = Feature("card_cents_7d", "card", "cents_7d + amount_cents", "money", "7d")
    rows = toy([("1", "2026-01-30"), ("2", "2026-02-01")])
    before = features_of(scratch, rows, NO_REPORTS)
    monkeypatch.setattr(catalogue, "CATALOGUE", [*catalogue.CATALOGUE, entry])
    after = features_of(scratch, rows, NO_REPORTS)
    assert after["card_cents_7d"].tolist() == [100, 200]
    pd.testing.assert_frame_equal(after.drop(columns="card_cents_7d"), before)
    assert compute(scratch, scratch / "features.parquet", 7)["features"][-1]["unit"] == "money"
    assert feature_name(Language(), entry.name, [vars(entry)]) == "Card cents 7d"  # until somebody puts it into words


# Two engines, one result

@needs_java
@pytest.mark.slow
def test_spark_writes_the_same_bytes(scratch):
    rng = np.random.default_rng(1)
    transactions = payments(rng, 3_000)
    reports = reports_on(rng, transactions)
    written = []
    for engine in ("duckdb", "spark"):
        features_of(scratch, transactions, reports, engine=engine)
        written.append((scratch / "features.parquet").read_bytes())
    assert written[0] == written[1]


@needs_java
@pytest.mark.long
@pytest.mark.skipif(not (handbook_folder() / "transactions.parquet").exists(),
                    reason=f"no handbook data in {handbook_folder()}")
def test_spark_writes_the_same_bytes_on_the_handbooks_data(tmp_path):
    for name, table in handbook_clean(handbook_folder() / "transactions.parquet").items():
        write_table(table, tmp_path / f"{name}.parquet")
    for engine in ("duckdb", "spark"):
        compute(tmp_path, tmp_path / f"{engine}.features", 7, engine=engine)
    assert (tmp_path / "duckdb.features").read_bytes() == (tmp_path / "spark.features").read_bytes()
