"""Times as banks write them: the instant they mean from a user's file to the clean table, or a reason."""

from datetime import datetime, timezone
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mlops_nb.base.errors import UserError
from mlops_nb.data.cleaning import clean
from mlops_nb.data.mapping import DEFAULT_UNITS, mapping_for
from mlops_nb.data.parts import mapping_path
from mlops_nb.data.questions import check_times
from mlops_nb.data.quality import quality
from mlops_nb.data.sources import read_rows, split_file

ZONE = "Europe/Berlin"
NAMES = ("transaction_id", "time", "card", "terminal", "amount", "is_fraud", "reported_at")


def taken(folder: Path, times: list | pa.Array, reported: list[str] | None = None, **mapping) -> dict[str, pa.Table]:
    """What becomes of payments made at these times, the frauds among them reported at those."""
    rows = range(len(times))
    columns = {"transaction_id": [f"p{row:03}" for row in rows], "time": times, "card": ["c"] * len(times),
               "terminal": ["t"] * len(times), "amount": ["5"] * len(times),
               "is_fraud": ["1" if reported and reported[row] else "0" for row in rows],
               "reported_at": reported or [None] * len(times)}
    pq.write_table(pa.table(columns), folder / "own.parquet")
    mapping = DEFAULT_UNITS | {"time_zone": ZONE, "columns": dict(zip(NAMES, NAMES))} | mapping
    split_file(folder / "own.parquet", mapping, folder / "raw", "2027-01-01", 7)
    return clean(folder / "raw", ZONE)


@pytest.mark.parametrize(("text", "form"), [
    ("2026-03-03 13:00:00+01", None), ("2026-03-03 13:00:00+0100", None), ("2026-03-03 12:00:00.000+00", None),
    ("2026-03-03 12:00:00 UTC", None), ("2026-03-03 07:00:00 EST", None), ("2026-03-03 13:00 Europe/Berlin", None),
    ("2026-03-03 01:00:00 PM", None), ("3.3.2026 13:00", None), ("20260303130000", None), ("03/03/2026 1 pm", ...),
    ("03/03/2026 1:00 pm", "month_first"), ("1772539200", "epoch_s"), ("1772539200000", "epoch_ms"),
    ("46084.5416666667", "excel_days"), ("260303130000", "yymmdd"), ("260303130000", ...), ("2026 3 3 13:00", None),
    ("2026-03-03 13:00:00 approx", ...), ("2026-03-03 13:00:00 BST", ...)])
def test_a_time_is_read_whole_or_set_aside(tmp_path: Path, text: str, form: str | None) -> None:
    tables = taken(tmp_path, [text], time_form=form if form is not ... else None)
    read = [str(time) for time in tables["transactions"]["time"].to_pylist()]
    assert read == ([] if form is ... else ["2026-03-03 12:00:00"])
    assert len(tables["quarantine"]) == (form is ...)


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_an_instant_in_a_parquet_column_stays_that_instant(tmp_path: Path, unit: str) -> None:
    made = datetime(2026, 3, 3, 12, tzinfo=timezone.utc)
    for zone in ("UTC", "America/New_York"):
        (tmp_path / unit / zone).mkdir(parents=True)
        [row] = taken(tmp_path / unit / zone, pa.array([made], pa.timestamp(unit, zone)))["transactions"].to_pylist()
        assert (str(row["time"]), str(row["local_time"])) == ("2026-03-03 12:00:00", "2026-03-03 13:00:00")


def test_the_repeated_hour_of_a_users_file_is_told_by_its_order_over_the_days(tmp_path: Path) -> None:
    made = pd.date_range("2026-11-01 03:00", "2026-11-01 09:00", freq="10min", tz="UTC")  # UTC's noon ends the 31st
    local = made.tz_convert("America/New_York").strftime("%Y-%m-%d %H:%M").tolist()
    read = taken(tmp_path, local, time_zone="America/New_York")["transactions"]["time"].to_pandas()
    assert len(set(local)) < len(made) and read.tolist() == made.tz_localize(None).tolist()


def test_what_is_less_than_an_instant_is_counted_and_said(tmp_path: Path) -> None:
    tables = taken(tmp_path, ["2026-03-03", "2026-10-25 02:30", "2026-03-04 10:00"])
    assert quality(tables)["notes"] == {"file": {"time.date_only": 1, "time.repeated_hour": 1}}


def asked(source: Path) -> list[str]: # the times, once they are beyond question
    mapping = mapping_for(source)
    database = read_rows(source, mapping)
    check_times(database, mapping, mapping_path(source))
    return [str(instant) for instant, in database.sql("SELECT instant FROM made").fetchall()]


def test_an_ambiguous_date_is_asked_and_the_question_leaves_a_mapping(tmp_path: Path) -> None:
    source = tmp_path / "own.csv"
    source.write_text("time,card,terminal,amount,is_fraud\n03/04/2026 10:00,c,t,1,0\n25/04/2026 10:00,c,t,1,0\n")
    with pytest.raises(UserError, match="1 can only be day_first, 0 can only be month_first"):
        asked(source)
    answer = tmp_path / "own.mapping.yaml"
    answer.write_text(answer.read_text().replace("time_form: null", "time_form: day_first"))
    assert asked(source) == ["2026-04-03 10:00:00", "2026-04-25 10:00:00"]


PAID = "2026-03-03 12:00:00"


@pytest.mark.parametrize(("reported", "known", "reason"), [
    ("2026-03-03", "2026-03-03 23:00:00", None),  # a chargeback's date ends with its day
    ("2026-03-03 13:00:01", "2026-03-03 12:00:01", None), ("", None, None),
    (PAID + "Z", None, "report.before_payment"), ("2025-03-04 10:00", None, "report.before_payment"),
    ("2026-03-02", None, "report.before_payment"), ("soon", None, "reported_at.unreadable"),
    ("2027-03-04", None, None)])  # not received before as_of
def test_a_report_is_later_than_its_payment(tmp_path, reported: str, known: str | None, reason: str | None) -> None:
    tables = taken(tmp_path, ["2026-03-03 13:00:00"], [reported])
    assert [str(time) for time in tables["reports"]["reported_at"].to_pylist()] == ([known] if known else [])
    assert tables["quarantine"]["reason"].to_pylist() == ([reason] if reason else [])
    assert len(tables["transactions"]) == 1


def test_no_report_time_means_the_label_delay_and_an_unreadable_one_does_not(tmp_path: Path) -> None:
    named = {name: name for name in NAMES if name != "reported_at"}
    [report] = taken(tmp_path, ["2026-03-03 13:00:00"], ["x"], columns=named)["reports"].to_pylist()
    assert str(report["reported_at"]) == "2026-03-10 12:00:00"
