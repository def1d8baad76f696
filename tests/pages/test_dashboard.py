"""The stakeholders' pages, served as `make dashboard` serves them and looked at in a real browser, without internet."""
import http.client
import json
import os
import re
import subprocess
import time
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pandas as pd
import psutil
import pytest
from matplotlib.figure import Figure

from clones import PROJECT
from mlops_nb.base.files import write_json
from mlops_nb.benches.dashboard import CHROMIUM, FLAGS, served, viewers
from mlops_nb.evaluation.backtest import reported_figures
from mlops_nb.evaluation.metrics import curves
from mlops_nb.monitoring.drift import compare, moved, realised, thresholds, verdict, write_report
from mlops_nb.monitoring.estimation import beside_realised, estimated
from mlops_nb.monitoring.estimation import sentence as expectation
from mlops_nb.monitoring.watch import about_data, about_estimate, about_input, about_performance, about_scores, manager, overall, share_found
from mlops_nb.registry.gate import decide

pytestmark = pytest.mark.slow
ROOT = PROJECT
SERVE = ROOT / "nbs/dashboards/serve"
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


PASSED = {"web": {"lately": 6, "usual": 1.5, "chance": 0.0005, "more": True}}


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
             "training_window": ["2026-02-11 00:00:00", "2026-03-11 00:00:00"], "figures": winner, "alert_budget": 10, "false_alarm_cost": 10,
             "calibration": {"slope": 0.88, "intercept": -0.05}}
    before, after = (rows.assign(is_stopped=rows["fraud_probability"] >= 0.5) for rows in (before, after))
    usual, now = (share_found(rows[rows["is_fraud"]]) for rows in (before, after))
    answers = {"input": about_input(found, columns[:-1], "2026-03-18"), "scores": about_scores(found), "estimate": about_estimate(now, usual, 0.1),
               "performance": about_performance(now, usual, 0.1, PASSED, 7), "quality": about_data({"web": 30.0}, {"lately": 0.001, "before": 0.001}, 48, 0.01)}
    told = {"answers": answers, "manager": manager(answers), "health": overall(answers), "newest": {"web": 30.0}, "onset": "2026-03-18",
            "set_aside": {"lately": 0.001, "before": 0.001}, "usual": usual, "unnoticed": PASSED}
    scored = after.assign(amount_cents=(100 * after["amount"]).astype(int))
    expected = estimated(scored, seed=1)
    write_json(found | told | {"expected": {"transactions": len(after), "figures": expected, "sentence": expectation(expected)},
                        "expected_before": beside_realised(expected, scored), "as_of": "2026-04-01", "windows": windows, "model": model,
                        "since": realised(after[after["time"] < "2026-03-25"], 10) | {"share_found": now}}, folder / "verdict.json")
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


def write_alerts(folder: Path) -> None:
    """The day's list, and a file of it."""
    folder.mkdir(parents=True)
    alerts = [{"rank": rank, "card": CARD[rank:] + CARD[:rank], "transaction_id": f"0062-{rank:06}", "time": f"2026-03-31 0{rank}:02:25", "channel": channel,
               "amount": 1253.94 / rank, "fraud_probability": 0.9 / rank, "outcome": outcome,
               "reasons": "8.9 times this card's mean payment in the last 30 days; 3 payments with this card in the last hour"}
              for rank, (channel, outcome) in enumerate([("web", "fraud"), ("pos", "pending"), ("atm", "honest")], 1)]
    write_json({"as_of": "2026-04-01", "day": "2026-03-31", "reviewed": 97, "pending": 43, "precision": 0.19, "list": alerts,
                "by_week": [{"week": "2026-03-18", "reviewed": 70, "precision": 0.2}, {"week": "2026-03-25", "reviewed": 27, "precision": 0.185}],
                "repeated_false_alarms": [{"card": CARD, "times": 3}]}, folder / "alerts.json")
    pd.DataFrame(alerts).drop(columns="reasons").to_csv(folder / "alerts.csv", index=False)


CARD = "c626acac5f65354c5"


