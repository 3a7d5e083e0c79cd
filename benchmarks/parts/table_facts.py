"""What Postgres itself tells of the engine's tables: how large they are, and what writing to them costs."""

import asyncio

from attrs import frozen

from benchmarks.rig import Rig

# Sessions tell the statistics a second after they wrote, or when they are idle for longer.
_TOLD_AFTER_SECONDS = 1.5
_GIB = 1 << 30


@frozen
class Writes:
    """What was written until some moment: WAL bytes and full page images, updates of orders and how many were HOT."""

    wal_bytes: int
    page_images: int
    updates: int
    hot_updates: int

    @classmethod
    async def until_now(cls, rig: Rig) -> "Writes":
        """Read it from an idle server."""
        await asyncio.sleep(_TOLD_AFTER_SECONDS)
        [row] = await rig.sql(
            "SELECT (pg_current_wal_insert_lsn() - '0/0')::bigint, w.wal_fpi, t.n_tup_upd, t.n_tup_hot_upd"
            " FROM pg_stat_wal AS w, pg_stat_user_tables AS t WHERE t.relname = 'orders'"
        )
        return cls(*row)

    def __sub__(self, before: "Writes") -> "Writes":
        return Writes(
            self.wal_bytes - before.wal_bytes,
            self.page_images - before.page_images,
            self.updates - before.updates,
            self.hot_updates - before.hot_updates,
        )

    @property
    def hot_share(self) -> float:
        """Which share of the updates touched no index."""
        return self.hot_updates / self.updates if self.updates else 0.0


async def sizes(rig: Rig) -> str:
    """Say how large the tables and their indexes are."""
    [(orders,)] = await rig.sql("SELECT count(*) FROM orders")
    told = []
    for name in ("orders", "order_events"):
        [(table, indexes)] = await rig.sql("SELECT pg_table_size(%s), pg_indexes_size(%s)", (name, name))
        each = f" ({table / orders:,.0f} and {indexes / orders:,.0f} bytes an order)" if orders else ""
        told.append(f"{name} {table / _GIB:.2f} GiB, its indexes {indexes / _GIB:.2f} GiB{each}")
    return f"{orders:,} orders: {'; '.join(told)}"
