"""Features look back only, mean the same on every engine, and one is added without touching anything else."""

from collections import defaultdict
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
                         "amount_cents": rng.integers(1, 50_000, count), "channel": channel,
                         "category": rng.choice(["fuel", "food", None], count)})
    home = pd.DataFrame(rng.integers(0, 9_000, (count, 2)), columns=["home_x_m", "home_y_m"], dtype="Int64")
    return rows.join(place.mask(pd.Series(channel == "web"))).join(home)


def reports_on(rng: np.random.Generator, transactions: pd.DataFrame, share: float = 0.3) -> pd.DataFrame:
    """Messages on a share of the payments: reports, findings, withdrawals, many at an edge of a window or all at once.

    An edge is the instant of a payment of that terminal or of another message, a window away, to the microsecond."""
    times = {terminal: group.to_list() for terminal, group in transactions.groupby("terminal")["time"]}
    about, told = transactions[rng.random(len(transactions)) < share], []
    for name, terminal, paid in zip(about["transaction_id"], about["terminal"], about["time"]):
        last = paid
        for _ in range(rng.integers(1, 5)):
            window, jitter = pd.Timedelta(days=rng.choice([0, 1, 7, 30])), pd.Timedelta(rng.integers(-1, 2), "us")
            seen = times[terminal][rng.integers(len(times[terminal]))]
            last = max([last, last + window + jitter, seen - window + jitter, seen + jitter][rng.integers(4)],
                       paid + pd.Timedelta(1, "us"))
            told.append((name, rng.random() < 0.6, last))
    return pd.DataFrame(told, columns=["transaction_id", "is_fraud", "reported_at"]).drop_duplicates()


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
    for name in ("card", "terminal", "category"):
        kept[name] = rng.permutation(kept[name])
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


# One state a payment

BASE = [(name, f"2026-01-{day}") for name, day in zip("abcdef", (10, 11, 12, 13, 14, 15))]
FRAUDS = ["terminal_risk_1d", "terminal_risk_7d", "terminal_risk_30d", "terminal_fraud_age_30d",
          "terminal_fraud_to_mean_30d"]


def record(folder: Path, *messages: tuple[str, bool, str], now: str = "2026-01-31 12:00") -> dict[str, float]:
    """The frauds counted, and the features made of them, from messages about a terminal's payments a, b, c, …"""
    rows = toy([*BASE, ("now", now)])
    rows.loc[rows["transaction_id"] == "c", "amount_cents"] = 300  # three times its card's mean
    told = pd.DataFrame(messages, columns=["transaction_id", "is_fraud", "reported_at"])
    told["reported_at"] = pd.to_datetime(told["reported_at"], format="ISO8601")
    last = features_of(folder, rows, told).loc["now"]
    made = {days: last[f"terminal_transactions_{days}"] for days in ("1d", "7d", "30d")}
    return {"frauds": round(last["terminal_risk_30d"] * made["30d"], 9), **last[FRAUDS]}


THREE = [(name, True, "2026-01-20") for name in "abc"]


@pytest.mark.parametrize("known, more", [
    pytest.param(THREE[:1], [("d", False, "2026-01-21")], id="genuine, of a payment that nobody had reported"),
    pytest.param(THREE, [(name, False, "2026-01-21") for name in "def"], id="three cleared alarms"),
    pytest.param(THREE, [("a", True, "2026-01-21")], id="a fraud told by customer and analyst"),
    pytest.param(THREE, [("a", False, "2026-01-19")], id="genuine, before the report"),
    pytest.param(THREE, [("d", True, "2026-01-21"), ("d", False, "2026-01-23"), ("d", False, "2026-01-24")],
                 id="withdrawn twice"),
])
def test_what_changes_no_state_leaves_the_terminals_record(scratch, known, more):
    before = record(scratch, *known)
    assert before["frauds"] == len(known)
    assert record(scratch, *known, *more) == before


def test_of_two_messages_at_once_the_last_word_is_not_fraud(scratch):
    both = [("a", True, "2026-01-21"), ("a", False, "2026-01-21")]
    assert record(scratch, *THREE, *both) == record(scratch, *THREE[1:])


def test_a_withdrawal_whose_report_has_left_the_window_cancels_no_other_fraud(scratch):
    now = "2026-02-18"
    alone = record(scratch, ("d", True, "2026-02-10"), now=now)
    assert alone["frauds"] == 1
    assert record(scratch, ("a", True, "2026-01-17"), ("d", True, "2026-02-10"), ("a", False, "2026-02-17"),
                  now=now) == alone


