"""The handbook's published features and results, where its data is present."""

import pandas as pd
import pytest

from mlops_nb.benches.handbook import METRICS, PROTOCOL, baseline, evaluation_rows, handbook_features, handbook_folder
from mlops_nb.benches.models import FOLDS, ceilings

FOLDER = handbook_folder()
pytestmark = [pytest.mark.slow,
              pytest.mark.skipif(not (FOLDER / "transactions.parquet").exists(),
                                 reason=f"no handbook data in {FOLDER}")]


@pytest.fixture(scope="module")
def features() -> pd.DataFrame:
    return handbook_features(FOLDER / "transactions.parquet")


def test_every_row_is_clean(features):
    assert len(features) == 1_754_155
    assert features["fraud_reported_at"].notna().sum() == 14_681


def test_features_equal_the_published_ones(features):
    published = pd.read_parquet(FOLDER / "features_2018-07_08.parquet").astype({"TRANSACTION_ID": str})
    published = published.set_index("TRANSACTION_ID")
    names = {"TX_DURING_WEEKEND": "is_weekend", "TX_DURING_NIGHT": "is_night"}
    for ours, theirs in (("card_transactions", "CUSTOMER_ID_NB_TX"), ("card_mean_amount", "CUSTOMER_ID_AVG_AMOUNT"),
                         ("terminal_transactions", "TERMINAL_ID_NB_TX"), ("terminal_risk", "TERMINAL_ID_RISK")):
        names |= {f"{theirs}_{days}DAY_WINDOW": f"{ours}_{days}d" for days in (1, 7, 30)}
    features = features.set_index("transaction_id")
    tied = features.duplicated(["card", "time"], keep=False).loc[published.index]
    features = features.loc[published.index]
    assert len(names) == 14 and len(published) == 593_487
    for theirs, ours in names.items():
        differs = (features[ours] - published[theirs]).abs() > 1e-9
        assert not (differs & ~tied).any(), f"{ours} differs from {theirs} on {differs.sum()} rows"
        assert differs.sum() <= 20


@pytest.mark.parametrize("name", [name for name, (*_, published) in PROTOCOL.items() if published])
def test_published_results_come_out(features, name):
    kind, settings, published = PROTOCOL[name]
    result = baseline(features, kind, settings)
    assert [result[metric] for metric in METRICS] == pytest.approx(published, abs=0.005)


CEILING = {  # by test fold, each drawn once
    "roc_auc": (0.887, 0.890, 0.929, 0.899), "average_precision": (0.791, 0.787, 0.856, 0.788),
    "card_precision_100": (0.309, 0.309, 0.343, 0.344)}


def test_the_ceiling_is_the_known_one(features):
    scenarios = pd.read_parquet(FOLDER / "transactions.parquet", columns=["TRANSACTION_ID", "TX_FRAUD_SCENARIO"])
    kind_of_fraud = scenarios.astype({"TRANSACTION_ID": str}).set_index("TRANSACTION_ID")["TX_FRAUD_SCENARIO"]
    by_fold = [ceilings(evaluation_rows(features, fold), kind_of_fraud) for fold in FOLDS["test"]]
    for metric, expected in CEILING.items():
        for ceiling, value in zip([of_fold[metric] for of_fold in by_fold], expected):
            assert ceiling.value == pytest.approx(value, abs=3 * ceiling.deviation + 0.0005), metric
