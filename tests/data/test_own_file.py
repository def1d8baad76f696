"""A user's own file: mapped, run in a workspace of its own, refused with a message when it cannot be used."""

import json

import numpy as np
import pandas as pd
import pytest

from clones import ONE
from mlops_nb.data.own_file import main
from mlops_nb.simulation.population import make_bank
from mlops_nb.simulation.simulator import simulate_day

pytestmark = pytest.mark.slow


HONEST = "time,card,terminal,amount,is_fraud\n" + "".join(
    f"2026-{1 + day // 28:02}-{1 + day % 28:02},c{day},t,{day},0\n" for day in range(112))


@pytest.fixture(scope="module")
def clone(make_clone):
    return make_clone(ONE)


@pytest.fixture(scope="module")
def own() -> pd.DataFrame:
    """Sixty days of a bank, under names nobody could know."""
    bank, opening = make_bank(5, 300), pd.Timestamp("2026-01-01").date()
    days = pd.concat([simulate_day(bank, 5, day, opening) for day in range(64)])
    return pd.DataFrame({"trans_date": days["time"], "cc_num": days["card"], "merchant": days["terminal"],
                         "amt": days["amount"], "is_fraud": days["is_fraud"].astype(int)})


def test_unknown_names_are_proposed_first_and_used_second(clone, own):
    own.to_csv(clone.folder / "bank.csv", index=False)
    first = clone.run("mlops-workspace", "bank.csv", check=False)
    assert first.returncode == 1 and "check the proposal in bank.mapping.yaml" in first.stdout
    assert not (clone.folder / "runs").exists()
    assert "merchant" in (clone.folder / "bank.mapping.yaml").read_text()
    committed = {name: (clone.folder / name).read_bytes() for name in ("params.yaml", "dvc.yaml")}
    *proposed, folder = clone.run("mlops-workspace", "bank.csv").stdout.splitlines()
    assert folder == "runs/bank" and "18 days to learn from, 9 to judge on" in proposed[0]
    assert f"# {proposed[0]}\n" in (clone.folder / "runs/bank/params.yaml").read_text()
    assert clone.ran("dvc", "repro", "featurize", folder="runs/bank") == ["ingest", "clean", "featurize"]
    assert {name: (clone.folder / name).read_bytes() for name in committed} == committed
    assert clone.run("git", "status", "--porcelain").stdout.split() == ["??", "bank.csv", "??", "bank.mapping.yaml"]
    catalogue = clone.folder / "runs/bank/data/features/catalogue.json"
    assert '"is_web": "the source has no channel"' in catalogue.read_text()
    assert clone.run("dvc", "status").stdout != ""  # the project itself has run nothing


def test_a_file_without_cards_and_terminals_runs_with_what_it_has(clone):
    rng, count = np.random.default_rng(1), 6_000
    fraud = rng.random(count) < 0.04
    times = pd.Timestamp("2026-01-01") + pd.to_timedelta(np.sort(rng.integers(0, 60 * 86_400, count)), unit="s")
    amounts = (rng.lognormal(3, 1, count) * np.where(fraud, 9, 1)).round(2)
    pd.DataFrame({"Time": times, "V1": rng.normal(2 * fraud, 1), "Amount": amounts, "Class": fraud.astype(int)}).to_csv(
        clone.folder / "plain.csv", index=False)
    (clone.folder / "plain.mapping.yaml").write_text(
        "columns: {time: Time, card: null, terminal: null, amount: Amount, is_fraud: Class}\ntime_zone: UTC\n"
        "features: [V1]\n")
    clone.run("mlops-workspace", "plain.csv")
    assert len(clone.ran(folder="runs/plain")) == 9
    catalogue = json.loads((clone.folder / "runs/plain/data/features/catalogue.json").read_text())
    off = catalogue["off"]
    assert [feature["name"] for feature in catalogue["features"]] == [
        "amount", "hour_of_day", "day_of_week", "is_night", "is_weekend", "given_v1"]
    assert off["card_transactions_7d"] == "the source has no card"
    assert off["terminal_risk_7d"] == "the source has no terminal"
    quality = json.loads((clone.folder / "runs/plain/reports/clean/quality.json").read_text())
    assert (quality["lacks"], quality["quarantined"]) == (["card", "terminal"], 0)
    alerts = pd.read_csv(clone.folder / "runs/plain/reports/alerts/alerts.csv")
    assert alerts["card"].str.startswith("p").all() and len(alerts)
    assert "fraud-detector-plain version 1" in clone.run("mlops-sync", folder="runs/plain").stdout
    assert clone.ran(folder="runs/plain") == []


