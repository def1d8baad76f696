"""What the stages leave of a run whose amounts went up after training: made in a second, in the stages' own forms."""

import json
from pathlib import Path

import jsonschema
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from mlops_nb.base.files import write_json
from mlops_nb.base.keys import PERSON, SIMULATED_BANK
from mlops_nb.base.params import dump_yaml
from mlops_nb.base.record import open_record
from mlops_nb.base.schemas import VERSION, Schema, read_record, write_record
from mlops_nb.data.quality import QUALITY_SCHEMA
from mlops_nb.evaluation.backtest import reported_figures
from mlops_nb.evaluation.metrics import curves
from mlops_nb.monitoring.alerts import ALERTS_SCHEMA
from mlops_nb.monitoring.drift import (column_distances, column_thresholds, compare, labelled_figures, report_share,
                                       verdict, write_report)
from mlops_nb.monitoring.estimation import add_realised, estimate_figures
from mlops_nb.monitoring.settings import MonitorSettings
from mlops_nb.monitoring.watch import (SCHEMA, answer_on_input, answer_on_performance, answer_on_quality,
                                       answer_on_scores, combine_states, compare_with_baseline, share_found)
from mlops_nb.registry.gate import DECISION_SCHEMA, decide

FEATURES = [{"name": "amount", "unit": "money", "window": "", "share_of": "", "most": None},
            {"name": "card_transactions_7d", "unit": "count", "window": "7d", "share_of": "", "most": None},
            {"name": "is_web", "unit": "yes_no", "window": "", "share_of": "", "most": None}]
SETTINGS = MonitorSettings(seed=1, alert_budget=11, drift_threshold=0.1, drift_times=2.0, drift_columns=1,
                           min_rows=100, sample_rows=10_000, days=9, labelled_days=28, decay=0.1,
                           missed_frauds_p_value=0.001, stale_hours=48, bad_share=0.01)
MISSED = {"web": {"lately": 6, "baseline": 1.5, "p_value": 0.0005, "more": True}}
CARD = "c626acac5f65354c5"


def write(record: dict, schema: Schema, file: Path) -> None:
    """A record as a stage writes it, held against its schema."""
    write_record(record, schema, file)
    jsonschema.validate(read_record(file), schema)


def payments(generator: np.random.Generator, start: str, days: int, extra: float, frauds: int | None) -> pd.DataFrame:
    """Scored payments, one in twenty a fraud or so many of the first, `extra` added to every amount."""
    rows = 60 * days
    fraud = generator.random(rows) < 0.05 if frauds is None else np.arange(rows) < frauds
    time = pd.Timestamp(start) + pd.to_timedelta(np.sort(generator.uniform(0, days, rows)), unit="D")
    return pd.DataFrame({"time": time, "card": generator.integers(0, 200, rows).astype(str), "is_fraud": fraud,
                         "amount": generator.gamma(2, 25, rows) + extra,
                         "card_transactions_7d": generator.poisson(4, rows),
                         "is_web": generator.binomial(1, 0.25, rows),
                         "fraud_probability": np.clip(0.5 * fraud + generator.normal(0.2, 0.15, rows), 0, 1)})


def model_of(winner: dict[str, float]) -> dict:
    """A bundle's description."""
    return {"version": VERSION, "candidate": "xgboost", "owner": "the fraud models' team", "settings": {"max_depth": 3},
            "seed": 1, "device": "cpu", "features": FEATURES, "train_as_of": "2026-03-18", "label_delay": 8,
            "training_window": ["2026-02-11 00:00:00", "2026-03-11 00:00:00"],
            "calibration": {"slope": 0.88, "intercept": -0.05}, "threshold": 0.5, "alert_budget": 11,
            "false_alarm_cost": 12, "figures": winner, "data_hash": "9e2707c8", "files": {"model.onnx": "872c84b0"}}


