"""The README's figures are those that the benches wrote."""

import pandas as pd

from clones import PROJECT
from mlops_nb.benches.detection import detection_table
from mlops_nb.benches.models import LEDGER
from mlops_nb.benches.operation import LOOP, operation_table

LINES = (PROJECT / "README.md").read_text().splitlines()


def told(*figures: str) -> bool:
    """Whether a line of the README has them all."""
    return any(all(figure in line for figure in figures) for line in LINES)


def reported(name: str) -> pd.DataFrame:
    """A table in reports/."""
    return pd.read_csv(PROJECT / f"reports/{name}.csv")


def test_candidates_figures():
    for _, entry in pd.read_csv(PROJECT / LEDGER).drop_duplicates("candidate", keep="last").iterrows():
        figures = [f"{entry[metric]:.3f} ± {entry[f'{metric}_deviation']:.3f}".replace("0.", ".") for metric in ("roc_auc", "average_precision", "card_precision_100")]
        assert told(*figures), (entry["candidate"], figures)


def test_how_soon_a_change_is_noticed():
    table = reported("detection")
    pd.testing.assert_frame_equal(table, detection_table(reported("detection_banks")).round(2), check_dtype=False)
    for _, row in table.iterrows():
        if pd.isna(row["alarms"]):
            assert told(f"| {row['noticed']:g} of {row['banks']}", f"| {row['median']:.0f} ({row['low']:.0f} to {row['high']:.0f}) |"), row
        else:
            assert told(f"{row['alarms']:.1f} false alarms on average, {row['most']:g} at most; {row['retrained']:g} of {row['banks']} retrained"), row


def test_what_the_loop_is_worth():
    table = reported("operation")
    pd.testing.assert_frame_equal(table, operation_table(reported("operation_banks")), check_dtype=False, atol=0.01)
    span = lambda row, name, digits: f"{row[name]:,.{digits}f} ({row[f'{name}_low']:,.{digits}f} to {row[f'{name}_high']:,.{digits}f})"
    for _, row in table.iterrows():
        figures = [f"| {row['way']} ", f"| {row['retrainings']:.1f} |", span(row, "recall_by_amount", 3), span(row, "money_saved_per_day", 0)]
        assert told(*figures), figures
        assert row["way"] == LOOP or told(f"| {row['way']} ", span(row, "loop_more_money_saved_per_day", 0)), row
