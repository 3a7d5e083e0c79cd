"""Compare the orders with what the venues did: after the database went back, they know more than it does."""

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from attrs import field, frozen

from application.caller import Caller, Scope
from application.ports.audit import Audit
from application.ports.errors import NotOffered, UnreadableOrder, VenueUnavailable
from application.ports.executions import ExecutionFilter, Executions
from application.ports.order_store import OrderStore
from application.ports.venue_history import Received, VenueHistory
from application.venues import Venues
from domain.execution import Execution
from domain.order import Order
from domain.status import OrderStatus
from domain.transaction import TransactionStatus

PAGE = 200
GETS_AT_ONCE = 100


class Difference(StrEnum):
    """What a landed swap, or an execution, is without."""

    UNKNOWN_ORDER = "unknown_order"  # the venue swapped for an order that the store does not have
    NOT_EXECUTED = "not_executed"  # the order is there, and does not know of the swap
    OTHER_SWAP = "other_swap"  # the order was confirmed with another: two landed
    NOT_AT_VENUE = "not_at_venue"  # the order was confirmed with a swap that the venue does not know


@frozen
class Finding:
    """One difference; `status` is the order's, None without one."""

    difference: Difference
    order_id: str
    attempt: int | None
    venue: str
    tx_hash: str
    amount_in: Decimal
    amount_out: Decimal | None
    at: datetime
    status: OrderStatus | None


@frozen
class Comparison:
    """What was found, over which venues, and which could not be compared, and why. `swaps` is how many landed."""

    since: datetime
    compared: tuple[str, ...] = ()
    not_comparable: Mapping[str, str] = field(factory=dict)
    findings: tuple[Finding, ...] = ()
    swaps: int = 0
    received: Mapping[str, Sequence[Received]] = field(factory=dict, repr=False)  # by order, but for what was rejected


@frozen
class Reconcile:
    """Reads only: venues, orders, executions. That it was asked for is noted."""

    store: OrderStore
    executions: Executions
    venues: Venues
    audit: Audit

    async def __call__(self, caller: Caller, since: datetime) -> Comparison:
        """Compare everything from `since` (UTC) on. Raises StoreUnavailable, and VenueUnavailable, naming the venue."""
        caller.require(Scope.ADMIN)
        await self.audit.write(caller.act("reconcile", after={"since": since.isoformat()}))
        received: dict[str, list[Received]] = defaultdict(list)
        refusals: dict[str, str] = {}
        for venue in self.venues.venues:
            try:
                for one in await _received(venue, since):
                    received[one.transaction.order_id].append(one)
            except NotOffered as error:
                refusals[venue.name] = str(error)
            except VenueUnavailable as error:
                raise VenueUnavailable(f"{venue.name} {error}") from error
        compared = tuple(name for name in self.venues.names if name not in refusals)
        landed = [one for some in received.values() for one in some if one.report.status is TransactionStatus.LANDED]
        findings = await self._of_swaps(landed)
        findings += await self._of_executions(since, compared, {one.transaction.tx_hash for one in landed})
        return Comparison(since, compared, refusals, tuple(findings), len(landed), received)

    async def _of_swaps(self, landed: Sequence[Received]) -> list[Finding]:
        findings = []
        for start in range(0, len(landed), GETS_AT_ONCE):
            group = landed[start : start + GETS_AT_ONCE]
            orders = await asyncio.gather(*(self._order(one.transaction.order_id) for one in group))
            findings += [
                _finding(one, why, order)
                for one, order in zip(group, orders, strict=True)
                if (why := _difference(one, order))
            ]
        return findings

    async def _order(self, order_id: str) -> Order | None:
        try:
            return await self.store.get(order_id)
        except UnreadableOrder:
            return None

    async def _of_executions(self, since: datetime, venues: Sequence[str], known: set[str]) -> list[Finding]:
        """Find executions that their venue does not know; one that came before its list begins is asked for."""
        findings, cursor = [], None
        while True:
            page = await self.executions.page(ExecutionFilter(since=since), cursor, PAGE)
            for execution in page.executions:
                listed = execution.venue not in venues or execution.tx_hash in known
                if not (listed or await self._landed(execution)):
                    findings.append(_unknown_to_venue(execution))
            if page.next_cursor is None:
                return findings
            cursor = page.next_cursor

    async def _landed(self, execution: Execution) -> bool:
        order = await self._order(execution.order_id)
        if order is None or order.transaction is None:
            return False
        return (await self.venues.lookup(order.transaction)).status is TransactionStatus.LANDED


async def _received(venue: object, since: datetime) -> list[Received]:
    """Return all that a venue received since, but for what it rejected."""
    if not isinstance(venue, VenueHistory):
        raise NotOffered("has no list of what it received")
    kept = (TransactionStatus.LANDED, TransactionStatus.PENDING)
    return [one async for page in venue.received(since) for one in page if one.report.status in kept]


def _difference(one: Received, order: Order | None) -> Difference | None:
    if order is None:
        return Difference.UNKNOWN_ORDER
    if order.tx_hash == one.transaction.tx_hash:
        return None  # confirmed with it, or about to be
    return Difference.OTHER_SWAP if order.status is OrderStatus.CONFIRMED else Difference.NOT_EXECUTED


def _finding(one: Received, difference: Difference, order: Order | None) -> Finding:
    sent, fill = one.transaction, one.report.fill
    return Finding(
        difference, sent.order_id, sent.attempt, sent.venue, sent.tx_hash,
        sent.amount, fill.amount_out if fill else None, one.at, order.status if order else None,
    )  # fmt: skip


def _unknown_to_venue(execution: Execution) -> Finding:
    fill = execution.fill
    return Finding(
        Difference.NOT_AT_VENUE, execution.order_id, None, execution.venue, execution.tx_hash,
        fill.amount_in, fill.amount_out, execution.at, OrderStatus.CONFIRMED,
    )  # fmt: skip