def write_drift(folder: Path, before: pd.DataFrame, after: pd.DataFrame, winner: dict[str, float]) -> None:
    """What the stage `monitor` leaves in reports/drift."""
    columns, yes_no = [feature["name"] for feature in FEATURES] + ["fraud_probability"], ["is_web"]
    least = column_thresholds(before[columns], yes_no, SETTINGS.drift_threshold, SETTINGS.drift_times)
    means = {name: (float(before[name].mean()), float(after[name].mean())) for name in columns}
    found = verdict(column_distances(before[columns], after[columns], yes_no), least, yes_no, means)
    windows = {name: {"from": str(rows["time"].min()), "to": str(rows["time"].max()), "transactions": len(rows),
                      "compared": len(rows)}
               for name, rows in (("before", before), ("after", after))}
    before, after = (rows.assign(is_stopped=rows["fraud_probability"] >= 0.5,
                                 amount_cents=(100 * rows["amount"]).astype(int)) for rows in (before, after))
    baseline, now = (share_found(rows[rows["is_fraud"]]) for rows in (before, after))
    ages, quarantined, expected = {"web": 30.0}, {"lately": 0.001, "before": 0.002}, estimate_figures(after, seed=1)
    answers = {"input": answer_on_input(found, columns[:-1]), "scores": answer_on_scores(found),
               "estimate": compare_with_baseline(expected["share_found"], baseline, 0.1),
               "performance": answer_on_performance(now, baseline, 0.1, MISSED),
               "quality": answer_on_quality(ages, quarantined, SETTINGS)}
    labelled = after[after["time"] < "2026-03-24"]
    since = labelled_figures(labelled, SETTINGS.alert_budget) | {
        "share_found": now, "from": str(labelled["time"].min()), "to": str(labelled["time"].max())}
    record = found | {
        "as_of": "2026-04-01", "health": combine_states(answers), "answers": answers, "onset": "2026-03-18",
        "windows": windows, "since": since, "baseline": baseline, "missed_frauds": MISSED,
        "expected": {"transactions": len(after), "figures": expected},
        "expected_before": add_realised(expected, after), "newest": ages, "quarantined": quarantined,
        "settings": vars(SETTINGS), "model": model_of(winner)}
    write(record, SCHEMA, folder / "verdict.json")
    write_report(compare(before[columns], after[columns], yes_no, least, report_share(found)), folder)


def write_evaluation(folder: Path, test_week: pd.DataFrame) -> dict[str, float]:
    """What the stage `evaluate` leaves; the winner's figures."""
    rows = test_week.assign(channel="web", amount_cents=10_000)
    winner, loser = (reported_figures(scored, 11, 12) for scored in (rows, rows.assign(fraud_probability=0.5)))
    both = {"xgboost": winner, "decision_tree": loser}
    write_json({"version": VERSION, "winner": "xgboost", "test": both, "validation": both}, folder / "metrics.json")
    drawing = Figure(figsize=(6, 4))
    drawing.subplots().plot(*curves(test_week)["precision_recall"][["recall", "precision"]].to_numpy().T)
    drawing.savefig(folder / "precision_recall.png")
    return winner


def write_alerts(folder: Path) -> None:
    """The day's queue, and what became of the alerts before."""
    reasons = [{"feature": "amount", "value": 417.98, "of": None},
               {"feature": "card_transactions_7d", "value": 13.0, "of": None}]
    alerts = [{"day": "2026-03-31", "rank": rank, "card": CARD[rank:] + CARD[:rank],
               "transaction_id": f"0062-{rank:06}", "time": f"2026-03-31 0{rank}:02:25", "channel": channel,
               "amount": 1253.94 / rank, "fraud_probability": 0.9 / rank, "outcome": outcome, "reasons": reasons}
              for rank, (channel, outcome) in enumerate([("web", "fraud"), ("pos", "pending"), ("atm", "genuine")], 1)]
    counts = {"alerts": 140, "closed": 97, "pending": 43, "frauds": 19, "judged": 97, "precision": 0.19,
              "interval": {"low": 0.12, "high": 0.28}}
    weeks = [counts | {"week": week, "closed": closed, "judged": closed, "precision": precision}
             for week, closed, precision in (("2026-03-16", 70, 0.2), ("2026-03-23", 27, 0.185))]
    write({"as_of": "2026-04-01", "day": "2026-03-31", "list": alerts, "by_week": weeks,
           "repeated_false_alarms": [{"card": CARD, "times": 3}], "repeated_days": 28} | counts,
          ALERTS_SCHEMA, folder / "alerts.json")


