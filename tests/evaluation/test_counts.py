"""Figures of few frauds: their intervals, and what the gate and monitoring make of them."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest

from mlops_nb.base.shares import MIN_COUNT
from mlops_nb.evaluation.backtest import reported_figures
from mlops_nb.monitoring.watch import UNKNOWN, compare_with_baseline, share_found
from mlops_nb.registry.comparison import gain
from mlops_nb.registry.gate import decide


def week(frauds: int) -> pd.DataFrame:
    """A test window of a thousand payments whose frauds have the highest scores, each on a card of its own."""
    generator, number = np.random.default_rng(0), np.arange(1000)
    fraud = number < frauds
    return pd.DataFrame({"time": pd.Timestamp("2026-03-01") + pd.to_timedelta(number % 7, unit="D"),
                         "card": number.astype(str), "channel": np.where(number % 10 < 8, "pos", "web"),
                         "amount_cents": 10_000, "is_fraud": fraud,
                         "fraud_probability": np.where(fraud, 0.9, generator.uniform(0, 0.5, 1000))})


@pytest.mark.parametrize("frauds", [2, MIN_COUNT - 1, MIN_COUNT, 40])
def test_a_perfect_model_passes_by_itself_only_on_enough_frauds(frauds):
    figures = reported_figures(week(frauds), alert_budget=20, false_alarm_cost=10)
    assert figures["recall_at_budget"] == 1 and figures["compromised"] == figures["frauds"] == frauds
    expected = binomtest(frauds, frauds).proportion_ci(method="wilson")
    assert figures["intervals"]["recall_at_budget"] == pytest.approx({"low": expected.low, "high": 1})
    enough = frauds >= MIN_COUNT
    verdicts = {mode: decide("xgboost", figures, {"average_precision": 0.2}, {}, mode) for mode in ("auto", "propose")}
    assert verdicts["auto"]["verdict"] == ("promoted" if enough else "kept")
    assert verdicts["propose"]["verdict"] == "proposed"
    first, floor = verdicts["propose"]["checks"][0], verdicts["propose"]["checks"][-2]
    assert (first["check"] == "too_few_frauds") != enough
    assert floor["value"] == (1 if enough else None)


def test_a_channel_with_few_frauds_is_not_judged_and_the_rest_is():
    figures = reported_figures(week(40), alert_budget=20, false_alarm_cost=10)
    floors = {"by_channel": {"pos": {"roc_auc": 0.6}, "web": {"roc_auc": 0.6}}}
    pos, web, _ = decide("xgboost", figures, floors, {}, "auto")["checks"]
    assert pos["value"] == 1 and (web["value"], web["counted"], web["count"]) == (None, "frauds", 8)


@pytest.mark.parametrize("frauds", [2, 40])
def test_a_challenger_is_no_better_on_two_frauds(frauds):
    pairs = week(frauds).assign(challenger=lambda rows: rows["fraud_probability"], incumbent=0.5)
    found = gain(pairs, least=0.01, confidence=0.95, seed=1, resamples=200)
    compared = {"same": False, "gain": found, "learned_days": 0, "days": 7, "figures": {}}
    figures = reported_figures(week(frauds), alert_budget=20, false_alarm_cost=10)
    verdict = decide("xgboost", figures, {}, {}, "propose", compared)["verdict"]
    assert verdict == ("proposed" if frauds == 40 else "kept")
    assert (found["probability"] is None) == (found["interval"] is None) == (frauds == 2)


def test_monitoring_says_nothing_of_decay_on_few_frauds():
    def found(stopped: list[bool]) -> dict:
        return share_found(pd.DataFrame({"card": range(len(stopped)), "is_stopped": stopped}))
    usual, missed = found([True] * 80 + [False] * 20), found([False] * 4)
    assert missed["low"] == 0 and missed["high"] > 0.4
    assert compare_with_baseline(missed, usual, 0.1) == {"state": UNKNOWN, "because": ["few_frauds"]}
    assert compare_with_baseline(found([False] * 12), usual, 0.1)["because"] == ["decayed"]
    assert compare_with_baseline(usual, found([True] * 3), 0.1) == {"state": UNKNOWN, "because": ["few_baseline"]}
