"""The estimate without labels: how often its intervals hold what is realised, over many drawn worlds."""

import numpy as np
import pandas as pd
import pytest
from scipy.special import ndtri

from mlops_nb.evaluation.calibration import Calibration
from mlops_nb.monitoring.estimation import FIGURES, add_realised, estimate_figures

pytestmark = pytest.mark.slow

WORLDS, THRESHOLD = 120, 0.3


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """Fewer draws for each interval than anybody would take who needs only one."""
    monkeypatch.setattr("mlops_nb.monitoring.estimation.DRAWS", 200)


def bank(generator: np.random.Generator, cards: int = 300, together: float = 0.0) -> pd.DataFrame:
    """Payments whose probabilities are true; together is how far the labels of one card hang together, from 0 to 1."""
    payments = 3000
    card, true = generator.integers(0, cards, payments), generator.beta(0.1, 2, payments)
    luck = (np.sqrt(together) * generator.normal(size=cards)[card]
            + np.sqrt(1 - together) * generator.normal(size=payments))
    return pd.DataFrame({"card": card, "amount_cents": generator.lognormal(8, 1, payments).astype(int),
                         "fraud_probability": true, "is_stopped": true >= THRESHOLD, "is_fraud": luck < ndtri(true)})


def boastful(payments: pd.DataFrame) -> pd.DataFrame:
    """Scored by a model that is too sure of itself."""
    scores = Calibration(slope=2)(payments["fraud_probability"])
    return payments.assign(fraud_probability=scores, is_stopped=scores >= THRESHOLD)


def held(scorer=lambda payments: payments, with_labelled: bool = False, **hanging) -> pd.Series:
    """How often the interval of each figure holds what is realised."""
    inside = []
    for world in range(WORLDS):
        generator = np.random.default_rng(world)
        past, now = (scorer(bank(generator, **hanging)) for _ in range(2))
        found = add_realised(estimate_figures(now, past if with_labelled else None, seed=world), now)
        inside.append({name: found[name]["inside"] for name in FIGURES})
    return pd.DataFrame(inside).astype(float).mean()


def test_true_scores_are_held_by_the_interval():
    assert held().between(0.88, 0.995).all()


def test_scores_that_boast_are_not():
    assert (held(boastful)[["roc_auc", "share_found", "frauds", "fraud_amount"]] < 0.5).all()


@pytest.mark.slow
def test_labelled_payments_mend_them():
    assert held(boastful, with_labelled=True).between(0.85, 0.995).all()


@pytest.mark.slow
def test_frauds_that_come_together_on_a_card_are_allowed_for():
    assert held(with_labelled=True, cards=100, together=0.6).between(0.9, 0.995).all()


def test_the_seed_decides():
    past, now = (bank(np.random.default_rng(number)) for number in (1, 2))
    first, again, other = (estimate_figures(now, past, seed=seed) for seed in (1, 1, 2))
    assert first == again != other