def write_loop(folder: Path) -> None:
    """What the loop decided, and what that saved."""
    done = [{"day": "2026-03-25", "kind": "retrain", "rule": "drift", "since": "2026-03-14", "days": 11},
            {"day": "2026-03-26", "kind": "keep", "rule": "drift",
             "checks": [{"check": "same_as_champion", "passed": False}], "model": "872c84b0.dir",
             "candidate": "872c84b0.dir", "lock": "9afbed39"},
            {"kind": "change", "action": "rolled back", "from": "9afbed39.dir", "to": "872c84b0.dir",
             "reason": "alarms", "commit": "c0ffee00", "decision": "1f.dir", "params": {}}]
    with open_record(folder.parents[1], PERSON) as book:
        for entry in done:
            book.add(**entry)
    ways = {"never retrained": (300, 250, 275), "the loop": (300, 290, 295)}
    months = ("2026-02", "2026-03", "all")
    write_json({"version": VERSION,
                "ways": {way: {month: {"money_saved_per_day": saved} for month, saved in zip(months, figures)}
                         for way, figures in ways.items()}}, folder / "story.json")


def write_evidence(folder: Path) -> None:
    """The executed notebook of a stage, and the record of its run."""
    cells = [{"id": "a", "cell_type": "markdown", "metadata": {}, "source": "Has anything moved?"},
             {"id": "b", "cell_type": "code", "metadata": {}, "execution_count": 1, "source": "import secret_code",
              "outputs": [{"output_type": "stream", "name": "stdout", "text": "85 columns"}]}]
    (folder / "monitor.ipynb").write_text(
        json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells}))
    write_json({"began": "2026-04-01T08:35:00+00:00", "seconds": 8.74, "machine": {"cpu": "EPYC", "system": "Linux"}},
               folder / "monitor.json")


def write_run(folder: Path, frauds: int | None = None) -> Path: # the folder
    """All of it; with so many frauds on the test window, and as many since training."""
    generator, reports = np.random.default_rng(1), folder / "reports"
    for name in ("evaluate", "drift", "register", "clean", "alerts", "operate", "runs"):
        (reports / name).mkdir(parents=True)
    before = payments(generator, "2026-02-11", 28, extra=0, frauds=frauds)
    after = payments(generator, "2026-03-18", 14, extra=30, frauds=frauds)
    winner = write_evaluation(reports / "evaluate", before)
    write_drift(reports / "drift", before, after, winner)
    write(decide("xgboost", winner, {"average_precision": 0.2}, {}, "auto"), DECISION_SCHEMA,
          reports / "register/decision.json")
    write({"received": 2530, "clean": {"transactions": 2520, "reports": 7}, "quarantined": 3,
           "reasons": {"atm": {"amount.too_small": 3}}, "kinds": {"atm": {"outlier": 3}},
           "notes": {"atm": {"time.repeated_hour": 2}}, "lacks": [], "replaced": {"transaction_id": 0, "terminal": 0},
           "days": [{"feed": "atm", "day": "2026-03-31", "rows": 77, "outlier": 3}],
           "amounts": {"atm": {"smallest": 100, "median": 4999, "percentile_99": 41299, "largest": 123456}}},
          QUALITY_SCHEMA, reports / "clean/quality.json")
    write_alerts(reports / "alerts")
    (folder / "params.yaml").write_text(dump_yaml({"as_of": "2026-04-01", "trust": {"keys": SIMULATED_BANK}}))
    write_loop(reports / "operate")
    write_evidence(reports / "runs")
    (folder / "dvc.lock").write_text("stages: {monitor: {deps: [{path: data/bundle, md5: 9afbed39.dir}]}}")
    return folder
