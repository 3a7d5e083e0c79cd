"""What webhook endpoints are still to get, in Postgres."""

import json
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from adapters.postgres import webhook_statements as statements
from adapters.postgres.read_pool import ReadPool
from adapters.postgres.rows import read_or_refuse, storable
from adapters.postgres.sealed_secrets import SealedSecrets
from adapters.postgres.times import stored, utc
from adapters.postgres.webhook_endpoints import read_endpoint
from application import observe
from application.frames import Frame, birth_frame
from application.ports.errors import UnreadableOrder
from application.ports.webhooks import Attempt, AttemptPage, Batch, Owed, Replayed, Settlement
from domain.webhook import WebhookEndpoint

# So much of an endpoint's is in one batch. One that fails is tried with one order.
ORDERS_MOST, EVENTS_MOST = 50, 50


class PostgresWebhookOutbox:
    """The outbox in tables; `pool` is its own."""

    def __init__(self, pool: ReadPool, secrets: SealedSecrets) -> None:
        self._pool = pool
        self._secrets = secrets

    async def close(self) -> None:
        """Disconnect. Idempotent."""
        await self._pool.close()

    async def take(self, most: int, of_user: int, lease_seconds: float) -> Sequence[Batch]:
        leased = await self._pool.change(statements.TAKE, (of_user, most, lease_seconds))
        if not leased:
            return []
        ids, sizes = [row[0] for row in leased], [1 if row[-2] else ORDERS_MOST for row in leased]
        found: dict[str, list[Owed]] = defaultdict(list)
        unreadable: list[tuple[str, str]] = []
        for row in await self._pool.change(statements.OWED, (ids, sizes, EVENTS_MOST)):
            owed = _owed(row[1:])
            if isinstance(owed, Owed):
                found[row[0]].append(owed)
            else:
                unreadable.append((row[0], owed))
        if unreadable:  # else they would be the first that are due each time
            await self._pool.change(statements.PASS_BY, tuple(map(list, zip(*unreadable, strict=True))))
        idle = [row for row in leased if row[0] not in found]
        if idle:
            await self._pool.change(statements.RELEASE, ([row[0] for row in idle], [row[-3] for row in idle]))
        return [self._batch(row, found[row[0]]) for row in leased if row[0] in found]

    async def settle(self, batch: Batch, settlement: Settlement) -> bool:
        delivered = [
            {
                "order_id": each.owed.order_id,
                "was": each.owed.delivered_seq,
                "delivered_seq": each.delivered_seq,
                "ended": each.ended,
                "failures": each.failures,
                "again_in": each.again_in,
            }
            for each in settlement.delivered
        ]
        values = (
            settlement.failures,
            settlement.again_in,
            settlement.disabled_why,
            batch.endpoint.webhook_id,
            batch.lease,
            json.dumps(delivered),
            json.dumps([_values(attempt) for attempt in settlement.attempts], default=str),
        )
        return bool(await self._pool.change(statements.SETTLE, values))

    async def replay(
        self, endpoint: WebhookEndpoint, since: datetime, until: datetime, after: int, most: int
    ) -> Replayed:
        times = stored(since), stored(until)
        given = (endpoint.user_id, *times, *times, after, most, endpoint.webhook_id)
        [(orders, last, reached)] = await self._pool.change(statements.REPLAY, given)
        return Replayed(orders, last, utc(reached)) if orders == most else Replayed(orders, None, None)

    async def attempts(self, webhook_id: str, before: int | None, limit: int) -> AttemptPage:
        rows = await self._pool.run(statements.ATTEMPTS, (before, before, webhook_id, limit + 1))
        attempts = tuple(_attempt(row[1:]) for row in rows[:limit])
        return AttemptPage(attempts, rows[limit - 1][0] if len(rows) > limit else None)

    async def tidy(self) -> None:
        await self._pool.change(statements.TIDY, ())

    def _batch(self, row: Sequence[Any], owed: Sequence[Owed]) -> Batch:
        *endpoint, lease, failures, failing_since = row
        since = failing_since and utc(failing_since)
        return Batch(read_endpoint(endpoint, self._secrets), lease, owed, failures, since)


def _owed(row: Sequence[Any]) -> Owed | str:
    """Return what a row of `OWED` says; of an order that makes no sense its id."""
    delivered_seq, failures, failing_since, events, to_its_end, *columns = row
    order = read_or_refuse(columns)
    if isinstance(order, UnreadableOrder):
        observe.order_unreadable(columns[0], order)
        return str(columns[0])
    frames = [] if delivered_seq >= 0 else [birth_frame(order)]
    last = len(events) if to_its_end else 0
    frames += [
        Frame(order.order_id, order.user_id, seq, number == last, text) for number, (seq, text) in enumerate(events, 1)
    ]
    return Owed(order.order_id, delivered_seq, frames, failures, failing_since and utc(failing_since))


def _values(attempt: Attempt) -> dict[str, Any]:
    return {
        "order_id": attempt.order_id,
        "seq": attempt.seq,
        "event": attempt.event,
        "at": stored(attempt.at),
        "seconds": attempt.seconds,
        "status": attempt.status,
        "error": attempt.error and storable(attempt.error),
    }


def _attempt(row: Sequence[Any]) -> Attempt:
    order_id, seq, event, at, seconds, status, error = row
    return Attempt(order_id, seq, event, utc(at), seconds, status, error)
