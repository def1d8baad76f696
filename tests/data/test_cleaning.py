"""Cleaning under bad data: no row is lost, nothing ends in a traceback, and both engines say the same."""

import json
import random
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mlops_nb.base.errors import UserError
from mlops_nb.base.files import ROW_GROUP, content_hash, write_batches
from mlops_nb.data import cleaning
from mlops_nb.data.cleaning import clean
from mlops_nb.data.mapping import mapping_for
from mlops_nb.data.masking import mask_row
from mlops_nb.data.schema import Report, Transaction
from mlops_nb.data.sources import split_file
from mlops_nb.simulation.feeds import DEFECTS, BankSettings, simulate_feeds

ZONE = "Europe/Berlin"
ATM = "transaction_id;time;card;terminal;amount;x_m;y_m"
NASTY = ["", " ", "\0", "9" * 400, "-1", "0", "1e308", "nan", "inf", "1_0", "0x1F", "٣", "\ufeff", "\ud83d", '"', ";",
         ",", "null", "{}", "infinity", "-infinity", "epoch", "0001-01-01", "290000-01-01 00:00:00",
         "2026-02-30T00:00:00Z", "31.02.2026 25:61:61", "2026-03-29 02:30:00", "2026-01-05T10:11:12+99:99",
         "9999123412341236", "DROP TABLE received", "\r", "\x85", "\u2028", "[" * 3000]


def repeatable(examples: int) -> settings:
    """The same examples each time."""
    return settings(max_examples=examples, derandomize=True, deadline=None, database=None,
                    suppress_health_check=list(HealthCheck))


def cleaned(raw: Path, **choices) -> dict[str, pa.Table]:
    """What cleaning makes of a folder: `clean` itself holds the law; here its rows are held against the schema too."""
    tables = clean(raw, ZONE, **choices)
    for name, model in (("transactions", Transaction), ("reports", Report)):
        model.validate(tables[name].to_pandas(types_mapper=pd.ArrowDtype))
    return tables


def write(path: Path, content: bytes | str | pa.Table) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(content, pa.Table):
        pq.write_table(content, path)
    else:
        path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8", "surrogatepass"))


def spoilt(fields: list[str], spoil: tuple[str, int, str]) -> list[str]:
    how, where, text = spoil
    where %= len(fields)
    value = {"replace": text, "append": fields[where] + text, "cut": fields[where][:len(text)]}[how]
    return fields[:where] + [value.replace("\n", " ")] + ([] if how == "cut" else fields[where + 1:])


def raw_of_rows(raw: Path, spoils: list[tuple[str, int, str]]) -> None:
    """A spoilt row for each in every format, and a good one in front."""
    atm, web, reports, pos = [], [], [], []
    for number, spoil in enumerate([("append", 0, ""), *spoils]):
        fields = [f"a{number}", "05.01.2026 10:11:12", "9999123412341236", "T1", "20,50", "1", "2"]
        atm.append(";".join(spoilt(fields, spoil)))
        line = json.dumps({"id": f"w{number}", "at": "2026-01-05T10:11:12Z", "shop": "T1",
                           "payment": {"card": "9", "amount": "12.50"}})
        web.append('"'.join(spoilt(line.split('"'), spoil)))
        reports.append(",".join(spoilt([f"a{number}", "True", "2026-01-06T10:11:12Z"], spoil)))
        pos.append((spoilt([f"p{number}", "9", "T1"], spoil) + [None] * 3)[:3])
    write(raw / "atm/2026-01-05.csv", "\n".join([ATM, *atm]) + "\n")
    write(raw / "web/2026-01-05.jsonl", "\n".join(web) + "\n")
    write(raw / "reports/2026-01-06.csv", "\n".join(["transaction_id,is_fraud,reported_at", *reports]) + "\n")
    write(raw / "pos/2026-01-05.parquet", typed(pos, random.Random(len(pos[-1][0] or ""))))


