"""The stakeholder's page, served as `make dashboard` serves it and looked at in a real browser, without internet."""
import http.client
import os
import re
import shutil
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from mlops_nb.drift import compare, moved, realised, thresholds, verdict, write_report
from mlops_nb.estimation import beside_realised, estimated
from mlops_nb.estimation import sentence as expectation
from mlops_nb.evaluation import reported_figures
from mlops_nb.files import write_json
from mlops_nb.gate import decide
from mlops_nb.metrics import curves
from mlops_nb.monitoring import about_data, about_estimate, about_input, about_performance, about_scores, manager, overall, share_found

pytestmark = pytest.mark.slow
ROOT = Path(__file__).resolve().parents[1]
SERVE = ROOT / "nbs/dashboards/serve"
CHROMIUM = shutil.which("chromium")
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync"]
FEATURES = [{"name": "amount", "meaning": "the amount of the payment", "unit": "money"},
            {"name": "card_transactions_7d", "meaning": "payments with this card in the last 7 days", "unit": "payments"},
            {"name": "is_web", "meaning": "paid on the web", "unit": "yes or no"}]


def payments(generator: np.random.Generator, start: str, days: int, extra: float) -> pd.DataFrame:
    """Scored payments, one in twenty a fraud, `extra` added to every amount."""
    rows = 60 * days
    fraud = generator.random(rows) < 0.05
    time = pd.Timestamp(start) + pd.to_timedelta(np.sort(generator.uniform(0, days, rows)), unit="D")
    return pd.DataFrame({"time": time, "card": generator.integers(0, 200, rows).astype(str), "is_fraud": fraud,
                         "fraud_reported_at": (time + pd.Timedelta(days=2)).where(fraud),
                         "amount": generator.gamma(2, 25, rows) + extra, "card_transactions_7d": generator.poisson(4, rows),
                         "is_web": generator.binomial(1, 0.25, rows),
                         "fraud_probability": np.clip(0.5 * fraud + generator.normal(0.2, 0.15, rows), 0, 1)})


def write_drift(folder: Path, before: pd.DataFrame, after: pd.DataFrame, winner: dict[str, float]) -> None:
    """What the stage `monitor` leaves."""
    folder.mkdir(parents=True)
    columns = [feature["name"] for feature in FEATURES] + ["fraud_probability"]
    meanings = {feature["name"]: feature["meaning"] for feature in FEATURES} | {"fraud_probability": "the model's own score"}
    least = thresholds(before[columns], ["is_web"], 0.1, 2)
    snapshot = compare(before[columns], after[columns], ["is_web"], least)
    means = {name: (float(before[name].mean()), float(after[name].mean())) for name in columns}
    found = verdict(moved(before[columns], after[columns], ["is_web"]), least, meanings, ["is_web"], means)
    windows = {name: {"from": str(rows["time"].min()), "to": str(rows["time"].max()), "transactions": len(rows), "compared": len(rows)}
               for name, rows in (("before", before), ("after", after))}
    model = {"candidate": "xgboost", "features": FEATURES, "train_as_of": "2026-03-18", "files": {"model.onnx": "872c84b0"}, "data_hash": "9e2707c8",
             "training_window": ["2026-02-11 00:00:00", "2026-03-11 00:00:00"], "figures": winner}
    usual, now = (share_found(rows[rows["is_fraud"]], 0.5) for rows in (before, after))
    answers = {"input": about_input(found, columns[:-1], "2026-03-18"), "scores": about_scores(found), "estimate": about_estimate(now, usual, 0.1),
               "performance": about_performance(now, usual, 0.1), "quality": about_data({"web": 1.0}, {"lately": 0.001, "before": 0.001}, 24, 0.01)}
    told = {"answers": answers, "manager": manager(answers), "health": overall(answers), "newest": {"web": 30.0}}
    scored = after.assign(amount_cents=(100 * after["amount"]).astype(int))
    expected = estimated(scored, 0.5, seed=1)
    write_json(found | told | {"expected": {"transactions": len(after), "figures": expected, "sentence": expectation(expected)},
                        "expected_before": beside_realised(expected, scored, 0.5), "as_of": "2026-04-01", "windows": windows, "model": model,
                        "since": realised(after[after["time"] < "2026-03-25"], 10)}, folder / "verdict.json")
    write_report(snapshot, folder)


def write_evaluation(folder: Path, test_week: pd.DataFrame) -> dict[str, float]:
    """What the stage `evaluate` leaves; the winner's figures."""
    folder.mkdir(parents=True)
    rows = test_week.assign(channel="web", amount_cents=10_000)
    winner, loser = (reported_figures(scored, 10, 0.5, 10) for scored in (rows, rows.assign(fraud_probability=0.5)))
    both = {"xgboost": winner, "decision_tree": loser}
    write_json({"winner": "xgboost", "test": both, "validation": both}, folder / "metrics.json")
    drawing = Figure(figsize=(6, 4))
    drawing.subplots().plot(*curves(test_week)["precision_recall"][["recall", "precision"]].to_numpy().T)
    drawing.savefig(folder / "precision_recall.png")
    return winner


