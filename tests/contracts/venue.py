"""What every `DexGateway` does. A subclass gives a `bench`: a gateway, and venues whose outcomes are known."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Coroutine
from decimal import Decimal
from typing import Any, TypeVar

import pytest
from attrs import evolve

from application.ports.dex_gateway import DexGateway
from application.ports.errors import TransactionRejected
from domain.order import Order
from domain.routing import lowest_price
from domain.status import FailureReason
from domain.transaction import Transaction, TransactionReport, TransactionStatus
from tests.eventually import eventually

Result = TypeVar("Result")


class GatewayBench(ABC):
    """A gateway under test, and what the suite needs to know or do around it."""

    gateway: DexGateway

    @abstractmethod
    def order(self, *, fails: bool = False, **over: object) -> Order:
        """Return an order whose first swap will be rejected (`fails`), or will land."""

    @abstractmethod
    async def run(self, call: Coroutine[Any, Any, Result]) -> Result:
        """Await `call` while the venues' time goes on."""

    async def built(self, order: Order) -> Transaction:
        """Quote and build for the order."""
        answer = await self.run(self.gateway.quotes(order))
        return await self.run(self.gateway.build(order, lowest_price(answer.quotes)))

    async def report(self, transaction: Transaction) -> TransactionReport:
        """Ask for a transaction."""
        return await self.run(self.gateway.lookup(transaction))


async def _was_sent(bench: GatewayBench, transaction: Transaction) -> bool:
    return (await bench.gateway.lookup(transaction)).status is not TransactionStatus.UNKNOWN


class DexGatewayContract:
    """The port's contract, case by case."""

    async def test_every_venue_quotes(self, bench: GatewayBench) -> None:
        answer = await bench.run(bench.gateway.quotes(bench.order()))
        assert [quote.dex for quote in answer.quotes] == list(bench.gateway.venues)
        assert answer.refusals == ()
        assert all(quote.price > 0 and 0 <= quote.fee < 1 for quote in answer.quotes)
        assert all(isinstance(number, Decimal) for quote in answer.quotes for number in (quote.price, quote.fee))

    async def test_a_built_transaction_is_the_orders(self, bench: GatewayBench) -> None:
        order = bench.order(amount="0.00000001")
        transaction = await bench.built(order)
        assert (transaction.order_id, transaction.attempt, transaction.amount) == (order.order_id, 1, order.amount)
        assert transaction.venue in bench.gateway.venues
        assert transaction.limit_price is None
        assert transaction.tx_hash

    async def test_slippage_travels_as_the_limit_price(self, bench: GatewayBench) -> None:
        order = bench.order(slippageBps=50)
        answer = await bench.run(bench.gateway.quotes(order))
        transaction = await bench.run(bench.gateway.build(order, answer.quotes[0]))
        assert transaction.limit_price == answer.quotes[0].price * Decimal("0.995")

    async def test_each_attempt_has_its_own_hash(self, bench: GatewayBench) -> None:
        order = bench.order()
        first, second = await bench.built(order), await bench.built(evolve(order, attempt=2))
        assert first.tx_hash != second.tx_hash
        assert (await bench.built(order)).tx_hash == first.tx_hash

    async def test_building_sends_nothing(self, bench: GatewayBench) -> None:
        transaction = await bench.built(bench.order())
        assert (await bench.report(transaction)).status is TransactionStatus.UNKNOWN

    async def test_a_swap_lands_and_is_found_landed(self, bench: GatewayBench) -> None:
        transaction = await bench.built(bench.order())
        fill = await bench.run(bench.gateway.execute(transaction))
        assert fill.price > 0
        assert await bench.report(transaction) == TransactionReport(TransactionStatus.LANDED, fill=fill)

    async def test_sent_again_it_gives_the_same_fill(self, bench: GatewayBench) -> None:
        transaction = await bench.built(bench.order())
        first = await bench.run(bench.gateway.execute(transaction))
        assert await bench.run(bench.gateway.execute(transaction)) == first
        together = [bench.run(bench.gateway.execute(transaction)) for _ in range(5)]
        assert set(await asyncio.gather(*together)) == {first}

    async def test_a_rejection_is_told_and_found(self, bench: GatewayBench) -> None:
        transaction = await bench.built(bench.order(fails=True))
        for _ in range(2):
            with pytest.raises(TransactionRejected) as caught:
                await bench.run(bench.gateway.execute(transaction))
            assert caught.value.reason is FailureReason.SLIPPAGE_EXCEEDED
        report = await bench.report(transaction)
        assert report == TransactionReport(TransactionStatus.REJECTED, reason=FailureReason.SLIPPAGE_EXCEEDED)

    async def test_a_fill_below_the_limit_is_rejected(self, bench: GatewayBench) -> None:
        transaction = await bench.built(bench.order())
        with pytest.raises(TransactionRejected):
            await bench.run(bench.gateway.execute(evolve(transaction, limit_price=Decimal(10**6))))

    async def test_an_expired_transaction_never_lands(self, bench: GatewayBench) -> None:
        transaction = await bench.built(bench.order())
        expired = evolve(transaction, expires_at=transaction.expires_at.replace(year=2000))
        with pytest.raises(TransactionRejected):
            await bench.run(bench.gateway.execute(expired))
        assert (await bench.report(expired)).status is not TransactionStatus.LANDED

    async def test_a_caller_that_stops_waiting_does_not_stop_the_swap(self, bench: GatewayBench) -> None:
        transaction = await bench.built(bench.order())
        sending = asyncio.create_task(bench.gateway.execute(transaction))
        await eventually(lambda: _was_sent(bench, transaction))
        sending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sending
        fill = await bench.run(bench.gateway.execute(transaction))
        assert await bench.report(transaction) == TransactionReport(TransactionStatus.LANDED, fill=fill)
