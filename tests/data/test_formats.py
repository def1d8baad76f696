"""A bank's file of any shape is the same table, a question that says where its answer goes, or refused with advice."""

import csv
import gzip
import io
import os
import zipfile
from pathlib import Path
from unittest.mock import patch

import openpyxl
import pandas as pd
import pytest
import yaml

from clones import PROJECT
from mlops_nb.base.errors import UserError
from mlops_nb.data import own_file, parts
from mlops_nb.data.cleaning import clean
from mlops_nb.data.formats import first_look, open_source
from mlops_nb.data.mapping import mapping_for
from mlops_nb.data.parts import mapping_path, source_hash
from mlops_nb.data.quality import quality
from mlops_nb.data.questions import check_file
from mlops_nb.data.sources import read_rows, split_file

HEADER = ["transaction_id", "time", "card", "terminal", "amount", "is_fraud"]
ROWS = [[f"p{row:02}", f"2026-01-{1 + row % 28:02} 10:00:00", f"c{row % 7}", "Shop #1", f"{row}.5", str(row % 2)]
        for row in range(30)]


def text(rows: list = ROWS, header: list[str] = HEADER, end: str = "\n", **dialect) -> str:
    """A table as text."""
    file = io.StringIO()
    csv.writer(file, lineterminator=end, **dialect).writerows([header, *rows])
    return file.getvalue()


def put(path: Path, content: str | bytes, encoding: str = "utf-8") -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
    return path


def read(source: Path | str, **mapping) -> tuple[list[list], list[tuple]]:
    """The rows of a source, and the lines that do not fit with their problem."""
    database = open_source(source, mapping)
    rows = [list(row) for row in database.sql(f"SELECT {', '.join(HEADER)} FROM source").fetchall()]
    return rows, database.sql("SELECT line, problem FROM rejected").fetchall()


def zipped(*names: str, rows: list = ROWS) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, name in enumerate(names):
            archive.writestr(name, text(rows[number::len(names)]))
    return file.getvalue()


def sheet(*rows: list, more: tuple[str, ...] = ()) -> bytes:
    book, file = openpyxl.Workbook(), io.BytesIO()
    for row in rows:
        book.active.append(row)
    for title in more:
        book.create_sheet(title).append(["note"])
    book.save(file)
    return file.getvalue()


TYPED = [[row[0], pd.Timestamp(row[1]).to_pydatetime(), *row[2:4], float(row[4]), int(row[5])] for row in ROWS]
SHAPES = {"own.csv": text(), "OWN.CSV": text(end="\r\n"), "own.tsv": text(delimiter="\t"),
          "own.txt": text(delimiter="|"), "own.csv.gz": gzip.compress(text().encode()),
          "own.gz": gzip.compress(text().encode()), "one.zip": zipped("x/own.csv"),
          "own.xlsx": sheet(["Report"], [], HEADER, *TYPED)}


@pytest.mark.parametrize("name", SHAPES)
def test_every_shape_is_the_same_table(tmp_path: Path, name: str) -> None:
    assert read(put(tmp_path / name, SHAPES[name])) == (ROWS, [])


def test_a_folder_a_pattern_and_an_archive_of_months_are_one_table(tmp_path: Path) -> None:
    halves = ROWS[::2] + ROWS[1::2]
    assert read(put(tmp_path / "two.zip", zipped("a.csv", "../../b.csv")))[0] == ROWS[1::2] + ROWS[::2]
    assert not (tmp_path.parent.parent / "b.csv").exists()
    put(tmp_path / "months/a.csv", text(ROWS[::2]))
    put(tmp_path / "months/b.csv.gz", gzip.compress(text([row[::-1] for row in ROWS[1::2]], HEADER[::-1]).encode()))
    put(tmp_path / "months/.hidden.csv", "x")
    before = source_hash(tmp_path / "months")
    assert read(tmp_path / "months") == read(f"{tmp_path}/months/*.*") == (halves, [])
    put(tmp_path / "months/c.csv", text(ROWS[:1]))
    assert source_hash(tmp_path / "months") != before and len(read(tmp_path / "months")[0]) == 31
    put(tmp_path / "months/d.csv", text(ROWS, ["transaction_id", "time", "card", "shop", "amount", "is_fraud"]))
    with pytest.raises(UserError, match=r"d.csv lacks columns that other files of the table have.\s+Found: terminal"):
        read(tmp_path / "months")


