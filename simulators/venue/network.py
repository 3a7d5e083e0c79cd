"""The network behind the mock venues: takes each transaction once, and lands or rejects it when its time has come."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta

from attrs import define, evolve, field

from domain.mock_dex import MockDexRouter
from domain.status import FailureReason
from domain.transaction import Fill, Transaction, TransactionReport, TransactionStatus
from simulators.venue.clock import Clock
from simulators.venue.faults import Faults
from simulators.venue.ledger import Entry, LedgerReader
from simulators.venue.ledger_writer import LedgerWriter


@define(eq=False)
class _Moving:
    """A transaction between its arrival and its end."""

    recorded: asyncio.Event = field(factory=asyncio.Event)
    ended: asyncio.Event = field(factory=asyncio.Event)


class Network:
    """Lands a transaction at most once by its hash, and reports an end only when the ledger has it on disk.

    `clock` is the venues' own: by it a transaction has expired or not, at the moment when it is accepted.
    """

    def __init__(
        self, router: MockDexRouter, faults: Faults, reader: LedgerReader, writer: LedgerWriter, clock: Clock
    ) -> None:
        self._router = router
        self._faults = faults
        self._reader = reader
        self._writer = writer
        self._clock = clock
        self._moving: dict[str, _Moving] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._group = asyncio.TaskGroup()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Carry on with what an earlier process accepted, and take more; a ledger that fails ends the body."""
        async with self._group:
            for entry in self._reader.pending():
                self._start(entry)
            yield
            for task in self._tasks:
                task.cancel()

    async def submit(self, transaction: Transaction) -> None:
        """Take a transaction, or refuse it for good. Returns when that is on disk. Idempotent by hash."""
        tx_hash = transaction.tx_hash
        moving = self._moving.get(tx_hash)
        if moving is None and self._reader.find(tx_hash) is None:
            moving = self._start(self._received(transaction))
        else:
            await self._writer.count_delivery(tx_hash)
        if moving is not None:
            await moving.recorded.wait()

    async def report(self, tx_hash: str, wait_seconds: float = 0) -> TransactionReport:
        """Report what became of a transaction; one that is on its way gets up to `wait_seconds` to end."""
        moving = self._moving.get(tx_hash)
        if moving is not None and wait_seconds > 0:
            with suppress(TimeoutError):
                async with asyncio.timeout(wait_seconds):
                    await moving.ended.wait()
        entry = self._reader.find(tx_hash)
        if entry is not None:
            return entry.report
        # Accepted and not yet on disk is not UNKNOWN: the asker would take it for dead, and it may still land.
        on_its_way = tx_hash in self._moving
        return TransactionReport(TransactionStatus.PENDING if on_its_way else TransactionStatus.UNKNOWN)

    def _received(self, transaction: Transaction) -> Entry:
        now = self._clock.now()
        if now >= transaction.expires_at:
            reason = FailureReason.EXPIRED
            return Entry(transaction, now, status=TransactionStatus.REJECTED, reason=reason, ended_at=now)
        return Entry(transaction, now, lands_at=now + self._takes(transaction))

    def _takes(self, transaction: Transaction) -> timedelta:
        return timedelta(milliseconds=self._router.swap_ms(transaction.order_id, transaction.attempt))

    def _start(self, entry: Entry) -> _Moving:
        moving = self._moving[entry.transaction.tx_hash] = _Moving()
        task = self._group.create_task(self._carry(entry, moving))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return moving

    async def _carry(self, entry: Entry, moving: _Moving) -> None:
        """Take a transaction to its end. A kill at any line leaves it unknown, or pending for the next process."""
        tx_hash = entry.transaction.tx_hash
        await self._writer.add(entry)
        moving.recorded.set()
        if entry.lands_at is not None:
            # A clock that was put back since an earlier process took it must not hold it up.
            left = min(entry.lands_at - self._clock.now(), self._takes(entry.transaction))
            await self._clock.sleep(left.total_seconds())
            await self._writer.end(tx_hash, self._outcome(entry.transaction), self._clock.now())
        del self._moving[tx_hash]
        moving.ended.set()

    def _outcome(self, transaction: Transaction) -> Fill | FailureReason:
        if self._faults.rejects(transaction.tx_hash):
            return FailureReason.SLIPPAGE_EXCEEDED
        return self._router.swap(evolve(transaction, fee=self._router.market(transaction.venue).fee))
