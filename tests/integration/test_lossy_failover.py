"""A standby that was behind is promoted: it is noticed, nothing swaps any more, and an operator lets it go on."""

import asyncio
import json
import shutil
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from attrs import define
from redis import Redis

from adapters.redis import keys
from domain.status import OrderStatus
from entrypoints.cli.ending import DIFFERENCES
from entrypoints.dev.servers import LocalPostgres, LocalRedis
from simulators.venue.ledger import LedgerReader
from tests import servers
from tests.clients import ORDER, all_final, new_engine, rows, submit
from tests.eventually import eventually
from tests.integration.own_postgres import OPTIONS
from tests.processes import finished, running
from tests.relay import Relay, relay_to
from tests.venues import VenueProcess

pytestmark = pytest.mark.timeout(180)


def copy_data(folder: Path, name: str) -> None:
    """Copy the stopped primary's data, as it is, with its owner."""
    subprocess.run(["/bin/cp", "-a", str(folder / "postgres"), str(folder / name)], check=True)


@define
class Engine:
    """Two workers and an API that reach their Postgres through a relay, and a venue that remembers."""

    folder: Path
    postgres: LocalPostgres
    relay: Relay
    venue: VenueProcess
    settings: dict[str, str]
    url: str
    operations: str

    @contextmanager
    def copy(self, name: str) -> Iterator[LocalPostgres]:
        """Give a server on the data that the primary has now; it must be stopped."""
        copy_data(self.folder, name)
        with ExitStack() as stack:
            yield LocalPostgres(self.folder / name, options=OPTIONS)
            stack.callback(shutil.rmtree, self.folder / name, ignore_errors=True)

    def cli(self, *arguments: str, exit_code: int = 0) -> Any:
        """Run a command of an operator's; return its JSON."""
        ended = finished(*arguments, "--json", settings=self.settings)
        assert ended.returncode == exit_code, ended.stderr
        return json.loads(ended.stdout)

    def landed(self) -> dict[str, list[str]]:
        """Return the hashes of all landed swaps by order, from the venue's own ledger."""
        found: dict[str, list[str]] = {}
        with LedgerReader(self.venue.ledger) as ledger:
            for entry in ledger.landed():
                found.setdefault(entry.transaction.order_id, []).append(entry.transaction.tx_hash)
        return found

    def known(self) -> set[str]:
        """Return the ids of all orders that the database has."""
        return {row["order_id"] for row in rows(self.settings, "SELECT order_id FROM orders")}


@pytest.fixture
def engine() -> Iterator[Engine]:
    with (
        servers.reachable_folder() as folder,
        LocalPostgres(folder / "postgres", options=OPTIONS) as postgres,
        LocalRedis(folder / "redis") as redis,
        relay_to(postgres.url) as relay,
        VenueProcess(folder, MOCK_FAILURE_RATE="0.2", MOCK_SWAP_MAX_MS="400") as venue,
    ):
        venues = f"Raydium={venue.url}/Raydium,Meteora={venue.url}/Meteora"
        settings = {**new_engine(postgres.url, redis.url), "POSTGRES_URL": relay.url, "VENUES": venues}
        settings |= {"TX_EXPIRY_SECONDS": "3", "RETRY_BASE_MS": "100"}
        with (
            running("api", settings=settings) as api,
            running("worker", settings=settings),
            running("worker", settings=settings),
        ):
            yield Engine(folder, postgres, relay, venue, settings, api.url, api.operations)


@asynccontextmanager
async def client_of(engine: Engine) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=engine.url, timeout=10) as client:
        yield client


async def takes_orders(client: httpx.AsyncClient) -> bool:
    return (await client.post("/api/orders/execute", json=ORDER)).status_code == 202


async def test_a_failover_that_lost_writes_halts_and_an_operator_lets_it_go_on(engine: Engine) -> None:
    async with client_of(engine) as client:
        early = await submit(client, 20)
        await all_final(client, early, seconds=60)
        engine.postgres.stop()
        with engine.copy("behind") as behind:
            engine.postgres.start()
            engine.relay.switch_to(engine.postgres.url)
            await eventually(lambda: takes_orders(client), within=20)
            lost = await submit(client, 60)
            await eventually(lambda: len(engine.landed()) > 40, within=60)
            engine.postgres.kill()
            behind.start()
            engine.relay.switch_to(behind.url)
            await goes_on_after_the_halt(engine, client, lost)
            behind.stop()


