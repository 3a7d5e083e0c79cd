"""Partial halts in Postgres: rows that every process looks for."""

from collections.abc import Sequence
from typing import Final

from adapters.postgres.audit import audited, entries_param
from adapters.postgres.connection import Rows
from adapters.postgres.read_pool import ReadPool
from adapters.postgres.rows import storable
from adapters.postgres.times import utc
from application.ports.audit import AuditEntry
from application.ports.partial_halts import HaltOf, PartialHalt

# The halts that hold: of what, its name, since when, why, who began it.
_HALT: Final = "halt_of, name, since, why, begun_by"
ALL: Final = "SELECT {halt} FROM partial_halts WHERE ended_at IS NULL ORDER BY id".replace("{halt}", _HALT)
ONE: Final = "SELECT {halt} FROM partial_halts WHERE ended_at IS NULL AND halt_of = %s AND name = %s".replace(
    "{halt}", _HALT
)

# Begin a halt, unless there is one. (of what, name, why, who, entries).
BEGIN: Final = audited("""
INSERT INTO partial_halts (halt_of, name, why, begun_by) VALUES (%s, %s, %s, %s)
ON CONFLICT (halt_of, name) WHERE ended_at IS NULL DO NOTHING
RETURNING id
""")

# End a halt. (who, of what, name, entries): the halt, as ALL has it.
END: Final = audited(
    """
UPDATE partial_halts SET ended_at = clock_timestamp() AT TIME ZONE 'UTC', ended_by = %s
WHERE ended_at IS NULL AND halt_of = %s AND name = %s
RETURNING {halt}
""".replace("{halt}", _HALT)
)


class PostgresPartialHalts:
    """Partial halts; `pool` is asked often and for little, so nothing slow may share it."""

    def __init__(self, pool: ReadPool) -> None:
        self._pool = pool

    async def all(self) -> Sequence[PartialHalt]:
        return _halts_of(await self._pool.run(ALL, ()))

    async def begin(self, of: HaltOf, name: str, why: str, act: AuditEntry) -> PartialHalt:
        name = storable(name)
        while True:
            await self._pool.change(BEGIN, (of, name, storable(why), storable(act.who), entries_param(act)))
            if halts := _halts_of(await self._pool.run(ONE, (of, name))):
                return halts[0]

    async def end(self, of: HaltOf, name: str, act: AuditEntry) -> PartialHalt | None:
        values = (storable(act.who), of, storable(name), entries_param(act))
        halts = _halts_of(await self._pool.change(END, values))
        return halts[0] if halts else None


def _halts_of(rows: Rows) -> Sequence[PartialHalt]:
    return [PartialHalt(HaltOf(of), name, utc(since), why, by) for of, name, since, why, by in rows]
