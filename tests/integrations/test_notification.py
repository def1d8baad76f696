"""Messages to receivers on this machine: taken, refused, late, or not there at all."""
import json
import os
import re
import socket
import socketserver
import ssl
import subprocess
import threading
import time
from contextlib import chdir, suppress
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace

import pytest

from mlops_nb.base.errors import UserError
from mlops_nb.base.files import write_json
from mlops_nb.integrations import notification
from mlops_nb.integrations.notification import (LANGUAGE, LINK, MAIL, SLACK, TEAMS, message, notify, notify_about_run,
                                                receivers, run_message)
from mlops_nb.pages.site import DASHBOARDS, all_pages
from mlops_nb.words.language import Language
from records import write_run

pytestmark = pytest.mark.slow

SECRET = "T0-very-secret"
AT_ONCE = (0.0, 0.0)
SENTENCE, DECISION = "Payments on the web have doubled.", "XGBoost is proposed."
DRIFT = message(Language(), "2026-06-03", "attention", SENTENCE, DECISION, link="https://bank.example/drift")


class Hook(ThreadingHTTPServer):
    """A webhook that answers as it is told to, one answer after the other, the last one for ever;
    `delay` before it and `after` it, in seconds."""

    def __init__(self, *answers: int, headers: dict[str, str] | None = None, delay: float = 0, after: float = 0):
        super().__init__(("127.0.0.1", 0), _Post)
        self.answers, self.headers, self.delay, self.after, self.came = list(answers), headers or {}, delay, after, []
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/services/{SECRET}"