def write_loop(folder: Path) -> None:
    """What the loop decided, and what that saved."""
    folder.mkdir(parents=True)
    done = [{"day": "2026-03-25", "decision": "retrain", "rule": "drift", "sentence": "Payments have changed.", "model": "872c84b0"},
            {"day": "2026-03-26", "decision": "keep", "rule": "drift", "sentence": "No gain is sure.", "model": "872c84b0"}]
    (folder / "journal.jsonl").write_text("".join(json.dumps(each) + "\n" for each in done))
    write_json({"ways": {way: {month: {"money_saved_per_day": saved} for month, saved in zip(("2026-02", "2026-03", "all"), figures)}
                         for way, figures in {"never retrained": (300, 250, 275), "the loop": (300, 290, 295)}.items()}}, folder / "story.json")


def write_evidence(folder: Path) -> None:
    """The executed notebook of a stage, and the record of its run."""
    folder.mkdir(parents=True)
    cells = [{"id": "a", "cell_type": "markdown", "metadata": {}, "source": "Has anything moved?"},
             {"id": "b", "cell_type": "code", "metadata": {}, "execution_count": 1, "source": "import secret_code", "outputs": [
                 {"output_type": "stream", "name": "stdout", "text": "85 columns"}]}]
    (folder / "monitor.ipynb").write_text(json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells}))
    write_json({"began": "2026-04-01T08:35:00+00:00", "seconds": 8.74, "machine": {"cpu": "EPYC", "system": "Linux"}}, folder / "monitor.json")


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
    write_alerts(folder / "reports/alerts")
    write_loop(folder / "reports/operate")
    write_evidence(folder / "reports/runs")
    (folder / "dvc.lock").write_text("stages: {monitor: {deps: [{path: data/bundle, md5: 9afbed39.dir}]}}")
    return folder


@pytest.fixture(scope="module")
def server(run_folder: Path, tmp_path_factory: pytest.TempPathFactory):
    """The server and its address; the user's home stays as empty as it was."""
    home = tmp_path_factory.mktemp("home")
    with served([SERVE, run_folder], HOME=str(home)) as started:
        yield started
    assert not list(home.iterdir()), "something was written to the user's home"


@pytest.fixture(scope="module")
def address(server) -> str:
    """The address, with its token."""
    return server[1]


@pytest.fixture(scope="module")
def screenshots(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the pictures go: the folder that SCREENSHOTS names, else one of pytest's."""
    folder = Path(os.environ.get("SCREENSHOTS") or tmp_path_factory.mktemp("screenshots"))
    folder.mkdir(parents=True, exist_ok=True)
    print("screenshots:", folder)
    return folder


def ask(address: str, path: str, cookie: str = "") -> tuple[int, dict[str, str], str]:
    """What a path answers with: the status, the headers and the text."""
    connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=60)
    connection.request("GET", path, headers={"Cookie": cookie} if cookie else {})
    answer = connection.getresponse()
    found = answer.status, dict(answer.getheaders()), answer.read().decode()
    connection.close()
    return found


@pytest.fixture(scope="module")
def cookie(address: str) -> str:
    """What a browser that came with the token sends from then on."""
    status, headers, _ = ask(address, "/?" + urlsplit(address).query)
    assert (status, headers["Location"]) == (302, "/voila/render/overview.ipynb?lang=en")
    return headers["Set-Cookie"].partition(";")[0]


SERVED = [f"/voila/render/{page}" for page in ("overview.ipynb", "drift.ipynb?lang=zh", "model.ipynb", "alerts.ipynb", "evidently.html", "evidence_monitor.html")]


def test_nothing_is_told_without_the_token(address: str) -> None:
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/\?token=[0-9a-f]{48}", address)
    for path in ("/", "/?token=guessed", *SERVED):
        status, headers, text = ask(address, path)
        assert status == 302 and headers["Location"].startswith("/login") and not text, path


def test_there_are_no_other_addresses(address: str, cookie: str) -> None:
    for path in ("/voila/files/voila.py", "/voila/tree", "/voila/api/contents", "/api/kernels", "/voila/render/voila.py", "/voila/render/evidence_.ssh.html",
                 "/voila/render/../../params.yaml", "/voila/templates/base/static/voila.js"):
        assert ask(address, path, cookie)[0] == 404, path


def test_every_page_has_the_written_policy_and_shows_no_code(address: str, cookie: str) -> None:
    page = ("default-src 'none'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-src 'self'; form-action 'self'; base-uri 'none'; "
            "frame-ancestors 'none'")
    report = ("sandbox allow-scripts; default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval'; style-src 'unsafe-inline'; img-src data: blob:; "
              "font-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'")
    for path in SERVED:
        status, headers, text = ask(address, path, cookie)
        assert status == 200 and headers["Content-Security-Policy"] == (report if "evidently" in path else page)
        if "evidently" not in path:
            assert "<script" not in text and "import " not in text and "Traceback" not in text and CARD not in text and CARD[1:] not in text


