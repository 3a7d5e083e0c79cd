"""The mock venues: every outcome and latency is a pure function of (seed, order id, attempt). Never sleeps."""

from decimal import Decimal
from hashlib import blake2b

from attrs import evolve, frozen

from domain.routing import Quote
from domain.status import FailureReason
from domain.transaction import Fill, Transaction

PRICE_STEP = Decimal("0.0001")
_DRAWS = 10**9
_HASH_LENGTH = 20
# One for each byte; that a few letters come slightly more often makes no collisions at this length.
_HASH_LETTERS = (b"abcdefghijklmnopqrstuvwxyz0123456789" * 8)[:256]


@frozen
class MockMarket:
    """What one mock venue offers: its quotes are the base price times `low` to `high`; `fee` is a fraction."""

    name: str
    low: Decimal
    high: Decimal
    fee: Decimal


RAYDIUM = MockMarket("Raydium", Decimal("0.98"), Decimal("1.02"), Decimal("0.003"))
METEORA = MockMarket("Meteora", Decimal("0.97"), Decimal("1.02"), Decimal("0.002"))


@frozen
class MockDexRouter:
    """Venues, a builder and a network, all made up. Times in milliseconds, prices in output per input token."""

    seed: int = 0
    markets: tuple[MockMarket, ...] = (RAYDIUM, METEORA)
    base_price: Decimal = Decimal(150)
    fill_low: Decimal = Decimal("0.97")
    fill_high: Decimal = Decimal("1.02")
    quote_ms: int = 200
    build_ms: int = 500
    swap_min_ms: int = 2000
    swap_max_ms: int = 3000
    failure_rate: float = 0.05

    def market(self, venue: str) -> MockMarket:
        """Return what the venue offers; one that is none of `markets`, what the first of them does."""
        for market in self.markets:
            if market.name == venue:
                return market
        return evolve(self.markets[0], name=venue)

    def quote(self, market: MockMarket, order_id: str, attempt: int) -> Quote:
        """Return the market's quote for this attempt, to 4 decimals."""
        return Quote(market.name, self._price(market.low, market.high, order_id, attempt, market.name), market.fee)

    def tx_hash(self, order_id: str, attempt: int) -> str:
        """`tx_`, 20 of [a-z0-9] made of order id and attempt, `_mock`."""
        digest = blake2b(f"{order_id}:{attempt}".encode(), digest_size=_HASH_LENGTH).digest()
        return f"tx_{digest.translate(_HASH_LETTERS).decode()}_mock"

    def swap_ms(self, order_id: str, attempt: int) -> int:
        """How long the swap takes."""
        span = self.swap_max_ms - self.swap_min_ms
        return self.swap_min_ms + round(span * self._draw(order_id, attempt, "swap_ms") / _DRAWS)

    def swap(self, transaction: Transaction) -> Fill | FailureReason:
        """Return what the network makes of a transaction: always the same for the same one.

        A fill below the transaction's limit price is refused like any other rejection.
        """
        order_id, attempt = transaction.order_id, transaction.attempt
        if self._draw(order_id, attempt, "failure") < self.failure_rate * _DRAWS:
            return FailureReason.SLIPPAGE_EXCEEDED
        price = self._price(self.fill_low, self.fill_high, order_id, attempt, "fill")
        if transaction.limit_price is not None and price < transaction.limit_price:
            return FailureReason.SLIPPAGE_EXCEEDED
        return Fill.at_price(transaction.amount, price, transaction.fee)

    def _price(self, low: Decimal, high: Decimal, order_id: str, attempt: int, what: str) -> Decimal:
        draw = self._draw(order_id, attempt, what)
        return (self.base_price * (low + (high - low) * draw / _DRAWS)).quantize(PRICE_STEP)

    def _draw(self, order_id: str, attempt: int, what: str) -> int:
        """Return a whole number from 0 to below `_DRAWS`, evenly spread, of its own for each question."""
        digest = blake2b(f"{self.seed}:{order_id}:{attempt}:{what}".encode(), digest_size=8).digest()
        return int.from_bytes(digest) % _DRAWS