def test_a_changed_file_runs_again_and_the_users_parameters_stay(clone, own):
    own.to_parquet(clone.folder / "other.parquet")
    clone.run("mlops-workspace", "other.parquet", check=False)
    clone.run("mlops-workspace", "other.parquet")
    clone.params({"seed": 77}, folder="runs/other")
    before = clone.run("cat", "runs/other/params.yaml").stdout
    own.iloc[:-1].to_parquet(clone.folder / "other.parquet")
    done = clone.run("dvc", "repro", "ingest", check=False, folder="runs/other")
    assert "has changed since this run was prepared" in done.stdout
    clone.run("mlops-workspace", "other.parquet")
    after = clone.run("cat", "runs/other/params.yaml").stdout
    assert "seed: 77" in after and after != before
    assert clone.ran("dvc", "repro", "ingest", folder="runs/other") == ["ingest"]


@pytest.mark.parametrize("name, text, told", [
    ("missing.csv", None, "is missing"),
    ("empty.csv", "", "is empty"),
    ("header.csv", "time,card,terminal,amount,is_fraud\n", "is empty"),
    ("table.ods", "x", "save it as .xlsx or CSV"),
    ("table.xlsx", "x", "cannot be read as xlsx"),
    ("broken.parquet", "not parquet", "cannot be read as parquet"),
    ("short.csv", "time,card,terminal,amount,is_fraud\n2026-01-01,a,t,1,0\n", "history is too short"),
    ("honest.csv", HONEST, "No transaction of the file is labelled as a fraud"),
    ("rare.csv", HONEST.replace("40,0", "40,1"), "frauds are too few to train and judge a model"),
    ("times.csv", "time,card,terminal,amount,is_fraud\nsoon,a,t,1,0\n", "No time in"),
    ("lacking.csv", "time,card,amount,is_fraud\n2026-01-01,a,1,0\n", "names that are not known"),
], ids=lambda value: str(value)[:14])
def test_a_file_that_cannot_be_used_is_refused(clone, name, text, told, monkeypatch, capsys):
    if text is not None:
        (clone.folder / name).write_text(text)
    monkeypatch.chdir(clone.folder)
    with pytest.raises(SystemExit, match="1"):
        main(name)
    assert told in "".join(capsys.readouterr())
    assert not (clone.folder / "runs" / name.split(".")[0]).exists()


def test_a_column_of_the_wrong_type_stops_in_cleaning(clone, own):
    own.assign(amt="much").to_csv(clone.folder / "typed.csv", index=False)
    assert "amount (no column found)" in clone.run("mlops-workspace", "typed.csv", check=False).stdout
    (clone.folder / "typed.mapping.yaml").unlink()
    shown = own["amt"].astype(str).tolist()[:2000]  # as many as a proposal is made from
    own.assign(amt=shown + ["much"] * (len(own) - len(shown))).to_csv(clone.folder / "typed.csv", index=False)
    clone.run("mlops-workspace", "typed.csv", check=False)
    clone.run("mlops-workspace", "typed.csv")
    done = clone.run("dvc", "repro", "clean", check=False, folder="runs/typed")
    assert done.returncode != 0 and "amount.unreadable" in done.stdout and "Traceback" not in done.stdout