def typed(texts: list[list[str | None]], draw: random.Random) -> pa.Table:
    """Rows of the till: some of their numbers are beyond anything."""
    names, columns = ("transaction_id", "card", "terminal"), zip(*texts)
    shown = [[value and value.encode("utf-8", "replace").decode() for value in column] for column in columns]
    moments = [draw.choice([2**63 - 1, -2**63 + 1, 0, None, 1_767_607_872_000_000]) for _ in texts]
    amounts = [draw.choice([12.5, -1.0, 0.0, 1e300, float("nan"), float("inf"), None]) for _ in texts]
    places = [draw.choice([1, -2**63, 2**63 - 1, None]) for _ in texts]
    return pa.table({**{name: pa.array(column, pa.string()) for name, column in zip(names, shown)},
                     "time": pa.array(moments, pa.timestamp("us")), "amount": pa.array(amounts, pa.float64()),
                     "x_m": pa.array(places, pa.int64()), "y_m": pa.array(places, pa.int64())})


SPOILS = st.lists(st.tuples(st.sampled_from(["replace", "append", "cut"]), st.integers(0, 12),
                            st.sampled_from(NASTY) | st.text(max_size=6)),
                  min_size=100, max_size=100)


@repeatable(25)
@given(spoils=SPOILS)
@pytest.mark.slow
def test_ten_thousand_spoilt_rows_are_accounted_for(tmp_path_factory, spoils):
    raw = tmp_path_factory.mktemp("raw")
    raw_of_rows(raw, spoils)
    tables = cleaned(raw)
    assert tables["files"]["rows"].to_pylist() == [101] * 4
    assert len(tables["quarantine"]) > 50


FILE_SPOILS = {
    "cut": lambda content, draw: content[:draw.randrange(len(content))],
    "empty": lambda content, draw: b"",
    "marked": lambda content, draw: b"\xef\xbb\xbf" + content,
    "utf-16": lambda content, draw: content.decode("latin-1").encode("utf-16"),
    "latin-1": lambda content, draw: content.replace(b"T000", "Tü".encode("latin-1")),
    "zeros": lambda content, draw: content[:50] + b"\0" * draw.randrange(200) + content[50:],
    "all zeros": lambda content, draw: b"\0" * len(content),
    "flipped": lambda content, draw: bytes(byte ^ (draw.random() < 0.02) * draw.randrange(256) for byte in content),
    "digits": lambda content, draw: content.replace(b"1", b"9" * 500, 3),
    "delimiter": lambda content, draw: content.replace(b";", b",").replace(b'":', b'"='),
    "column": lambda content, draw: content.replace(b"terminal", b"terminus").replace(b"is_fraud", b"fraud"),
    "lines": lambda content, draw: content.replace(b"\n", b"\r"),
    "shuffled": lambda content, draw: b"\n".join(draw.sample(content.split(b"\n"), content.count(b"\n") + 1)),
}


@pytest.fixture(scope="module")
def bank(tmp_path_factory) -> Path:
    """Ten days of a small bank, a row in twelve spoilt."""
    raw = tmp_path_factory.mktemp("bank")
    simulate_feeds(raw, BankSettings(1, 60, "2026-01-01", ZONE, dict.fromkeys(DEFECTS, 0.02)), "2026-01-11")
    return raw


@repeatable(25)
@given(spoils=st.lists(st.tuples(st.sampled_from(sorted(FILE_SPOILS)), st.integers(0, 2**32)),
                       min_size=20, max_size=20))
@pytest.mark.slow
def test_five_hundred_spoilt_files_are_accounted_for(bank, tmp_path_factory, spoils):
    raw = tmp_path_factory.mktemp("raw")
    files = sorted(bank.glob("*/*"))
    for number, (how, seed) in enumerate(spoils):
        draw = random.Random(seed)
        file = draw.choice(files)
        write(raw / file.parent.name / f"{number}{file.suffix}", FILE_SPOILS[how](file.read_bytes(), draw))
    write(raw / "pos/good.parquet", (bank / "pos/2026-01-02.parquet").read_bytes())
    tables = cleaned(raw)
    assert len(tables["transactions"])
    whole = {(row["feed"], row["file"]) for row in tables["files"].to_pylist()}
    silent = {(file.parent.name, file.name) for file in raw.glob("*/*")} - whole
    assert all(len((raw / feed / name).read_bytes().splitlines()) <= 1 for feed, name in silent)  # a header and no rows


