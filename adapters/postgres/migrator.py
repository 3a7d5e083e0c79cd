"""Brings a database's schema up to date: each SQL file once, in order, by one process at a time."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from hashlib import sha256
from importlib.resources import files
from typing import Any

import psycopg
from attrs import frozen
from psycopg import AsyncConnection

from adapters.postgres import roles
from adapters.postgres.audit import NOTE, entries_param
from adapters.postgres.connection import Rows
from adapters.postgres.connector import Connector
from adapters.postgres.errors import translated
from adapters.postgres.read_pool import ReadPool
from adapters.postgres.sessions import COMMON
from application.caller import ANYONE, Caller
from application.ports.audit import AuditEntry
from application.ports.errors import PortError

# Names the migrations among the database's advisory locks.
_LOCK = 0x6F726465_72730002
# And those that are applied outside of a transaction: a process that waits in a statement would be waited for.
_LOCK_OUTSIDE = 0x6F726465_72730003
_LOOK_SECONDS = 0.2
# A migration may take long. Waiting for others, and being waited for, may not.
_WAITS = {"statement_timeout": "0", "lock_timeout": "60000", "idle_in_transaction_session_timeout": "60000"}
_SESSION = {**COMMON, **_WAITS}

_MAKE_TABLE = """
CREATE TABLE IF NOT EXISTS schema_migrations (
    name TEXT PRIMARY KEY,
    checksum TEXT NOT NULL,
    applied_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp()
)
"""
_NOTE = "INSERT INTO schema_migrations (name, checksum) VALUES (%s, %s)"
# Not those in `submitted`: their swap may have landed already. Nor those that never could run, nor those that were not
# adopted: they are held since the database went back, and may have been swapped.
_RELEASE = """
UPDATE orders SET held = false
WHERE held AND status <> 'submitted' AND amount > 0 AND created_at <= (
    SELECT applied_at AT TIME ZONE 'UTC' FROM schema_migrations WHERE name = '0001_orders.sql')
"""


class MigrationFailed(PortError):
    """The schema could not be brought up to date; the text names the file and says why, for an operator."""


@frozen
class Migration:
    """One SQL file."""

    name: str
    text: str

    @property
    def checksum(self) -> str:
        """The SHA-256 of the text, which shows whether it is still what was applied."""
        return sha256(self.text.encode()).hexdigest()

    @property
    def statements(self) -> Sequence[str] | None:
        """The statements of a file that no transaction may hold, parted by empty lines; None for all others."""
        return self.text.split("\n\n") if "CONCURRENTLY" in self.text else None


def bundled_migrations() -> Sequence[Migration]:
    """Read this version's migrations, in the order in which they apply."""
    found = (file for file in files("adapters.postgres.migrations").iterdir() if file.name.endswith(".sql"))
    return sorted((Migration(file.name, file.read_text("utf-8")) for file in found), key=lambda m: m.name)


class Migrator:
    """Applies `migrations` (this version's, if not given) to the database at `url`, in the session's own time zone.

    What it changes is noted in the name of `by`, in the same commit, once there is a table for that.
    """

    def __init__(self, url: str, migrations: Sequence[Migration] | None = None, by: Caller = ANYONE) -> None:
        self._by = by
        self._connector = Connector(url, "order-engine migrate")
        self._looking = ReadPool(self._connector, _SESSION, 1)
        self._migrations = migrations
        self._all_applied = False

    async def apply(self, *, adopt_open: bool = False) -> Sequence[str]:
        """Apply what is pending, each file in its own transaction if it can be; return the names.

        Safe in many processes at once, and to repeat when it failed.

        `adopt_open` also releases the unfinished orders of an adopted table, except those already submitted.
        Raises MigrationFailed, and StoreUnavailable when the server cannot be reached.
        """
        applied = []
        async with await self._connected() as connection:
            for migration in self._known():
                with _failures_named(migration.name):
                    applies = _applied_now if migration.statements is None else _applied_outside
                    if await applies(connection, migration, self._by):
                        applied.append(migration.name)
            if adopt_open:
                with _failures_named("adopting open orders"):
                    async with connection.transaction():
                        await connection.execute(_RELEASE)
                        await _note(connection, self._by.act("orders.adopt"))
            if self._migrations is None:
                with _failures_named("granting roles what they need"):
                    await _grant(connection)
        return applied

    async def make_roles(self) -> None:
        """Make the roles of the engine's processes, and give them what they need; the URL's role must be a superuser.

        Raises MigrationFailed, and StoreUnavailable when the server cannot be reached.
        """
        async with await self._connected() as connection:
            with _failures_named("making roles"):
                async with connection.transaction():
                    await connection.execute("SELECT pg_advisory_xact_lock(%s::bigint)", (_LOCK,))
                    await connection.execute(roles.make_roles().encode())
                    await _note(connection, self._by.act("roles.make"))
                await _grant(connection)

    async def pending(self) -> Sequence[str]:
        """Return the names of the files that are still to apply; empty when the database is ready, for good.

        Raises MigrationFailed for a file that was changed, and StoreUnavailable.
        """
        if self._all_applied:
            return []
        noted: Rows = []
        if await self._looking.run("SELECT 1 WHERE to_regclass('schema_migrations') IS NOT NULL", ()):
            noted = await self._looking.run("SELECT name, checksum FROM schema_migrations", ())
        await self._looking.close()
        pending = [migration.name for migration in self._known() if not _is_noted(migration, dict(noted))]
        self._all_applied = not pending
        return pending

    def _known(self) -> Sequence[Migration]:
        return bundled_migrations() if self._migrations is None else self._migrations

    async def _connected(self) -> AsyncConnection[Any]:
        try:
            return await self._connector.connect(_SESSION)
        except psycopg.Error as error:
            raise translated(error) from error


