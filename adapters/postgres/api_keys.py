"""API keys in Postgres."""

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from ipaddress import ip_network
from typing import Any

from adapters.postgres import key_statements as statements
from adapters.postgres.audit import entries_param
from adapters.postgres.connector import Connector
from adapters.postgres.grouped_calls import GroupedCalls
from adapters.postgres.own_connection import OwnConnection
from adapters.postgres.read_pool import ReadPool
from adapters.postgres.sessions import SESSION
from adapters.postgres.times import stored, utc
from application.api_key import ApiKey, EngineMode
from application.caller import Scope
from application.ports.audit import AuditEntry
from application.ports.errors import DataRefused, Overloaded, StoreUnavailable

_FINDS_MOST, _FINDS_BOUND = 200, 5_000


class PostgresApiKeys:
    """Keys in a table; `open` it before use. `connector` is the order store's, which closes it.

    Secrets are looked up in groups over a connection of their own, so that those who try many neither wait for each
    other nor keep orders from being read.
    """

    def __init__(self, connector: Connector) -> None:
        self._pool = ReadPool(connector, SESSION, 1)
        self._finds: GroupedCalls[bytes, ApiKey | None] = GroupedCalls(
            OwnConnection(connector, SESSION), _find, most=_FINDS_MOST, bound=_FINDS_BOUND, kind="find_key"
        )

    async def open(self) -> None:
        """Start taking calls, in the event loop that makes them."""
        self._finds.open()

    async def close(self) -> None:
        """Finish the calls that wait, then disconnect. Idempotent."""
        await self._finds.close()
        await self._pool.close()

    async def add(self, key: ApiKey, digest: bytes, act: AuditEntry) -> None:
        await self._pool.change(statements.ADD, (_values(key, digest), entries_param(act)))

    async def replace(self, key: ApiKey, digest: bytes, until: datetime, act: AuditEntry) -> bool:
        return bool(await self._pool.change(statements.REPLACE, (_values(key, digest, until), entries_param(act))))

    async def revoke(self, key_id: str, at: datetime, act: AuditEntry) -> ApiKey | None:
        try:
            rows = await self._pool.change(statements.REVOKE, (stored(at), key_id, entries_param(act), key_id))
        except DataRefused:  # no key can have such an id
            return None
        return _read(rows[0]) if rows else None

    async def find(self, digest: bytes) -> ApiKey | None:
        try:
            return await self._finds.submit(digest)
        except Overloaded as error:
            raise StoreUnavailable("too many look for keys") from error

    async def read(self, key_ids: Collection[str] | None = None) -> Sequence[ApiKey]:
        if key_ids is None:
            rows = await self._pool.run(statements.READ_ALL, ())
        else:
            rows = await self._pool.run(statements.READ, (list(key_ids),))
        return [_read(row) for row in rows]

    async def note_used(self, used: Mapping[str, datetime]) -> None:
        await self._pool.change(statements.NOTE_USED, (list(used), [stored(at) for at in used.values()]))


async def _find(connection: OwnConnection, digests: Sequence[bytes], deadline: float) -> Sequence[ApiKey | None]:
    rows = await connection.run(statements.FIND, (list(set(digests)),), deadline, cut_off=False)
    found = {bytes(row[0]): _read(row[1:]) for row in rows}
    return [found.get(digest) for digest in digests]


def _values(key: ApiKey, digest: bytes, until: datetime | None = None) -> str:
    """Return the parameter of a statement that keeps a key."""
    values = {
        "key_id": key.key_id,
        "digest": digest.hex(),
        "name": key.name,
        "owner": key.owner,
        "scopes": sorted(key.scopes),
        "mode": key.mode.value,
        "networks": [str(network) for network in key.networks],
        "created_at": stored(key.created_at),
        "expires_at": stored(key.expires_at),
        "replaces": key.replaces,
        "until": stored(until),
    }
    return json.dumps(values, ensure_ascii=False, default=str)


def _read(row: Sequence[Any]) -> ApiKey:
    """Return the key of a row. Scopes that this release does not know allow nothing."""
    key_id, name, owner, scopes, mode, networks, created_at, expires_at, revoked_at, last_used_at, replaces = row
    return ApiKey(
        key_id=key_id,
        name=name,
        owner=owner,
        scopes=frozenset(Scope(scope) for scope in scopes if scope in set(Scope)),
        mode=EngineMode(mode),
        networks=tuple(ip_network(network) for network in networks),
        created_at=utc(created_at),
        expires_at=expires_at and utc(expires_at),
        revoked_at=revoked_at and utc(revoked_at),
        last_used_at=last_used_at and utc(last_used_at),
        replaces=replaces,
    )
