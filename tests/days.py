"""A run on a folder of day files, and stand-ins for its stages that write in no time what an operation depends on."""

import hashlib
import json
from pathlib import Path

import yaml

from clones import PROJECT, merged
from mlops_nb.base.params import read_params
from mlops_nb.base.keys import SIMULATED_BANK
from mlops_nb.base.record import read_entries
from mlops_nb.data.mapping import mapping_for
from mlops_nb.data.parts import source_hash
from mlops_nb.operation.daily import go_on
from mlops_nb.operation.day import mornings

RULES = {"operate": {"patience": 2, "wait": 2, "rest": 2, "max_age": 3}, "register": {"mode": "auto"},
         "trust": {"keys": SIMULATED_BANK}}


def bundle_of(trained: str) -> str:
    return f"{hashlib.md5(trained.encode()).hexdigest()}.dir"


def stages(folder: Path, *_: str) -> None:
    """Write what `dvc repro` would: the verdict, the gate's decision and the lock."""
    params, reports = read_params(folder), folder / "reports"
    incumbent, bundle = params["register"]["incumbent"], bundle_of(params["train"]["as_of"])
    passed = {"auto": "promoted", "propose": "proposed"}[params["register"]["mode"]]
    decision = {"verdict": "kept" if bundle == incumbent else passed, "checks": [{"check": "gain", "passed": True}]}
    verdict = {"health": "fine", "answers": {}, "as_of": params["as_of"], "model": incumbent or bundle}
    for name, record in (("register/decision", decision), ("drift/verdict", verdict)):
        (reports / name).parent.mkdir(parents=True, exist_ok=True)
        (reports / f"{name}.json").write_text(json.dumps(record))
    outs = [{"path": "data/bundle", "md5": bundle}, {"path": "reports/register", "md5": "1f.dir"}]
    (folder / "dvc.lock").write_text(yaml.safe_dump({"stages": {"register": {"outs": outs}}}))


def send(verdict: dict | None, heard: dict) -> list[dict]:
    return [{"receiver": "Slack", "delivered": True}]


class Run:
    """The folder of a run on a folder of day files."""

    def __init__(self, root: Path, changes: dict | None = None, days: int = 10):
        self.folder, self.source = root / "runs/own", root / "days"
        self.folder.mkdir(parents=True)
        self.source.mkdir()
        for number in range(1, days + 1):
            self.day_file(number)
        ingest = {"source": str(self.source), "source_hash": source_hash(self.source),
                  "mapping": mapping_for(self.source, "labelled")}
        own = {"as_of": "2026-03-11", "train": {"as_of": "2026-03-09"}, "ingest": ingest}
        committed = yaml.safe_load((PROJECT / "params.yaml").read_text())
        self.params.write_text(yaml.safe_dump(merged(merged(merged(committed, own), RULES), changes or {})))

    @property
    def params(self) -> Path:
        return self.folder / "params.yaml"

    def day_file(self, number: int, name: str = "") -> None:
        day = f"2026-03-{number:02}"
        rows = [f"{day} 12:00,card{number}-{each},t,{each + 1}.50,{each % 2}" for each in range(4)]
        (self.source / f"{name or day}.csv").write_text("\n".join(["time,card,terminal,amount,is_fraud", *rows]))

    def go_on(self, *args, **kwargs) -> list[str]:
        """What is said of the data."""
        return go_on(self.folder, *args, send=send, **kwargs)[1]

    def steps(self) -> list[tuple[str, str]]:
        return [(entry["day"][-2:], entry["kind"]) for entry in mornings(read_entries(self.folder))
                if entry["kind"] != "tell"]
