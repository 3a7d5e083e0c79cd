"""A venue on Solana: its limits, what it refuses to build, and that what is stored is what was signed."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from itertools import count

import pytest
from attrs import define, evolve, field, frozen
from solders.account import Account
from solders.signature import Signature
from solders.transaction import VersionedTransaction

from adapters.memory.token_registry import InMemoryTokenRegistry
from adapters.solana.judge.judge import Judge
from adapters.solana.judge.node import Blockhash
from adapters.solana.judge.programs import SYSTEM
from adapters.solana.payload import SignedSwap
from adapters.solana.swap_venue import Chain, SolanaVenue, Terms
from application.ports.errors import BuildRefused, SignerUnavailable, VenueUnavailable
from application.ports.finality import Settlement
from application.ports.signer import Signer
from domain.order import Order
from domain.status import FailureReason
from domain.token_list import TokenList
from domain.transaction import Finality, TransactionReport, TransactionStatus
from simulators.solana.faults import Fault
from simulators.solana.tokens import TOKENS, USDC
from tests.builders import an_order
from tests.judged import BLOCKHASH, WALLET, PlayedNode, asset
from tests.solana_markets import venues
from tests.solana_venue import OneWallet

TERMS = Terms("solana", 50, 500, 100, 1_000_000)
VENUES = ["jupiter", "raydium"]


@frozen
class Refusing:
    """A signer that is away."""

    public_key: str = str(WALLET)

    async def sign(self, message: bytes) -> bytes:
        raise SignerUnavailable("it does not answer")


@define
class Delivered:
    """What was to be sent, and asked about."""

    sent: list[SignedSwap] = field(factory=list)
    report: TransactionReport = field(default=TransactionReport(TransactionStatus.PENDING))

    async def send(self, signed: SignedSwap) -> TransactionReport:
        self.sent.append(signed)
        return self.report

    async def lookup(self, signed: SignedSwap) -> TransactionReport:
        return self.report

    async def settled(self, signed: SignedSwap) -> Settlement | None:
        return Settlement(Finality.UNDONE)


@define
class Tip:
    """A node whose blockhash is always the same."""

    node: PlayedNode

    async def latest_blockhash(self) -> Blockhash:
        return BLOCKHASH

    def __getattr__(self, name: str) -> object:
        return getattr(self.node, name)


@define
class Bench:
    venue: SolanaVenue
    node: PlayedNode
    delivered: Delivered

    async def refused(self, order: Order) -> BuildRefused:
        with pytest.raises(BuildRefused) as refused:
            await self.venue.build(order, await self.venue.quote(order))
        return refused.value


@asynccontextmanager
async def bench(
    venue: str = "jupiter", *faults: Fault, terms: Terms = TERMS, signer: Signer | None = None
) -> AsyncIterator[Bench]:
    async with venues(*faults) as world, world.market(venue) as market:
        tokens = InMemoryTokenRegistry(TokenList.of(asset(token) for token in TOKENS))
        wallets, delivered = OneWallet(signer) if signer else OneWallet(), Delivered()
        node, clock = Tip(world.node), world.clock
        chain = Chain(node, Judge(world.node), delivered, wallets, tokens, clock)  # type: ignore[arg-type]
        yield Bench(SolanaVenue("Meteora", market, chain, terms), world.node, delivered)


_numbers = count(1)


def sells(given: str = "SOL", got: str = "USDC", amount: str = "1", **over: object) -> Order:
    made = an_order(inputToken=given, outputToken=got, amount=Decimal(amount), **over)
    return evolve(made, order_id=f"{made.order_id[:-4]}{next(_numbers):04}")


@pytest.mark.parametrize("venue", VENUES)
@pytest.mark.parametrize(("given", "got"), [("SOL", "USDC"), ("USDC", "SOL"), (str(USDC.mint), "USDT")])
async def test_what_is_built_is_signed_and_at_least_at_the_limit(venue: str, given: str, got: str) -> None:
    async with bench(venue) as made:
        order = sells(given, got, slippageBps=50)
        quote = await made.venue.quote(order)
        built = await made.venue.build(order, quote)
    signed = SignedSwap.of_payload(built.payload)
    transaction = VersionedTransaction.from_bytes(signed.raw)
    assert transaction.verify_with_results() == [True]
    assert str(transaction.message.recent_blockhash) == BLOCKHASH.hash
    assert (signed.wallet, signed.last_valid_height) == (str(WALLET), BLOCKHASH.last_valid_height)
    assert built.tx_hash == signed.signature == str(Signature.from_bytes(signed.raw[1:65]))
    assert quote.fee == built.fee == 0
    assert built.limit_price == quote.price * Decimal("0.995")
    least = built.limit_price * order.amount * 10**signed.output.decimals
    assert 0 <= signed.min_out - least < 1
    assert made.delivered.sent == []


async def test_two_orders_alike_and_two_attempts_are_told_apart() -> None:
    async with bench() as made:
        first, second = sells(), sells()
        hashes = [
            (await made.venue.build(order, await made.venue.quote(order))).tx_hash
            for order in (first, second, evolve(first, attempt=2))
        ]
    assert len(set(hashes)) == 3


async def test_what_was_stored_is_what_is_sent_by_another_process_too() -> None:
    async with bench() as made:
        order = sells()
        built = await made.venue.build(order, await made.venue.quote(order))
        assert (await made.venue.send(built)).status is TransactionStatus.PENDING
        assert (await made.venue.lookup(built)).status is TransactionStatus.PENDING
        assert await made.venue.settled(built) == Settlement(Finality.UNDONE)
    assert [signed.payload() for signed in made.delivered.sent] == [built.payload]


async def test_another_swaps_bytes_are_neither_sent_nor_spoken_of() -> None:
    async with bench() as made:
        built, other = [await made.venue.build(order, await made.venue.quote(order)) for order in (sells(), sells())]
        mixed = evolve(built, payload=other.payload)
        for call in (made.venue.send, made.venue.lookup, made.venue.settled):
            with pytest.raises(VenueUnavailable):
                await call(mixed)
    assert made.delivered.sent == []


@pytest.mark.parametrize(("said", "taken"), [(None, "0.995"), (100, "0.99"), (5_000, "0.95")])
async def test_there_is_always_a_limit_and_none_below_the_lowest(said: int | None, taken: str) -> None:
    async with bench() as made:
        order = sells(slippageBps=said)
        quote = await made.venue.quote(order)
        assert (await made.venue.build(order, quote)).limit_price == quote.price * Decimal(taken)


async def test_a_wallet_that_lacks_the_input_builds_nothing_and_is_not_tried_again() -> None:
    async with bench() as made:
        for order in (sells(amount="9.999"), sells("USDC", "SOL", "1000.000001"), sells("JUP", "USDC")):
            refused = await made.refused(order)
            assert (refused.reason, refused.final) == (FailureReason.INSUFFICIENT_FUNDS, True)
            assert "the wallet has" in str(refused)


async def test_a_wallet_without_lamports_for_the_fees_builds_nothing() -> None:
    async with bench() as made:
        made.node.svm.set_account(WALLET, Account(3_000_000, b"", SYSTEM))
        refused = await made.refused(sells("USDC", "USDT"))
    assert (refused.reason, refused.final) == (FailureReason.INSUFFICIENT_FUNDS, True)
    assert "the wallet has 3000000 of" in str(refused)


async def test_a_swap_that_moves_the_price_too_far_is_not_built() -> None:
    async with bench(terms=evolve(TERMS, max_price_impact_bps=0)) as made:
        refused = await made.refused(sells("USDC", "SOL", "1000"))
    assert (refused.reason, refused.final) == (FailureReason.PRICE_IMPACT, False)


@pytest.mark.parametrize("fault", [Fault.DRAINED, Fault.FOREIGN_FEE_PAYER, Fault.LOW_MIN_OUT])
@pytest.mark.parametrize("venue", VENUES)
async def test_what_gives_more_than_the_order_is_never_signed(venue: str, fault: Fault) -> None:
    async with bench(venue, fault, signer=Refusing()) as made:
        assert (await made.refused(sells())).reason is FailureReason.UNSAFE_TRANSACTION


async def test_a_swap_that_would_fail_says_why() -> None:
    async with bench() as made:
        order = sells("USDC", "SOL", "1000")
        quote = await made.venue.quote(order)
        made.node.short = 10**9
        with pytest.raises(BuildRefused) as refused:
            await made.venue.build(order, quote)
    assert refused.value.reason is not FailureReason.INSUFFICIENT_FUNDS
    assert not refused.value.final


async def test_a_wallet_that_is_away_or_is_none_is_no_refusal() -> None:
    async with bench(signer=Refusing()) as made:
        order = sells()
        quote = await made.venue.quote(order)
        with pytest.raises(VenueUnavailable, match="its wallet did not sign: it does not answer"):
            await made.venue.build(order, quote)
    async with bench() as made:
        with pytest.raises(VenueUnavailable, match="no wallet pays"):
            await made.venue.quote(sells(userId="nobody"))


@pytest.mark.parametrize(
    ("over", "why"),
    [
        ({"given": "DOGE"}, "cannot swap that: .*DOGE"),
        ({"given": "USDC", "got": "SOL", "amount": "0.00000001"}, "at most 6 decimals, as USDC has"),
    ],
)
async def test_what_the_list_does_not_have_is_not_asked_for(over: dict[str, str], why: str) -> None:
    async with bench() as made:
        with pytest.raises(VenueUnavailable, match=why):
            await made.venue.quote(sells(**over))


async def test_tokens_of_another_chain_are_not_swapped() -> None:
    async with bench(terms=evolve(TERMS, chain="solana-devnet")) as made:
        with pytest.raises(VenueUnavailable, match="has no SOL of solana"):
            await made.venue.quote(sells())
