"""How many swaps a second one worker judges, signs and confirms, on a chain that runs here; beside the mock.

The chain and both venues' APIs are the Solana simulator's, on the same machine: it runs each transaction on a virtual
machine, and takes more CPU than the engine. So the worker's CPU for an order counts, more than orders/s.
"""

import json
import time
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import httpx
from attrs import frozen
from solders.keypair import Keypair

from benchmarks.backlog import done, queued_orders
from benchmarks.finished import check_all_confirmed, last_finish
from benchmarks.load import USERS
from benchmarks.no_delays import NO_DELAYS
from benchmarks.options import Options
from benchmarks.process import EngineProcess
from benchmarks.report import Figure, Report, Usage
from benchmarks.rig import Rig
from benchmarks.usage import Meter

ORDERS = 600
# Of SOL; more would move the price by more than an order takes.
MOST_AMOUNT = 5
SLOT_MS = 40
LIMIT_SECONDS = 600.0
_LAMPORTS = 10**14
WALLETS = "wallets.json"
Process = AbstractAsyncContextManager[EngineProcess]


@frozen
class Drained:
    """A queue that one worker emptied."""

    per_second: float
    meter: Meter


async def run(options: Options) -> Report:
    """Drain a queue of swaps in each round, and the same queue at mock venues."""
    orders = options.many(ORDERS)
    async with Rig() as rig:
        await rig.make_ready()
        async with _chain(rig) as url:
            signed = [await _drained(rig, orders, _signing_worker(rig, url)) for _ in range(options.rounds)]
        mock = [await _drained(rig, orders, rig.process("worker", **NO_DELAYS)) for _ in range(options.rounds)]
    report = Report(
        "real_signing", f"{orders:,} swaps on the Solana simulator, slots of {SLOT_MS} ms, 1 worker process"
    )
    rates = [[each.per_second for each in drained] for drained in (signed, mock)]
    workers = [[each.meter.cpu_seconds_per_1000(orders)["worker"] for each in drained] for drained in (signed, mock)]
    report.figures = [
        Figure.beside("swapped", "orders/s", rates[0], "mock venues", rates[1]),
        Figure.beside("worker's CPU per order", "ms", workers[0], "mock venues", workers[1]),
    ]
    report.usages = [
        Usage.of("signed", [(each.meter, orders) for each in signed]),
        Usage.of("mock", [(each.meter, orders) for each in mock]),
    ]
    report.rounds = [{"orders_per_second": each.per_second} for each in signed]
    return report


@asynccontextmanager
async def _chain(rig: Rig) -> AsyncIterator[str]:
    """Run the simulator, with a wallet of each user that has enough; yield its URL."""
    folder, ledger = rig.folder / "wallets", str(rig.folder / "chain.sqlite")
    folder.mkdir(mode=0o700)
    wallets = {f"user{number}": Keypair() for number in range(USERS)}
    for user, own in wallets.items():
        _write(folder / f"{user}.json", own.to_json())
    _write(folder / WALLETS, json.dumps({user: f"{user}.json" for user in wallets}))
    process = rig.process("solana-simulator", SOLANA_SIMULATOR_LEDGER=ledger, SOLANA_SIMULATOR_SLOT_MS=SLOT_MS)
    async with process as simulator, httpx.AsyncClient(timeout=30) as client:
        for own in wallets.values():
            funding = {"owner": str(own.pubkey()), "amount": _LAMPORTS}
            (await client.post(f"{simulator.url}/fund", json=funding)).raise_for_status()
        yield simulator.url


def _signing_worker(rig: Rig, url: str) -> Process:
    return rig.process(
        "worker",
        VENUES=f"Raydium=raydium:{url}/raydium,Meteora=jupiter:{url}/jupiter/swap/v2?dex=Meteora+DLMM",
        TOKEN_LIST="solana-mainnet",  # noqa: S106 - no password
        SOLANA_RPC_URLS=f"{url}/rpc/a,{url}/rpc/b",
        SOLANA_RPC_CALLS_PER_SECOND=100_000,
        SOLANA_WALLETS_FILE=str(rig.folder / "wallets" / WALLETS),
        SOLANA_SLIPPAGE_BPS=500,
        WORKER_CONCURRENCY=32,
        VENUE_TIMEOUT_MS=30_000,
    )


def _write(path: Path, text: str) -> None:
    path.touch(0o600)
    path.write_text(text)


async def _drained(rig: Rig, orders: int, worker: Process) -> Drained:
    await rig.reset()
    async with worker, queued_orders(rig, orders, MOST_AMOUNT):
        since = time.time()
        with rig.meter() as meter:
            await done(rig, LIMIT_SECONDS)
        seconds = await last_finish(rig) - since
        await check_all_confirmed(rig, orders)
    return Drained(orders / seconds, meter)
