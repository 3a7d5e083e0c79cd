"""Orders are numbered beyond 32 bits; tables that were narrow are widened, or it is told what is in the way."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import LiteralString

import psycopg
import pytest
from attrs import evolve

from adapters.postgres.migrator import MigrationFailed, Migrator, bundled_migrations
from adapters.postgres.order_store import NUMBERED_TABLES, PostgresOrderStore
from application.ports.errors import ClientOrderIdConflict, IdempotencyKeyReused, StoreUnavailable
from application.ports.order_store import OrderFilter
from domain.order import Order
from tests.builders import an_id, an_order
from tests.contracts.id_ranges import IdRangesContract
from tests.contracts.order_store_harness import append, append_all, clean_run, life
from tests.integration.test_postgres_migrations import HAND_MADE

LAST_OF_32_BITS = 2_147_483_647
WIDE = "0004_wide_ids.sql"
# All other migrations: so this release's statements find what they need.
NARROW = tuple(migration for migration in bundled_migrations() if migration.name != WIDE)
TYPES = """
SELECT attname, format_type(atttypid, NULL) FROM pg_attribute
WHERE (attrelid, attname) IN (('orders'::regclass, 'id'), ('order_events'::regclass, 'orders_id'))
UNION ALL SELECT 'sequence', data_type::text || ' to ' || max_value FROM pg_sequences WHERE sequencename LIKE 'orders%'
"""
ALL_WIDE = {"id": "bigint", "orders_id": "bigint", "sequence": "bigint to 9223372036854775807"}
ALL_NARROW = {"id": "integer", "orders_id": "integer", "sequence": "integer to 2147483647"}


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[PostgresOrderStore]:
    store = PostgresOrderStore(url)
    await store.open()
    try:
        yield store
    finally:
        await store.close()


def run(url: str, *statements: LiteralString) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement)


def types(url: str) -> dict[str, str]:
    with psycopg.connect(url) as connection:
        return dict(connection.execute(TYPES).fetchall())


async def refusal(url: str) -> str:
    """Return why the migration was refused; asserts that it changed nothing."""
    with pytest.raises(MigrationFailed) as caught:
        await Migrator(url).apply()
    assert types(url) == ALL_NARROW
    assert (await Migrator(url).pending())[0] == WIDE
    return str(caught.value)


class TestPostgresIdRanges(IdRangesContract):
    @pytest.fixture
    async def store(self, migrated_url: str) -> AsyncIterator[PostgresOrderStore]:
        async with opened(migrated_url) as store:
            yield store


async def test_an_order_beyond_32_bits_lives_as_any_other(migrated_url: str) -> None:
    run(migrated_url, "SELECT setval('orders_id_seq', 2147483646)")
    plain, keyed, newest = an_order(), an_order(clientOrderId="mine"), an_order()
    async with opened(migrated_url) as store:
        await store.add(plain)  # the last of 32 bits
        await store.add(keyed, "key")
        await store.add(newest)
        assert (await store.add(evolve(keyed, order_id=an_id()), "key")).replayed
        for order in (plain, keyed):
            frames = await append_all(store, clean_run(order))
            assert await store.events(order.order_id, 0) == frames
        await append_all(store, life(newest)[:2])
        assert (await store.last_seqs([keyed.order_id]))[keyed.order_id].final
        await listed_in_pages(store, OrderFilter(), [newest, keyed, plain])
        await listed_in_pages(store, OrderFilter(user_id=plain.user_id), [newest, keyed, plain])
        await swept(store, migrated_url, newest)
        assert (await store.id_ranges_used())["orders"] == pytest.approx(2**-32)
    with psycopg.connect(migrated_url) as connection:
        ids = [number for (number,) in connection.execute("SELECT id FROM orders ORDER BY id")]
    assert (ids[0], ids[1] > LAST_OF_32_BITS, len(ids)) == (LAST_OF_32_BITS, True, 3)


async def listed_in_pages(store: PostgresOrderStore, query: OrderFilter, wanted: list[Order]) -> None:
    found, cursor = [], None
    for _ in wanted:
        page = await store.find(query, cursor, 1)
        found += [order.order_id for order in page.orders]
        cursor = page.next_cursor
    assert (found, cursor) == ([order.order_id for order in wanted], None)


async def swept(store: PostgresOrderStore, url: str, wanted: Order) -> None:
    run(url, "UPDATE orders SET updated_at = updated_at - interval '1 hour'")
    page = await store.open_orders(None, 1, 30)
    assert page.order_ids == (wanted.order_id,)
    assert (await store.open_orders(page.next_after, 1, 30)).order_ids == ()


async def test_where_ids_end_no_order_is_to_blame(database_url: str) -> None:
    await Migrator(database_url, NARROW).apply()
    run(database_url, "SELECT setval('orders_id_seq', 2147483647)")
    async with opened(database_url) as store:
        for key in (None, "key"):
            with pytest.raises(StoreUnavailable):
                await store.add(an_order(), key)
        await Migrator(database_url).apply()
        await store.add(an_order())


async def test_processes_at_work_go_on_while_their_tables_are_widened(database_url: str) -> None:
    await Migrator(database_url, NARROW).apply()
    async with opened(database_url) as store:

        async def use() -> None:
            plain, keyed = an_order(), an_order()
            await store.add(plain)
            await store.add(keyed, keyed.order_id)
            assert (await store.add(evolve(keyed, order_id=an_id()), keyed.order_id)).replayed
            steps = clean_run(plain)
            [frame, *_] = await append_all(store, steps)
            assert await append(store, steps[0]) == frame  # found as already done
            assert await store.get(plain.order_id) is not None
            assert len(await store.events(plain.order_id, 0)) == 5
            for query in (OrderFilter(), OrderFilter(user_id=plain.user_id)):
                page = await store.find(query, None, 1)
                assert [order.order_id for order in page.orders] == [keyed.order_id]
                assert (await store.find(query, page.next_cursor, 1)).orders[0].order_id == plain.order_id
            await store.open_orders(None, 10, 30)
            await store.backlog()

        for _ in range(6):  # plans that may be kept are kept from the sixth time on
            await use()
        assert await Migrator(database_url).apply() == [WIDE]
        assert types(database_url) == ALL_WIDE
        await use()


@pytest.mark.parametrize(
    ("made", "sequence"),
    [
        ("id SERIAL", True),
        ("id SMALLSERIAL", True),
        ("id BIGSERIAL", True),
        ("id INTEGER GENERATED BY DEFAULT AS IDENTITY", True),
        ("id INTEGER", False),
    ],
)
async def test_an_adopted_table_is_widened_whatever_numbers_it(made: str, sequence: bool, database_url: str) -> None:
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(HAND_MADE.replace("id SERIAL", made).encode())
    await Migrator(database_url).apply()
    assert types(database_url) == (ALL_WIDE if sequence else {"id": "bigint", "orders_id": "bigint"})


async def test_a_sequence_is_found_under_any_name(database_url: str) -> None:
    run(database_url, HAND_MADE, """ALTER SEQUENCE orders_id_seq RENAME TO "orders' Ö" """)
    await Migrator(database_url).apply()
    assert types(database_url) == ALL_WIDE


async def test_what_needs_an_id_is_told_by_name_and_may_come_back(database_url: str) -> None:
    run(
        database_url,
        HAND_MADE,
        'CREATE SCHEMA "Old reports"',
        'CREATE VIEW "Old reports".daily AS SELECT * FROM orders',
        'CREATE VIEW totals AS SELECT count(user_id) FROM "Old reports".daily',
        "CREATE VIEW users AS SELECT DISTINCT user_id FROM orders",  # is not in the way
        "CREATE MATERIALIZED VIEW newest AS SELECT max(id) FROM orders",
        "CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
        "CREATE TRIGGER renumbered BEFORE UPDATE OF id ON orders FOR EACH ROW EXECUTE FUNCTION nothing()",
    )
    why = await refusal(database_url)
    assert why == (
        f"{WIDE}: the ids of orders cannot become BIGINT yet, and were left as they are. Drop what needs them, migrate,"
        ' and make it again: view public.totals, view "Old reports".daily, materialized view public.newest,'
        " trigger renumbered on public.orders."
    )
    run(
        database_url,
        "DROP VIEW totals",
        'DROP VIEW "Old reports".daily',
        "DROP MATERIALIZED VIEW newest",
        "DROP TRIGGER renumbered ON orders",
    )
    await Migrator(database_url).apply()
    assert types(database_url) == ALL_WIDE
    run(database_url, "CREATE MATERIALIZED VIEW newest AS SELECT max(id) FROM orders", "SELECT * FROM users")


async def test_views_do_not_matter_where_ids_are_wide_already(database_url: str) -> None:
    run(
        database_url, HAND_MADE.replace("id SERIAL", "id BIGSERIAL"), "CREATE VIEW newest AS SELECT max(id) FROM orders"
    )
    await Migrator(database_url).apply()
    assert types(database_url) == ALL_WIDE


async def test_a_narrow_foreign_key_is_told_by_name_and_a_wide_one_stays(database_url: str) -> None:
    run(
        database_url,
        HAND_MADE,
        "CREATE TABLE payments (first_order INTEGER CONSTRAINT pays REFERENCES orders, later BIGINT REFERENCES orders)",
    )
    why = await refusal(database_url)
    assert why == (
        f"{WIDE}: the ids of orders cannot become BIGINT yet, and were left as they are. Make the columns that refer to"
        " them BIGINT, then migrate: public.payments.first_order (foreign key pays)."
    )
    run(database_url, "ALTER TABLE payments ALTER first_order TYPE BIGINT")
    await Migrator(database_url).apply()
    assert types(database_url) == ALL_WIDE
    with pytest.raises(psycopg.errors.ForeignKeyViolation):
        run(database_url, "INSERT INTO payments VALUES (7, NULL)")


async def test_rows_lie_close_after_it_and_new_ones_have_room(database_url: str) -> None:
    await Migrator(database_url, NARROW).apply()
    async with opened(database_url) as store:
        for _ in range(50):
            order = an_order()
            await store.add(order)
            await append_all(store, clean_run(order))
        await Migrator(database_url).apply()
        with psycopg.connect(database_url) as connection:
            [(options, size)] = connection.execute(
                "SELECT reloptions, pg_relation_size(oid) FROM pg_class WHERE oid = 'orders'::regclass"
            ).fetchall()
        assert "fillfactor=25" in options
        assert size < 50 * 1024


async def test_every_sequence_of_ours_is_watched(migrated_url: str) -> None:
    with psycopg.connect(migrated_url) as connection:
        numbered = connection.execute(
            "SELECT c.relname FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid"
            " WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND attnum > 0 AND NOT attisdropped"
            " AND pg_get_serial_sequence(quote_ident(c.relname), attname) IS NOT NULL"
        ).fetchall()
    assert sorted(name for (name,) in numbered) == sorted(NUMBERED_TABLES)


async def test_the_used_share_is_that_of_whichever_ends_first(database_url: str) -> None:
    async with opened(database_url) as store:
        assert await store.id_ranges_used() == {}  # no tables yet
        await Migrator(database_url, NARROW).apply()
        assert (await store.id_ranges_used())["orders"] == 0
        run(database_url, "SELECT setval('orders_id_seq', 2040109465)")
        assert (await store.id_ranges_used())["orders"] == pytest.approx(0.95)
        run(database_url, "ALTER SEQUENCE orders_id_seq AS BIGINT")  # the column is narrow still
        assert (await store.id_ranges_used())["orders"] == pytest.approx(0.95)
        await Migrator(database_url).apply()
        assert (await store.id_ranges_used())["orders"] == pytest.approx(0.95 * 2**-32)
        run(database_url, "ALTER SEQUENCE orders_id_seq MAXVALUE 2500000000")
        assert (await store.id_ranges_used())["orders"] == pytest.approx(0.816, abs=0.001)


@pytest.mark.parametrize("column", ["BIGINT", "INTEGER"])
async def test_orders_beyond_the_last_id_are_no_mistake_of_theirs(database_url: str, column: LiteralString) -> None:
    await Migrator(database_url).apply()
    last = "2147483647" if column == "INTEGER" else "9223372036854775807"
    run(database_url, "ALTER TABLE orders ALTER id TYPE " + column, "SELECT setval('orders_id_seq', " + last + ")")
    async with opened(database_url) as store:
        for order, key in ((an_order(), None), (an_order(), "key"), (an_order(clientOrderId="mine"), None)):
            with pytest.raises(StoreUnavailable):
                await store.add(order, key)
        run(database_url, "SELECT setval('orders_id_seq', 1)")
        await store.add(an_order())


async def test_repeats_use_no_ids_up(database_url: str) -> None:
    await Migrator(database_url).apply()
    with psycopg.connect(database_url, autocommit=True) as connection:

        def given_out() -> int:
            return int(connection.execute("SELECT last_value FROM orders_id_seq").fetchall()[0][0])

        async with opened(database_url) as store:
            first = await store.add(an_order(clientOrderId="mine"), "key")
            await store.add(an_order(clientOrderId="named"))
            before = given_out()
            for _ in range(20):
                again = await store.add(an_order(clientOrderId="mine"), "key")
                assert (again.order_id, again.replayed) == (first.order_id, True)
                await asyncio.gather(*(store.add(an_order(clientOrderId="named")) for _ in range(20)))
                for order, key, refusal in (
                    (an_order(amount=11), "key", IdempotencyKeyReused),
                    (an_order(amount=11, clientOrderId="named"), None, ClientOrderIdConflict),
                ):
                    with pytest.raises(refusal):
                        await store.add(order, key)
            assert given_out() == before
            await store.add(an_order(), "another")
            assert given_out() == before + 1
