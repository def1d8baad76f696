"""What analysts find comes back as labels: from the moment it was found, and never before."""
from pathlib import Path

import pandas as pd
import pytest

from mlops_nb.base.errors import UserError
from mlops_nb.base.files import write_table
from mlops_nb.data.cleaning import clean
from mlops_nb.data.labels import attach_reports_known_at
from mlops_nb.data.quality import check_quality, quality
from mlops_nb.features.compute import compute
from mlops_nb.monitoring.alerts import daily_lists

PAYMENTS = "transaction_id;time;card;terminal;amount;x_m;y_m\n" + "".join(
    f"p{number};05.01.2026 10:0{number}:00;1111222233334444;T1;12,50;0;0\n" for number in range(5))
REPORTS = """transaction_id,is_fraud,reported_at
p1,True,2026-01-07T10:00:00Z
p2,True,2026-01-09T10:00:00Z
"""
FINDINGS = """transaction_id,is_fraud,reported_at
p0,true,2026-01-06T09:00:00Z
p1,false,2026-01-08T09:00:00Z
p2,false,2026-01-08T09:00:00Z
"""


def cleaned(folder: Path, findings: str) -> dict:
    """What cleaning makes of five payments, two reports and some findings."""
    for feed, day, text in (("atm", "2026-01-05", PAYMENTS), ("reports", "2026-01-09", REPORTS),
                            ("findings", "2026-01-08", findings)):
        (folder / feed).mkdir()
        (folder / feed / f"{day}.csv").write_text(text)
    return {name: table.to_pandas() for name, table in clean(folder, "UTC").items()}


@pytest.mark.parametrize(("now", "frauds"), [
    ("2026-01-06 09:00", []), ("2026-01-06 09:01", ["p0"]), ("2026-01-07 10:01", ["p0", "p1"]),
    ("2026-01-08 09:01", ["p0"]),  # the analyst takes the customer's report of p1 back
    ("2026-01-09 10:01", ["p0", "p2"]),  # what the customer says of p2 later counts more than the earlier finding
])
def test_a_finding_is_a_label_from_its_moment_on(tmp_path: Path, now: str, frauds: list[str]) -> None:
    tables = cleaned(tmp_path, FINDINGS)
    known = attach_reports_known_at(tables["transactions"], tables["reports"], pd.Timestamp(now))
    assert known.loc[known["fraud_reported_at"].notna(), "transaction_id"].tolist() == frauds
    assert not len(tables["quarantine"])


def test_findings_that_cannot_be_used_are_set_aside_with_the_reason(tmp_path: Path) -> None:
    tables = cleaned(tmp_path, FINDINGS + "p9,true,2026-01-08T09:00:00Z\np3,perhaps,2026-01-08T09:00:00Z\n"
                                          "p4,true,soon\np4,true\n")
    aside = tables["quarantine"]
    assert set(aside["feed"]) == {"findings"}
    assert aside["reason"].tolist() == ["report.unknown_transaction", "is_fraud.unreadable", "reported_at.unreadable",
                                        "row.field_count"]
    assert len(tables["reports"]) == 5


def saved(separator: str = ",", time: str = "2026-01-08T09:00:00Z", quote: str = "", start: str = "") -> str:
    """Findings on all payments, as one program or another saves them."""
    rows = [("transaction_id", "is_fraud", "reported_at"), *((f"p{number}", "TRUE", time) for number in range(5))]
    return start + "\r\n".join(separator.join(f"{quote}{value}{quote}" for value in row) for row in rows) + "\r\n"


@pytest.mark.parametrize("text", [
    saved(";", "08.01.2026 09:00", start="\ufeff"), saved("\t", "2026-01-08 09:00:00 AM"), saved(quote='"'),
    saved(", ", "2026-01-08 09:00"), saved("; ", "08.01.2026 09:00", quote='"')])
def test_findings_are_read_as_a_spreadsheet_saves_them(tmp_path: Path, text: str) -> None:
    found = cleaned(tmp_path, text)
    assert found["reports"]["reported_at"].astype(str).tolist().count("2026-01-08 09:00:00") == 5


UNREADABLE = ["", "payment,fraud\np1,1\n", saved(time="01/08/2026 09:00"), saved("|"), saved(time="")]


@pytest.mark.parametrize("text", UNREADABLE)
def test_a_file_of_findings_that_nobody_can_read_stops_the_stage(tmp_path: Path, text: str) -> None:
    for feed, file, content in (("atm", "2026-01-05.csv", PAYMENTS), ("findings", "2026-01-08.csv", text)):
        (tmp_path / feed).mkdir()
        (tmp_path / feed / file).write_text(content)
    with pytest.raises(UserError, match="Labels would be lost: findings/2026-01-08"):
        check_quality(quality(clean(tmp_path, "UTC")), max_bad_share=0.99)


LIES = ["2025-01-08T09:00:00Z", "1970-01-02T00:00:00Z", "2199-12-31T00:00:00Z", "2027-01-08T09:00:00Z", "2026-01-04",
        "2026-01-05T10:02:00Z", "yesterday", ""]


def test_a_label_from_the_future_or_from_before_its_payment_moves_nothing(tmp_path: Path) -> None:
    seen = []
    for name, lies in (("honest", []), ("lying", LIES)):
        (tmp_path / name).mkdir()
        tables = cleaned(tmp_path / name, FINDINGS + "".join(f"p2,true,{time}\np4,false,{time}\n" for time in lies))
        for table in ("transactions", "reports"):
            write_table(tables[table], tmp_path / name / f"{table}.parquet")
        compute(tmp_path / name, tmp_path / name / "features.parquet", label_delay=1)
        payments, since = tables["transactions"], pd.Timestamp("2026-01-01")
        lists = daily_lists(payments.assign(fraud_probability=0.5), payments, tables["reports"], since, 20)
        seen.append(((tmp_path / name / "features.parquet").read_bytes(), lists.to_csv(), tables["reports"].to_csv()))
        assert len(tables["quarantine"]) == 2 * len(lies)
    assert seen[0] == seen[1]


@pytest.mark.slow
def test_the_pipeline_takes_them_in_when_they_come(copy_small_run) -> None:
    clone = copy_small_run()
    reports = clone.folder / "data/clean/reports.parquet"
    payments = pd.read_parquet(clone.folder / "data/clean/transactions.parquet")
    before, payment = len(pd.read_parquet(reports)), payments["transaction_id"].iloc[0]
    for day in ("2026-01-31", "2026-02-01"):
        (clone.folder / f"data/findings/{day}.csv").write_text(
            f"transaction_id,is_fraud,reported_at\n{payment},true,{day}T12:00:00Z\n")
    clone.run("dvc", "repro", "--quiet", "clean")
    found = pd.read_parquet(reports).query("transaction_id == @payment")
    assert found["reported_at"].astype(str).tolist() == ["2026-01-31 12:00:00"]
    assert len(pd.read_parquet(reports)) == before + 1
    provenance = pd.read_csv(clone.folder / "reports/ingest/provenance.csv").set_index("feed")
    assert provenance.loc["findings", "source"] == "the bank's analysts" and provenance.loc["findings", "rows"] == 1