@contextmanager
def _failures_named(what: str) -> Iterator[None]:
    try:
        yield
    except psycopg.errors.RaiseException as error:  # a file's own words; where in the file is no help to an operator
        raise MigrationFailed(f"{what}: {error.diag.message_primary}") from error
    except psycopg.Error as error:
        raise MigrationFailed(f"{what}: {error.diag.message_primary or 'the connection broke'}") from error


async def _grant(connection: AsyncConnection[Any]) -> None:
    """Give each role that exists what it needs, in one commit: none is without it at any moment."""
    async with connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock(%s::bigint)", (_LOCK,))
        await connection.execute(roles.grant_roles().encode())


async def _note(connection: AsyncConnection[Any], act: AuditEntry) -> None:
    asked = await connection.execute("SELECT 1 WHERE to_regclass('audit_log') IS NOT NULL")
    if await asked.fetchall():
        await connection.execute(NOTE, (entries_param(act),))


async def _applied_now(connection: AsyncConnection[Any], migration: Migration, by: Caller) -> bool:
    """Wait for other processes, look again, and apply the file if it is still to apply, all in one transaction."""
    async with connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock(%s::bigint)", (_LOCK,))
        await connection.execute(_MAKE_TABLE)
        if await _noted(connection, migration):
            return False
        await connection.execute(migration.text.encode())
        await _keep(connection, migration, by)
        return True


async def _keep(connection: AsyncConnection[Any], migration: Migration, by: Caller) -> None:
    """Note that the migration is applied."""
    await connection.execute(_NOTE, (migration.name, migration.checksum))
    await _note(connection, by.act("migrate", migration.name))


async def _applied_outside(connection: AsyncConnection[Any], migration: Migration, by: Caller) -> bool:
    """Do the same statement by statement: each is harmless to repeat, as when a process ended halfway.

    Nothing waits for it, so it may wait for others as long as they take.
    """
    await _lock_outside(connection)
    try:
        if await _noted(connection, migration):
            return False
        await connection.execute("SET lock_timeout = 0")
        for statement in migration.statements or ():
            await connection.execute(statement.encode())
        await connection.execute("RESET lock_timeout")
        async with connection.transaction():
            await _keep(connection, migration, by)
        return True
    finally:
        if not connection.broken:  # else the lock is gone with it
            await connection.execute("SELECT pg_advisory_unlock(%s::bigint)", (_LOCK_OUTSIDE,))


async def _lock_outside(connection: AsyncConnection[Any]) -> None:
    while True:
        tried = await connection.execute("SELECT pg_try_advisory_lock(%s::bigint)", (_LOCK_OUTSIDE,))
        if await tried.fetchone() == (True,):
            return
        await asyncio.sleep(_LOOK_SECONDS)


async def _noted(connection: AsyncConnection[Any], migration: Migration) -> bool:
    noted = await (await connection.execute("SELECT name, checksum FROM schema_migrations")).fetchall()
    return _is_noted(migration, dict(noted))


def _is_noted(migration: Migration, noted: dict[str, str]) -> bool:
    checksum = noted.get(migration.name)
    if checksum not in (None, migration.checksum):
        raise MigrationFailed(f"{migration.name} was changed after it was applied: put the file back as it was")
    return checksum is not None