def test_pages_may_be_framed_where_that_is_configured(run_folder: Path, tmp_path: Path) -> None:
    bank = "https://intranet.bank.example"
    with served([SERVE, run_folder], HOME=str(tmp_path), MLOPS_NB_FRAMES=bank) as (_, address):
        assert ask(address, "/login")[1]["Content-Security-Policy"].endswith(f"frame-ancestors {bank}")


def test_twenty_viewers_at_once_need_less_than_two_gigabytes(server, address: str) -> None:
    most = viewers(server[0], address, SERVED[:4])
    print(f"20 viewers at once: {most:.2f} GB")
    assert most < 2


def test_kernels_that_idle_go(server) -> None:
    server, end = psutil.Process(server[0].pid), time.monotonic() + 60
    while server.children() and time.monotonic() < end:
        time.sleep(0.5)
    assert not server.children()


def test_the_files_say_what_the_server_says(address: str, cookie: str, run_folder: Path) -> None:
    made = subprocess.run([ROOT / ".venv/bin/mlops-site"], cwd=run_folder, capture_output=True, text=True, timeout=60)
    assert made.returncode == 0, made.stderr
    body = lambda page: re.sub(r'(href|src)="(?!data:)[^"]*"|<meta [^>]*>|\s+', "", page)
    site = run_folder / "reports/site"
    for page in ("overview", "drift", "model", "alerts"):
        for language, folder in (("en", site), ("zh", site / "zh")):
            file = folder / f"{'index' if page == 'overview' else page}.html"
            assert body(file.read_text()) == body(ask(address, f"/voila/render/{page}.ipynb?lang={language}", cookie)[2])


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


@pytest.fixture
def page(browser):
    """A browser's page that reaches this machine alone; what it tried to reach elsewhere, or was refused, fails the test."""
    opened, refused = browser.new_page(viewport=DESK, accept_downloads=True), []

    def local_only(route) -> None:
        if urlsplit(route.request.url).hostname in ("127.0.0.1", None):
            route.continue_()
        else:
            refused.append(route.request.url)
            route.abort()

    opened.route("**/*", local_only)
    opened.on("console", lambda message: refused.append(message.text) if message.type == "error" else None)
    yield opened
    opened.close()
    assert refused == []


DESK, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
ENGLISH = re.compile(r"(?:[A-Za-z'’]+[ ,;]+){3,}[A-Za-z'’]+")  # four words in a row
NAMES = {"en": ("Overview", "Drift", "Model", "Alerts"), "zh": ("总览", "漂移", "模型", "警报")}
TOLD = {"Overview": ("▲ Needs attention", "Payments have changed since 18 March 2026. The amount of the payment: ", "The newest payment is 30 hours older than 1 April",
                     "of compromised cards found since training", "saved a day", "✓ The model may be used", "“Frauds ranked first” on the test window",
                     "2,530 rows came in: 2,527 were used, 3 were set aside", "26 March 2026", "Renewed by rule", "290"),
        "Drift": ("Of the 4 things the model looks at, 1 moved", "The amount of the payment", "reports/drift/report.html"),
        "Model": ("XGBoost was chosen", "Challenger: XGBoost", "Can its probabilities be believed?", "Web banking"),
        "Alerts": ("Cards to check on 31 March 2026: 3", "8.9 times this card's mean payment", "▲ fraud", "False alarms in the last 28 days")}


def keep(page, file: Path) -> None:
    """A picture of all of the page."""
    page.wait_for_function("document.documentElement.scrollWidth <= innerWidth")  # no sideways scroll
    if page.locator("iframe").count():
        page.locator("iframe").scroll_into_view_if_needed()
        page.wait_for_timeout(500)  # a frame out of sight is not drawn
    page.screenshot(path=file, full_page=True)


