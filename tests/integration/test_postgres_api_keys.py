"""The keeper of keys in Postgres keeps the contract; and what a database can have that no key can be."""

from collections.abc import AsyncIterator

import psycopg
import pytest

from adapters.postgres.api_keys import PostgresApiKeys
from adapters.postgres.audit import PostgresAudit
from adapters.postgres.migrator import Migrator
from adapters.postgres.order_store import PostgresOrderStore
from application.ports.errors import DataRefused, StoreUnavailable
from tests.contracts.api_keys import ACT, ApiKeysContract, an_api_key, digest


@pytest.fixture
async def keys(database_url: str) -> AsyncIterator[PostgresApiKeys]:
    await Migrator(database_url).apply()
    store = PostgresOrderStore(database_url)
    kept = PostgresApiKeys(store.connector)
    await kept.open()
    yield kept
    await kept.close()
    await store.close()


class TestPostgresApiKeys(ApiKeysContract):
    @pytest.fixture
    def keys(self, keys: PostgresApiKeys) -> PostgresApiKeys:
        return keys

    @pytest.fixture
    async def audit(self, database_url: str, keys: PostgresApiKeys) -> AsyncIterator[PostgresAudit]:
        store = PostgresOrderStore(database_url)
        yield PostgresAudit(store.health)
        await store.close()


async def test_what_cannot_be_stored_is_refused(keys: PostgresApiKeys) -> None:
    key = an_api_key(name="a\0b")
    with pytest.raises(DataRefused):
        await keys.add(key, digest(key), ACT)


async def test_neither_secret_nor_owners_other_keys_are_in_the_table_twice(
    keys: PostgresApiKeys, database_url: str
) -> None:
    key, other = an_api_key(), an_api_key()
    await keys.add(key, digest(key), ACT)
    with pytest.raises((DataRefused, StoreUnavailable)):
        await keys.add(other, digest(key), ACT)
    async with await psycopg.AsyncConnection.connect(database_url) as connection:
        [(rows,)] = await (await connection.execute("SELECT count(*) FROM api_keys")).fetchall()
    assert rows == 1


@pytest.mark.parametrize("change", ["expires_at = 'infinity'", "mode = 'x'", "networks = '{x}'", "digest = ''"])
async def test_a_row_that_no_key_can_have_is_not_even_written_by_hand(
    keys: PostgresApiKeys, database_url: str, change: str
) -> None:
    key = an_api_key()
    await keys.add(key, digest(key), ACT)
    async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as connection:
        with pytest.raises(psycopg.Error):
            await connection.execute(f"UPDATE api_keys SET {change}".encode())  # noqa: S608
    assert await keys.find(digest(key)) == key


async def test_scopes_of_a_later_release_allow_nothing(keys: PostgresApiKeys, database_url: str) -> None:
    key = an_api_key()
    await keys.add(key, digest(key), ACT)
    async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as connection:
        await connection.execute("UPDATE api_keys SET scopes = scopes || '{orders:everything}'::text[]")
    assert await keys.find(digest(key)) == key
