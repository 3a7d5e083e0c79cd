"""The chain's record on disk: every signature and where it ended, every account, and what was made of each token."""

import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from attrs import frozen
from solders.account import Account
from solders.pubkey import Pubkey

from simulators.solana.machine import Accounts

# Readable with any SQLite shell. A signature is `received` until a block has it; `failed` ones are in a block too, and
# `undone` ones were in one that a fork took away. `landings` counts how often one got into a block.
SCHEMA = """
CREATE TABLE IF NOT EXISTS signatures (
    signature TEXT PRIMARY KEY,
    wallet TEXT NOT NULL,
    raw BLOB NOT NULL,
    received_at TEXT NOT NULL,
    deliveries INTEGER NOT NULL DEFAULT 1,
    state TEXT NOT NULL DEFAULT 'received' CHECK (state IN ('received', 'landed', 'failed', 'undone')),
    landings INTEGER NOT NULL DEFAULT 0,
    slot INTEGER,
    fee INTEGER NOT NULL DEFAULT 0,
    meta TEXT
);
CREATE TABLE IF NOT EXISTS accounts (
    address BLOB PRIMARY KEY, lamports INTEGER NOT NULL, owner BLOB NOT NULL, data BLOB NOT NULL
);
CREATE TABLE IF NOT EXISTS made (token TEXT PRIMARY KEY, amount INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS forks (number INTEGER PRIMARY KEY, slot INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS genesis (started_at REAL NOT NULL);
"""
_RECEIVED = """
INSERT INTO signatures (signature, wallet, raw, received_at) VALUES (?, ?, ?, ?)
ON CONFLICT DO UPDATE SET deliveries = deliveries + 1
"""
_ENDED = """
UPDATE signatures SET state = ?, slot = ?, fee = ?, meta = ?, landings = landings + 1 WHERE signature = ?
"""
_UNDONE = "UPDATE signatures SET state = 'undone', slot = NULL, fee = 0, meta = NULL WHERE signature = ?"
_COLUMNS = "signature, wallet, raw, received_at, deliveries, state, landings, slot, fee, meta"
_ENTRY = f"SELECT {_COLUMNS} FROM signatures"  # noqa: S608 - our own names
_PLACED = f"SELECT rowid, {_COLUMNS} FROM signatures"  # noqa: S608 - our own names


class CannotOpenLedger(Exception):
    """The ledger's file cannot be used; the text is one clear sentence."""


@frozen
class Entry:
    """A signature in the ledger; `meta` is what `getTransaction` says of it, None when no block has it."""

    signature: str
    wallet: str
    raw: bytes
    received_at: str
    deliveries: int
    state: str
    landings: int
    slot: int | None
    fee: int
    meta: dict[str, Any] | None

    @classmethod
    def of_row(cls, row: tuple[Any, ...]) -> Self:
        """Read a row of the table."""
        meta = None if row[9] is None else json.loads(row[9])
        return cls(row[0], row[1], row[2], row[3], row[4], row[5], row[6], row[7], row[8], meta)


class Ledger:
    """The ledger's one connection. What a `writing` block wrote survives a kill of the process, or none of it does."""

    def __init__(self, path: Path) -> None:
        try:
            self._file = sqlite3.connect(path, isolation_level=None)
            self._file.execute("PRAGMA journal_mode = WAL")
            self._file.execute("PRAGMA synchronous = OFF")  # a power cut may take it: nobody's money is here
            self._file.executescript(SCHEMA)
        except sqlite3.Error as error:
            raise CannotOpenLedger(f"Cannot open the ledger {path}: {error}.") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None) -> None:
        self._file.close()

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Commit what the body writes, all at once. May stand within another."""
        if self._file.in_transaction:
            yield
            return
        self._file.execute("BEGIN IMMEDIATE")
        with self._file:
            yield

    def started_at(self) -> float | None:
        """Return when the chain began (Unix seconds); None of a new ledger."""
        row = self._file.execute("SELECT started_at FROM genesis").fetchone()
        return None if row is None else float(row[0])

    def begin(self, started_at: float) -> None:
        """Keep when the chain began."""
        self._file.execute("INSERT INTO genesis VALUES (?)", (started_at,))

    def receive(self, signature: str, wallet: str, raw: bytes, received_at: str) -> None:
        """Keep what was sent, or that it was sent again."""
        self._file.execute(_RECEIVED, (signature, wallet, raw, received_at))

    def end(self, signature: str, slot: int, meta: Mapping[str, Any]) -> None:
        """Keep that a block has it."""
        state = "landed" if meta["err"] is None else "failed"
        self._file.execute(_ENDED, (state, slot, meta["fee"], json.dumps(meta), signature))

    def undo(self, signature: str) -> None:
        """Keep that its block is gone."""
        self._file.execute(_UNDONE, (signature,))

    def fork(self, slot: int) -> None:
        """Keep that all blocks from this slot on were replaced."""
        self._file.execute("INSERT INTO forks (slot) VALUES (?)", (slot,))

    def forks(self) -> list[int]:
        """Return the slots that were forked from, the first fork first."""
        return [slot for (slot,) in self._file.execute("SELECT slot FROM forks ORDER BY number")]

    def put(self, accounts: Accounts) -> None:
        """Keep accounts as they are now; None is gone."""
        for key, account in accounts.items():
            if account is None or not account.lamports:
                self._file.execute("DELETE FROM accounts WHERE address = ?", (bytes(key),))
            else:
                row = (bytes(key), account.lamports, bytes(account.owner), bytes(account.data))
                self._file.execute("INSERT OR REPLACE INTO accounts VALUES (?, ?, ?, ?)", row)

    def accounts(self) -> Iterator[tuple[Pubkey, Account]]:
        """Yield all accounts."""
        for key, lamports, owner, data in self._file.execute("SELECT * FROM accounts ORDER BY address"):
            yield Pubkey.from_bytes(key), Account(lamports, data, Pubkey.from_bytes(owner))

    def make(self, token: str, amount: int) -> None:
        """Keep that so much was made of a token, from nothing; `lamports` is one too."""
        add = "INSERT INTO made VALUES (?, ?) ON CONFLICT DO UPDATE SET amount = amount + excluded.amount"
        self._file.execute(add, (token, amount))

    def made(self) -> dict[str, int]:
        """Return what was made of each token."""
        return dict(self._file.execute("SELECT token, amount FROM made ORDER BY token").fetchall())

    def fees(self) -> int:
        """Return the lamports that the network took."""
        return int(self._file.execute("SELECT coalesce(sum(fee), 0) FROM signatures").fetchone()[0])

    def counts(self) -> dict[str, int]:
        """Count signatures by where they are."""
        return dict(
            self._file.execute("SELECT state, count(*) FROM signatures GROUP BY state ORDER BY state").fetchall()
        )

    def find(self, signature: str) -> Entry | None:
        """Return what is known of a signature."""
        row = self._file.execute(f"{_ENTRY} WHERE signature = ?", (signature,)).fetchone()
        return None if row is None else Entry.of_row(row)

    def entries(self, after: int, limit: int) -> list[tuple[int, Entry]]:
        """Return entries with their places, the first received first, from behind the place `after`."""
        found = self._file.execute(f"{_PLACED} WHERE rowid > ? ORDER BY rowid LIMIT ?", (after, limit))
        return [(row[0], Entry.of_row(row[1:])) for row in found]
