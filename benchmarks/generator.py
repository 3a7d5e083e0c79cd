"""Our own load generator, a process of its own: `python -m benchmarks.generator URL --seconds 10 [--rate 1000]`.

Keep-alive connections, one request at a time on each, raw bytes both ways: 20,000 requests/s of one core or so. Prints
one line of JSON, the fields of LoadResult without the tool.
"""

import argparse
import asyncio
import json
import sys
import time
from array import array
from collections import deque
from collections.abc import Iterator, Sequence
from itertools import cycle
from typing import cast
from urllib.parse import urlsplit

import uvloop

_ORDERS = 3000
_TICK_SECONDS = 0.002
_LAST_ANSWERS_SECONDS = 10.0
_now = time.perf_counter  # uvloop's own time goes by whole milliseconds
_ACCEPTED = b"HTTP/1.1 202 "


class Connections:
    """All connections of one load, and what came of their requests. Times are those of `_now`, in seconds."""

    def __init__(self, requests: Iterator[bytes], until: float, rate: float | None) -> None:
        self.latencies = array("d")
        self.not_accepted = 0
        self.idle: deque[Connection] = deque()
        self.busy = 0
        self.quiet = asyncio.Event()  # set while no request is under way
        self.quiet.set()
        self.until = until
        self._requests = requests
        self._rate = rate

    def ready(self, connection: "Connection") -> None:
        """Give the connection its next request, or let it wait for one that is due."""
        if self._rate is None and _now() < self.until:
            self._send(connection, _now())
        else:
            self.idle.append(connection)

    def answered(self, connection: "Connection", accepted: bool) -> None:
        """Note an answer."""
        self._one_less()
        self.latencies.append(_now() - connection.due)
        self.not_accepted += not accepted
        self.ready(connection)

    def lost(self, connection: "Connection") -> None:
        """Note that a connection broke."""
        if connection in self.idle:
            self.idle.remove(connection)
        else:
            self._one_less()
        self.not_accepted += 1

    async def keep_rate(self) -> None:
        """Send what is due until the end of the time; what no connection was free for is sent late, not left out."""
        started = _now()
        sent = 0
        while self._rate is not None and (now := _now()) < self.until:
            while self.idle and (due := started + sent / self._rate) <= now:
                self._send(self.idle.popleft(), due)
                sent += 1
            await asyncio.sleep(_TICK_SECONDS)

    def _one_less(self) -> None:
        self.busy -= 1
        if not self.busy:
            self.quiet.set()

    def _send(self, connection: "Connection", due: float) -> None:
        self.busy += 1
        self.quiet.clear()
        connection.send(next(self._requests), due)


class Connection(asyncio.Protocol):
    """One connection with one request at a time."""

    def __init__(self, all_connections: Connections) -> None:
        self.due = 0.0
        self._all = all_connections
        self._transport: asyncio.Transport | None = None
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's own is no subclass
        self._all.ready(self)

    def send(self, request: bytes, due: float) -> None:
        """Send a request that should have gone at `due`."""
        self.due = due
        if self._transport is not None:
            self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        received = self._received = self._received + data
        head = received.find(b"\r\n\r\n")
        if head < 0 or len(received) < head + 4 + _body_length(received[:head]):
            return
        self._received = b""
        self._all.answered(self, received.startswith(_ACCEPTED))

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        if self._all.until > _now():
            self._all.lost(self)


def _body_length(head: bytes) -> int:
    at = head.lower().find(b"content-length:")
    return int(head[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0


def prepared_requests(host: str, users: int, headers: Sequence[str] = ()) -> list[bytes]:
    """Make the requests that are sent in turn: the users and amounts of wrk.lua."""
    more = "".join(f"{header}\r\n" for header in headers)
    requests = []
    for i in range(1, _ORDERS + 1):
        order = {"inputToken": "SOL", "outputToken": "USDC", "amount": round(0.5 + i * 0.0137, 4), "userId": ""}
        body = json.dumps({**order, "userId": f"user{i % users}"}, separators=(",", ":"))
        head = f"POST /api/orders/execute HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n{more}"
        requests.append(f"{head}Content-Length: {len(body)}\r\n\r\n{body}".encode())
    return requests


async def run(
    url: str, connections: int, seconds: float, users: int, rate: float | None, headers: Sequence[str]
) -> dict[str, float]:
    """Load the API and return the result's fields."""
    address = urlsplit(url)
    loop = asyncio.get_running_loop()
    started = _now()
    load = Connections(cycle(prepared_requests(address.netloc, users, headers)), started + seconds, rate)
    for _ in range(connections):
        await loop.create_connection(lambda: Connection(load), address.hostname or "", address.port or 80)
    await load.keep_rate()
    await asyncio.sleep(load.until - _now())
    async with asyncio.timeout(_LAST_ANSWERS_SECONDS):
        await load.quiet.wait()
    latencies = sorted(load.latencies) or [0.0]
    return {
        "seconds": _now() - started,
        "requests": len(load.latencies),
        "not_accepted": load.not_accepted,
        "p50_ms": 1000 * latencies[len(latencies) // 2],
        "p99_ms": 1000 * latencies[len(latencies) * 99 // 100],
    }


def main() -> None:
    """Read the arguments, load, print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.generator", description=__doc__)
    parser.add_argument("url")
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--users", type=int, default=300)
    parser.add_argument("--rate", type=float, default=None)
    parser.add_argument("--header", action="append", default=[])
    options = parser.parse_args()
    found = uvloop.run(
        run(options.url, options.connections, options.seconds, options.users, options.rate, options.header)
    )
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
