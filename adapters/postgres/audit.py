"""The record of administrative acts in Postgres, and how other statements write to it in their own commit."""

import json
from typing import Any, Final

from attrs import asdict, evolve

from adapters.postgres.read_pool import ReadPool
from adapters.postgres.rows import storable
from adapters.postgres.times import stored, utc
from application.ports.audit import AuditEntry, AuditFilter, AuditPage, AuditRecord, Outcome

# Keep entries. (entries, as `entries_param` gives them).
NOTE: Final = """
INSERT INTO audit_log (who, origin, request_id, what, subject, before, after, outcome)
SELECT who, origin, request_id, what, subject, before, after, outcome
FROM json_to_recordset(%s) AS i (
    who text, origin text, request_id text, what text, subject text, before json, after json, outcome text)
"""

# (before, before, since, since, who, who, what, what, limit): records, newest first.
_PAGE: Final = """
SELECT id, at, who, origin, request_id, what, subject, before, after, outcome FROM audit_log
WHERE (%s::bigint IS NULL OR id < %s) AND (%s::timestamp IS NULL OR at >= %s)
    AND (%s::text IS NULL OR who = %s) AND (%s::text IS NULL OR what = %s)
ORDER BY id DESC LIMIT %s
"""


def audited(statement: str, condition: str = "EXISTS (SELECT FROM act)") -> str:
    """Return the statement with one parameter more, at its end: entries that its own commit keeps.

    It answers as before. A statement without a WITH must have a RETURNING: its entries are kept if it returns rows.
    One that has a WITH says in `condition` for which entries (`i`) it did something.
    """
    if not statement.lstrip().startswith("WITH"):
        statement = f"WITH act AS ({statement})\nSELECT * FROM act"
    changes, _, answer = statement.rpartition("\nSELECT ")
    return f"{changes}, noted AS ({NOTE} WHERE {condition})\nSELECT {answer}"


def entries_param(*entries: AuditEntry) -> str:
    """Return the parameter of an audited statement."""
    return json.dumps([asdict(entry, value_serializer=_storable_in) for entry in entries], ensure_ascii=False)


class PostgresAudit:
    """The record; `pool` is the store's."""

    def __init__(self, pool: ReadPool) -> None:
        self._pool = pool

    async def write(self, entry: AuditEntry) -> None:
        await self._pool.change(NOTE, (entries_param(entry),))

    async def records(self, query: AuditFilter, before: int | None, limit: int) -> AuditPage:
        given = (before, stored(query.since), query.who, query.what)
        rows = await self._pool.run(_PAGE, (*(value for each in given for value in (each, each)), limit + 1))
        records = tuple(map(_record_of, rows[:limit]))
        return AuditPage(records, records[-1].number if len(rows) > limit else None)


def _record_of(row: tuple[Any, ...]) -> AuditRecord:
    number, at, *fields = row
    return AuditRecord(number, utc(at), evolve(AuditEntry(*fields), outcome=Outcome(fields[-1])))


def _storable_in(_: object, __: object, value: Any) -> Any:
    return storable(value) if isinstance(value, str) else value