async def goes_on_after_the_halt(engine: Engine, client: httpx.AsyncClient, lost: list[str]) -> None:
    """Check everything from the failover on: the halt, its report, and that trading goes on."""
    await eventually(lambda: is_halted(client), within=10)
    state = engine.cli("trading", "state")
    assert (state["halted"], state["lostWrites"]) == (True, True)
    assert (await client.get(f"{engine.operations}/health/ready")).json()["checks"]["trading"] == "halted"
    assert (await client.get("/api/orders")).status_code == 200
    await asyncio.to_thread(no_transaction_is_on_its_way, engine)
    landed, known = engine.landed(), engine.known()
    assert await is_halted(client)

    report = engine.cli("reconcile", exit_code=DIFFERENCES)
    unknown = {one["orderId"] for one in report["findings"] if one["what"] == "unknown_order"}
    assert unknown == set(landed) - known
    assert len(unknown & set(lost)) > 20
    assert set(report["compared"]) == {"Raydium", "Meteora"}
    assert engine.landed() == landed  # nothing was swapped meanwhile

    assert engine.cli("trading", "resume")["halted"] is False
    assert await eventually(lambda: takes_orders(client), within=20)
    late = await submit(client, 10)
    await all_final(client, [*late, *engine.known()], seconds=60)
    assert {order_id: hashes for order_id, hashes in engine.landed().items() if len(hashes) > 1} == {}


def no_transaction_is_on_its_way(engine: Engine) -> None:
    """Wait until the venue has ended all that it accepted."""

    async def ended() -> bool:
        with LedgerReader(engine.venue.ledger) as ledger:
            return not list(ledger.pending())

    asyncio.run(eventually(ended, within=20))


async def test_a_failover_that_lost_nothing_halts_nothing(engine: Engine) -> None:
    async with client_of(engine) as client:
        early = await submit(client, 30)
        engine.postgres.stop()
        with engine.copy("promoted") as promoted:
            # Recovery that ends at the end of the log makes a new timeline, as a promotion does.
            (engine.folder / "promoted" / "data" / "recovery.signal").touch()
            promoted.options |= {"restore_command": "false", "recovery_target_timeline": "latest"}
            promoted.start()
            engine.relay.switch_to(promoted.url)
            assert await eventually(lambda: takes_orders(client), within=20)
            orders = await all_final(client, [*early, *await submit(client, 10)], seconds=60)
            assert {order["status"] for order in orders} <= {OrderStatus.CONFIRMED, OrderStatus.FAILED}
            assert engine.cli("trading", "state") == {"halted": False}
            assert rows(engine.settings, "SELECT (pg_control_checkpoint()).timeline_id AS id")[0]["id"] == 2
            promoted.stop()
        assert {order_id: hashes for order_id, hashes in engine.landed().items() if len(hashes) > 1} == {}


async def test_a_fleet_that_was_down_during_the_failover_finds_it_by_the_marks_in_redis() -> None:
    with (
        servers.reachable_folder() as folder,
        LocalPostgres(folder / "postgres", options=OPTIONS) as postgres,
        LocalRedis(folder / "redis") as redis,
    ):
        settings = await asyncio.to_thread(new_engine, postgres.url, redis.url)
        postgres.stop()
        copy_data(folder, "promoted")
        postgres.start()
        with running("api", settings={**settings, "POSTGRES_URL": postgres.url}) as api:
            async with httpx.AsyncClient(base_url=api.url) as client:
                await submit(client, 3)
            with Redis.from_url(redis.url) as marks:
                await eventually(lambda: marks.llen(keys.MARKS))
        postgres.kill()
        (folder / "promoted" / "data" / "recovery.signal").touch()
        options = {**OPTIONS, "restore_command": "false", "recovery_target_timeline": "latest"}
        with (
            LocalPostgres(folder / "promoted", options=options) as promoted,
            running("api", settings={**settings, "POSTGRES_URL": promoted.url}) as api,
        ):
            async with httpx.AsyncClient(base_url=api.url) as client:
                await eventually(lambda: is_halted(client))


async def is_halted(client: httpx.AsyncClient) -> bool:
    answer = await client.post("/api/orders/execute", json=ORDER)
    return answer.status_code == 503 and answer.json()["code"] == "trading_halted"
