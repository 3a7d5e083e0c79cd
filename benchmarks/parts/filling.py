"""Fills a rig's tables with finished orders, as the engine leaves them, faster than the engine could."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Final

from psycopg import AsyncConnection

from benchmarks.rig import Rig

BLOCK = 20_000
CONNECTIONS = 2
# So many orders has each user.
ORDERS_OF_A_USER = 100

# The engine's own orders are small when they come and grow in place, on pages that it fills to a quarter. These come
# grown: with this fillfactor they lie as close together as the engine's do in the end.
AS_DENSE = 45

# (users, orders): that many orders that took 3.2 s, each by one of the users, in the last 30 days; their events.
_BLOCK: Final = """
WITH made AS (
    INSERT INTO orders (
        order_id, user_id, input_token, output_token, amount, status, execution_price, tx_hash, logs, created_at,
        updated_at, version, quotes, chosen_dex, tx_venue, tx_amount, tx_expires_at, finished_at)
    SELECT gen_random_uuid()::text, 'user' || floor(random() * %s)::int, 'SOL', 'USDC', amount, 'confirmed', 147.3312,
        'tx_' || substr(md5(random()::text), 1, 20) || '_mock',
        '{Fetching quotes from Raydium & Meteora...,Best route: Meteora,Building transaction...,'
        'Transaction submitted to network...,Swap executed successfully}',
        born, born + interval '3.2 s', 5,
        '[{"dex":"Raydium","price":"148.3200","fee":"0.003"},{"dex":"Meteora","price":"146.9100","fee":"0.002"}]',
        'Meteora', 'Meteora', amount, born + interval '30 s', born + interval '3.2 s'
    FROM (
        SELECT 0.5 + (n %% 3000) * 0.0137 AS amount,
            date_trunc('milliseconds', now() AT TIME ZONE 'UTC' - random() * interval '30 days') AS born
        FROM generate_series(1, %s) AS n
    ) AS wished
    RETURNING id, order_id, user_id, created_at, tx_hash
)
INSERT INTO order_events (orders_id, seq, event_id, frame)
SELECT id, seq, gen_random_uuid()::text,
    '{"orderId":"' || order_id || '","status":"' || status || '","message":"' || message || '",'
    || CASE WHEN seq >= 4 THEN '"txHash":"' || tx_hash || '",' ELSE '' END || extra || '"seq":' || seq
    || ',"timestamp":"' || to_char(created_at, 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') || '","attempt":1,"userId":"' || user_id
    || '"}'
FROM made, (VALUES
    (1, 'routing', 'Fetching quotes from Raydium & Meteora...', ''),
    (2, 'routing', 'Best route: Meteora', '"chosenDex":"Meteora",'),
    (3, 'building', 'Building transaction...', ''),
    (4, 'submitted', 'Transaction submitted to network...', ''),
    (5, 'confirmed', 'Swap executed successfully', '"executionPrice":147.3312,')
) AS step (seq, status, message, extra)
"""


async def fill(rig: Rig, count: int) -> None:
    """Add so many finished orders with five events each, then have the tables vacuumed and analysed."""
    blocks = iter([BLOCK] * (count // BLOCK) + [count % BLOCK] * (count % BLOCK > 0))
    async with rig.few_checkpoints():
        async with _packed(rig):
            await asyncio.gather(*(_fill(rig, blocks, users_of(count)) for _ in range(CONNECTIONS)))
        await rig.sql("VACUUM (ANALYZE) orders")
        await rig.sql("VACUUM (ANALYZE) order_events")


def users_of(count: int) -> int:
    """Return by how many users so many orders are; they are called `user0`, `user1` and so on."""
    return max(1, count // ORDERS_OF_A_USER)


@asynccontextmanager
async def _packed(rig: Rig) -> AsyncIterator[None]:
    """Have no vacuum during the block, and rows packed as the engine's are in the end."""
    [(fillfactor,)] = await rig.sql(
        "SELECT option_value::int FROM pg_class, pg_options_to_table(reloptions)"
        " WHERE oid = 'orders'::regclass AND option_name = 'fillfactor'"
    )
    for table in ("orders", "order_events"):
        await _alter(rig, table, "SET (autovacuum_enabled = off)")
    await _alter(rig, "orders", f"SET (fillfactor = {AS_DENSE})")
    try:
        yield
    finally:
        await _alter(rig, "orders", f"SET (fillfactor = {fillfactor})")
        for table in ("orders", "order_events"):
            await _alter(rig, table, "RESET (autovacuum_enabled)")


async def _fill(rig: Rig, blocks: Iterator[int], users: int) -> None:
    session = "-c synchronous_commit=off -c timezone=UTC"
    async with await AsyncConnection.connect(rig.postgres_url, autocommit=True, options=session) as connection:
        for block in blocks:
            await connection.execute(_BLOCK, (users, block))


async def _alter(rig: Rig, table: str, what: str) -> None:
    async with await AsyncConnection.connect(rig.postgres_url, autocommit=True) as connection:
        await connection.execute(f"ALTER TABLE {table} {what}".encode())
