"""A venue on Solana: what it offers is limited, judged and signed here; what is sent is what was stored."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from decimal import ROUND_CEILING, ROUND_DOWN, Context, Decimal
from typing import Protocol

import msgspec
from attrs import frozen

from adapters.solana.funds import AccountReader, shortage
from adapters.solana.judge.judge import Judge
from adapters.solana.judge.node import Blockhash
from adapters.solana.judge.wanted import SimulationFailed, UnsafeTransaction, WantedSwap
from adapters.solana.market import Ask, Market, Offer
from adapters.solana.payload import SignedSwap
from adapters.solana.program_errors import reason_of
from application import observe
from application.ports.errors import BuildRefused, SignerUnavailable, VenueUnavailable, VenueUnreachable
from application.ports.finality import Settlement
from application.ports.signer import Signer, Wallets
from application.ports.system import Clock
from application.ports.token_registry import TokenRegistry
from domain.asset import Asset
from domain.errors import DomainError
from domain.money import EXACT
from domain.order import Order
from domain.routing import Quote
from domain.status import FailureReason
from domain.transaction import Transaction, TransactionReport, TransactionStatus, limit_price

# Rounded down, so that no limit that comes of it is above what was offered.
_PRICE = Context(prec=20, rounding=ROUND_DOWN)
_BPS = 10_000
_U64 = 2**64 - 1
# For how long a blockhash is taken, about. Whether one still is, block heights say.
VALID = timedelta(seconds=90)


@frozen
class Terms:
    """What swaps may cost: slippage, the share of the price that one moves, and lamports to be taken sooner."""

    chain: str
    slippage_bps: int
    max_slippage_bps: int
    max_price_impact_bps: int
    max_priority_lamports: int

    def slippage_of(self, order: Order) -> int:
        """Return the order's slippage, which is never above the most."""
        return min(self.slippage_bps if order.slippage_bps is None else order.slippage_bps, self.max_slippage_bps)


class Node(AccountReader, Protocol):
    """The chain's node, as a build needs it."""

    async def latest_blockhash(self) -> Blockhash:
        """Return a blockhash to sign with. Raises VenueUnavailable."""
        ...


class Delivery(Protocol):
    """Sends signed swaps, and knows what the chain made of them."""

    async def send(self, signed: SignedSwap) -> TransactionReport:
        """Send it, and wait for a bounded time. Raises VenueUnavailable."""
        ...

    async def lookup(self, signed: SignedSwap) -> TransactionReport:
        """Return what became of it; sends nothing. Raises VenueUnavailable."""
        ...

    async def settled(self, signed: SignedSwap) -> Settlement | None:
        """Return how a landed one ended for ever; None while that is open. Raises VenueUnavailable."""
        ...


@frozen
class Chain:
    """What all venues on the chain share."""

    node: Node
    judge: Judge
    delivery: Delivery
    wallets: Wallets
    tokens: TokenRegistry
    clock: Clock


