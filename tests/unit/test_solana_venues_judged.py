"""The simulator's venues before the judge: what an honest one builds may be signed, and nothing that gives more."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from adapters.solana.judge.wanted import UnsafeTransaction, WantedSwap
from simulators.solana.faults import Fault
from simulators.solana.tokens import SOL, TOKENS, USDC, Token
from simulators.solana.venues.desk import Desk
from simulators.solana.venues.thefts import THEFTS
from tests import solana_venues
from tests.judged import BLOCKHASH, SOL_IN, USDC_IN, USDT, WALLET, PlayedNode, judged, own, unsigned, wanted
from tests.solana_venues import desk_of

Built = tuple[bytes, WantedSwap]
Venue = Callable[[Desk, Token, Token], Awaitable[Built]]
PAIRS = [(SOL, USDC), (USDC, SOL), (USDC, USDT)]
PYUSD = next(token for token in TOKENS if token.symbol == "PYUSD")


async def jupiter(desk: Desk, given: Token, got: Token) -> Built:
    amount = SOL_IN if given is SOL else USDC_IN
    asked = {"inputMint": given.mint, "outputMint": got.mint, "amount": amount, "taker": WALLET}
    answer = (await solana_venues.built(desk, **asked)).json
    instructions = solana_venues.instructions_of(answer)
    build = unsigned(instructions, tables=answer["addressesByLookupTableAddress"])
    return build, wanted(given, got, amount, int(answer["otherAmountThreshold"]))


async def raydium(desk: Desk, given: Token, got: Token) -> Built:
    amount = SOL_IN if given is SOL else USDC_IN
    quote = await solana_venues.quoted(desk, inputMint=given.mint, outputMint=got.mint, amount=amount)
    account: dict[str, Any] = {} if given is SOL else {"inputAccount": str(own(given))}
    answer = await solana_venues.transaction(desk, quote, wallet=str(WALLET), **account)
    [build] = solana_venues.transactions_of(answer)
    return build, wanted(given, got, amount, int(quote["data"]["otherAmountThreshold"]))


def world(*faults: Fault, seed: int = 1) -> tuple[PlayedNode, Desk]:
    """Make a node, and venues that trade at its prices and whose lookup tables it holds."""
    node = PlayedNode()
    desk = desk_of(*faults, seed=seed, swaps=node.swaps, slot=1)
    tables = (desk.table(pool.dex) for pool in node.swaps.markets.pools.values())
    node.tables = {str(table.key): [str(key) for key in table.addresses] for table in tables}
    return node, desk


@pytest.mark.parametrize("seed", range(4), ids=lambda seed: f"seed {seed}")
@pytest.mark.parametrize(("given", "got"), [*PAIRS, (SOL, PYUSD)], ids=lambda token: token.symbol)
@pytest.mark.parametrize("venue", [jupiter, raydium])
async def test_honest_builds_may_be_signed(venue: Venue, given: Token, got: Token, seed: int) -> None:
    node, desk = world(seed=seed)
    message = await judged(node, *await venue(desk, given, got))
    assert message.account_keys[0] == WALLET
    assert str(message.recent_blockhash) == BLOCKHASH.hash


@pytest.mark.parametrize("fault", [Fault.LOW_MIN_OUT, Fault.TWO_TRANSACTIONS, Fault.FOREIGN_FEE_PAYER])
async def test_jupiters_harmful_builds_are_refused(fault: Fault) -> None:
    node, desk = world(fault)
    with pytest.raises(UnsafeTransaction):
        await judged(node, *await jupiter(desk, SOL, USDC))


@pytest.mark.parametrize("fault", [Fault.LOW_MIN_OUT, Fault.FOREIGN_FEE_PAYER])
async def test_raydiums_harmful_builds_are_refused(fault: Fault) -> None:
    node, desk = world(fault)
    with pytest.raises(UnsafeTransaction):
        await judged(node, *await raydium(desk, SOL, USDC))


@pytest.mark.parametrize("venue", [jupiter, raydium])
async def test_a_stale_blockhash_harms_nobody(venue: Venue) -> None:
    node, desk = world(Fault.STALE_BLOCKHASH)
    assert str((await judged(node, *await venue(desk, SOL, USDC))).recent_blockhash) == BLOCKHASH.hash


@pytest.mark.parametrize("name", THEFTS)
@pytest.mark.parametrize(("given", "got"), PAIRS, ids=lambda token: token.symbol)
async def test_no_theft_may_be_signed(given: Token, got: Token, name: str) -> None:
    node, desk = world()
    answer = await solana_venues.built(desk, inputMint=given.mint, outputMint=got.mint, amount=USDC_IN, taker=WALLET)
    honest = solana_venues.instructions_of(answer.json)
    offer = node.swaps.markets.offers(given.mint, got.mint, USDC_IN, 1)[0]
    swap = wanted(given, got, USDC_IN, int(answer.json["otherAmountThreshold"]))
    await judged(node, unsigned(honest), swap)
    for at in (0, len(honest)):
        hostile = [*honest[:at], *THEFTS[name](offer, WALLET), *honest[at:]]
        with pytest.raises(UnsafeTransaction):
            await judged(node, unsigned(hostile), swap)
