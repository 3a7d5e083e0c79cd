"""What 10,000 idle sockets on open orders cost an API process, beside a bare echo app on the same uvicorn."""

import asyncio
import time
from typing import Any

from benchmarks.options import Options
from benchmarks.parts.figures import small
from benchmarks.parts.helper import Helper, helper
from benchmarks.parts.open_orders import open_orders
from benchmarks.process import EngineProcess
from benchmarks.report import Figure, Report
from benchmarks.rig import Rig
from benchmarks.usage import rss_bytes
from tests.clients import socket_url

SOCKETS = 10_000
WARM_UP_SHARE = 20
GREETING_SECONDS = 10.0
# The check on quiet orders comes every 2 s, pings every 20 s: both must have happened, and their memory be let go.
SETTLE_SECONDS = 25.0
QUICK_SETTLE_SECONDS = 5.0
RATIO_MOST = 2.0
_KIB = 1024


class NotHeld(Exception):
    """The server did not take or keep all sockets."""


async def run(options: Options) -> Report:
    """Fill a fresh process of each kind with sockets in each round."""
    count = options.many(SOCKETS)
    report = Report("idle_sockets", f"{count:,} idle sockets on as many open orders in one API process")
    async with Rig() as rig, helper("socket_clients") as clients:
        await rig.make_ready()
        order_ids = await open_orders(rig.postgres_url, count)
        for _ in range(options.rounds):
            async with rig.process("api", LOG_LEVEL="warning") as api:
                engine = await _filled(rig, api, clients, order_ids, options, births=True)
            async with rig.process("api", name="echo", module="benchmarks.variants.echo") as echo:
                bare = await _filled(rig, echo, clients, order_ids, options, births=False)
            report.rounds.append({"engine": engine, "echo": bare})
    report.figures.extend(_figures(report.rounds))
    return report


async def _filled(
    rig: Rig, server: EngineProcess, clients: Helper, order_ids: list[str], options: Options, *, births: bool
) -> dict[str, Any]:
    """Open all sockets, let them be, and tell what one of them costs."""
    await _opened(clients, server, order_ids[::WARM_UP_SHARE], births=births)
    await clients.ask("close")
    await asyncio.sleep(1)
    before = rss_bytes(server.pid)
    seconds = await _opened(clients, server, order_ids, births=births)
    with rig.meter() as meter:
        await asyncio.sleep(QUICK_SETTLE_SECONDS if options.quick else SETTLE_SECONDS)
    grown = rss_bytes(server.pid) - before
    state = await clients.ask("state")
    if state["open"] != len(order_ids):
        raise NotHeld(f"{server.name}: {state}")
    await clients.ask("close")
    return {
        "kib_a_socket": grown / len(order_ids) / _KIB,
        "opened_a_second": len(order_ids) / seconds,
        **{f"cores_of_{part}": used / meter.seconds for part, used in meter.cpu_seconds.items()},
    }


async def _opened(clients: Helper, server: EngineProcess, order_ids: list[str], *, births: bool) -> float:
    """Open a socket on each order, wait for the births where they are told; return how many seconds it took."""
    told = await clients.ask("connect", urls=[socket_url(server.url, order_id) for order_id in order_ids], within=120)
    since = time.monotonic()
    if births and not await clients.counted("births", len(order_ids), within=GREETING_SECONDS):
        raise NotHeld(f"{server.name}: {await clients.ask('count')} {await clients.ask('state')}")
    return float(told["seconds"]) + time.monotonic() - since


def _figures(rounds: list[Any]) -> list[Figure]:
    def both(what: str) -> tuple[list[float], str, list[float]]:
        return [found["engine"][what] for found in rounds], "echo app", [found["echo"][what] for found in rounds]

    return [
        Figure.beside("memory of a socket", "KiB", *both("kib_a_socket"), at_most=RATIO_MOST),
        Figure.beside("sockets opened, and told the birth", "per s", *both("opened_a_second")),
        small("CPU of the API while all are idle", "cores", *both("cores_of_api")),
        Figure.alone("CPU of Postgres meanwhile", "cores", [found["engine"]["cores_of_postgres"] for found in rounds]),
    ]
