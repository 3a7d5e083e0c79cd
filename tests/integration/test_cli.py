"""The users' commands against a running engine, as a script and as a person at a terminal call them."""

import json
import os
import pty
import re
import signal
import socketserver
import subprocess
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from importlib.metadata import version
from queue import Queue
from tempfile import TemporaryFile
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from domain.status import OrderStatus
from entrypoints.cli.app import app
from entrypoints.cli.ending import INTERRUPTED, NO_ENGINE, NOT_IN_TIME, ORDER_FAILED, REFUSED, WRONG_USAGE
from tests.builders import an_id
from tests.processes import COMMAND, EngineProcess, free_port, running

ORDER = ("SOL", "USDC", "10", "--user", "anna")


@pytest.fixture(scope="module")
def engine() -> Iterator[EngineProcess]:
    """An engine that is quick and never fails."""
    with running("dev", "--memory", settings={"MOCK_FAILURE_RATE": "0"}) as process:
        yield process


@pytest.fixture(scope="module")
def slow_engine() -> Iterator[EngineProcess]:
    """An engine whose orders are routing for a minute."""
    with running("dev", "--memory", settings={"MOCK_QUOTE_MS": "60000"}) as process:
        yield process


def call(engine: EngineProcess | str, *arguments: str) -> Result:
    """Run a command in this process, on a pipe."""
    url = engine if isinstance(engine, str) else engine.url
    environment = {"ORDER_ENGINE_URL": url, "ORDER_ENGINE_POSTGRES_URL": None, "ORDER_ENGINE_REDIS_URL": None}
    return CliRunner().invoke(app, arguments, env=environment, prog_name="order-engine", catch_exceptions=False)


def ask(engine: EngineProcess, *arguments: str) -> Any:
    """Run a command that must succeed and answers with JSON."""
    ended = call(engine, *arguments, "--json")
    assert (ended.exit_code, ended.stderr) == (0, "")
    return json.loads(ended.stdout)


def at_terminal(engine: EngineProcess, *arguments: str, **environment: str) -> tuple[int, str]:
    """Run a command on a terminal of its own; return its exit code and all that it drew."""
    ours, theirs = pty.openpty()
    variables = {**os.environ, "ORDER_ENGINE_URL": engine.url, "TERM": "xterm-256color", **environment}
    with subprocess.Popen([COMMAND, *arguments], env=variables, stdin=theirs, stdout=theirs, stderr=theirs) as process:
        os.close(theirs)
        drawn = b""
        while True:
            try:
                part = os.read(ours, 65536)
            except OSError:  # how a terminal says that nobody is left on it
                break
            drawn += part
        os.close(ours)
        return process.wait(10), drawn.decode()


def test_it_says_its_version_and_helps_in_short() -> None:
    assert call("", "--version").stdout == f"order-engine {version('order-engine')}\n"
    for words in ((), ("orders",), ("orders", "list")):
        assert call("", *words, "-h").stdout == call("", *words, "--help").stdout != ""


def test_submitting_prints_the_id_alone(engine: EngineProcess) -> None:
    ended = call(engine, "submit", *ORDER)
    assert (ended.exit_code, ended.stderr) == (0, "")
    order = ask(engine, "orders", "show", ended.stdout.strip())["order"]
    assert (order["userId"], order["amount"], order["inputToken"]) == ("anna", 10, "SOL")


def test_submitting_and_watching_to_the_end(engine: EngineProcess) -> None:
    ended = call(engine, "submit", *ORDER, "--watch")
    assert (ended.exit_code, ended.stderr) == (0, "")
    lines = ended.stdout.splitlines()
    assert lines[0].startswith("10 SOL to USDC for anna")
    assert [line.split()[2] for line in lines[1:-1]] == [
        "pending", "routing", "routing", "building", "submitted", "confirmed",
    ]  # fmt: skip
    assert lines[-1].startswith("Confirmed after")
    assert lines[-1].endswith("_mock")