@pytest.fixture(scope="module")
def run_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run whose amounts went up after training, as the stages would have left it."""
    folder, generator = tmp_path_factory.mktemp("run"), np.random.default_rng(1)
    before, after = payments(generator, "2026-02-11", 28, extra=0), payments(generator, "2026-03-18", 14, extra=30)
    winner = write_evaluation(folder / "reports/evaluate", before)
    write_drift(folder / "reports/drift", before, after, winner)
    (folder / "params.yaml").write_text("as_of: '2026-04-01'")
    for name in ("reports/register", "reports/clean"):
        (folder / name).mkdir(parents=True)
    write_json(decide("xgboost", winner, {"average_precision": 0.2}, {}, "auto"), folder / "reports/register/decision.json")
    write_json({"received": 2530, "clean": {"transactions": 2520, "reports": 7}, "quarantined": 3,
                "reasons": {"atm": {"amount is <missing>": 3}}}, folder / "reports/clean/quality.json")
    return folder


@pytest.fixture(scope="module")
def address(run_folder: Path, tmp_path_factory: pytest.TempPathFactory):
    """The address that `make dashboard` prints, with its token; the user's home stays as empty as it was."""
    home = tmp_path_factory.mktemp("home")
    with subprocess.Popen([SERVE, run_folder], env=os.environ | {"HOME": str(home)}, stderr=subprocess.PIPE, text=True) as server:
        lines = []
        for line in server.stderr:
            lines.append(line)
            if line.startswith("http"):
                break
        assert lines and lines[-1].startswith("http"), "".join(lines)
        yield lines[-1].strip()
        server.terminate()
        server.communicate(timeout=30)
    assert not list(home.iterdir()), "something was written to the user's home"


def status(address: str, path: str) -> tuple[int, str]:
    """The status a path answers with, and where it sends the visitor."""
    connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=30)
    connection.request("GET", path)
    answer = connection.getresponse()
    found = answer.status, answer.getheader("Location", "")
    connection.close()
    return found


def test_nothing_is_told_without_the_token(address: str) -> None:
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/\?token=[0-9a-f]{48}", address)
    for path in ("/", "/?token=guessed", "/voila/render/overview.ipynb"):
        assert status(address, path)[0] == 302 and status(address, path)[1].startswith("/login")
    assert status(address, "/voila/files/overview.ipynb")[0] == 403
    assert status(address, "/voila/files/voila.py")[0] == 403


def test_an_unknown_run_is_told() -> None:
    refused = subprocess.run([SERVE, "runs/no-such-run"], capture_output=True, text=True, timeout=30)
    assert refused.returncode == 1 and "There is no run in runs/no-such-run. Found:" in refused.stderr


@pytest.fixture(scope="module")
def browser():
    """Chromium."""
    if CHROMIUM is None:
        pytest.skip("chromium is not installed: apt-get install chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield started
        started.close()


def visit(browser, address: str, last: str):
    """The page once its last words have come, and every address outside this machine that it tried to reach."""
    page, asked = browser.new_page(viewport={"width": 1280, "height": 900}), []

    def local_only(route) -> None:
        if urlsplit(route.request.url).hostname == "127.0.0.1":
            route.continue_()
        else:
            asked.append(route.request.url)
            route.abort()

    page.route("**/*", local_only)
    page.goto(address)
    page.get_by_text(last).wait_for(timeout=60_000)
    return page, asked


def test_the_page_tells_what_has_drifted(browser, address: str) -> None:
    page, asked = visit(browser, address, last="Source: reports/drift/report.html")
    words = page.locator("body").inner_text()
    for told in ("▲ Needs attention", "Payments have changed since 2026-03-18: “the amount of the payment”, ", "The newest payment is 30 hours older",
                 "of compromised cards found since training", "✓ The model may be used", "“Frauds ranked first” on the test window",
                 "2,530 rows came in: 2,527 were used, 3 were set aside", "amount is <missing>", "XGBoost was chosen",
                 "Source: reports/drift/verdict.json", "reports/runs/monitor.ipynb"):
        assert told in words, told
    assert "Traceback" not in words and "import" not in words
    page.wait_for_function("document.querySelector('img[alt^=\"Precision against recall\"]').naturalWidth > 100")
    report = page.frame_locator("iframe[title*='Evidently']")
    report.get_by_text("Drift is detected for 25.0% of columns (1 out of 4)").wait_for(timeout=30_000)
    assert report.get_by_text("amount").first.is_visible()
    assert asked == []
    screenshots = ROOT / "reports/screenshots"
    screenshots.mkdir(parents=True, exist_ok=True)
    page.set_viewport_size({"width": 1280, "height": page.evaluate("document.documentElement.scrollHeight")})
    report.locator("body").evaluate("() => new Promise(drawn => requestAnimationFrame(() => requestAnimationFrame(drawn)))")
    page.screenshot(path=screenshots / "overview.png")
    page.set_viewport_size({"width": 390, "height": 844})
    page.wait_for_function("innerWidth === 390 && document.documentElement.scrollWidth === 390")  # once laid out anew: no sideways scroll
    page.screenshot(path=screenshots / "overview_phone.png", full_page=True)


def test_a_missing_record_is_told_and_the_rest_stays(browser, address: str, run_folder: Path) -> None:
    for name in ("reports/clean/quality.json", "reports/drift/report.html"):
        (run_folder / name).unlink()
    page, _ = visit(browser, address, last="There is no full report")
    words = page.locator("body").inner_text()
    assert "reports/clean/quality.json is missing. To do: run `dvc repro`" in words
    assert "▲ Needs attention" in words and "Traceback" not in words


def test_a_stopped_monitoring_is_seen_at_once(browser, address: str, run_folder: Path) -> None:
    assert "Monitoring has stopped" not in visit(browser, address, last="There is no full report")[0].locator("body").inner_text()
    (run_folder / "params.yaml").write_text("as_of: '2026-04-08'")
    page, _ = visit(browser, address, last="There is no full report")
    assert page.locator(".answer").first.inner_text().startswith("■ Monitoring has stopped")