@repeatable(40)
@given(how=st.sampled_from(sorted(FILE_SPOILS)), seed=st.integers(0, 2**32))
@pytest.mark.slow
def test_a_users_spoilt_file_is_refused_or_accounted_for(tmp_path_factory, how, seed):
    draw, folder = random.Random(seed), tmp_path_factory.mktemp("own")
    rows = [f"2026-01-{1 + day:02d} 10:00:00,c{day},T0001,{draw.choice(['1.50', *NASTY[2:9]])},1" for day in range(20)]
    whole = ("time,card,terminal,amount,is_fraud\n" + "\n".join(rows)).encode()
    write(folder / "own.csv", FILE_SPOILS[how](whole, draw))
    try:
        split_file(folder / "own.csv", mapping_for(folder / "own.csv"), folder / "raw", "2026-03-01", 7)
        cleaned(folder / "raw")
    except UserError:
        pass


def test_a_quarantined_text_is_that_of_its_row(bank):
    quarantine = [row for row in clean(bank, ZONE)["quarantine"].to_pylist()
                  if row["feed"] in ("atm", "web") and not row["reason"].endswith("duplicate")]
    assert len(quarantine) > 5
    for row in quarantine:
        assert row["text"] == mask_row((bank / row["feed"] / row["file"]).read_text().split("\n")[row["line"] - 1])


@pytest.mark.slow
def test_a_file_at_a_time_gives_the_same_bytes(bank, tmp_path, monkeypatch):
    hashes = []
    for folder, at_once, group in (("whole", cleaning.BYTES_AT_ONCE, ROW_GROUP), ("pieces", 1, 50)):
        monkeypatch.setattr(cleaning, "BYTES_AT_ONCE", at_once)
        monkeypatch.setattr(cleaning, "ROW_GROUP", group)
        (tmp_path / folder).mkdir()
        for name, batches in cleaning.clean_in_batches(bank, ZONE):
            write_batches(batches, tmp_path / folder / f"{name}.parquet")
        hashes.append({file.name: content_hash(file) for file in sorted((tmp_path / folder).iterdir())})
    assert hashes[0] == hashes[1] and len(hashes[0]) == 5


def test_the_repeated_hour_is_told_by_the_order_of_the_rows(tmp_path):
    seconds = np.random.default_rng(1).integers(1_792_879_200, 1_792_972_800, 3000)  # a day and two hours
    made = pd.to_datetime(np.sort(seconds), unit="s")
    local = [datetime.fromtimestamp(moment.timestamp(), ZoneInfo(ZONE)).strftime("%d.%m.%Y %H:%M:%S")
             for moment in made.tz_localize("UTC")]
    write(tmp_path / "atm/2026-10-25.csv",
          "\n".join([ATM, *(f"{number:04};{time};c;T1;1,00;1;2" for number, time in enumerate(local))]))
    read = cleaned(tmp_path)["transactions"].to_pandas().sort_values("transaction_id")
    assert len(set(local)) < len(set(made))
    assert (read["time"].to_numpy() == made.to_numpy()).all()


def test_a_report_delivered_twice_counts_once_and_a_correction_counts(tmp_path):
    write(tmp_path / "web/2026-01-05.jsonl",
          '{"id": "1", "at": "2026-01-05T10:11:12Z", "shop": "T1", "payment": {"card": "c", "amount": 12.5}}\n')
    lines = ["1,True,2026-01-06T00:00:00Z", "1,True,2026-01-06T00:00:00Z", "1,False,2026-01-07T00:00:00Z",
             "2,True,2026-01-06T00:00:00Z"]
    write(tmp_path / "reports/2026-01-06.csv", "\n".join(["transaction_id,is_fraud,reported_at", *lines]))
    tables = cleaned(tmp_path)
    assert tables["reports"]["is_fraud"].to_pylist() == [True, False]
    assert tables["quarantine"]["reason"].to_pylist() == ["report.duplicate", "report.unknown_transaction"]


@pytest.mark.slow
def test_spark_says_what_duckdb_says(bank, tmp_path):
    for file in bank.glob("*/*"):
        write(tmp_path / file.parent.name / file.name, file.read_bytes())
    write(tmp_path / "web/2026-02-01.jsonl", "not JSON\n")
    write(tmp_path / "pos/2026-02-01.parquet", b"not Parquet")
    ours, theirs = clean(tmp_path, ZONE), clean(tmp_path, ZONE, engine="spark")
    assert len(ours["transactions"]) > 500 and len(ours["quarantine"]) > 20
    same = {name: table.equals(theirs[name], check_metadata=True) for name, table in ours.items()}
    assert same == dict.fromkeys(ours, True)
