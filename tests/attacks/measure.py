"""What one connection's flood costs the server's process and its other clients."""

import contextlib
import os
import socket
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import httpx
from attrs import define, frozen

from tests.attacks.floods import BYTES, Flood
from tests.processes import EngineProcess

AFTER_SECONDS = 15.0
PROBE_SECONDS = 0.02


@frozen
class Cost:
    """MiB above the memory before: at most meanwhile, and at least within AFTER_SECONDS of the close; seconds."""

    sent: float
    grown: float
    left: float
    slowest: float


def resident(process: EngineProcess) -> float:
    """Return a process's memory, in MiB."""
    pages = Path(f"/proc/{process.process.pid}/statm").read_text().split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE") / (1 << 20)


def cost_of(flood: Flood, process: EngineProcess, *, opened: bytes = b"", seconds: float = 20) -> Cost:
    """Send a flood for so long, or until all is gone or the server ends it. `opened` makes a socket of it first."""
    before = resident(process)
    with _observed(process) as seen:
        sent = _send(flood, process.url, opened, seconds)
    ended, left = time.monotonic(), resident(process) - before
    while left > 1 and time.monotonic() - ended < AFTER_SECONDS:
        time.sleep(0.1)
        left = min(left, resident(process) - before)
    return Cost(sent / (1 << 20), seen.memory - before, left, seen.slowest)


@define
class _Seen:
    memory: float = 0.0
    slowest: float = 0.0


@contextlib.contextmanager
def _observed(process: EngineProcess) -> Iterator[_Seen]:
    """Look at a process's memory and how soon it answers, meanwhile."""
    seen, stop = _Seen(resident(process)), threading.Event()

    def watch() -> None:
        while not stop.wait(PROBE_SECONDS):
            seen.memory = max(seen.memory, resident(process))

    def probe() -> None:
        while not stop.wait(PROBE_SECONDS):
            begun = time.monotonic()
            with contextlib.suppress(urllib.error.HTTPError):
                urllib.request.urlopen(f"{process.url}/health/live", timeout=60).read()  # noqa: S310 - our own
            seen.slowest = max(seen.slowest, time.monotonic() - begun)

    threads = [threading.Thread(target=job) for job in (watch, probe)]
    for thread in threads:
        thread.start()
    try:
        yield seen
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def _send(flood: Flood, url: str, opened: bytes, seconds: float) -> int:
    """Return how many bytes went."""
    address, until, sent = httpx.URL(url), time.monotonic() + seconds, 0
    with socket.create_connection((address.host, address.port or 80), timeout=5) as client:
        if opened:
            client.sendall(opened)
            while b"\r\n\r\n" not in client.recv(65536):
                pass
        if flood.reads:
            threading.Thread(target=_read, args=(client,), daemon=True).start()
        client.settimeout(0.5)
        first, again = flood.pieces()
        rest = first + again
        while sent < BYTES and time.monotonic() < until:
            try:
                gone = client.send(rest)
            except TimeoutError:
                continue
            except OSError:
                break
            sent, rest = sent + gone, rest[gone:] or again
        if sent >= BYTES:
            time.sleep(min(1, max(0, until - time.monotonic())))
    return sent


def _read(client: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while True:
            try:
                if not client.recv(1 << 18):
                    return
            except TimeoutError:
                continue
