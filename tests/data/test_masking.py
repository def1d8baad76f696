"""A card number exists in data/raw and nowhere else, wherever in the feeds it stands."""

import json
import re
import shutil
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from clones import Clone
from mlops_nb.data.masking import ID_PSEUDONYM, VARIABLE, fingerprint, is_card_number

pytestmark = pytest.mark.slow
NUMBERS = (f"9999{number:011d}{check}"
           for number in (step * 61_803_398_875 % 10**11 for step in range(1, 1000)) for check in range(10)
           if is_card_number(f"9999{number:011d}{check}"))
SHAPES = ("{0}", "{0:.4} {1} {2} {3}", "{0:.4}-{1}-{2}-{3}", "x{0}y", "7 {0} 7")


def planted(used: list[str]) -> str:
    """A new valid card number, each time written in another way."""
    number = next(NUMBERS)
    used.append(number)
    return SHAPES[len(used) % len(SHAPES)].format(number, number[4:8], number[8:12], number[12:])


def plant_texts(file: Path, lines: list[str], used: list[str]) -> None:
    file.chmod(0o644)
    file.write_text(file.read_text() + "".join(f"{line}\n" for line in lines))


def plant(raw: Path) -> list[str]:
    """Put card numbers into every feed and every field, into cut lines, broken files and a file's name."""
    used: list[str] = []
    for feed, separator, good in (("atm", ";", ["{}", "05.01.2026 10:11:12", "9", "T1", "1,00", "1", "2"]),
                                  ("reports", ",", ["{}", "True", "2026-01-06T00:00:00Z"])):
        rows = [[planted(used) if field == place else value.format(f"{feed}-{place}")
                 for field, value in enumerate(good)] for place in range(len(good))]
        lines = [separator.join(row) for row in rows]
        lines += [separator.join(rows[2])[:-4], planted(used), f'"{planted(used)}']
        plant_texts(sorted((raw / feed).glob("*"))[0], lines, used)
    web = {"id": "w", "at": "2026-01-05T10:11:12Z", "shop": "T1", "payment": {"card": "9", "amount": "1.00"}}
    objects = [web | {name: planted(used)} for name in web]
    objects += [web | {"id": name, "payment": web["payment"] | {name: planted(used)}}
                for name in ("card", "amount", "note")]
    plant_texts(sorted((raw / "web").glob("*"))[0], [*map(json.dumps, objects), json.dumps(objects[0])[:25]], used)
    pos = sorted((raw / "pos").glob("*"))[0]
    rows, number = pd.read_parquet(pos), int(used[-1])
    spoilt = [{"transaction_id": planted(used)}, {"card": planted(used)}, {"terminal": planted(used)},
              {"amount": float(number)}, {"x_m": number}, {"y_m": number}]
    extra = pd.DataFrame([rows.iloc[0].to_dict() | {"transaction_id": f"p{place}"} | change
                          for place, change in enumerate(spoilt)])
    pos.chmod(0o644)
    pq.write_table(pa.Table.from_pandas(pd.concat([rows, extra]).astype(rows.dtypes), preserve_index=False), pos)
    (raw / "web" / f"{planted(used)}.jsonl").write_text(planted(used))
    (raw / "atm" / "broken.csv").write_text(planted(used))
    return used


def shown(folder: Path) -> str:
    """All text of all files, table cells and file names among it."""
    files = [file for file in folder.rglob("*") if file.is_file()]
    texts = [pq.read_table(file).to_pandas().to_csv() if file.suffix == ".parquet"
             else file.read_text(errors="replace") for file in files]
    return "\n".join([*map(str, files), *texts])


def leaked(text: str, used: list[str]) -> list[str]:
    """The planted numbers that can be read in a text, whatever is between their digits; twelve digits are enough."""
    digits = re.sub(r"(?<=\d)(?:[ -]|\\u00a0)+(?=\d)", "", text)
    return [number for number in used if number[4:] in digits or number[:12] in digits]


@pytest.fixture(scope="module")
def clone(copy_small_run) -> Clone:
    return copy_small_run({"clean": {"max_bad_share": 0.9}})


@pytest.fixture(scope="module")
def used(clone) -> list[str]:
    return plant(clone.folder / "data/raw")


def run_clean(clone: Clone):
    stages = yaml.safe_load((clone.folder / "dvc.yaml").read_text())["stages"]
    return clone.run(*stages["clean"]["cmd"].split(), check=False)


@pytest.fixture(scope="module")
def done(clone, used):
    """The stage's run on the planted numbers."""
    done = run_clean(clone)
    assert done.returncode == 0, done.stdout
    return done


def test_no_card_number_leaves_the_raw_data(clone, used, done):
    assert len(used) > 25 and len(leaked(shown(clone.folder / "data/raw"), used)) > 20
    assert not leaked(shown(clone.folder / "data/clean"), used)
    assert not leaked(shown(clone.folder / "reports"), used)
    assert not leaked(done.stdout, used)
    kept = pd.read_parquet(clone.folder / "data/clean/transactions.parquet")
    replaced = {name: int(kept[name].str.fullmatch(ID_PSEUDONYM).sum()) for name in ("transaction_id", "terminal")}
    assert replaced == json.loads((clone.folder / "reports/clean/quality.json").read_text())["replaced"]
    assert min(replaced.values()) > 2


@pytest.mark.long
def test_no_card_number_reaches_models_reports_or_mlflow(clone, used):
    done = clone.run("bash", "-c", "dvc repro incumbent && dvc repro --downstream clean && mlops-sync && mlops-summary")
    assert "candidates logged" in done.stdout
    shutil.move(clone.folder / "data/raw", clone.folder.parent / "raw")
    said = done.stdout + shown(clone.folder)
    shutil.move(clone.folder.parent / "raw", clone.folder / "data/raw")
    assert "mlflow.db" in said and "data/features/features.parquet" in said
    assert not leaked(said, used)


def test_no_card_number_is_in_what_a_failed_stage_leaves(clone, used):
    clone.params({"clean": {"max_bad_share": 0.0}})
    done = run_clean(clone)
    clone.params({"clean": {"max_bad_share": 0.9}})
    assert done.returncode == 1 and "are unfit" in done.stdout
    assert list((clone.folder / "reports/failed").glob("*"))
    assert not leaked(done.stdout + shown(clone.folder / "reports"), used)


def test_an_unmasked_text_would_be_seen(used):
    assert leaked(f"card {used[0][:4]} {used[0][4:8]}-{used[0][8:]}", used) == used[:1]


def test_a_secret_key_is_declared_by_its_fingerprint_and_asked_for(clone, done, monkeypatch):
    public = pd.read_parquet(clone.folder / "data/clean/transactions.parquet")["card"]
    key, other = "0123456789abcdef" * 2, "fedcba9876543210" * 2
    monkeypatch.setenv(VARIABLE, key)
    clone.params({"clean": {"card_key": fingerprint()}})
    assert "no key in the environment" in run_clean(clone).stdout
    clone.env[VARIABLE] = other
    assert "is not the fingerprint" in run_clean(clone).stdout
    clone.env[VARIABLE] = key
    assert run_clean(clone).returncode == 0
    secret = pd.read_parquet(clone.folder / "data/clean/transactions.parquet")["card"]
    assert (secret != public).all() and secret.nunique() == public.nunique()
    assert key not in shown(clone.folder / "data/clean") + shown(clone.folder / "reports")
