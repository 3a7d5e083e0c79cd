"""The venue simulator: what it accepted survives it, each hash lands once, and its ledger tells all of it."""

import asyncio
import random
import sqlite3
from collections import Counter
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import httpx
import pytest
from attrs import evolve

from application.ports.errors import VenueUnavailable
from domain.money import plain
from domain.order import Order
from domain.transaction import Fill, TransactionStatus
from entrypoints.system import SystemClock
from simulators.venue.ledger import Entry, LedgerReader
from simulators.venue.ledger_writer import LedgerWriter
from tests.builders import an_order
from tests.eventually import eventually
from tests.processes import finished
from tests.venues import VenueProcess, entries, landing, order_that, sendable, settled, venue_at, venue_in_loop


def status_of(venues: VenueProcess, order: Order) -> list[TransactionStatus]:
    return [entry.status for entry in entries(venues.ledger, order)]


async def test_an_accepted_swap_ends_as_it_would_have_after_a_kill(tmp_path: Path) -> None:
    slow = {"MOCK_SWAP_MIN_MS": "1500", "MOCK_SWAP_MAX_MS": "1500", "MOCK_FAILURE_RATE": "0"}
    with VenueProcess(tmp_path, **slow) as venues:
        async with venue_at(venues.url) as meteora:
            order = an_order()
            transaction = sendable(order)
            sending = asyncio.create_task(meteora.send(transaction))
            await eventually(lambda: status_of(venues, order) == [TransactionStatus.PENDING])
            venues.process.kill()
            with pytest.raises(VenueUnavailable):
                await sending
            with pytest.raises(VenueUnavailable):
                await meteora.lookup(transaction)
            await asyncio.to_thread(venues.start)
            assert (await meteora.lookup(transaction)).status is not TransactionStatus.UNKNOWN
            assert await meteora.send(transaction) == landing(venues.router, transaction)
        assert status_of(venues, order) == [TransactionStatus.LANDED]


async def test_what_ended_before_a_kill_is_known_after_it(tmp_path: Path) -> None:
    with VenueProcess(tmp_path, MOCK_FAILURE_RATE="0.3") as venues:
        async with venue_at(venues.url) as meteora:
            sent = [sendable(order_that(venues.router, fails=fails)) for fails in (False, True)]
            before = [await settled(meteora, transaction) for transaction in sent]
            venues.process.kill()
            await asyncio.to_thread(venues.start)
            assert [await meteora.lookup(transaction) for transaction in sent] == before
            assert [await settled(meteora, transaction) for transaction in sent] == before


@pytest.mark.parametrize("seed", range(3))
async def test_killed_at_any_moment_with_faults_every_hash_lands_once(seed: int, tmp_path: Path) -> None:
    faults = {
        "MOCK_SEED": str(seed),
        "MOCK_FAILURE_RATE": "0",
        "SIMULATOR_FAULT_RATE": "0.3",
        "SIMULATOR_FAULTS": "slow,error_before,error_after,lost_reply,duplicate",
        "SIMULATOR_SLOW_MS": "150",
    }
    chance = random.Random(seed)  # noqa: S311 - no secret
    with VenueProcess(tmp_path, **faults) as venues:
        async with venue_at(venues.url, timeout_seconds=1, swap_timeout_seconds=2) as meteora:
            sent = [sendable(an_order()) for _ in range(60)]
            async with asyncio.TaskGroup() as group:
                settling = [group.create_task(settled(meteora, transaction)) for transaction in sent]
                for _ in range(2):
                    done = chance.randrange(30)
                    await eventually(lambda: landed_in(venues.ledger) >= done, within=30)  # noqa: B023 - awaited here
                    venues.process.kill()
                    await asyncio.to_thread(venues.start)
        assert [task.result() for task in settling] == [landing(venues.router, transaction) for transaction in sent]
        with LedgerReader(venues.ledger) as ledger:
            landed = Counter(entry.transaction.order_id for entry in ledger.landed())
            assert landed == Counter(transaction.order_id for transaction in sent)
            assert ledger.counts() == {"pending": 0, "landed": 60, "rejected": 0, "ordersLandedTwice": 0}


def landed_in(ledger: Path) -> int:
    with LedgerReader(ledger) as reader:
        return reader.counts()["landed"]


async def test_a_stopped_simulator_leaves_swaps_pending_and_ends_well(tmp_path: Path) -> None:
    with VenueProcess(tmp_path, MOCK_SWAP_MIN_MS="60000", MOCK_SWAP_MAX_MS="60000") as venues:
        async with venue_at(venues.url) as meteora:
            order = an_order()
            sending = asyncio.create_task(meteora.send(sendable(order)))
            await eventually(lambda: status_of(venues, order) == [TransactionStatus.PENDING])
            assert await asyncio.to_thread(venues.process.terminate) == 0
            with pytest.raises(VenueUnavailable):
                await sending
        assert status_of(venues, order) == [TransactionStatus.PENDING]