def test_on_a_terminal_it_is_drawn_in_colours_unless_they_are_not_wanted(engine: EngineProcess) -> None:
    code, drawn = at_terminal(engine, "submit", *ORDER, "--watch", NO_COLOR="")
    assert code == 0
    assert "\x1b[32m✓" in drawn
    assert "Confirmed after" in drawn
    code, plain = at_terminal(engine, "submit", *ORDER, "--watch", NO_COLOR="1")
    assert code == 0
    assert "Confirmed after" in plain
    assert "\x1b[32m" not in plain


def test_json_lines_are_the_frames(engine: EngineProcess) -> None:
    ended = call(engine, "submit", *ORDER, "--watch", "--json")
    frames = [json.loads(line) for line in ended.stdout.splitlines()]
    assert [frame["seq"] for frame in frames] == [0, 1, 2, 3, 4, 5]
    again = call(engine, "orders", "watch", frames[0]["orderId"], "--json")
    assert (again.exit_code, again.stdout) == (0, ended.stdout)
    assert ask(engine, "orders", "show", frames[0]["orderId"])["events"] == frames


def test_a_key_makes_one_order(engine: EngineProcess) -> None:
    key = an_id()
    first = ask(engine, "submit", *ORDER, "--idempotency-key", key)
    second = ask(engine, "submit", *ORDER, "--idempotency-key", key)
    assert (first["replayed"], second) == (False, {**first, "replayed": True})
    other = call(engine, "submit", *ORDER[:2], "11", *ORDER[3:], "--idempotency-key", key)
    assert (other.exit_code, other.stdout) == (REFUSED, "")
    assert "idempotency_key_reused" in other.stderr


def test_every_bad_field_is_told(engine: EngineProcess) -> None:
    ended = call(engine, "submit", "SOL", "sol", "0", "--user", " ", "--slippage-bps", "10001")
    assert (ended.exit_code, ended.stdout) == (REFUSED, "")
    for field in ("outputToken", "amount", "userId", "slippageBps"):
        assert f"  {field}: " in ended.stderr


def test_wrong_usage_ends_with_2(engine: EngineProcess) -> None:
    for arguments in (
        ("submit", "SOL"),
        ("orders", "list", "--status", "nice"),
        ("orders", "list", "--url", "ftp://x"),
    ):
        assert call(engine, *arguments).exit_code == WRONG_USAGE


def test_listing(engine: EngineProcess) -> None:
    user = an_id()
    ids = [ask(engine, "submit", *ORDER[:3], "-u", user)["orderId"] for _ in range(3)]
    listed = ask(engine, "orders", "list", "--user", user, "--limit", "2")
    assert [order["orderId"] for order in listed["data"]] == [ids[2], ids[1]]
    assert listed["nextCursor"]
    everything = ask(engine, "orders", "list", "--user", user, "--all")
    assert ([order["orderId"] for order in everything["data"]], everything["nextCursor"]) == (ids[::-1], None)
    table = call(engine, "orders", "list", "--user", user).stdout
    assert [line.split()[0] for line in table.splitlines()] == ["order", *ids[::-1]]
    _, narrow = at_terminal(engine, "orders", "list", "-u", user, COLUMNS="80")
    assert all(order_id in narrow for order_id in ids)
    assert "venue" not in narrow
    assert "no such orders" in call(engine, "orders", "list", "--user", an_id()).stdout
    newest = listed["data"][0]["orderId"]
    chosen = ("--pair", "SOL/USDC", "--since", "2026-01-01T00:00:00Z", "--until", "9998-01-01T00:00:00+02:00")
    statuses = [word for status in OrderStatus for word in ("--status", status)]
    found = ask(engine, "orders", "list", "--user", user, "--limit", "1", *chosen, *statuses)
    assert [order["orderId"] for order in found["data"]] == [newest]
    assert ask(engine, "orders", "list", "--user", user, "--venue", "Nowhere")["data"] == []


def test_showing(engine: EngineProcess) -> None:
    order_id = ask(engine, "submit", *ORDER, "--client-order-id", (name := an_id()))["orderId"]
    call(engine, "orders", "watch", order_id)
    shown = call(engine, "orders", "show", order_id).stdout
    for part in (order_id, "confirmed", name, "Raydium", "Meteora", "Swap executed successfully", engine.url):
        assert part in shown


