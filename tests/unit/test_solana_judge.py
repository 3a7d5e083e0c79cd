"""An honest build is signed as it is, but for our blockhash and the compute units."""

import struct
from functools import partial

import pytest
from attrs import evolve
from solders.pubkey import Pubkey

from adapters.solana.judge.wanted import SimulationFailed, UnsafeTransaction
from application.ports.errors import VenueUnavailable
from simulators.solana.genesis import TOKEN_ACCOUNT_RENT
from simulators.solana.layouts import least
from simulators.solana.markets import RAYDIUM_CPMMS
from simulators.solana.tokens import SOL, USDC
from tests.judged import (
    BLOCKHASH,
    JUP,
    MAKER,
    PRICE,
    SOL_IN,
    USDC_IN,
    WALLET,
    PlayedNode,
    bought_with_sol,
    close,
    cpmm,
    create,
    judged,
    jupiter,
    own,
    priced,
    seeded,
    unsigned,
    wanted,
)


@pytest.fixture
def node() -> PlayedNode:
    return PlayedNode()


async def test_native_sol_is_swapped_by_jupiter(node: PlayedNode) -> None:
    quoted = node.price(SOL, USDC, SOL_IN)
    min_out = least(quoted, 50)
    build = unsigned(bought_with_sol(quoted))
    message = await judged(node, build, wanted(SOL, USDC, SOL_IN, min_out))
    assert str(message.recent_blockhash) == BLOCKHASH.hash
    assert (message.account_keys[0], message.header.num_required_signatures) == (WALLET, 1)


async def test_a_blockhash_of_the_venues_is_replaced(node: PlayedNode) -> None:
    quoted = node.price(SOL, USDC, SOL_IN)
    build = unsigned(bought_with_sol(quoted), blockhash=str(Pubkey.new_unique()))
    message = await judged(node, build, wanted(SOL, USDC, SOL_IN, least(quoted, 50)))
    assert str(message.recent_blockhash) == BLOCKHASH.hash


async def test_the_compute_units_become_what_the_simulation_took_and_some(node: PlayedNode) -> None:
    quoted = node.price(SOL, USDC, SOL_IN)
    message = await judged(node, unsigned(bought_with_sol(quoted)), wanted(SOL, USDC, SOL_IN, least(quoted, 50)))
    kind, units = struct.unpack("<BI", bytes(message.instructions[0].data))
    assert kind == 2
    assert 30_000 < units < 120_000


async def test_tokens_are_swapped_for_native_sol(node: PlayedNode) -> None:
    quoted = node.price(USDC, SOL, USDC_IN)
    build = priced(create(SOL), jupiter(USDC, SOL, USDC_IN, quoted), close(own(SOL)))
    await judged(node, unsigned(build), wanted(USDC, SOL, USDC_IN, least(quoted, 50)))


async def test_the_wallets_own_wrapped_sol_is_counted_with_its_native(node: PlayedNode) -> None:
    node.give(SOL, 5 * 10**9)
    quoted = node.price(USDC, SOL, USDC_IN)
    build = priced(create(SOL), jupiter(USDC, SOL, USDC_IN, quoted), close(own(SOL)))
    await judged(node, unsigned(build), wanted(USDC, SOL, USDC_IN, least(quoted, 50)))


async def test_a_token_is_swapped_into_an_account_that_is_made_for_it(node: PlayedNode) -> None:
    quoted = node.price(USDC, JUP, USDC_IN)
    build = priced(create(JUP), jupiter(USDC, JUP, USDC_IN, quoted, shared=3))
    await judged(node, unsigned(build), wanted(USDC, JUP, USDC_IN, least(quoted, 50)))


async def test_raydium_wraps_sol_in_an_account_of_a_word(node: PlayedNode) -> None:
    min_out = least(node.price(SOL, USDC, SOL_IN, RAYDIUM_CPMMS), 50)
    wrapped, made = seeded(SOL_IN + TOKEN_ACCOUNT_RENT)
    build = priced(*made, create(USDC), cpmm(SOL, USDC, SOL_IN, min_out, source=wrapped), close(wrapped))
    await judged(node, unsigned(build), wanted(SOL, USDC, SOL_IN, min_out))


async def test_raydium_unwraps_sol_from_an_account_of_a_word(node: PlayedNode) -> None:
    min_out = least(node.price(USDC, SOL, USDC_IN, RAYDIUM_CPMMS), 50)
    wrapped, made = seeded(TOKEN_ACCOUNT_RENT)
    build = priced(*made, cpmm(USDC, SOL, USDC_IN, min_out, destination=wrapped), close(wrapped))
    await judged(node, unsigned(build), wanted(USDC, SOL, USDC_IN, min_out))


