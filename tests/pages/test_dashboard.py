"""The stakeholders' pages, served as `make dashboard` serves them and looked at in a real browser, without internet."""
import csv
import http.client
import os
import re
import subprocess
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest
import requests

from clones import PROJECT
from mlops_nb.benches.dashboard import CHROMIUM, FLAGS, running_server, viewers_memory
from records import CARD, write_run

pytestmark = pytest.mark.slow
SERVE = PROJECT / "nbs/dashboards/serve"


@pytest.fixture(scope="module")
def run_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run whose amounts went up after training, as the stages would have left it."""
    return write_run(tmp_path_factory.mktemp("run"))


@pytest.fixture(scope="module")
def server(run_folder: Path, tmp_path_factory: pytest.TempPathFactory):
    """The server and its address; the user's home stays as empty as it was."""
    home = tmp_path_factory.mktemp("home")
    with running_server([SERVE, run_folder], HOME=str(home)) as started:
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


def kernels_of(server: psutil.Process) -> list[str]:
    """The commands of the server's kernels."""
    return [" ".join(kernel.cmdline()) for kernel in server.children()]


@pytest.fixture(scope="module")
def cookie(address: str) -> str:
    """What a browser that came with the token sends from then on."""
    status, headers, _ = ask(address, "/?" + urlsplit(address).query)
    assert (status, headers["Location"]) == (302, "/voila/render/overview.ipynb?lang=en")
    return headers["Set-Cookie"].partition(";")[0]


SERVED = [f"/voila/render/{page}" for page in (
    "overview.ipynb", "drift.ipynb?lang=zh", "model.ipynb", "alerts.ipynb", "evidently.html", "evidence_monitor.html",
    "quality.html", "model_card.html?lang=zh")]


def test_nothing_is_told_without_the_token(address: str) -> None:
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/\?token=[0-9a-f]{48}", address)
    for path in ("/", "/?token=guessed", *SERVED):
        status, headers, text = ask(address, path)
        assert status == 302 and headers["Location"].startswith("/login") and not text, path


def signed_in(address: str, token: str, **more: str) -> requests.Response:
    """What the sign-in page answers to a new visitor's token."""
    with requests.Session() as visitor:
        at = f"http://{urlsplit(address).netloc}/login"
        asked = visitor.get(at, timeout=60)
        assert asked.status_code == 200 and "<script" not in asked.text
        form = {"_xsrf": visitor.cookies["_xsrf"], "token": token} | more
        return visitor.post(at, form, params=more, allow_redirects=False, timeout=60)


def test_signing_in_takes_the_token_and_nothing_else(address: str) -> None:
    token = urlsplit(address).query.removeprefix("token=")
    page = "/voila/render/drift.ipynb?lang=zh"
    done = signed_in(address, token, next=page, new_password="hunter2")
    assert (done.status_code, done.headers["Location"]) == (302, page)
    [cookie] = [text for text in done.raw.headers.getlist("Set-Cookie") if text.startswith("username")]
    assert all(part in cookie for part in ("HttpOnly", "SameSite=Lax", "expires="))
    assert ask(address, SERVED[6], cookie.partition(";")[0])[0] == 200
    for wrong in ("hunter2", "", token[:-1], "ü"):
        refused = signed_in(address, wrong)
        assert refused.status_code == 401 and "not the token" in refused.text and "username" not in str(refused.headers)
    for elsewhere in ("https://evil.example/", "//evil.example", "/\\evil.example", "/voila/render/../../login"):
        assert signed_in(address, token, next=elsewhere).headers["Location"] == "/"


def test_signing_out_forgets_the_browser(address: str, cookie: str) -> None:
    status, headers, _ = ask(address, "/logout", cookie)
    assert (status, headers["Location"]) == (302, "/login") and '=""' in headers["Set-Cookie"]


def test_head_says_that_a_page_is_there_without_making_it(server, address: str, cookie: str) -> None:
    with requests.Session() as visitor:
        for path in ("/", *SERVED):
            answer = visitor.head(f"http://{urlsplit(address).netloc}{path}", headers={"Cookie": cookie}, timeout=60)
            assert (answer.status_code, answer.text) == (200, "")
            assert visitor.head(f"http://{urlsplit(address).netloc}{path}", timeout=60).status_code == 302
    assert not kernels_of(psutil.Process(server[0].pid))