def test_showing_by_url_whatever_the_servers_settings_are(
    engine: EngineProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    order_id = ask(engine, "submit", *ORDER)["orderId"]
    monkeypatch.setenv("ORDER_ENGINE_POSTGRES_URL", f"postgresql://127.0.0.1:{free_port()}/x")
    shown = CliRunner().invoke(app, ["orders", "show", order_id, "--json", "--url", engine.url])
    assert (shown.exit_code, json.loads(shown.stdout)["order"]["orderId"]) == (0, order_id)


@pytest.mark.parametrize("command", ["show", "watch", "cancel"])
def test_an_unknown_order(engine: EngineProcess, command: str) -> None:
    ended = call(engine, "orders", command, an_id())
    assert (ended.exit_code, ended.stdout) == (REFUSED, "")
    assert ended.stderr == "Refused (order_not_found): No such order.\n"


def test_a_cancelled_order_is_a_failed_one(slow_engine: EngineProcess) -> None:
    order_id = ask(slow_engine, "submit", *ORDER)["orderId"]
    assert "only the servers know" in call(slow_engine, "orders", "show", order_id).stdout
    assert ask(slow_engine, "orders", "cancel", order_id)["reasonCode"] == "cancelled"
    again = call(slow_engine, "orders", "cancel", order_id)
    assert (again.exit_code, "order_not_cancellable" in again.stderr) == (REFUSED, True)
    watched = call(slow_engine, "orders", "watch", order_id)
    assert watched.exit_code == ORDER_FAILED
    assert "Order cancelled (cancelled)" in watched.stdout.splitlines()[-1]


def test_watching_no_longer_than_is_wanted(slow_engine: EngineProcess) -> None:
    ended = call(slow_engine, "submit", *ORDER, "--watch", "--timeout", "0.5")
    assert ended.exit_code == NOT_IN_TIME
    assert "did not finish in time" in ended.stderr
    assert "order-engine orders watch" in ended.stderr


@pytest.mark.parametrize("as_json", [False, True])
def test_all_orders_are_followed_until_ctrl_c(engine: EngineProcess, as_json: bool) -> None:
    command = [COMMAND, "orders", "tail", "--url", engine.url, "--user", (user := an_id()), *["--json"] * as_json]
    # Who starts the tests in the background of a script has them ignore it, and so would the command.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with TemporaryFile("w+") as troubles:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=troubles, text=True)
        stdout, lines = process.stdout, Queue[str]()
        assert stdout is not None
        reader = threading.Thread(target=lambda: deque(map(lines.put, stdout)))
        reader.start()
        try:
            until = time.monotonic() + 20
            while lines.empty():  # nothing says when it follows
                placed = call(engine, "submit", *ORDER[:3], "--user", user)
                assert (placed.exit_code, time.monotonic() < until) == (0, True), placed.output
            first = lines.get()
            process.send_signal(signal.SIGINT)
            process.wait(10)
        finally:
            process.kill()
            process.wait(10)
            reader.join(10)
            stdout.close()
        troubles.seek(0)
        err = troubles.read()
    assert (process.returncode, err) == (INTERRUPTED, "")
    if as_json:
        assert json.loads(first)["userId"] == user
    else:
        assert re.fullmatch(rf"[0-9:.]{{12}}Z  [0-9a-f-]{{36}}  \w+ +.+  \({user}\)\n", first)


def test_a_load(engine: EngineProcess) -> None:
    told = ask(engine, "load", "--orders", "200")
    assert (told["accepted"], told["finished"], told["refused"]) == (200, 200, {})
    assert told["endings"] == [{"status": "confirmed", "reasonCode": None, "count": 200}]
    assert told["followedBy"] == "feed"
    assert 0 < told["acceptMs"]["p50"] <= told["acceptMs"]["p99"] <= told["acceptMs"]["max"]
    assert told["acceptToFinalMs"]["p50"] > 100


def test_a_load_on_a_terminal_shows_its_progress_and_a_table(engine: EngineProcess) -> None:
    code, drawn = at_terminal(engine, "load", "--orders", "50", "--rate", "200")
    assert code == 0
    assert "50/50" in drawn
    assert "accept to final" in drawn
    assert "50 finished in" in drawn


def test_a_load_that_does_not_finish_in_time(slow_engine: EngineProcess) -> None:
    ended = call(slow_engine, "load", "--orders", "5", "--timeout", "0.2")
    assert ended.exit_code == NOT_IN_TIME
    assert "5 accepted orders did not finish in time" in ended.stderr
    assert "open" in ended.stdout


def test_ctrl_c_tells_what_is_known(slow_engine: EngineProcess) -> None:
    command = [COMMAND, "load", "--orders", "20", "--json", "--url", slow_engine.url, "--user", (user := an_id())]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        while len(ask(slow_engine, "orders", "list", "-u", user)["data"]) < 20:
            pass
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=10)
    told = json.loads(out)
    assert (process.returncode, told["accepted"], told["unfinishedCount"]) == (INTERRUPTED, 20, 20)
    assert err == ""