class SolanaVenue:
    """A `Venue` whose swaps our own wallet signs: nothing that it builds is signed before it was judged."""

    def __init__(self, name: str, market: Market, chain: Chain, terms: Terms) -> None:
        self.name = name
        self._market = market
        self._chain = chain
        self._terms = terms

    async def open(self) -> None:
        """Get ready; the first call connects."""
        await self._market.open()

    async def close(self) -> None:
        """Close all connections. Idempotent."""
        await self._market.close()

    async def quote(self, order: Order) -> Quote:
        """Ask for an offer. Its price is net: the venue's fee is in it."""
        ask = self._ask(order, self._payer(order))
        offer = await self._market.offer(ask)
        price = _PRICE.divide(ask.output.amount(offer.out_amount), order.amount)
        if offer.min_out < _min_out(ask, order, price):
            raise VenueUnavailable("offers a limit below the order's")
        if offer.out_amount > _U64:
            raise VenueUnavailable("offers more than a chain can have")
        return Quote(self.name, price, Decimal(0), msgspec.msgpack.encode(offer))

    async def build(self, order: Order, quote: Quote) -> Transaction:
        """Have the offer built, judge it and sign it. Nothing is sent."""
        payer = self._payer(order)
        ask, offer = self._ask(order, payer), msgspec.msgpack.decode(quote.route, type=Offer)
        await self._require_sense(ask, offer)
        min_out = _min_out(ask, order, quote.price)
        try:
            unsigned = await self._market.built(ask, offer)
            blockhash = await self._chain.node.latest_blockhash()
            message = await self._chain.judge.approved(unsigned, self._wanted(order, ask, min_out), blockhash)
        except UnsafeTransaction as error:
            raise BuildRefused(str(error), FailureReason.UNSAFE_TRANSACTION) from error
        except SimulationFailed as error:
            raise BuildRefused(str(error), reason_of(error.err, error.logs)) from error
        signature = await _signed_by(payer, message)
        signed = SignedSwap.of(message, signature, blockhash, ask.input, ask.output, ask.amount_in, min_out)
        return Transaction(
            order_id=order.order_id,
            attempt=order.attempt,
            tx_hash=signed.signature,
            venue=self.name,
            amount=order.amount,
            limit_price=limit_price(quote.price, ask.slippage_bps),
            expires_at=self._chain.clock.now() + VALID,
            payload=signed.payload(),
            fee=quote.fee,
        )

    async def send(self, transaction: Transaction) -> TransactionReport:
        """Send the same bytes until the chain has them, for a bounded time."""
        return await self._counted("submit", self._chain.delivery.send, transaction)

    async def lookup(self, transaction: Transaction) -> TransactionReport:
        """Ask the chain; the venue has no say in it."""
        return await self._counted("lookup", self._chain.delivery.lookup, transaction)

    async def settled(self, transaction: Transaction) -> Settlement | None:
        """Ask the chain whether it stays; the same bytes are sent again meanwhile."""
        return await self._chain.delivery.settled(_signed(transaction))

    def _payer(self, order: Order) -> Signer:
        try:
            return self._chain.wallets.of(order.user_id)
        except SignerUnavailable as error:
            raise VenueUnavailable(str(error)) from error

    def _ask(self, order: Order, payer: Signer) -> Ask:
        try:
            given, got = (self._token(name) for name in (order.input_token, order.output_token))
            amount_in = given.base_units(order.amount)
        except DomainError as error:
            raise VenueUnavailable(f"cannot swap that: {error}") from error
        return Ask(given, got, amount_in, self._terms.slippage_of(order), payer.public_key)

    def _token(self, name: str) -> Asset:
        token = self._chain.tokens.find(name)
        if token.chain != self._terms.chain:
            raise VenueUnavailable(f"has no {token.symbol} of {token.chain}")
        return token

    async def _require_sense(self, ask: Ask, offer: Offer) -> None:
        """Raise BuildRefused for a swap that the wallet cannot pay, or that moves the price too far."""
        impact = offer.price_impact * _BPS
        if impact > self._terms.max_price_impact_bps:
            why = f"it moves the price by {impact:.0f} bps, of {self._terms.max_price_impact_bps}"
            raise BuildRefused(why, FailureReason.PRICE_IMPACT)
        if lacks := await shortage(self._chain.node, ask, self._terms.max_priority_lamports):
            raise BuildRefused(lacks, FailureReason.INSUFFICIENT_FUNDS, final=True)

    def _wanted(self, order: Order, ask: Ask, min_out: int) -> WantedSwap:
        reference = f"{order.order_id}:{order.attempt}"
        most = self._terms.max_priority_lamports
        return WantedSwap(ask.wallet, ask.input, ask.output, ask.amount_in, min_out, most, reference)

    async def _counted(
        self, call: str, delivery: Callable[[SignedSwap], Awaitable[TransactionReport]], transaction: Transaction
    ) -> TransactionReport:
        begun, outcome = self._chain.clock.monotonic(), "cut_off"
        try:
            report = await delivery(_signed(transaction))
            outcome = "rejected" if report.status is TransactionStatus.REJECTED else "ok"
            return report
        except VenueUnavailable as error:
            outcome = "unreachable" if isinstance(error, VenueUnreachable) else "bad_answer"
            raise
        finally:
            observe.venue_called(self.name, call, outcome, self._chain.clock.monotonic() - begun)


def _signed(transaction: Transaction) -> SignedSwap:
    """Return what was stored of it. Raises VenueUnavailable when that is not what it says that it is."""
    signed = SignedSwap.of_payload(transaction.payload)
    if signed.signature != transaction.tx_hash:
        raise VenueUnavailable("was given another swap than its transaction's")
    return signed


def _min_out(ask: Ask, order: Order, price: Decimal) -> int:
    """Return the least output in base units, at least one: the limit's, rounded up."""
    limit = limit_price(price, ask.slippage_bps)
    assert limit is not None  # noqa: S101 - there is a slippage
    least = EXACT.multiply(limit, order.amount).scaleb(ask.output.decimals, EXACT)
    return max(1, int(least.to_integral_value(ROUND_CEILING, EXACT)))


async def _signed_by(payer: Signer, message: bytes) -> bytes:
    try:
        return await payer.sign(message)
    except SignerUnavailable as error:
        raise VenueUnavailable(f"its wallet did not sign: {error}") from error
