"""Messages to receivers on this machine: taken, refused, late, or not there at all."""
import json
import os
import socket
import socketserver
import subprocess
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace

import pytest

from mlops_nb.files import write_json
from mlops_nb.integrations import notification
from mlops_nb.integrations.notification import LINK, MAIL, SLACK, TEAMS, Message, notify, receivers, told

SECRET = "T0-very-secret"
AT_ONCE = (0.0, 0.0)
DRIFT = Message("attention", "Payments on the web have doubled.", "2026-06-03", "XGBoost is proposed.", "https://bank.example/drift")


class Hook(ThreadingHTTPServer):
    """A webhook that answers as it is told to, one answer after the other, the last one for ever."""

    def __init__(self, *answers: int, headers: dict[str, str] | None = None, delay: float = 0):
        super().__init__(("127.0.0.1", 0), _Post)
        self.answers, self.headers, self.delay, self.came = list(answers), headers or {}, delay, []
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

    def log_message(self, *words: object) -> None:
        pass


class Post(socketserver.ThreadingTCPServer):
    """A mail server that keeps what it gets, without STARTTLS; it refuses what `refuses` names."""

    daemon_threads = True

    def __init__(self, refuses: bytes = b"no such line", code: bytes = b"550"):
        super().__init__(("127.0.0.1", 0), _Talk)
        self.refuses, self.code, self.heard = refuses, code, []
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def settings(self) -> dict[str, str]:
        return {MAIL["to"]: "a@bank.example, b@bank.example", MAIL["from"]: "bank@bank.example", MAIL["host"]: f"127.0.0.1:{self.server_address[1]}"}


class _Talk(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        self.wfile.write(b"220 ready\r\n")
        in_data = False
        for line in self.rfile:
            self.server.heard.append(line)
            if in_data and line != b".\r\n":
                continue
            if line.startswith(b"ehlo"):
                self.wfile.write(b"250-here\r\n250 AUTH PLAIN LOGIN\r\n")
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
    assert [str(outcome) for outcome in notify(DRIFT, to, AT_ONCE)] == [f"{name}: delivered, 1 attempt" for name in ("Slack", "Teams", "E-mail")]
    [(path, said)], [(_, card)] = slack.came, teams.came
    assert path.endswith(SECRET) and DRIFT.sentence in said["text"] and DRIFT.link in json.dumps(said)
    assert [block["type"] for block in card["attachments"][0]["content"]["body"]] == ["RichTextBlock"] * 3
    mail = b"".join(post.heard).decode()
    assert "rcpt TO:<b@bank.example>" in mail and DRIFT.sentence in mail and DRIFT.decision in mail and DRIFT.link in mail


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


@pytest.mark.parametrize("answer", [301, 400, 404])
def test_a_wrong_address_is_not_tried_again(started, answer: int) -> None:
    elsewhere = started(Hook(200))
    slack = started(Hook(answer, headers={"Location": elsewhere.address}))
    [outcome] = notify(DRIFT, receivers({SLACK: slack.address}), AT_ONCE)
    assert str(outcome) == f"Slack: not delivered after 1 attempt: it answered {answer}"
    assert len(slack.came) == 1 and not elsewhere.came, "a redirect was followed"


def test_one_that_fails_stops_nobody_and_gives_no_secret_away(started, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture, caplog) -> None:
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


def test_a_mail_server_refuses(started) -> None:
    some, none, busy = started(Post(b"<b@")), started(Post(b"@bank.example>")), started(Post(b"mail FROM", b"451"))
    problems = [notify(DRIFT, receivers(post.settings), AT_ONCE)[0] for post in (some, none, busy)]
    assert [str(outcome) for outcome in problems] == [
        "E-mail: not delivered after 1 attempt: it refused 1 of the addresses, the others have it",
        "E-mail: not delivered after 1 attempt: it answered 550", "E-mail: not delivered after 3 attempts: it answered 451"]


@pytest.fixture
def run_folder(tmp_path: Path) -> Path:
    for name in ("drift", "register"):
        (tmp_path / "reports" / name).mkdir(parents=True)
    write_json({"health": "attention", "manager": DRIFT.sentence, "as_of": DRIFT.as_of}, tmp_path / "reports/drift/verdict.json")
    write_json({"candidate": "xgboost", "verdict": "proposed", "compared": None}, tmp_path / "reports/register/decision.json")
    return tmp_path


def test_a_run_is_told(started, run_folder: Path) -> None:
    slack = started(Hook(200))
    assert told(run_folder, {SLACK: slack.address, LINK: DRIFT.link}) == ["Slack: delivered, 1 attempt"]
    assert "xgboost is proposed." in slack.came[0][1]["text"]
    [shown] = told(run_folder, {SLACK: slack.address}, preview=True)
    assert shown.startswith("Slack would get:") and SECRET not in shown and len(slack.came) == 1


def test_the_command_reports_and_does_not_fail(run_folder: Path) -> None:
    address = f"http://127.0.0.1:{nobody()}/services/{SECRET}"
    script = ("import sys; from types import SimpleNamespace; from mlops_nb.integrations import notification; "
              "notification.time = SimpleNamespace(sleep=lambda seconds: None); sys.argv = ['mlops-notify']; notification.main()")
    for environment, expected in (({SLACK: address}, 0), ({SLACK: f"ftp://{SECRET}"}, 1)):
        done = subprocess.run(["python", "-c", script], cwd=run_folder, env=os.environ | environment, capture_output=True, text=True)
        assert done.returncode == expected and SECRET not in done.stdout + done.stderr
        assert ("not delivered" in done.stdout) if expected == 0 else (f"{SLACK} is no address" in done.stderr)