def test_a_column_that_comes_later_and_is_not_mapped_changes_nothing(tmp_path: Path) -> None:
    put(tmp_path / "days/1.csv", text(ROWS[:15]))
    put(tmp_path / "days/2.csv", text([[*row, "AT"] for row in ROWS[15:]], [*HEADER, "country"]))
    mapping = {"columns": dict(zip(HEADER, HEADER))}
    assert read(tmp_path / "days", **mapping) == (ROWS, [])
    put(tmp_path / "days/1.csv", text([[*row, "AT"] for row in ROWS[:15]], [*HEADER, "country"]))
    put(tmp_path / "days/2.csv", text(ROWS[15:]))
    assert read(tmp_path / "days", **mapping) == (ROWS, [])


REFUSED = {
    "own.xls": (b"x", "save it as .xlsx or CSV in Excel"), "own.ods": (b"x", "save it as .xlsx or CSV"),
    "own.json": (b"{}", "export it as CSV or Parquet"), "own.pdf": (b"%PDF", "ask for the table itself"),
    "own": (b"a,b", "give files that end in .csv"), "other.zip": (zipped("own.json"), "export it as CSV or Parquet"),
    "empty.zip": (zipped(), "has no table"), "no.zip": (b"PK", "cannot be read as a ZIP archive"),
    "cut.csv.gz": (gzip.compress(text().encode())[:-20], "cannot be read to its end"),
    "zip.csv": (zipped("own.csv"), "the beginning of an Excel file or a ZIP archive"),
    "no.xlsx": (b"\xd0\xcf\x11\xe0", "without a password"),
    "two.xlsx": (sheet(HEADER, *TYPED, more=("b",)), "2 sheets with content"),
    "digits.xlsx": (sheet(HEADER, ["p", "t", 4.53201000000001e15, "t", 1, 1]), "format the column as text"),
    "one.csv": ("time\n1\n2\n", "as `delimiter` in its mapping"), "caret.csv": (text(delimiter="^"), "is no table"),
    "none.csv": (text(ROWS[1:], ROWS[0]), "has no header"), "zeros.csv": (text().encode("utf-16-le"), "utf-16-le"),
    "more.csv": ("a,b\n" + "1,2,3\n" * 9, "line 1 has 2 names"), "header.csv": (text([]), "is empty"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_read_is_refused_with_what_to_do(tmp_path: Path, name: str) -> None:
    content, told = REFUSED[name]
    source = put(tmp_path / name, content)
    with pytest.raises(UserError, match=told):
        mapping_for(source) and read(source)
    assert not mapping_path(source).exists()


def test_an_encrypted_archive_and_one_that_unpacks_to_too_much_are_refused(tmp_path: Path) -> None:
    source = put(tmp_path / "own.zip", zipped("own.csv"))
    with patch.object(parts, "MOST_BYTES", 500), pytest.raises(UserError, match="is too large"):
        read(source)
    content = bytearray(source.read_bytes())
    content[content.index(b"PK\x01\x02") + 8] |= 1
    with pytest.raises(UserError, match="is encrypted"):
        read(put(source, bytes(content)))


LINES = text().splitlines()
SHOPS = [[*row[:3], shop, *row[4:]] for row, shop in zip(ROWS, ['Joe "Best" Inn', "'s-Hertogenbosch", "a;b, c"] * 10)]
DIALECTS = {
    "Excel's first line": ("sep=;\n" + text(delimiter=";"), ROWS, []),
    "values in single quotes": (text(quotechar="'", quoting=csv.QUOTE_ALL), ROWS, []),
    "quotes and apostrophes in names": (text(SHOPS), SHOPS, []),
    "lines about the report": ("Report: cards\nmade, 2026-04-11\n\n" + text(), ROWS, []),
    "padded lines about the report": ("Report,,,,,\nmade,2026-04-11,,,,\n" + text(), ROWS, []),
    "comments": ("# exported\n# by risk\n" + text(), ROWS, []),
    "a delimiter at each end": (text(end=",\n"), ROWS, []),
    "and not in the header": (text(end=",\n").replace("is_fraud,", "is_fraud"), ROWS, []),
    "empty lines": (text(end="\n\n"), ROWS, []),
    "the ends of an old Mac": (text(end="\r"), ROWS, []),
    "a total": (text() + "Total;465\n", ROWS, [(32, "row.field_count")]),
    "a comma too much": (text().replace("p03,", "p03,,"), ROWS[:3] + ROWS[4:], [(5, "row.field_count")]),
    "a line cut off": (text()[:-12], ROWS[:-1], [(31, "row.field_count")]),
    "a quote left open": (text().replace("p03,", 'p03,"'), ROWS[:3] + ROWS[4:], [(5, "row.quotation_mark")]),
    "a quote in the middle": (text().replace("p03,", '"p"03,'), ROWS[:3] + ROWS[4:], [(5, "row.quotation_mark")]),
}


@pytest.mark.parametrize("name", DIALECTS)
def test_a_row_fits_or_is_named(tmp_path: Path, name: str) -> None:
    content, rows, rejected = DIALECTS[name]
    assert read(put(tmp_path / "own.csv", content)) == (rows, rejected)


def test_what_is_not_found_can_be_said(tmp_path: Path) -> None:
    source = put(tmp_path / "own.csv", "1^2^3^4^5^6\n" + text(delimiter="^", quotechar="'", quoting=csv.QUOTE_ALL))
    assert read(source, delimiter="^", quote="single", header_line=2) == (ROWS, [])
    source = put(tmp_path / "own.xlsx", sheet(HEADER, *TYPED, more=("b",)))
    assert read(source, sheet="Sheet") == (ROWS, [])
    with pytest.raises(UserError, match="did you mean 'Sheet'"):
        read(source, sheet="Shet")


NAMED = [[*row[:3], "Bäckerei Müßig", *row[4:]] for row in ROWS]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_an_encoding_that_says_itself_is_read(tmp_path: Path, encoding: str) -> None:
    assert read(put(tmp_path / "own.csv", text(NAMED, delimiter=";"), encoding)) == (NAMED, [])


def test_an_encoding_that_does_not_is_asked_and_no_name_changes(tmp_path: Path) -> None:
    source = put(tmp_path / "own.csv", text(NAMED), "cp1252")
    for ask in (mapping_for, read):
        with pytest.raises(UserError, match="is not UTF-8.\n.*line 2, where windows-1252 reads"):
            ask(source)
    assert read(source, **mapping_for(source)) == (NAMED, [])  # the proposal that the question left
    assert read(put(source, text(NAMED), "utf-16-be"), encoding="utf-16-be") == (NAMED, [])
    damaged = text(NAMED).encode().replace("p03".encode(), b"p\xfc3")
    assert read(put(source, damaged)) == (NAMED[:3] + NAMED[4:], [(5, "row.not_utf8")])


def test_no_row_is_lost_and_a_line_that_does_not_fit_says_which_it_was(tmp_path: Path) -> None:
    source = put(tmp_path / "own.csv", text().replace("p03,", "p03,x,") + "Total;465\n")
    split_file(source, mapping_for(source), tmp_path / "raw", "2026-03-01", 7)
    tables = clean(tmp_path / "raw", "UTC")
    counts = quality(tables)
    assert (counts["clean"]["transactions"], counts["reasons"]["file"]) == (29, {"row.field_count": 2})
    aside = [row for row in tables["quarantine"].to_pylist() if row["feed"] == "file"]
    assert [(row["file"], row["line"]) for row in aside] == [("rejected-own.csv.parquet", line) for line in (5, 32)]
    assert aside[1]["text"] == "Total;465"


AMOUNTS = {".": ["1,234.56", "12.50", "$1,234.5", "(12.50)"], ",": ["1.234,56 €", "12,50", "€ 1 234,5", "12,50-"]}


@pytest.mark.parametrize("decimal", AMOUNTS)
def test_an_amount_is_read_as_its_country_writes_it(tmp_path: Path, decimal: str) -> None:
    rows = [[*row[:4], amount, "1"] for row, amount in zip(ROWS, [*AMOUNTS[decimal], "1.234", "12.5.0"])]
    source = put(tmp_path / "own.csv", text(rows, delimiter=";"))
    mapping = mapping_for(source) | {"decimal": decimal}
    split_file(source, mapping, tmp_path / "raw", "2026-03-01", 7)
    tables = clean(tmp_path / "raw", "UTC", mapping)
    read = {row["transaction_id"]: row["amount_cents"] for row in tables["transactions"].to_pylist()}
    assert read == {"p00": 123456, "p01": 1250, "p02": 123450, "p04": 123400 if decimal == "," else 123}
    reasons = [row["reason"] for row in tables["quarantine"].to_pylist() if row["feed"] == "file"]
    assert sorted(reasons) == ["amount.too_small", "amount.unreadable"]


@pytest.mark.parametrize("amounts, proposed, told", [
    (["12,50", "1.234"], ",", "1 can be read only with a decimal comma, as '12,50'"),
    (["1.234", "7"], None, "1 can be read with both, as '1.234'"),
    (["12.50", "12,50"], None, "1 can be read only with a decimal point, as '12.50'")])
def test_a_mark_of_decimals_that_is_not_sure_is_asked(tmp_path: Path, amounts: list, proposed: str, told: str) -> None:
    source = put(tmp_path / "own.csv", text([[*ROWS[0][:4], *row] for row in zip(amounts, "10")], delimiter=";"))
    mapping = mapping_for(source)
    with pytest.raises(UserError, match=told):
        check_file(read_rows(source, mapping), mapping, mapping_path(source))
    assert mapping_for(source)["decimal"] == proposed
    check_file(read_rows(source, mapping), mapping | {"decimal": ","}, mapping_path(source))


def test_a_word_that_means_fraud_is_asked_before_anything_is_learnt(tmp_path: Path) -> None:
    source = put(tmp_path / "own.csv", text([[*row[:5], "JN"[row[5] == "0"]] for row in ROWS]))
    with pytest.raises(UserError, match=r"'J' in 15 rows\.\n.*write in .*own.mapping.yaml, a new file, .*yes: \[J\]"):
        split_file(source, mapping_for(source), tmp_path / "raw", "2026-03-01", 7)
    put(tmp_path / "own.mapping.yaml", "yes: [J, ja]\n")
    split_file(source, mapping_for(source), tmp_path / "raw", "2026-03-01", 7)
    assert len(clean(tmp_path / "raw", "UTC")["reports"]) == 15


@pytest.mark.slow
def test_chargebacks_in_a_file_of_their_own_are_the_labels(tmp_path: Path) -> None:
    days = [f"2026-{1 + row // 280}-{1 + row // 10 % 28}" for row in range(1120)]
    rows = [[f"p{row}", f"{day} 10:00", f"c{row}", "t", "1"] for row, day in enumerate(days)]
    source = put(tmp_path / "own.csv", text(rows, HEADER[:5]))
    reports = [[f"p{row}", f"{day}T18:00:00Z"] for row, day in enumerate(days) if row % 5 == 0]
    labels = put(tmp_path / "chargebacks.csv", text(reports, ["transaction_id", "reported_at"], delimiter=";"))
    for name in ("params.yaml", "params.schema.yaml"):
        put(tmp_path / name, (PROJECT / name).read_bytes())
    with patch.object(own_file, "write_run_folder") as written:
        own_file.prepare_run(source, labels=labels, root=tmp_path)
    ingest = written.call_args.args[1]["ingest"]
    assert (ingest["labels"], ingest["labels_hash"]) == (str(labels), source_hash(labels))
    split_file(source, ingest["mapping"], tmp_path / "raw", "2026-06-01", 7, (labels, ingest["labels_mapping"]))
    tables = clean(tmp_path / "raw", "UTC")
    assert (len(tables["reports"]), len(tables["quarantine"])) == (224, 0)
    assert tables["reports"]["reported_at"][0].as_py().isoformat() == "2026-01-01T18:00:00"


def test_a_first_look_reads_no_more_than_the_beginning(tmp_path: Path) -> None:
    source = put(tmp_path / "own.csv.gz", gzip.compress(text(ROWS * 300).encode() + os.urandom(2**20))[:-2**19])
    look = first_look(source, {})
    assert look.names == tuple(HEADER) and len(look.rows) == 1999 and look.guess is None


def test_the_keys_of_the_layout_are_explained_where_they_are_written(tmp_path: Path) -> None:
    source = put(tmp_path / "own.csv", text(header=["a", "b", "c", "d", "e", "f"]))
    with pytest.raises(UserError, match="check the proposal"):
        mapping_for(source)
    proposal = mapping_path(source).read_text()
    assert all(f"{key} (" in proposal or f"{key}: " in proposal for key in
               ("encoding", "delimiter", "quote", "header_line", "sheet", "decimal", "yes", "no"))
    put(mapping_path(source), yaml.safe_dump(yaml.safe_load(proposal) | {"delimiter": "::"}))
    with pytest.raises(UserError, match="gives no usable delimiter"):
        mapping_for(source)
