"""The venues' ledger: every transaction that they accepted or refused, and how it ended. Read here, by anyone."""

import sqlite3
from collections.abc import Iterable, Iterator
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from attrs import frozen

from domain.money import EXACT
from domain.status import FailureReason
from domain.transaction import Fill, Transaction, TransactionReport, TransactionStatus

# Times are RFC 3339 in UTC and decimals are text: exact, and readable with any SQLite shell.
SCHEMA = """
CREATE TABLE IF NOT EXISTS transactions (
    tx_hash TEXT PRIMARY KEY,
    order_id TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    venue TEXT NOT NULL,
    amount TEXT NOT NULL,
    limit_price TEXT,
    expires_at TEXT NOT NULL,
    received_at TEXT NOT NULL,
    lands_at TEXT,
    status TEXT NOT NULL CHECK (status IN ('pending', 'landed', 'rejected')),
    price TEXT,
    venue_fee TEXT,
    reason TEXT,
    ended_at TEXT,
    deliveries INTEGER NOT NULL DEFAULT 1
);
CREATE INDEX IF NOT EXISTS transactions_of_order ON transactions (order_id);
CREATE INDEX IF NOT EXISTS transactions_pending ON transactions (tx_hash) WHERE status = 'pending';
"""
COLUMNS = (
    "tx_hash, order_id, attempt, venue, amount, limit_price, expires_at, "
    "received_at, lands_at, status, price, venue_fee, reason, ended_at, deliveries"
)
_SELECT = f"SELECT {COLUMNS} FROM transactions"  # noqa: S608 - our own names


@frozen
class Entry:
    """A transaction in the ledger. Refused ones have no `lands_at`, pending ones no `ended_at`. Times are UTC.

    `deliveries` counts how often it reached the venue, whoever sent it again.
    """

    transaction: Transaction
    received_at: datetime
    lands_at: datetime | None = None
    status: TransactionStatus = TransactionStatus.PENDING
    fill: Fill | None = None
    reason: FailureReason | None = None
    ended_at: datetime | None = None
    deliveries: int = 1

    @property
    def report(self) -> TransactionReport:
        """What the venue says of it."""
        return TransactionReport(self.status, self.fill, self.reason)

    def as_row(self) -> tuple[Any, ...]:
        """Return the values of the table's columns."""
        sent = self.transaction
        limit = None if sent.limit_price is None else str(sent.limit_price)
        return (
            *(sent.tx_hash, sent.order_id, sent.attempt, sent.venue, str(sent.amount), limit),
            *(sent.expires_at.isoformat(), self.received_at.isoformat(), _text(self.lands_at), self.status.value),
            *((str(self.fill.price), str(self.fill.venue_fee)) if self.fill else (None, None)),
            self.reason and self.reason.value,
            *(_text(self.ended_at), self.deliveries),
        )

    @classmethod
    def of_row(cls, row: tuple[Any, ...]) -> Self:
        """Read a row of the table."""
        tx_hash, order_id, attempt, venue, amount, limit, expires_at, received_at, lands_at, *end = row
        status, price, venue_fee, reason, ended_at, deliveries = end
        transaction = Transaction(
            order_id=order_id,
            attempt=attempt,
            tx_hash=tx_hash,
            venue=venue,
            amount=Decimal(amount),
            limit_price=None if limit is None else Decimal(limit),
            expires_at=datetime.fromisoformat(expires_at),
        )
        return cls(
            transaction,
            datetime.fromisoformat(received_at),
            _time(lands_at),
            TransactionStatus(status),
            None if price is None else _fill(transaction.amount, Decimal(price), Decimal(venue_fee or 0)),
            None if reason is None else FailureReason(reason),
            _time(ended_at),
            deliveries,
        )


class LedgerReader:
    """Reads a ledger that exists, also while its simulator writes or after it was killed; sees what is on disk."""

    def __init__(self, path: Path) -> None:
        self._rows = sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True, isolation_level=None)
        self._rows.execute("PRAGMA query_only = ON")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file."""
        self._rows.close()

    def find(self, tx_hash: str) -> Entry | None:
        """Return the transaction of this hash."""
        return next(iter(self._entries("WHERE tx_hash = ?", tx_hash)), None)

    def pending(self) -> Iterable[Entry]:
        """Return what was accepted and has not ended."""
        return self._entries("WHERE status = 'pending'")

    def of_order(self, order_id: str) -> Iterable[Entry]:
        """Return an order's transactions, first received first."""
        return self._entries("WHERE order_id = ? ORDER BY rowid", order_id)

    def all(self) -> Iterable[Entry]:
        """Return everything that was ever received, first received first."""
        return self._entries("ORDER BY rowid")

    def received(self, venue: str, since: datetime, after: int, limit: int) -> list[tuple[int, Entry]]:
        """Return what a venue received since, the oldest first, each with its place; from the place `after` on."""
        where = "WHERE venue = ? AND received_at >= ? AND rowid > ? ORDER BY rowid LIMIT ?"
        query = f"SELECT rowid, {COLUMNS} FROM transactions {where}"  # noqa: S608 - our own names
        found = self._rows.execute(query, (venue, since.isoformat(), after, limit)).fetchall()
        return [(row[0], Entry.of_row(row[1:])) for row in found]

    def landed(self) -> Iterator[Entry]:
        """Go through everything that landed; an order that is in it twice was swapped twice."""
        return map(Entry.of_row, self._rows.execute(f"{_SELECT} WHERE status = 'landed'"))

    def counts(self) -> dict[str, int]:
        """Count transactions by status, and the orders of which more than one landed."""
        by_status = dict(self._rows.execute("SELECT status, count(*) FROM transactions GROUP BY status").fetchall())
        twice = (
            "SELECT count(*) FROM"
            " (SELECT 1 FROM transactions WHERE status = 'landed' GROUP BY order_id HAVING count(*) > 1)"
        )
        return {
            **{status: by_status.get(status, 0) for status in ("pending", "landed", "rejected")},
            "ordersLandedTwice": self._rows.execute(twice).fetchone()[0],
        }

    def _entries(self, where: str, *values: str) -> list[Entry]:
        # All at once: a half-read statement would keep the write-ahead log from being emptied.
        return [Entry.of_row(row) for row in self._rows.execute(f"{_SELECT} {where}", values).fetchall()]


def _fill(amount: Decimal, price: Decimal, venue_fee: Decimal) -> Fill:
    return Fill(amount, EXACT.subtract(EXACT.multiply(amount, price), venue_fee), venue_fee)


def _text(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()


def _time(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