async def test_the_ledger_can_be_asked_over_http(tmp_path: Path) -> None:
    async with venue_in_loop(tmp_path) as venue, venue_at(venue.url) as meteora, httpx.AsyncClient() as client:
        order = an_order(slippageBps=10_000)
        first = sendable(order, limit_price=0)
        report = await meteora.send(first)
        counts = (await client.get(f"{venue.url}/ledger")).json()
        assert counts == {"pending": 0, "landed": 1, "rejected": 0, "ordersLandedTwice": 0}
        second = evolve(first, attempt=2, tx_hash="another")
        await meteora.send(second)
        assert (await client.get(f"{venue.url}/ledger")).json()["ordersLandedTwice"] == 1
        told = (await client.get(f"{venue.url}/ledger/{order.order_id}")).json()["data"]
        assert [(entry["txHash"], entry["attempt"], entry["status"]) for entry in told] == [
            (first.tx_hash, 1, "landed"),
            ("another", 2, "landed"),
        ]
        assert report.fill
        amounts = (told[0]["price"], told[0]["amountOut"], told[0]["venueFee"])
        assert amounts == (plain(report.fill.price), plain(report.fill.amount_out), plain(report.fill.venue_fee))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b'{"orderId":"x"}',
        b'{"orderId":"x","attempt":1,"amount":"1e3","expiresAt":"2026-01-01T00:00:00Z"}',
        b'{"orderId":"x","attempt":1,"amount":1,"expiresAt":"2026-01-01T00:00:00Z"}',
        b'{"orderId":"x","attempt":1,"amount":"1","expiresAt":"2026-01-01T00:00:00"}',
    ],
)
async def test_what_is_no_transaction_is_neither_taken_nor_rejected(body: bytes, tmp_path: Path) -> None:
    async with venue_in_loop(tmp_path) as venue, httpx.AsyncClient(base_url=venue.url) as client:
        assert (await client.put("/Meteora/transactions/tx", content=body)).status_code == 400
        assert (await client.get("/Meteora/transactions/tx")).json() == {"txHash": "tx", "status": "unknown"}
        assert (await client.get("/Orca/transactions/tx")).status_code == 404


async def test_a_write_is_on_disk_when_it_returns_and_a_known_hash_keeps_what_it_has(tmp_path: Path) -> None:
    writer, at = LedgerWriter(tmp_path / "new" / "ledger.sqlite"), SystemClock().now()
    await writer.open()
    first = sendable(an_order(amount="0.00000001"), limit_price=None, fee=Decimal(0))
    with LedgerReader(tmp_path / "new" / "ledger.sqlite") as reader:
        entry = Entry(first, at, lands_at=at + timedelta(seconds=2))
        await writer.add(entry)
        assert reader.find(first.tx_hash) == entry
        await writer.add(Entry(evolve(first, amount=first.amount * 2), at))
        fill = Fill.at_price(first.amount, Decimal("147.33"), Decimal("0.002"))
        await writer.end(first.tx_hash, fill, at)
        await writer.end(first.tx_hash, Fill.at_price(first.amount, Decimal(2), Decimal(0)), at)
        await asyncio.gather(*(writer.count_delivery(first.tx_hash) for _ in range(50)))
        ended = evolve(entry, status=TransactionStatus.LANDED, fill=fill, ended_at=at, deliveries=51)
        assert reader.find(first.tx_hash) == ended
        assert list(reader.pending()) == []
    await writer.close()
    await writer.close()


async def test_a_write_that_failed_is_told_to_everyone_who_waited_for_it(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    writer, at = LedgerWriter(path), SystemClock().now()
    await writer.open()
    with sqlite3.connect(path) as other:
        other.execute("DROP TABLE transactions")
    other.close()
    sent = [sendable(an_order()) for _ in range(5)]
    results = await asyncio.gather(*(writer.add(Entry(each, at)) for each in sent), return_exceptions=True)
    await writer.close()
    assert [type(result) for result in results] == [sqlite3.OperationalError] * 5


def test_a_ledger_that_cannot_be_opened_is_one_clear_sentence(tmp_path: Path) -> None:
    ended = finished("venue-simulator", settings={"SIMULATOR_PORT": "0", "SIMULATOR_LEDGER": str(tmp_path)})
    assert ended.returncode == 1
    assert ended.stderr.strip().startswith(f"Cannot open the ledger {tmp_path}")
    assert len(ended.stderr.strip().splitlines()) == 1