@pytest.mark.parametrize("language", NAMES)
def test_every_page_can_be_reached_and_read(page, address: str, language: str, screenshots: Path) -> None:
    page.goto(address)
    if language == "zh":
        page.get_by_role("link", name="中文").click()
    for name, english in zip(NAMES[language], NAMES["en"]):
        page.set_viewport_size(DESK)
        page.get_by_role("navigation").get_by_role("link", name=name, exact=True).click()
        page.locator(f"nav a[aria-current]:has-text('{name}')").wait_for()
        page.wait_for_load_state()
        words = page.locator("body").inner_text()
        assert "Traceback" not in words and CARD not in words
        for told in TOLD[english] if language == "en" else ():
            assert told in words, told
        if language == "zh":
            assert not ENGLISH.search(re.sub(r"Payments have changed\.|No gain is sure\.|amount is <missing>", "", words)), ENGLISH.findall(words)
        if english == "Drift":
            page.frame_locator("iframe").get_by_text("Drift is detected").first.wait_for(timeout=30_000)
        keep(page, screenshots / f"{english.lower()}_{language}.png")
        page.set_viewport_size(PHONE)
        keep(page, screenshots / f"{english.lower()}_{language}_phone.png")


def test_the_words_do_not_wait_for_the_full_report(page, address: str) -> None:
    page.goto(address)
    asked = []
    page.route("**/evidently.html*", lambda route: asked.append(route))  # asked for, and not answered yet
    page.get_by_role("link", name="Drift", exact=True).click(no_wait_after=True)
    page.locator("iframe").scroll_into_view_if_needed()
    assert page.locator(".headline").is_visible() and page.get_by_text("reports/drift/report.html").is_visible()
    report = page.frame_locator("iframe")
    page.wait_for_timeout(100)
    asked[0].continue_()
    report.get_by_text("Drift is detected for 25.0% of columns (1 out of 4)").wait_for(timeout=30_000)
    assert report.get_by_text("amount").first.is_visible()


def test_a_number_leads_to_its_evidence(page, address: str) -> None:
    page.goto(address)
    page.get_by_role("link", name="run, data version and executed notebook (monitor)").first.click()
    words = page.locator("main").inner_text()
    assert "1 April 2026, 08:35 UTC" in words and "9afbed39.dir" in words and "85 columns" in words and "secret_code" not in words


def test_the_list_can_be_taken_along(page, run_folder: Path, address: str) -> None:
    page.goto(address)
    page.get_by_role("link", name="Alerts").click()
    with page.expect_download() as download:
        page.get_by_role("link", name="Download the list as CSV").click()
    assert Path(download.value.path()).read_bytes() == (run_folder / "reports/alerts/alerts.csv").read_bytes()


def test_the_files_can_be_read_without_a_server(page, run_folder: Path) -> None:
    site = run_folder / "reports/site"
    page.goto(f"file://{site}/index.html")
    page.get_by_role("link", name="中文").click()
    page.get_by_role("link", name="漂移", exact=True).click()
    assert page.url == f"file://{site}/zh/drift.html"
    page.locator("iframe").scroll_into_view_if_needed()
    page.frame_locator("iframe").get_by_text("Drift is detected for 25.0% of columns (1 out of 4)").wait_for(timeout=30_000)


def test_a_missing_record_is_told_and_the_rest_stays(page, address: str, run_folder: Path) -> None:
    for name in ("reports/clean/quality.json", "reports/drift/report.html"):
        (run_folder / name).unlink()
    (run_folder / "reports/alerts/alerts.json").write_text("{")
    page.goto(address)
    words = page.locator("body").inner_text()
    assert "reports/clean/quality.json does not exist yet, or cannot be read. To do: run `dvc repro`; the stage clean makes it." in words
    assert "▲ Needs attention" in words and "Traceback" not in words
    for name, told in (("Drift", "There is no full report"), ("Alerts", "reports/alerts/alerts.json does not exist yet, or cannot be read.")):
        page.get_by_role("link", name=name, exact=True).click()
        page.get_by_text(told).wait_for()


def test_a_stopped_monitoring_is_seen_at_once(page, address: str, run_folder: Path, screenshots: Path) -> None:
    page.goto(address)
    assert "Monitoring has stopped" not in page.locator("body").inner_text()
    (run_folder / "params.yaml").write_text("as_of: '2026-04-08'")
    for name in NAMES["en"]:
        page.get_by_role("navigation").get_by_role("link", name=name, exact=True).click()
        page.locator(f"nav a[aria-current]:has-text('{name}')").wait_for()
        assert page.locator(".answer").first.inner_text().startswith("■ Monitoring has stopped")
    page.screenshot(path=screenshots / "stopped.png")
