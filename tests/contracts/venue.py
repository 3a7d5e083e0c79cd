"""What every `Venue` does. A subclass gives a `bench`: a venue whose outcomes are known."""

import asyncio
import re
from abc import ABC, abstractmethod
from collections.abc import Coroutine
from decimal import Decimal
from typing import Any, TypeVar

import pytest
from attrs import evolve

from application.ports.errors import VenueUnavailable
from application.ports.venue import Venue
from domain.order import Order
from domain.status import FailureReason
from domain.transaction import Fill, Transaction, TransactionReport, TransactionStatus
from tests.eventually import eventually

Result = TypeVar("Result")

REJECTED = TransactionReport(TransactionStatus.REJECTED, reason=FailureReason.SLIPPAGE_EXCEEDED)
DEAD = TransactionReport(TransactionStatus.DEAD)


class VenueBench(ABC):
    """A venue under test, and what the suite needs to know or do around it.

    `another` is the same venue as another process would have it. `brief` is that venue too, but asks for transactions
    that are good for a moment only. An `always_limited` one has a limit for orders too that have no slippage.
    `least` is an amount as small as it swaps.
    """

    always_limited = False
    least = "0.00000001"

    venue: Venue
    another: Venue
    brief: Venue

    @abstractmethod
    def order(self, *, fails: bool = False, **over: object) -> Order:
        """Return an order whose first swap will be rejected (`fails`), or will land if it has no limit."""

    @abstractmethod
    def order_whose_fill_is_too_bad(self) -> Order:
        """Return an order whose first swap would land, but for its limit."""

    @abstractmethod
    async def run(self, call: Coroutine[Any, Any, Result]) -> Result:
        """Await `call` while the venue's time goes on."""

    @abstractmethod
    async def outlast(self, transaction: Transaction) -> None:
        """Return when the venue's time is past the transaction's expiry."""

    @abstractmethod
    async def set_clock(self, seconds: float) -> None:
        """Set the venue's clock so far ahead of where it was at first, or behind."""

    async def built(self, order: Order, venue: Venue | None = None) -> Transaction:
        """Quote and build for the order."""
        venue = venue or self.venue
        return await self.run(venue.build(order, await self.run(venue.quote(order))))

    async def send(self, transaction: Transaction) -> TransactionReport:
        """Send a transaction."""
        return await self.run(self.venue.send(transaction))

    async def ended(self, transaction: Transaction) -> TransactionReport:
        """Send a transaction, and ask for it where its end did not come while it was waited for."""
        report = await self.send(transaction)
        return await self.report(transaction) if report.status is TransactionStatus.PENDING else report

    async def sent(self, transaction: Transaction) -> Fill:
        """Send a transaction that lands; return its fill."""
        report = await self.send(transaction)
        assert report.status is TransactionStatus.LANDED
        assert report.fill
        return report.fill

    async def report(self, transaction: Transaction) -> TransactionReport:
        """Ask for a transaction."""
        return await self.run(self.venue.lookup(transaction))


async def _was_sent(bench: VenueBench, transaction: Transaction) -> bool:
    return (await bench.venue.lookup(transaction)).status is not TransactionStatus.UNKNOWN