async def test_accounts_may_stand_in_lookup_tables(node: PlayedNode) -> None:
    quoted = node.price(USDC, JUP, USDC_IN)
    build = priced(create(JUP), jupiter(USDC, JUP, USDC_IN, quoted, shared=3))
    table = str(Pubkey.new_unique())
    node.tables[table] = [str(each) for each in (USDC.mint, JUP.mint, own(USDC, MAKER), own(JUP, MAKER), own(JUP))]
    raw = unsigned(build, tables=node.tables)
    assert len(raw) < len(unsigned(build)) - 100
    await judged(node, raw, wanted(USDC, JUP, USDC_IN, least(quoted, 50)))


@pytest.mark.parametrize("quoted", [153_695_184, 199, 10_001, 777])
@pytest.mark.parametrize("slippage_bps", [1, 50, 333])
async def test_the_limit_holds_however_jupiter_rounds_it(quoted: int, slippage_bps: int) -> None:
    node = PlayedNode()
    min_out = least(quoted, slippage_bps)
    build = priced(create(JUP), jupiter(USDC, JUP, USDC_IN, quoted, slippage_bps))
    message = await judged(node, unsigned(build), wanted(USDC, JUP, USDC_IN, min_out))
    signed_quote, signed_bps = struct.unpack_from("<QH", bytes(message.instructions[-2].data), 16)
    assert signed_bps == slippage_bps
    assert signed_quote * (10_000 - slippage_bps) // 10_000 >= min_out
    assert signed_quote <= quoted + 2


async def test_two_orders_alike_are_two_transactions(node: PlayedNode) -> None:
    build = unsigned(bought_with_sol(node.price(SOL, USDC, SOL_IN)))
    swap = wanted(SOL, USDC, SOL_IN, 1)
    first, again, other = [
        await judged(node, build, evolve(swap, reference=reference)) for reference in ("a:1", "a:1", "b:1")
    ]
    assert first == again
    assert first != other
    assert len(bytes(first)) == len(bytes(other)) == len(build) - 65 - 1 + 8


async def test_a_priority_fee_up_to_the_cap_is_paid(node: PlayedNode) -> None:
    quoted = node.price(SOL, USDC, SOL_IN)
    swap = wanted(SOL, USDC, SOL_IN, least(quoted, 50))
    message = await judged(node, unsigned(bought_with_sol(quoted)), swap)
    units = struct.unpack_from("<I", bytes(message.instructions[0].data), 1)[0]
    priority = -(-units * PRICE // 1_000_000)
    capped = evolve(swap, max_priority_lamports=priority)
    await judged(node, unsigned(bought_with_sol(quoted)), capped)
    with pytest.raises(UnsafeTransaction, match="priority fee"):
        await judged(node, unsigned(bought_with_sol(quoted)), evolve(swap, max_priority_lamports=priority - 1))


@pytest.mark.parametrize("slots", [[100, 100], [100, 101, 102, 102], [100, 101, 102, 103, 104, 104]])
async def test_a_node_that_moves_on_is_asked_for_both_at_once(node: PlayedNode, slots: list[int]) -> None:
    quoted = node.price(SOL, USDC, SOL_IN)
    asked, node.slots = len(slots), slots
    await judged(node, unsigned(bought_with_sol(quoted)), wanted(SOL, USDC, SOL_IN, least(quoted, 50)))
    assert node.told == ["accounts", "simulate"] * (asked // 2)


async def test_balances_that_change_in_between_are_read_again(node: PlayedNode) -> None:
    """Another order of the wallet's lands meanwhile: what it gave is not put down to this one."""
    quoted = node.price(USDC, JUP, USDC_IN)
    node.slots = [100, 101, 102, 102]
    node.meanwhile = [partial(node.give, USDC, USDC_IN * left) for left in (9, 8)]
    build = priced(create(JUP), jupiter(USDC, JUP, USDC_IN, quoted))
    await judged(node, unsigned(build), wanted(USDC, JUP, USDC_IN, least(quoted, 50)))
    assert node.told.count("simulate") == 2


async def test_a_node_whose_slots_go_back_proves_nothing(node: PlayedNode) -> None:
    quoted = node.price(SOL, USDC, SOL_IN)
    node.slots = list(range(100, 50, -1))
    with pytest.raises(VenueUnavailable, match="slot"):
        await judged(node, unsigned(bought_with_sol(quoted)), wanted(SOL, USDC, SOL_IN, least(quoted, 50)))
    assert node.told.count("simulate") == 7


async def test_what_the_chain_would_refuse_is_told_apart_from_what_is_unsafe(node: PlayedNode) -> None:
    node.give(USDC, USDC_IN - 1)
    quoted = node.price(USDC, JUP, USDC_IN)
    build = priced(create(JUP), jupiter(USDC, JUP, USDC_IN, quoted))
    with pytest.raises(SimulationFailed) as failed:
        await judged(node, unsigned(build), wanted(USDC, JUP, USDC_IN, least(quoted, 50)))
    assert any("insufficient funds" in line for line in failed.value.logs)