def test_age_and_amounts_are_those_of_what_is_fraud_now(scratch):
    assert record(scratch, ("c", True, "2026-01-20"), ("d", True, "2026-01-20"))["terminal_fraud_to_mean_30d"] > 1
    withdrawn = record(scratch, ("a", True, "2026-01-20"), ("c", True, "2026-01-20"), ("e", True, "2026-01-20"),
                       ("a", False, "2026-01-22"), ("c", False, "2026-01-22"))
    assert withdrawn == record(scratch, ("e", True, "2026-01-20"))
    assert withdrawn["terminal_fraud_age_30d"] == 17.5


def test_a_payment_reported_again_after_a_withdrawal_counts_from_then(scratch):
    again = [("d", True, "2026-01-16"), ("d", False, "2026-01-20"), ("d", True, "2026-01-31")]
    assert record(scratch, *again, now="2026-02-18") == record(scratch, again[-1], now="2026-02-18")


MICROSECONDS = {days: days * 86_400_000_000 for days in (1, 7, 30)}


def turned_fraud(messages: list[tuple[int, bool]], now: int) -> int | None:
    """When a payment turned fraud, if it is one now."""
    since = None
    for at, is_fraud in sorted(messages, key=lambda message: (message[0], not message[1])):
        if at <= now:
            since = (at if since is None else since) if is_fraud else None
    return since


def percent_of_mean(paid: int, cents: int, of_card: list[tuple[int, int]]) -> int:
    """A payment's amount in whole per cent of its card's mean in the 30 days before."""
    earlier = [other for at, other in of_card if paid - MICROSECONDS[30] < at < paid]
    return 100 * cents * len(earlier) // sum(earlier) if sum(earlier) else 100


def terminals_by_hand(transactions: pd.DataFrame, reports: pd.DataFrame, label_delay: int) -> pd.DataFrame:
    """The terminals' features, payment by payment, straight from their definition."""
    messages, of_card, of_terminal, rows = defaultdict(list), defaultdict(list), defaultdict(list), {}
    for name, is_fraud, at in zip(reports["transaction_id"], reports["is_fraud"], in_integers(reports["reported_at"])):
        messages[name].append((at, is_fraud))
    for name, card, terminal, paid, cents in zip(*(transactions[key] for key in ("transaction_id", "card", "terminal")),
                                                 in_integers(transactions["time"]), transactions["amount_cents"]):
        of_card[card].append((paid, cents))
        of_terminal[terminal].append((name, card, paid, cents))
    percents = {name: percent_of_mean(paid, cents, of_card[card]) for payments in of_terminal.values()
                for name, card, paid, cents in payments if name in messages}
    for payments in of_terminal.values():
        for name, _, now, _ in payments:
            standing = [(other, paid, since) for other, _, paid, _ in payments
                        if (since := turned_fraud(messages.get(other, []), now)) is not None]
            assert name not in [other for other, _, _ in standing]  # what is told of a payment is told later
            rows[name] = row = {}
            heard = now - max(label_delay * MICROSECONDS[1], 1)  # strictly earlier
            for days, window in MICROSECONDS.items():
                made = sum(heard - window < paid <= heard for _, _, paid, _ in payments)
                row[f"terminal_transactions_{days}d"] = made
                recent = [(other, paid) for other, paid, since in standing if since > now - window]
                row[f"terminal_risk_{days}d"] = len(recent) / made if made else 0
            count = len(recent)  # of the 30 days
            age = sum(now - paid for _, paid in recent) / count / MICROSECONDS[1] if count else 90
            times = sum(percents[other] for other, _ in recent) / count / 100 if count else 10
            row |= {"terminal_fraud_age_30d": min(90, age), "terminal_fraud_to_mean_30d": min(10, times)}
    return pd.DataFrame.from_dict(rows, orient="index", dtype=float)


def in_integers(times: pd.Series) -> list[int]:
    return times.astype("datetime64[us]").astype("int64").tolist()


def test_the_terminals_features_are_what_their_definition_says(scratch):
    rng = np.random.default_rng(2)
    transactions = payments(rng, 5_000)
    transactions["terminal"] = rng.integers(0, 40, len(transactions)).astype(str)
    transactions["card"] = rng.integers(0, 200, len(transactions)).astype(str)
    transactions.loc[rng.random(len(transactions)) < 0.2, "amount_cents"] = 0
    reports = reports_on(rng, transactions)
    computed = features_of(scratch, transactions, reports)
    by_hand = terminals_by_hand(transactions, reports, 7).loc[computed.index]
    age = "terminal_fraud_age_30d"  # a mean of fractions of days, the others are divisions of integers
    np.testing.assert_allclose(computed[age], by_hand.pop(age), rtol=1e-12)
    pd.testing.assert_frame_equal(computed[by_hand.columns], by_hand, check_exact=True, check_names=False)


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