def test_there_are_no_other_addresses(address: str, cookie: str) -> None:
    for path in ("/voila/files/voila.py", "/voila/tree", "/voila/api/contents", "/api/kernels",
                 "/voila/render/voila.py", "/voila/render/evidence_.ssh.html", "/voila/render/../../params.yaml",
                 "/voila/templates/base/static/voila.js", "/voila/static/style/style.min.css", "/static/favicon.ico"):
        assert ask(address, path, cookie)[0] == 404, path


def test_every_page_has_the_written_policy_and_shows_no_code(address: str, cookie: str) -> None:
    page = ("default-src 'none'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-src 'self'; "
            "form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
    report = ("sandbox allow-scripts; default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval'; "
              "style-src 'unsafe-inline'; img-src data: blob:; font-src data:; base-uri 'none'; form-action 'none'; "
              "frame-ancestors 'self'")
    for path in SERVED:
        status, headers, text = ask(address, path, cookie)
        assert status == 200 and headers["Content-Security-Policy"] == (report if "evidently" in path else page)
        if "evidently" not in path:
            assert ("<script" not in text and "import " not in text and "Traceback" not in text
                    and CARD not in text and CARD[1:] not in text)


def test_pages_may_be_framed_where_that_is_configured(run_folder: Path, tmp_path: Path) -> None:
    bank = "https://intranet.bank.example"
    with running_server([SERVE, run_folder], HOME=str(tmp_path), MLOPS_NB_FRAMES=bank) as (_, address):
        assert ask(address, "/login")[1]["Content-Security-Policy"].endswith(f"frame-ancestors {bank}")


def test_twenty_viewers_at_once_need_less_than_two_gigabytes(server, address: str) -> None:
    most = viewers_memory(server[0], address, SERVED[:4])
    print(f"20 viewers at once: {most:.2f} GB")
    assert most < 2


def test_a_page_has_a_kernel_without_a_debugger_that_ends_with_it(server, address: str, cookie: str) -> None:
    process, seen = psutil.Process(server[0].pid), []
    with ThreadPoolExecutor(1) as pool:
        visit = pool.submit(ask, address, SERVED[0], cookie)
        while not visit.done():
            with suppress(psutil.Error):  # one that has just ended
                seen += kernels_of(process)
    assert visit.result()[0] == 200
    assert any("sys.modules['debugpy'] = None" in words for words in seen)
    assert not kernels_of(process)


def test_a_page_that_does_not_come_says_so_and_leaves_no_kernel(run_folder: Path, tmp_path: Path) -> None:
    with running_server([SERVE, run_folder, "--Dashboard.page_seconds=0.01"], HOME=str(tmp_path)) as (late, address):
        token = "?" + urlsplit(address).query
        status, headers, text = ask(address, SERVED[0] + token)
        assert status == 503 and "not ready after 0.01 seconds" in text and text.endswith("</html>")
        assert headers["Content-Security-Policy"].startswith("default-src 'none'")
        assert not kernels_of(psutil.Process(late.pid))


def test_no_more_kernels_run_at_once_than_are_allowed(run_folder: Path, tmp_path: Path) -> None:
    with running_server([SERVE, run_folder, "--Dashboard.pages_at_once=1"], HOME=str(tmp_path)) as (narrow, address):
        process, seen = psutil.Process(narrow.pid), []
        known = ask(address, "/?" + urlsplit(address).query)[1]["Set-Cookie"].split(";")[0]
        with ThreadPoolExecutor(3) as pool:
            visits = [pool.submit(ask, address, path, known) for path in SERVED[:3]]
            while not all(visit.done() for visit in visits):
                with suppress(psutil.Error):  # one that has just ended
                    seen.append(len(kernels_of(process)))
        assert [visit.result()[0] for visit in visits] == [200] * 3 and max(seen) == 1


def test_the_files_say_what_the_server_says(address: str, cookie: str, run_folder: Path) -> None:
    made = subprocess.run([PROJECT / ".venv/bin/mlops-site"], cwd=run_folder, capture_output=True, text=True,
                          timeout=60)
    assert made.returncode == 0, made.stderr
    body = lambda page: re.sub(r'(href|src)="(?!data:)[^"]*"|<meta [^>]*>|\s+', "", page)
    site = run_folder / "reports/site"
    for page in ("overview", "drift", "model", "alerts"):
        for language, folder in (("en", site), ("zh", site / "zh")):
            file = folder / f"{'index' if page == 'overview' else page}.html"
            answer = ask(address, f"/voila/render/{page}.ipynb?lang={language}", cookie)[2]
            assert body(file.read_text()) == body(answer)


def test_without_its_settings_it_is_not_served(tmp_path: Path) -> None:
    (tmp_path / "voila.py").write_text("from mlops_nb.pages.dashboard import nothing")
    stopped = subprocess.run([SERVE, tmp_path, f"--Voila.config_file_paths={tmp_path}"], capture_output=True, text=True,
                             timeout=60)
    assert stopped.returncode and "cannot import name 'nothing'" in stopped.stderr and "http" not in stopped.stderr


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
    """A browser's page that reaches this machine alone; what it tried to reach elsewhere, or was refused, fails."""
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
NAMES = {"en": ("Overview", "Drift", "Model", "Alerts"), "zh": ("总览", "漂移", "模型", "预警")}
TOLD = {"Overview": ("▲ Needs attention", "Transactions have changed since 18 March 2026. Amount of the transaction: ",
                     "Data as of 1 April 2026, 00:00 UTC. The newest transaction is 30 hours older",
                     "of compromised cards detected since training", "Net losses prevented: ",
                     "✓ The model is promoted", "Average precision (PR-AUC) on the test window",
                     "2,530 rows came in: 2,527 were used, 3 were quarantined", "26 March 2026", "Retrained by rule",
                     "290"),
        "Drift": ("Of the model's 3 features, 1 has drifted", "Amount of the transaction", "reports/drift/report.html"),
        "Model": ("XGBoost was chosen", "Newest model: XGBoost", "Are its probabilities calibrated?", "Web banking"),
        "Alerts": ("Cards to check on 31 March 2026: 3", "13 transactions with this card in the last 7 days",
                   "▲ fraud", "False positives in the last 28 days")}


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
            assert not ENGLISH.search(words), ENGLISH.findall(words)
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
    assert ("1 April 2026, 08:35 UTC" in words and "9afbed39.dir" in words and "85 columns" in words
            and "secret_code" not in words)


def test_the_list_can_be_taken_along(page, address: str) -> None:
    page.goto(address)
    page.get_by_role("link", name="Alerts").click()
    with page.expect_download() as download:
        page.get_by_role("link", name="Download the list as CSV").click()
    titles, *rows = csv.reader(Path(download.value.path()).read_text("utf-8-sig").splitlines())
    assert titles[0] == "Rank" and len(rows) == 3 and rows[0][1] == CARD[1:9]
    assert rows[0][-1] == "the amount of the transaction is 417.98; 13 transactions with this card in the last 7 days"


def test_the_files_can_be_read_without_a_server(page, run_folder: Path) -> None:
    site = run_folder / "reports/site"
    page.goto(f"file://{site}/index.html")
    page.get_by_role("link", name="中文").click()
    page.get_by_role("link", name="漂移", exact=True).click()
    assert page.url == f"file://{site}/zh/drift.html"
    page.locator("iframe").scroll_into_view_if_needed()
    report = page.frame_locator("iframe")
    report.get_by_text("Drift is detected for 25.0% of columns (1 out of 4)").wait_for(timeout=30_000)


def test_a_missing_record_is_told_and_the_rest_stays(page, address: str, run_folder: Path) -> None:
    for name in ("reports/clean/quality.json", "reports/drift/report.html"):
        (run_folder / name).unlink()
    (run_folder / "reports/alerts/alerts.json").write_text("{")
    page.goto(address)
    words = page.locator("body").inner_text()
    assert ("reports/clean/quality.json does not exist yet, cannot be read, or has another form. "
            "To do: run dvc repro; the stage clean writes it.") in words
    assert "▲ Needs attention" in words and "Traceback" not in words
    missing = "reports/alerts/alerts.json does not exist yet, cannot be read, or has another form."
    for name, told in (("Drift", "There is no full report"), ("Alerts", missing)):
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