class _Web(BaseHTTPRequestHandler):
    """A web server that is no engine."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<h1>It works!")

    do_POST = do_GET

    def log_message(self, *_: object) -> None:
        """Keep quiet."""


class _Guard(_Web):
    """A proxy that knows nobody, and looks whether somebody is named."""

    def do_GET(self) -> None:
        named = self.headers["Authorization"] == "Basic YW5uYTpodW50ZXIy"
        self.send_response(401 if named else 500)
        self.send_header("WWW-Authenticate", 'Basic realm="engines"')
        self.end_headers()

    do_POST = do_GET


class _Greeter(socketserver.BaseRequestHandler):
    """A server that does not speak HTTP."""

    def handle(self) -> None:
        self.request.sendall(b"220 mail.example ready\r\n\r\n")
        while self.request.recv(1000):
            pass


@contextmanager
def serving(server: socketserver.TCPServer) -> Iterator[str]:
    with server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


EVERY_COMMAND = [
    ("submit", *ORDER),
    ("submit", *ORDER, "--watch", "--json"),
    ("orders", "list"),
    ("orders", "list", "--json"),
    ("orders", "show", an_id()),
    ("orders", "watch", an_id()),
    ("orders", "cancel", an_id()),
    ("orders", "tail"),
    ("load", "--orders", "1"),
]


@pytest.mark.parametrize("command", EVERY_COMMAND, ids=" ".join)
def test_nobody_there_and_somebody_else_there(command: tuple[str, ...]) -> None:
    nobody = f"http://127.0.0.1:{free_port()}"
    ended = call(nobody, *command)
    assert (ended.exit_code, ended.stdout) == (NO_ENGINE, "")
    assert ended.stderr == (
        f"No engine answers at {nobody}: start one with `make run` or `order-engine dev`, or name another with --url.\n"
    )
    with_password = call(nobody.replace("//", "//anna:hunter2@"), *command)
    assert (with_password.stdout, with_password.stderr) == (ended.stdout, ended.stderr)
    with serving(HTTPServer(("127.0.0.1", 0), _Guard)) as url:
        ended = call(url.replace("//", "//anna:hunter2@"), *command)
        assert (ended.exit_code, ended.stdout) == (REFUSED, "")
        assert ended.stderr == (
            "Refused (unauthenticated): What stands before the engine asks for a user name and a password, "
            "or refuses them.\n"
        )
    with serving(HTTPServer(("127.0.0.1", 0), _Web)) as url:
        ended = call(url, *command)
        assert (ended.exit_code, ended.stdout) == (NO_ENGINE, "")
        assert ended.stderr.startswith(f"{url} answers, but it is not an order engine")
    with serving(socketserver.TCPServer(("127.0.0.1", 0), _Greeter)) as url:
        ended = call(url, *command)
        assert (ended.exit_code, ended.stdout) == (NO_ENGINE, "")
        assert "it is not an order engine: what it says is not HTTP." in ended.stderr