class VenueContract:
    """The port's contract, case by case. No case changes a transaction that was built: it may be signed."""

    async def test_a_quote_is_the_venues_and_exact(self, bench: VenueBench) -> None:
        quote = await bench.run(bench.venue.quote(bench.order()))
        assert quote.venue == bench.venue.name
        assert quote.price > 0
        assert 0 <= quote.fee < 1
        assert all(isinstance(number, Decimal) for number in (quote.price, quote.fee))

    async def test_a_built_transaction_is_the_orders(self, bench: VenueBench) -> None:
        order = bench.order(amount=bench.least)
        transaction = await bench.built(order)
        assert (transaction.order_id, transaction.attempt, transaction.amount) == (order.order_id, 1, order.amount)
        assert transaction.venue == bench.venue.name
        assert (transaction.limit_price is not None) == bench.always_limited
        assert re.fullmatch("[!-~]{1,255}", transaction.tx_hash)
        assert transaction.expires_at.tzinfo is not None

    async def test_slippage_travels_as_the_limit_price(self, bench: VenueBench) -> None:
        order = bench.order(slippageBps=50)
        quote = await bench.run(bench.venue.quote(order))
        transaction = await bench.run(bench.venue.build(order, quote))
        assert transaction.limit_price == quote.price * Decimal("0.995")

    async def test_the_fee_is_the_quotes_since_it_is_kept_with_that(self, bench: VenueBench) -> None:
        order = bench.order()
        quote = await bench.run(bench.venue.quote(order))
        assert (await bench.run(bench.venue.build(order, quote))).fee == quote.fee

    async def test_each_attempt_has_its_own_hash(self, bench: VenueBench) -> None:
        order = bench.order()
        first, second = await bench.built(order), await bench.built(evolve(order, attempt=2))
        assert first.tx_hash != second.tx_hash

    async def test_building_sends_nothing(self, bench: VenueBench) -> None:
        transaction = await bench.built(bench.order())
        assert (await bench.report(transaction)).status is TransactionStatus.UNKNOWN

    async def test_what_is_sent_is_not_shown(self, bench: VenueBench) -> None:
        transaction = await bench.built(bench.order())
        assert "payload" not in repr(transaction)
        assert "route" not in repr(await bench.run(bench.venue.quote(bench.order())))

    @pytest.mark.parametrize("payload", [b"\x99\x01another kind of venue wrote this", b"[another]"])
    async def test_what_another_kind_of_venue_built_is_neither_sent_nor_spoken_of(
        self, bench: VenueBench, payload: bytes
    ) -> None:
        """Settings may have given its name to another kind since. Called dead here, it could land there."""
        transaction = evolve(await bench.built(bench.order()), payload=payload)
        for call in (bench.venue.lookup, bench.venue.send):
            with pytest.raises(VenueUnavailable):
                await bench.run(call(transaction))

    async def test_a_swap_lands_and_is_found_landed(self, bench: VenueBench) -> None:
        transaction = await bench.built(bench.order())
        fill = await bench.sent(transaction)
        assert await bench.report(transaction) == TransactionReport(TransactionStatus.LANDED, fill=fill)

    async def test_a_fill_is_what_came_out_to_the_last_digit(self, bench: VenueBench) -> None:
        order = bench.order(amount="1234567.12345678")
        fill = await bench.sent(await bench.built(order))
        assert fill.amount_in == order.amount
        assert fill.amount_out > 0
        assert fill.venue_fee >= 0
        assert fill.price > 0
        assert fill.price * order.amount == fill.amount_out + fill.venue_fee

    async def test_sent_again_it_gives_the_same_fill(self, bench: VenueBench) -> None:
        transaction = await bench.built(bench.order())
        first = await bench.send(transaction)
        assert await bench.send(transaction) == first
        assert set(await asyncio.gather(*(bench.send(transaction) for _ in range(5)))) == {first}

    async def test_another_process_can_send_the_same(self, bench: VenueBench) -> None:
        transaction = await bench.built(bench.order())
        first = await bench.send(transaction)
        assert await bench.run(bench.another.send(transaction)) == first

    async def test_a_rejection_is_told_and_found(self, bench: VenueBench) -> None:
        transaction = await bench.built(bench.order(fails=True))
        for _ in range(2):
            assert await bench.send(transaction) == REJECTED
        assert await bench.report(transaction) == REJECTED

    async def test_a_fill_below_the_limit_is_rejected(self, bench: VenueBench) -> None:
        transaction = await bench.built(bench.order_whose_fill_is_too_bad())
        assert await bench.send(transaction) == REJECTED

    async def test_an_expired_transaction_never_lands_and_is_called_dead_for_ever(self, bench: VenueBench) -> None:
        transaction = await bench.built(bench.order(), bench.brief)
        await bench.outlast(transaction)
        unknown, dead = TransactionStatus.UNKNOWN, TransactionStatus.DEAD
        # Whether a mere look can prove it is the venue's own matter; what it proved it must not take back.
        seen = [(await bench.report(transaction)).status]
        for _ in range(3):
            assert await bench.ended(transaction) == DEAD
        seen.append((await bench.report(transaction)).status)
        assert seen in ([unknown, unknown], [unknown, dead], [dead, dead])

    async def test_what_landed_before_its_expiry_stays_landed_after_it(self, bench: VenueBench) -> None:
        transaction = await bench.built(bench.order(), bench.brief)
        first = await bench.send(transaction)
        await bench.outlast(transaction)
        assert [await bench.send(transaction), await bench.report(transaction)] == [first, first]

    async def test_its_last_word_outlives_a_step_of_its_clock(self, bench: VenueBench) -> None:
        late, landed = await bench.built(bench.order(), bench.brief), await bench.built(bench.order())
        first = await bench.send(landed)
        await bench.outlast(late)
        assert await bench.ended(late) == DEAD
        for seconds in (-3600, 3600):
            await bench.set_clock(seconds)
            assert await bench.ended(late) == DEAD
            assert [await bench.ended(landed), await bench.report(landed)] == [first, first]

    async def test_a_caller_that_stops_waiting_does_not_stop_the_swap(self, bench: VenueBench) -> None:
        transaction = await bench.built(bench.order())
        sending = asyncio.create_task(bench.venue.send(transaction))
        await eventually(lambda: _was_sent(bench, transaction))
        if sending.cancel():  # a venue may be so fast that there is no wait to stop
            with pytest.raises(asyncio.CancelledError):
                await sending
        report = await bench.send(transaction)
        assert report.status is TransactionStatus.LANDED
        assert await bench.report(transaction) == report