class _Post(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        hook: Hook = self.server
        hook.came.append((self.path, json.loads(self.rfile.read(int(self.headers["Content-Length"])))))
        time.sleep(hook.delay)
        self.send_response(hook.answers.pop(0) if len(hook.answers) > 1 else hook.answers[0])
        for name, value in hook.headers.items():
            self.send_header(name, value)
        self.end_headers()
        time.sleep(hook.after)

    def log_message(self, *words: object) -> None:
        pass


class Post(socketserver.ThreadingTCPServer):
    """A mail server that keeps what it gets, and what came before encryption; with a context it offers STARTTLS;
    it refuses what `refuses` names."""

    daemon_threads = True

    def __init__(self, refuses: bytes = b"no such line", code: bytes = b"550", context: ssl.SSLContext | None = None):
        super().__init__(("127.0.0.1", 0), _Talk)
        self.refuses, self.code, self.context, self.heard, self.open = refuses, code, context, [], []
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def settings(self) -> dict[str, str]:
        return {MAIL["to"]: "a@bank.example, b@bank.example", MAIL["from"]: "bank@bank.example",
                MAIL["host"]: f"127.0.0.1:{self.server_address[1]}"}


class _Talk(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        self.wfile.write(b"220 ready\r\n")
        in_data, encrypted = False, False
        while line := self.rfile.readline():
            self.server.heard.append(line)
            if not encrypted:
                self.server.open.append(line)
            if in_data and line != b".\r\n":
                continue
            if line.startswith(b"ehlo"):
                offer = b"250-STARTTLS\r\n" if self.server.context else b""
                self.wfile.write(b"250-here\r\n" + offer + b"250 AUTH PLAIN LOGIN\r\n")
            elif line == b"STARTTLS\r\n":
                self.wfile.write(b"220 go on\r\n")
                with suppress(ssl.SSLError, ConnectionError): # of a client that does not trust it
                    context = self.server.context
                    self.connection, encrypted = context.wrap_socket(self.connection, server_side=True), True
                    self.rfile, self.wfile = self.connection.makefile("rb"), self.connection.makefile("wb", buffering=0)
                if not encrypted:
                    return
            elif line.startswith(b"AUTH"):
                self.wfile.write(b"235 welcome\r\n")
            elif self.server.refuses in line:
                self.wfile.write(self.server.code + b" no\r\n")
            else:
                in_data = line.upper() == b"DATA\r\n"
                self.wfile.write(b"354 go on\r\n" if in_data else b"250 ok\r\n")
            if line.upper() == b"QUIT\r\n":
                return


@pytest.fixture
def started():
    """What starts servers, and stops them at the end."""
    servers = []

    def start(server):
        servers.append(server)
        return server

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def nobody() -> int:
    """A port at which nobody answers."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def test_everybody_is_told(started) -> None:
    slack, teams, post = started(Hook(200)), started(Hook(202)), started(Post())
    to = receivers({SLACK: slack.address, TEAMS: teams.address} | post.settings)
    assert [str(outcome) for outcome in notify(DRIFT, to, AT_ONCE)] == [
        f"{name}: delivered, 1 attempt" for name in ("Slack", "Teams", "E-mail")]
    [(path, said)], [(_, card)] = slack.came, teams.came
    assert path.endswith(SECRET) and SENTENCE in said["text"] and DRIFT.link in json.dumps(said)
    assert [block["type"] for block in card["attachments"][0]["content"]["body"]] == ["RichTextBlock"] * 3
    mail = b"".join(post.heard).decode()
    assert "rcpt TO:<b@bank.example>" in mail and SENTENCE in mail and DECISION in mail and DRIFT.link in mail


def test_a_busy_receiver_is_tried_again(started) -> None:
    slack = started(Hook(503, 429, 200))
    [outcome] = notify(DRIFT, receivers({SLACK: slack.address}), AT_ONCE)
    assert outcome.delivered and outcome.attempts == len(slack.came) == 3


def test_the_pause_that_a_receiver_asks_for_is_kept_up_to_a_limit(started, monkeypatch: pytest.MonkeyPatch) -> None:
    pauses = []
    monkeypatch.setattr(notification, "time", SimpleNamespace(sleep=pauses.append))
    slack = started(Hook(429, headers={"Retry-After": "7"}))
    teams = started(Hook(429, headers={"Retry-After": "86400"}))
    notify(DRIFT, receivers({SLACK: slack.address, TEAMS: teams.address}), AT_ONCE)
    assert pauses == [7, 7, 60, 60]


@pytest.mark.parametrize(("wait", "least", "most"), [
    (30, 28, 30), (86400, 60, 60), (-86400, 1, 1), (None, 1, 1)])
def test_the_pause_may_be_given_as_a_date(started, monkeypatch: pytest.MonkeyPatch, wait: int | None, least: float,
                                          most: float) -> None:
    pauses = []
    monkeypatch.setattr(notification, "time", SimpleNamespace(sleep=pauses.append))
    asked = ("sometime" if wait is None
             else format_datetime(datetime.now(timezone.utc) + timedelta(seconds=wait), usegmt=True))
    notify(DRIFT, receivers({SLACK: started(Hook(503, headers={"Retry-After": asked})).address}), [1])
    assert len(pauses) == 1 and least <= pauses[0] <= most


class Dribble(socketserver.ThreadingTCPServer):
    """Sends a byte of a greeting now and then, and never a whole line."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Bytes)
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()


class _Bytes(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        with suppress(OSError):
            for _ in range(100):
                self.request.sendall(b"2")
                time.sleep(0.05)


def test_a_receiver_that_dribbles_holds_nobody_up(started, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notification, "LIMIT", 0.3)
    place, teams = f"127.0.0.1:{started(Dribble()).server_address[1]}", started(Hook(200))
    to = receivers({SLACK: f"http://{place}/{SECRET}", TEAMS: teams.address, MAIL["to"]: "a@bank.example",
                    MAIL["from"]: "b@bank.example", MAIL["host"]: place})
    began = time.monotonic()
    assert [str(outcome) for outcome in notify(DRIFT, to, AT_ONCE)] == [
        "Slack: not delivered after 3 attempts: not done within 0.3 seconds", "Teams: delivered, 1 attempt",
        "E-mail: not delivered after 3 attempts: not done within 0.3 seconds"]
    assert time.monotonic() - began < 4


def test_an_answer_without_end_is_not_read(started, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notification, "LIMIT", 2)
    slack = started(Hook(200, headers={"Content-Length": "1000000"}, after=3))
    assert [str(outcome) for outcome in notify(DRIFT, receivers({SLACK: slack.address}), ())] == [
        "Slack: delivered, 1 attempt"]


@pytest.mark.parametrize("answer", [301, 400, 404])
def test_a_wrong_address_is_not_tried_again(started, answer: int) -> None:
    elsewhere = started(Hook(200))
    slack = started(Hook(answer, headers={"Location": elsewhere.address}))
    [outcome] = notify(DRIFT, receivers({SLACK: slack.address}), AT_ONCE)
    assert str(outcome) == f"Slack: not delivered after 1 attempt: it answered {answer}"
    assert len(slack.came) == 1 and not elsewhere.came, "a redirect was followed"


def test_one_that_fails_stops_nobody_and_gives_no_secret_away(started, monkeypatch: pytest.MonkeyPatch,
                                                              capfd: pytest.CaptureFixture, caplog) -> None:
    monkeypatch.setattr(notification, "TIMEOUT", 1)
    caplog.set_level("INFO")  # at DEBUG urllib3 itself writes down every path
    late, post = started(Hook(200, delay=2)), started(Post())
    to = receivers({SLACK: f"http://127.0.0.1:{nobody()}/services/{SECRET}", TEAMS: late.address} | post.settings)
    outcomes = notify(DRIFT, to, AT_ONCE)
    assert [outcome.delivered for outcome in outcomes] == [False, False, True]
    assert [outcome.attempts for outcome in outcomes] == [3, 3, 1]
    assert [outcome.problem for outcome in outcomes] == ["no connection", "no answer within 1 seconds", ""]
    shown = repr((to, outcomes)) + "".join(capfd.readouterr()) + caplog.text
    assert SECRET not in shown


def test_a_mail_server_without_starttls_never_sees_the_password(started) -> None:
    post = started(Post())
    [outcome] = notify(DRIFT, receivers(post.settings | {MAIL["user"]: "bank", MAIL["password"]: SECRET}), AT_ONCE)
    assert "offers no STARTTLS" in str(outcome) and outcome.attempts == 1
    assert SECRET.encode() not in b"".join(post.heard) and b"AUTH" not in b"".join(post.heard)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key and a certificate of 127.0.0.1 that nobody trusts unless told to."""
    folder = tmp_path_factory.mktemp("certificate")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                    "-days", "2", "-subj", "/CN=here", "-addext", "subjectAltName=IP:127.0.0.1",
                    "-keyout", folder / "key", "-out", folder / "certificate"],
                   check=True, capture_output=True)
    (folder / "both").write_text((folder / "key").read_text() + (folder / "certificate").read_text())
    return folder / "both"


@pytest.mark.parametrize("login", [{}, {MAIL["user"]: "bank", MAIL["password"]: SECRET}],
                         ids=["no password", "password"])
def test_a_mail_server_that_offers_starttls_is_written_to_that_way(started, certificate: Path,
                                                                   monkeypatch: pytest.MonkeyPatch,
                                                                   login: dict) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    post = started(Post(context=context))
    to = receivers(post.settings | login)
    assert [str(outcome) for outcome in notify(DRIFT, to, AT_ONCE)] == [
        "E-mail: not delivered after 1 attempt: its certificate is not accepted"]
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    assert [outcome.delivered for outcome in notify(DRIFT, to, AT_ONCE)] == [True]
    assert (SENTENCE.encode() in b"".join(post.heard)
            and any(line.startswith(b"AUTH") for line in post.heard) == bool(login))
    assert {line.split()[0].upper() for line in post.open} == {b"EHLO", b"STARTTLS"}


def test_a_mail_server_refuses(started) -> None:
    some, none, busy = started(Post(b"<b@")), started(Post(b"@bank.example>")), started(Post(b"mail FROM", b"451"))
    problems = [notify(DRIFT, receivers(post.settings), AT_ONCE)[0] for post in (some, none, busy)]
    assert [str(outcome) for outcome in problems] == [
        "E-mail: not delivered after 1 attempt: it refused 1 of the addresses, the others have it",
        "E-mail: not delivered after 1 attempt: it answered 550",
        "E-mail: not delivered after 3 attempts: it answered 451"]


@pytest.fixture(scope="module")
def run_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run whose amounts went up after training."""
    return write_run(tmp_path_factory.mktemp("run"))


def test_a_run_is_told(started, run_folder: Path) -> None:
    slack = started(Hook(200))
    assert notify_about_run(run_folder, {SLACK: slack.address, LINK: DRIFT.link}) == ["Slack: delivered, 1 attempt"]
    text = slack.came[0][1]["text"]
    assert ("Transactions have changed since 18 March 2026. Amount of the transaction:" in text
            and "XGBoost is promoted." in text)
    [shown] = notify_about_run(run_folder, {SLACK: slack.address}, preview=True)
    assert shown.startswith("Slack would get:") and SECRET not in shown and len(slack.came) == 1


def test_the_message_says_what_the_page_says_in_the_readers_language(run_folder: Path) -> None:
    with chdir(run_folder):
        page = re.sub(r"<[^>]+>", "", all_pages(Language("zh"), DASHBOARDS)["overview"])
    [_, verdict, decision] = run_message(run_folder, language=Language("zh")).lines
    assert verdict in page and decision == "XGBoost已启用。"
    [shown] = notify_about_run(run_folder, {SLACK: "https://bank.example/hook", LANGUAGE: "zh"}, preview=True)
    assert "欺诈检测，2026年4月1日" in shown


def test_records_of_an_older_form_are_refused(tmp_path: Path) -> None:
    for name in ("drift", "register"):
        (tmp_path / "reports" / name).mkdir(parents=True)
    write_json({"health": "attention", "manager": SENTENCE, "as_of": "2026-06-03"},
               tmp_path / "reports/drift/verdict.json")
    with pytest.raises(UserError, match="from before there were versions"):
        run_message(tmp_path)


@pytest.mark.parametrize("link", ["https://bank.example/drift?token=", "https://bank.example/drift?a=1&access_Token=", "https://bank.example/#t%6Fken%3D"])
def test_a_link_with_a_token_goes_to_nobody(started, run_folder: Path, link: str) -> None:
    slack = started(Hook(200))
    for preview in (False, True):
        with pytest.raises(UserError) as error:
            notify_about_run(run_folder, {SLACK: slack.address, LINK: link + SECRET}, preview)
        assert error.value.wrong == f"{LINK} holds a token" and SECRET not in str(error.value)
    assert not slack.came


def test_the_command_says_who_was_not_told_and_fails(run_folder: Path) -> None:
    address = f"http://127.0.0.1:{nobody()}/services/{SECRET}"
    script = ("import sys; from types import SimpleNamespace; from mlops_nb.integrations import notification; "
              "notification.time = SimpleNamespace(sleep=lambda seconds: None); sys.argv = ['mlops-notify']; "
              "notification.main()")
    for environment, told in (({SLACK: address}, "1 of 1 receivers were not told"),
                              ({SLACK: f"ftp://{SECRET}"}, f"{SLACK} is no address")):
        done = subprocess.run(["python", "-c", script], cwd=run_folder, env=os.environ | environment,
                              capture_output=True, text=True)
        assert done.returncode == 1 and SECRET not in done.stdout + done.stderr
        assert told in done.stderr and "Traceback" not in done.stderr
