"""Prometheus, Alertmanager and who is told by it, as processes of the test."""

import json
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
from attrs import field, frozen

from tests.alerts import scaled
from tests.processes import free_port

LOOKBACK = "--query.lookback-delta=20s"  # of 5 minutes


@frozen
class Told:
    """What a receiver was sent: who, of which alert, and its annotations."""

    receiver: str
    alert: str
    status: str
    annotations: Mapping[str, str]


@frozen
class Watch:
    """A Prometheus that scrapes the engine, and what its Alertmanager sent."""

    url: str
    alertmanager_url: str
    told: list[Told] = field(factory=list)

    def active(self) -> dict[str, str]:
        """Return the alerts that are pending or firing, each with which of them."""
        found: dict[str, str] = {}
        for alert in self._ask("alerts")["alerts"]:
            if found.get(alert["labels"]["alertname"]) != "firing":
                found[alert["labels"]["alertname"]] = alert["state"]
        return found

    def fired(self, since: float) -> set[str]:
        """Return the alerts that fired at any moment since then, in seconds of the epoch."""
        query = 'ALERTS{alertstate="firing"}'
        found = self._ask("query_range", query=query, start=since, end=time.time(), step=0.5)["result"]
        return {series["metric"]["alertname"] for series in found}

    def points(self, query: str, since: float) -> int:
        """Return how many points a query has since then that are numbers."""
        found = self._ask("query_range", query=query, start=since, end=time.time(), step=2)["result"]
        return sum(value != "NaN" for series in found for _, value in series["values"])

    def up(self) -> list[str]:
        """Return the targets that answer."""
        return [series["metric"]["instance"] for series in self._ask("query", query="up == 1")["result"]]

    def on_call(self) -> set[str]:
        """Return the alerts that Alertmanager tells of now: those that no other explains."""
        answer = httpx.get(f"{self.alertmanager_url}/api/v2/alerts", params={"inhibited": False}, trust_env=False)
        assert answer.status_code == httpx.codes.OK, answer.text
        return {alert["labels"]["alertname"] for alert in answer.json()}

    def _ask(self, what: str, **parameters: object) -> Any:
        answer = httpx.get(f"{self.url}/api/v1/{what}", params=parameters, timeout=20, trust_env=False)  # type: ignore[arg-type]
        assert answer.status_code == httpx.codes.OK, answer.text
        return answer.json()["data"]


@contextmanager
def watching(folder: Path, targets: dict[str, list[str]]) -> Iterator[Watch]:
    """Watch these targets until the block ends."""
    port, other = free_port(), free_port()
    watch = Watch(f"http://127.0.0.1:{port}", f"http://127.0.0.1:{other}")
    with ExitStack() as stack:
        receiver = stack.enter_context(_receiving(watch.told))
        files = scaled.alertmanager(folder, receiver)
        options = (
            f"--storage.path={folder}/told",
            f"--web.listen-address=127.0.0.1:{other}",
            "--cluster.listen-address=",
        )
        stack.enter_context(_running(folder, "alertmanager", f"--config.file={files}", *options))
        files = scaled.prometheus(folder, targets, f"127.0.0.1:{other}")
        options = (f"--storage.tsdb.path={folder}/data", f"--web.listen-address=127.0.0.1:{port}", LOOKBACK)
        stack.enter_context(_running(folder, "prometheus", f"--config.file={files}", *options))
        for url in (watch.url, watch.alertmanager_url):
            _answers(f"{url}/-/ready", folder)
        yield watch


@contextmanager
def _running(folder: Path, program: str, *options: str) -> Iterator[None]:
    with (folder / f"{program}.log").open("w") as log:
        process = subprocess.Popen([program, *options], stdout=log, stderr=log)
        try:
            yield
        finally:
            process.terminate()
            process.wait(20)


def _answers(url: str, folder: Path) -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        with suppress(httpx.HTTPError):
            if httpx.get(url, timeout=2, trust_env=False).status_code == httpx.codes.OK:
                return
        time.sleep(0.1)
    raise AssertionError(f"{url} does not answer: " + "".join(log.read_text() for log in folder.glob("*.log")))


@contextmanager
def _receiving(told: list[Told]) -> Iterator[str]:
    """Take what Alertmanager sends."""

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            told.extend(
                Told(body["receiver"], alert["labels"]["alertname"], alert["status"], alert["annotations"])
                for alert in body["alerts"]
            )
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *arguments: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
