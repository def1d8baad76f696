"""What an amount is: a payment or a refund, in which currency, and what is asked before anything is computed."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mlops_nb.base.errors import UserError
from mlops_nb.data.cleaning import clean
from mlops_nb.data.quality import check_quality, quality
from mlops_nb.data.questions import check_file
from mlops_nb.data.sources import read_rows, split_file
from mlops_nb.monitoring.watch import quarantined_shares

COLUMNS = {name: name for name in ("time", "card", "terminal", "amount", "is_fraud")}
CURRENCIES = {"columns": COLUMNS | {"currency": "currency"}, "time_zone": "UTC", "currency": "EUR",
              "rates": {"JPY": 0.006, "HUF": 0.0025}}


def payments(folder: Path, **columns: list) -> Path:
    """A file of two hundred payments, of which the first is a fraud."""
    count = 200
    rows = {"time": pd.date_range("2026-01-01", periods=count, freq="h").astype(str), "card": "a", "terminal": "t",
            "amount": 12.5, "is_fraud": [1] + [0] * (count - 1)}
    pd.DataFrame(rows | columns).to_csv(folder / "own.csv", index=False)
    return folder / "own.csv"


def asked(source: Path, mapping: dict) -> str:
    """The error that asks for an answer; an empty text if nothing is asked."""
    try:
        check_file(read_rows(source, mapping), mapping, source.with_name("own.mapping.yaml"))
    except UserError as error:
        return str(error)
    return ""


def cleaned(source: Path, mapping: dict) -> dict:
    split_file(source, mapping, source.parent / "raw", "2027-01-01", 7)
    return clean(source.parent / "raw", "UTC", mapping)


SIGNS = np.where(np.arange(200) % 4 == 1, -12.5, 12.5) # a quarter are negative


def test_a_quarter_of_refunds_is_asked_for_and_is_no_bad_share(tmp_path):
    source = payments(tmp_path, amount=SIGNS, is_fraud=[1, 1] + [0] * 198)
    mapping = {"columns": COLUMNS, "time_zone": "UTC"}
    question = asked(source, mapping)
    assert "150 are positive and 50 are negative" in question and "amount_sign: positive" in question
    assert "amount_sign: positive" in (tmp_path / "own.mapping.yaml").read_text()
    mapping |= {"amount_sign": "positive"}
    assert asked(source, mapping) == ""
    tables = cleaned(source, mapping)
    counts = quality(tables)
    assert counts["reasons"] == {"file": {"amount.refund": 50}, "reports": {"report.of_refund": 1}}
    assert counts["kinds"] == {"file": {"refund": 50}, "reports": {"refund": 1}}
    check_quality(counts, 0.001)
    assert quarantined_shares(pd.DataFrame(counts["days"]), pd.Timestamp("2026-01-05"), 2) == {"lately": 0, "before": 0}


@pytest.mark.parametrize("amounts, answer, used", [
    (-SIGNS, {"amount_sign": "negative"}, 150), (np.full(200, -12.5), {"amount_sign": "negative"}, 200),
    (SIGNS, {"amount_sign": "positive"}, 150), (np.full(200, 12.5), {}, 200)])
def test_payments_have_the_sign_that_the_mapping_says(tmp_path, amounts, answer, used):
    source, mapping = payments(tmp_path, amount=amounts), {"columns": COLUMNS, "time_zone": "UTC"}
    assert all(f"{key}: {value}" in asked(source, mapping) for key, value in answer.items())
    assert asked(source, mapping | answer) == ""
    transactions = cleaned(source, mapping | answer)["transactions"]
    assert set(transactions["amount_cents"].to_pylist()) == {1250} and len(transactions) == used


def test_a_word_says_that_it_is_a_refund_whatever_the_sign(tmp_path):
    words = ["Credit" if number % 10 == 3 else "debit" for number in range(200)]
    source = payments(tmp_path, direction=words)
    mapping = {"columns": COLUMNS | {"direction": "direction"}, "time_zone": "UTC"}
    assert "'debit' in 180 rows, 'Credit' in 20 rows" in asked(source, mapping)
    assert asked(source, mapping | {"refund": ["credit"]}) == ""
    assert quality(cleaned(source, mapping | {"refund": ["credit"]}))["reasons"] == {"file": {"amount.refund": 20}}


def test_several_currencies_are_converted_by_the_rates_or_stop(tmp_path):
    source = payments(tmp_path, currency=["EUR"] * 100 + ["JPY"] * 60 + ["HUF"] * 40,
                      amount=[12.5] * 100 + [1001] * 60 + [999] * 40)
    without = {key: value for key, value in CURRENCIES.items() if key not in ("currency", "rates")}
    question = asked(source, without)
    assert "100 in EUR, 60 in JPY, 40 in HUF" in question and "`rates: {JPY: …, HUF: …}`" in question
    assert "`rates: {HUF: …}`" in asked(source, CURRENCIES | {"rates": {"JPY": 0.006}})
    assert asked(source, CURRENCIES) == ""
    found = cleaned(source, CURRENCIES)["transactions"]["amount_cents"].value_counts().to_pylist()
    assert {row["values"]: row["counts"] for row in found} == {1250: 100, 601: 60, 250: 40} # 600.6 and 249.75 cents


@pytest.mark.parametrize("currency, cents", [("EUR", 1234), ("JPY", 123400), ("KWD", 123), ("392", 123400)])
def test_minor_units_are_those_of_the_currency(tmp_path, currency, cents):
    source = payments(tmp_path, currency=currency, amount=1234)
    mapping = {"columns": COLUMNS | {"currency": "currency"}, "time_zone": "UTC", "amount_unit": "cents"}
    assert asked(source, mapping) == ""
    assert set(cleaned(source, mapping)["transactions"]["amount_cents"].to_pylist()) == {cents}
