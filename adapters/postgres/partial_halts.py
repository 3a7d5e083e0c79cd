"""Partial halts in Postgres: rows that every process looks for."""

from collections.abc import Sequence
from datetime import UTC
from typing import Final

from adapters.postgres.connection import Rows
from adapters.postgres.read_pool import ReadPool
from adapters.postgres.rows import storable
from application.ports.partial_halts import HaltOf, PartialHalt

# The halts that hold: of what, its name, since when, why, who began it.
_HALT: Final = "halt_of, name, since, why, begun_by"
ALL: Final = "SELECT {halt} FROM partial_halts WHERE ended_at IS NULL ORDER BY id".replace("{halt}", _HALT)
ONE: Final = "SELECT {halt} FROM partial_halts WHERE ended_at IS NULL AND halt_of = %s AND name = %s".replace(
    "{halt}", _HALT
)

# Begin a halt, unless there is one. (of what, name, why, who).
BEGIN: Final = """
INSERT INTO partial_halts (halt_of, name, why, begun_by) VALUES (%s, %s, %s, %s)
ON CONFLICT (halt_of, name) WHERE ended_at IS NULL DO NOTHING
"""

# End a halt. (who, of what, name): the halt, as ALL has it.
END: Final = """
UPDATE partial_halts SET ended_at = clock_timestamp() AT TIME ZONE 'UTC', ended_by = %s
WHERE ended_at IS NULL AND halt_of = %s AND name = %s
RETURNING {halt}
""".replace("{halt}", _HALT)


class PostgresPartialHalts:
    """Partial halts; `pool` is asked often and for little, so nothing slow may share it."""

    def __init__(self, pool: ReadPool) -> None:
        self._pool = pool

    async def all(self) -> Sequence[PartialHalt]:
        return _halts_of(await self._pool.run(ALL, ()))

    async def begin(self, of: HaltOf, name: str, why: str, by: str) -> PartialHalt:
        name = storable(name)
        while True:
            await self._pool.run(BEGIN, (of, name, storable(why), storable(by)))
            if halts := _halts_of(await self._pool.run(ONE, (of, name))):
                return halts[0]

    async def end(self, of: HaltOf, name: str, by: str) -> PartialHalt | None:
        halts = _halts_of(await self._pool.run(END, (storable(by), of, storable(name))))
        return halts[0] if halts else None


def _halts_of(rows: Rows) -> Sequence[PartialHalt]:
    return [PartialHalt(HaltOf(of), name, since.replace(tzinfo=UTC), why, by) for of, name, since, why, by in rows]
