"""Ids that look like card numbers: no row is lost, no card number stays, and a finding still finds its payment."""

import random
from collections import Counter
from pathlib import Path

import pytest

from mlops_nb.data.cleaning import clean
from mlops_nb.data.masking import holds_card_number
from mlops_nb.data.sources import split_file

DRAW = random.Random(3)
ROWS = 400
NO_CARDS = {  # ids as other systems give them; some of each pass Luhn's check
    "a clock's milliseconds": [1_767_000_000_000 + 1000 * number for number in range(ROWS)],
    "a clock's microseconds": [1_767_000_000_000_000 + 1_000_003 * number for number in range(ROWS)],
    "snowflakes of 2026": [1_870_000_000_000_000_000 + 4_194_304 * number for number in range(ROWS)],
    "merchants of 15 digits (ISO 8583, field 42)": [523_000_000_000_000 + number for number in range(ROWS)],
    "UUIDs": [f"45395787-6362-4{number:03d}-8{number:03d}-{DRAW.randrange(10**12):012d}" for number in range(ROWS)],
    "hashes": [f"{4539578763621486 + number}{DRAW.getrandbits(96):024x}" for number in range(ROWS)],
}
KEY = b"not the public one, under which no real card is taken in"
LIKE_CARDS = [str(4_000_000_000_000_000 + 977 * number) for number in range(ROWS)]


def cleaned(folder: Path, rows: list[dict]) -> dict:
    """What becomes of a user's file of these payments."""
    rows = [{"time": f"2026-01-05 10:{number // 60:02d}:{number % 60:02d}", "card": f"k{number % 50}", "terminal": "t",
             "transaction_id": f"p{number}", "amount": "1.50", "is_fraud": number % 2} | row
            for number, row in enumerate(rows)]
    lines = [",".join(map(str, row.values())) for row in rows]
    (folder / "own.csv").write_text("\n".join([",".join(rows[0]), *lines]) + "\n")
    mapping = {"columns": {name: name for name in rows[0]}, "time_zone": "UTC"}
    split_file(folder / "own.csv", mapping, folder / "raw", "2026-03-01", 7)
    return clean(folder / "raw", "UTC", key=KEY)


@pytest.mark.parametrize("column", ["transaction_id", "terminal"])
@pytest.mark.parametrize("ids", NO_CARDS.values(), ids=NO_CARDS)
def test_ids_that_are_no_card_numbers_stay(tmp_path, ids, column):
    tables = cleaned(tmp_path, [{column: name} for name in ids])
    assert sorted(tables["transactions"][column].to_pylist()) == sorted(map(str, ids))
    assert len(tables["reports"]) == ROWS / 2 and not len(tables["quarantine"])


def test_terminals_that_look_like_cards_are_replaced_and_stay_the_same_terminals(tmp_path):
    terminals = [LIKE_CARDS[number % 40] for number in range(ROWS)]
    payments = cleaned(tmp_path, [{"terminal": name} for name in terminals])["transactions"]
    named = dict(zip(terminals, payments["terminal"].to_pylist()))
    assert len(payments) == ROWS and not holds_card_number(payments["terminal"]).any()
    assert Counter(payments["terminal"].to_pylist()) == Counter(named[name] for name in terminals)
    assert len(set(named.values())) == 40 and 0 < sum(name != given for name, given in named.items()) < 10


def test_a_report_and_a_finding_still_find_their_payment(tmp_path):
    tables = cleaned(tmp_path, [{"transaction_id": name} for name in LIKE_CARDS])
    assert len(tables["transactions"]) == ROWS and len(tables["reports"]) == ROWS / 2
    published = set(tables["transactions"]["transaction_id"].to_pylist())
    assert set(tables["reports"]["transaction_id"].to_pylist()) < published
    replaced = sorted(published - set(LIKE_CARDS))
    assert len(replaced) > 10
    (tmp_path / "raw/findings").mkdir()
    findings = [f"{name},false,2026-02-01T10:00:00Z" for name in replaced]
    file = tmp_path / "raw/findings/2026-02-01.csv"
    file.write_text("\n".join(["transaction_id,is_fraud,reported_at", *findings]))
    again = clean(tmp_path / "raw", "UTC", key=KEY)
    taken_in = [row["transaction_id"] for row in again["reports"].to_pylist() if not row["is_fraud"]]
    assert sorted(taken_in) == replaced and not len(again["quarantine"])


def test_cards_that_differ_in_their_signs_are_different_cards(tmp_path):
    cards = ["1-23", "12-3", "123", "4111 1111 1111 1111", "4111-1111-1111-1111", "4111111111111111",
             "3782-822463-10005", "378282246310005"]
    payments = cleaned(tmp_path, [{"card": card} for card in cards])["transactions"]["card"].to_pylist()
    assert len(set(payments)) == 5 and payments[3] == payments[4] == payments[5] and payments[6] == payments[7]
