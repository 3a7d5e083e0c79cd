"""Webhooks from the command line to a receiver: what an engine's orders come to arrives there, signed."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks import Webhook
from typer.testing import CliRunner, Result

from entrypoints.cli.app import app
from tests.builders import an_id
from tests.eventually import eventually
from tests.processes import EngineProcess, running


class Receiver(ThreadingHTTPServer):
    """Takes all, and keeps it."""

    def __init__(self) -> None:
        self.received: list[tuple[dict[str, str], bytes]] = []
        received = self.received

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                received.append(({name.lower(): value for name, value in self.headers.items()}, body))
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        super().__init__(("127.0.0.1", 0), Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/hook"


@pytest.fixture(scope="module")
def engine() -> Iterator[EngineProcess]:
    settings = {"MOCK_FAILURE_RATE": "0", "MOCK_SWAP_MIN_MS": "100", "MOCK_SWAP_MAX_MS": "200"}
    with running("dev", "--memory", settings={**settings, "WEBHOOKS_ALLOW_PRIVATE": "yes"}) as process:
        yield process


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def call(engine: EngineProcess, *arguments: str) -> Result:
    environment = {"ORDER_ENGINE_URL": engine.url, "COLUMNS": "200"}
    return CliRunner().invoke(app, arguments, env=environment, prog_name="order-engine", catch_exceptions=False)


def ask(engine: EngineProcess, *arguments: str) -> Any:
    ended = call(engine, *arguments, "--json")
    assert (ended.exit_code, ended.stderr) == (0, "")
    return json.loads(ended.stdout)


async def test_an_orders_events_arrive_signed_and_in_order(engine: EngineProcess, receiver: Receiver) -> None:
    webhook = ask(engine, "webhooks", "create", receiver.url, "--user", "anna")
    tested = ask(engine, "webhooks", "test", webhook["webhookId"])
    assert (tested["delivered"], tested["status"]) == (True, 204)
    for user in ("anna", "bert"):
        assert call(engine, "submit", "SOL", "USDC", "1", "--user", user, "--watch").exit_code == 0
    await eventually(lambda: len(receiver.received) == 7)
    bodies = [json.loads(body) for _, body in receiver.received]
    assert [body["type"] for body in bodies] == [
        *("webhook.test", "order.pending", "order.routing", "order.routing", "order.building", "order.submitted"),
        "order.confirmed",
    ]
    assert [body["data"]["seq"] for body in bodies[1:]] == [0, 1, 2, 3, 4, 5]
    assert {body["data"]["userId"] for body in bodies[1:]} == {"anna"}
    for headers, body in receiver.received:
        Webhook(webhook["secret"]).verify(body, headers)
    ids = [headers["webhook-id"] for headers, _ in receiver.received[1:]]
    assert ask(engine, "webhooks", "replay", webhook["webhookId"], "--since", "2026-01-01T00:00:00Z") == {"orders": 1}
    await eventually(lambda: len(receiver.received) == 13)
    assert [headers["webhook-id"] for headers, _ in receiver.received[7:]] == ids
    tried = ask(engine, "webhooks", "deliveries", webhook["webhookId"], "--limit", "3")["data"]
    assert [each["seq"] for each in tried] == [5, 4, 3]
    listed = call(engine, "webhooks", "deliveries", webhook["webhookId"])
    assert (listed.exit_code, listed.stdout.count("order.confirmed")) == (0, 2)
    call(engine, "webhooks", "remove", webhook["webhookId"])


def test_a_webhook_is_listed_changed_and_removed(engine: EngineProcess) -> None:
    made = call(engine, "webhooks", "create", "https://hooks.example.com/", "--user", "carl", "--event", "order.failed")
    assert made.exit_code == 0
    assert made.stdout.startswith("whsec_")
    assert "not shown again" in made.stderr
    [webhook] = ask(engine, "webhooks", "list", "--user", "carl")["data"]
    webhook_id = webhook["webhookId"]
    assert call(engine, "webhooks", "rotate-secret", webhook_id).stdout.startswith("whsec_")
    changed = ask(engine, "webhooks", "change", webhook_id, "--disable", "--event", "order.confirmed")
    assert (changed["enabled"], changed["events"]) == (False, ["order.confirmed"])
    assert "no: user" in call(engine, "webhooks", "list").stdout
    refused = call(engine, "webhooks", "replay", webhook_id, "--since", "2026-01-01T00:00:00Z")
    assert (refused.exit_code, "enable it first" in refused.stderr) == (1, True)
    assert call(engine, "webhooks", "remove", webhook_id).stdout == "The webhook is removed.\n"
    assert call(engine, "webhooks", "test", an_id()).exit_code == 1
    assert ask(engine, "webhooks", "list", "--user", "carl") == {"data": []}


def test_a_key_is_made_once_and_is_its_owners_alone(engine: EngineProcess, tmp_path: Path) -> None:
    path = tmp_path / "key"
    first, again = (call(engine, "webhooks", "key", str(path)) for _ in range(2))
    assert {first.stdout, again.stdout} == {f"ORDER_ENGINE_WEBHOOKS_KEY_FILE={path}\n"}
    assert ("stays" in first.stderr, "stays" in again.stderr) == (False, True)
    assert (path.stat().st_mode & 0o777, len(path.read_bytes()) >= 64) == (0o600, True)
    assert call(engine, "webhooks", "key", str(tmp_path / "none" / "key")).exit_code == 1
