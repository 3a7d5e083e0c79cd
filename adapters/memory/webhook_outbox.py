"""What webhook endpoints are still to get, in this process's memory."""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from attrs import define, evolve, field

from adapters.memory.order_store import InMemoryOrderStore
from adapters.memory.webhook_endpoints import EndpointState, OutboxRow
from application.frames import birth_frame
from application.ports.system import Clock
from application.ports.webhooks import Attempt, AttemptPage, Batch, Delivered, Owed, Replayed, Settlement
from domain.webhook import WebhookEndpoint

ORDERS_MOST, ATTEMPTS_MOST = 50, 1000
_EVER = datetime.min.replace(tzinfo=UTC)


@define(eq=False)
class InMemoryWebhookOutbox:
    """The outbox of a store's orders."""

    clock: Clock
    store: InMemoryOrderStore
    _attempts: dict[str, list[tuple[int, Attempt]]] = field(factory=dict)

    async def take(self, most: int, of_user: int, lease_seconds: float) -> Sequence[Batch]:
        now, batches = self.clock.now(), list[Batch]()
        states = self.store.webhooks.states.values()
        leased = Counter(s.endpoint.user_id for s in states if (s.leased_until or _EVER) > now)
        for state in sorted(states, key=lambda s: s.leased_until or _EVER):
            free = max(state.leased_until or _EVER, state.retry_at or _EVER) <= now
            of_its_user = leased[state.endpoint.user_id]
            if not (free and state.endpoint.enabled and len(batches) < most and of_its_user < of_user):
                continue
            owed = [await self._owed(order_id, state) for order_id in self._due(state, now)]
            if some := [each for each in owed if each][: 1 if state.failures else ORDERS_MOST]:
                leased[state.endpoint.user_id] += 1
                state.lease += 1
                state.leased_until = now + timedelta(seconds=lease_seconds)
                batches.append(Batch(state.endpoint, state.lease, some, state.failures, state.failing_since))
        return batches

    async def settle(self, batch: Batch, settlement: Settlement) -> bool:
        now, state = self.clock.now(), self.store.webhooks.states.get(batch.endpoint.webhook_id)
        if state is None or state.lease != batch.lease:
            return False
        state.lease, state.leased_until = state.lease + 1, now
        state.failures = settlement.failures
        state.failing_since = (state.failing_since or now) if settlement.failures else None
        state.retry_at = now + timedelta(seconds=settlement.again_in) if settlement.failures else None
        if settlement.disabled_why is not None and state.endpoint.enabled:
            disabled = state.endpoint.disable(now, settlement.disabled_why)
            state.endpoint = evolve(disabled, revision=disabled.revision + 1)
        for each in settlement.delivered:
            _move(state, each, now)
        kept = self._attempts.setdefault(batch.endpoint.webhook_id, [])
        first = kept[-1][0] + 1 if kept else 1
        kept += enumerate(settlement.attempts, first)
        del kept[:-ATTEMPTS_MOST]
        return True

    async def replay(
        self, endpoint: WebhookEndpoint, since: datetime, until: datetime, after: int, most: int
    ) -> Replayed:
        state, now = self.store.webhooks.states[endpoint.webhook_id], self.clock.now()
        numbered = enumerate(self.store.orders(), 1)
        meant = [(n, o) for n, o in numbered if o.user_id == endpoint.user_id and since <= o.created_at < until]
        page = [(n, order) for n, order in meant if n > after][:most]
        for _, order in page:
            state.outbox[order.order_id] = OutboxRow(now)
        if len(page) < most:
            return Replayed(len(page), None, None)
        return Replayed(most, page[-1][0], page[-1][1].created_at)

    async def attempts(self, webhook_id: str, before: int | None, limit: int) -> AttemptPage:
        kept = self._attempts.get(webhook_id, [])
        found = [(n, attempt) for n, attempt in reversed(kept) if before is None or n < before]
        page = found[:limit]
        return AttemptPage(tuple(one for _, one in page), page[-1][0] if len(found) > limit else None)

    async def tidy(self) -> None:
        """Nothing is left of what is removed."""

    def _due(self, state: EndpointState, now: datetime) -> list[str]:
        due = [(row.due_at, order_id) for order_id, row in state.outbox.items() if row.due_at <= now]
        return [order_id for _, order_id in sorted(due)]

    async def _owed(self, order_id: str, state: EndpointState) -> Owed | None:
        row, order = state.outbox[order_id], await self.store.get(order_id)
        if order is None or (order.status.is_final and order.version <= row.delivered_seq):
            del state.outbox[order_id]
            return None
        frames = list(await self.store.events(order_id, max(row.delivered_seq, 0)))
        if row.delivered_seq < 0:
            frames.insert(0, birth_frame(order))
        return Owed(order_id, row.delivered_seq, frames, row.failures, row.failing_since) if frames else None


def _move(state: EndpointState, delivered: Delivered, now: datetime) -> None:
    was = delivered.owed.delivered_seq
    row = state.outbox.get(delivered.owed.order_id)
    if row is None or row.delivered_seq != was:
        return
    if delivered.ended:
        del state.outbox[delivered.owed.order_id]
        return
    row.delivered_seq, row.failures = delivered.delivered_seq, delivered.failures
    row.due_at = now + timedelta(seconds=delivered.again_in)
    known = row.failing_since if delivered.delivered_seq == was else None
    row.failing_since = (known or now) if delivered.failures else None
