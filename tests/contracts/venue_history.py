"""What a venue that remembers says of all that it was sent. A subclass gives a `bench`."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import pytest
from attrs import frozen

from application.ports.venue_history import Received, VenueHistory
from domain.transaction import Transaction, TransactionStatus


@frozen
class HistoryBench:
    """A venue that was sent nothing yet; `sent(fails)` sends it a transaction to its end, `now` is its time."""

    venue: VenueHistory
    sent: Callable[[bool], Awaitable[Transaction]]
    now: Callable[[], datetime]

    async def received(self, since: datetime) -> list[Received]:
        return [one async for page in self.venue.received(since) for one in page]


class VenueHistoryContract:
    @pytest.fixture
    def bench(self) -> HistoryBench:
        """Give a bench; a test class overrides this."""
        raise NotImplementedError

    async def test_it_lists_what_landed_and_what_did_not_the_oldest_first(self, bench: HistoryBench) -> None:
        before = bench.now() - timedelta(seconds=1)
        landed, rejected, last = await bench.sent(False), await bench.sent(True), await bench.sent(False)
        found = await bench.received(before)
        assert [one.transaction.tx_hash for one in found] == [one.tx_hash for one in (landed, rejected, last)]
        first = found[0].transaction
        assert (first.order_id, first.attempt, first.amount) == (landed.order_id, landed.attempt, landed.amount)
        assert first.venue == landed.venue
        statuses = [one.report.status for one in found]
        assert statuses == [TransactionStatus.LANDED, TransactionStatus.REJECTED, TransactionStatus.LANDED]
        assert found[0].report.fill is not None
        assert before < found[0].at <= found[2].at <= bench.now()

    async def test_what_came_before_is_not_listed(self, bench: HistoryBench) -> None:
        await bench.sent(False)
        assert await bench.received(bench.now() + timedelta(seconds=1)) == []
