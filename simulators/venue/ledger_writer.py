"""Writes the venues' ledger: whatever waits goes to the disk in one commit, and nobody goes on before that."""

import asyncio
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Any

from domain.status import FailureReason
from domain.transaction import Fill, TransactionStatus
from simulators.venue.ledger import COLUMNS, SCHEMA, Entry

_Write = tuple[str, tuple[Any, ...]]

# A hash that is known keeps what it has: the first word about a transaction is the last.
_ADD = (
    f"INSERT INTO transactions ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "  # noqa: S608 - our own
    "ON CONFLICT DO NOTHING"
)
_END = (
    "UPDATE transactions SET (status, price, venue_fee, reason, ended_at) = (?, ?, ?, ?, ?) "
    "WHERE tx_hash = ? AND status = 'pending'"
)
_DELIVERED = "UPDATE transactions SET deliveries = deliveries + 1 WHERE tx_hash = ?"


class CannotOpenLedger(Exception):
    """The ledger's file cannot be used; the text is one clear sentence."""


class LedgerWriter:
    """The one writer of a ledger. A write that returned survives a kill and a power cut."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._thread = ThreadPoolExecutor(1, "ledger")
        self._turn = asyncio.Lock()
        self._waiting: list[_Write] = []
        self._asked = 0
        self._written = 0
        self._file: sqlite3.Connection | None = None

    async def open(self) -> None:
        """Make the ledger if it is not there. Raises CannotOpenLedger when that cannot be."""
        try:
            await asyncio.get_running_loop().run_in_executor(self._thread, self._open)
        except (OSError, sqlite3.Error) as error:
            await self.close()
            raise CannotOpenLedger(f"Cannot open the ledger {self._path}: {error}.") from error

    async def close(self) -> None:
        """Let go of the file. Idempotent."""
        await asyncio.to_thread(self._close)

    async def add(self, entry: Entry) -> None:
        """Keep a transaction that was received. Idempotent by hash."""
        await self._write(_ADD, entry.as_row())

    async def end(self, tx_hash: str, outcome: Fill | FailureReason, at: datetime) -> None:
        """Keep how a pending transaction ended. Idempotent."""
        if isinstance(outcome, Fill):
            end: tuple[str | None, ...] = (TransactionStatus.LANDED, str(outcome.price), str(outcome.venue_fee), None)
        else:
            end = (TransactionStatus.REJECTED, None, None, outcome)
        await self._write(_END, (*end, at.isoformat(), tx_hash))

    async def count_delivery(self, tx_hash: str) -> None:
        """Keep that a known transaction reached the venue once more."""
        await self._write(_DELIVERED, (tx_hash,))

    async def _write(self, statement: str, values: tuple[Any, ...]) -> None:
        self._waiting.append((statement, values))
        self._asked += 1
        mine = self._asked
        # Whoever gets the turn commits for all that gathered during the last commit; the others then find it done.
        async with self._turn:
            if self._written >= mine:
                return
            batch, last = self._waiting.copy(), self._asked
            await asyncio.get_running_loop().run_in_executor(self._thread, self._commit, batch)
            # Only now: after a commit that failed, or whose caller went away, the next one writes the same again.
            del self._waiting[: len(batch)]
            self._written = last

    def _open(self) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._file = sqlite3.connect(self._path, isolation_level=None)
        self._file.execute("PRAGMA journal_mode = WAL")
        self._file.execute("PRAGMA synchronous = FULL")
        self._file.executescript(SCHEMA)
        if "venue_fee" not in [name for _, name, *_ in self._file.execute("PRAGMA table_info(transactions)")]:
            self._file.execute("ALTER TABLE transactions ADD COLUMN venue_fee TEXT")  # a ledger of an earlier release

    def _commit(self, batch: list[_Write]) -> None:
        if self._file is None:
            raise RuntimeError("the ledger is not open")
        with self._file:
            self._file.execute("BEGIN IMMEDIATE")
            for statement, values in batch:
                self._file.execute(statement, values)

    def _close(self) -> None:
        if self._file is not None:
            self._thread.submit(self._file.close).result()
            self._file = None
        self._thread.shutdown()
