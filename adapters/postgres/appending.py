"""How groups of records are kept: each moves its order on, or finds that it has done so already."""

from collections.abc import Sequence
from operator import attrgetter

import psycopg

from adapters.postgres import statements
from adapters.postgres.audit import entries_param
from adapters.postgres.errors import after_a_write, is_of_used_transaction
from adapters.postgres.own_connection import OwnConnection
from adapters.postgres.rows import RecordRow, in_json, row_of_record
from application.ports.errors import PortError, StaleOrder, StoreUnavailable, TransactionUsed
from application.ports.order_store import Record
from domain.execution import Execution


async def append_records(
    connection: OwnConnection, records: Sequence[Record], deadline: float
) -> Sequence[PortError | None]:
    """Move the orders on in one statement; unless it says that all were at the expected version, look them up."""
    rows = [row_of_record(record) for record in records]
    rows.sort(key=_order_id)
    acts = [record.act for record in records if record.act is not None]
    statement = _statement(rows)
    try:
        if acts:
            both = (*in_json(rows), entries_param(*acts))
            [(moved,)] = await connection.run(statements.AUDITED[statement], both, deadline)
        else:
            [(moved,)] = await connection.run(statement, in_json(rows), deadline)
    except psycopg.Error as error:
        if not is_of_used_transaction(error) or not (used := await _used(connection, records, deadline)):
            raise
        return await _without(used, connection, records, deadline)
    if moved == len(records):
        return [None] * len(records)
    return await _kept(connection, records, deadline)


_order_id = attrgetter("order_id")


def _statement(rows: Sequence[RecordRow]) -> str:
    """Return the least that keeps all of these."""
    if any(map(_is_of_swap, rows)):
        return statements.APPEND
    return statements.APPEND_ENDED if any(row.purge for row in rows) else statements.APPEND_PLAIN


def _is_of_swap(row: RecordRow) -> bool:
    return row.payload is not None or row.amount_in is not None


async def _used(connection: OwnConnection, records: Sequence[Record], deadline: float) -> set[str]:
    """Find the orders whose transaction confirmed another order, or comes for a second time among these."""
    landed = [execution for record in records if (execution := Execution.of(record.after, record.last))]
    rows = [{"order_id": each.order_id, "place": each.place, "tx_hash": each.tx_hash} for each in landed]
    used = {order_id for (order_id,) in await connection.run(statements.USED, in_json(rows), deadline)}
    seen = set[tuple[str, str]]()
    for each in landed:
        if each.order_id not in used:
            if (each.place, each.tx_hash) in seen:
                used.add(each.order_id)
            seen.add((each.place, each.tx_hash))
    return used


async def _without(
    used: set[str], connection: OwnConnection, records: Sequence[Record], deadline: float
) -> Sequence[PortError | None]:
    """Refuse the records of these orders, and append the others."""
    others = [record for record in records if record.after.order_id not in used]
    outcomes = iter(await append_records(connection, others, deadline) if others else ())
    return [TransactionUsed() if record.after.order_id in used else next(outcomes) for record in records]


async def _kept(connection: OwnConnection, records: Sequence[Record], deadline: float) -> Sequence[PortError | None]:
    """Find the records that are kept, just now or by an earlier try whose connection broke; the others are stale."""
    lasts = [record.last for record in records]
    rows = [{"order_id": last.order_id, "seq": last.seq, "event_id": last.event_id} for last in lasts]
    try:
        kept = {order_id for order_id, _ in await connection.run(statements.KEPT, in_json(rows), deadline)}
    except StoreUnavailable as error:
        return [after_a_write(error) for _ in records]
    return [None if last.order_id in kept else StaleOrder() for last in lasts]
