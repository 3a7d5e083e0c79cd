"""Builds that somebody tampered with: whatever the judge lets pass gives no more than the order and gets no less."""

from collections import Counter
from collections.abc import Callable, Iterable

import pytest
from attrs import frozen
from hypothesis import given, settings
from hypothesis import strategies as some
from solders.account import Account
from solders.instruction import AccountMeta, Instruction
from solders.message import MessageV0
from solders.pubkey import Pubkey
from solders.token.state import TokenAccount

from adapters.solana.judge.balances import SIGNATURE_LAMPORTS
from adapters.solana.judge.message import decoded, resolved, signed_with
from adapters.solana.judge.programs import SYSTEM, TOKEN
from adapters.solana.judge.rules import Reviewed, reviewed
from adapters.solana.judge.wanted import SimulationFailed, UnsafeTransaction, WantedSwap
from simulators.solana.genesis import TOKEN_ACCOUNT_RENT
from simulators.solana.layouts import least
from simulators.solana.markets import RAYDIUM_CPMMS
from simulators.solana.tokens import SOL, TOKENS, USDC
from tests.judged import (
    BLOCKHASH,
    JUP,
    MAKER,
    SOL_IN,
    THIEF,
    USDC_IN,
    USDT,
    WALLET,
    PlayedNode,
    Refused,
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
from tests.unit.test_solana_hostile_builds import ADDED

Build = list[Instruction]
SEEDED = seeded(0)[0]
ACCOUNTS = [
    *(THIEF, WALLET, MAKER, SYSTEM, TOKEN, SEEDED, SOL.mint, USDC.mint, JUP.mint),
    *(own(token, owner) for token in (SOL, USDC, USDT, JUP) for owner in (WALLET, THIEF)),
]
THEFTS = [theft for theft, _ in ADDED.values()]


@frozen
class Honest:
    """A build and the swap that it is for."""

    build: Build
    swap: WantedSwap


@pytest.fixture(scope="module")
def node() -> PlayedNode:
    node = PlayedNode()
    for token in (USDC, USDT, JUP):
        node.give(token, 10**9)
        node.give(token, 0, owner=THIEF)
    return node


@pytest.fixture(scope="module")
def honest(node: PlayedNode) -> list[Honest]:
    by_jupiter, tokens = node.price(SOL, USDC, SOL_IN), node.price(USDC, JUP, USDC_IN)
    by_raydium = least(node.price(USDC, SOL, USDC_IN, RAYDIUM_CPMMS), 50)
    wrapped, made = seeded(TOKEN_ACCOUNT_RENT)
    unwrapped = [*made, cpmm(USDC, SOL, USDC_IN, by_raydium, destination=wrapped), close(wrapped)]
    return [
        Honest(bought_with_sol(by_jupiter), wanted(SOL, USDC, SOL_IN, least(by_jupiter, 50))),
        Honest(priced(*unwrapped), wanted(USDC, SOL, USDC_IN, by_raydium)),
        Honest(
            priced(create(JUP), jupiter(USDC, JUP, USDC_IN, tokens, shared=1)),
            wanted(USDC, JUP, USDC_IN, least(tokens, 50)),
        ),
    ]


def added(build: Build, at: int, which: int, _: int) -> Build:
    return [*build[:at], THEFTS[which % len(THEFTS)], *build[at:]]


def repeated(build: Build, at: int, *_: int) -> Build:
    return [*build, build[at]]


def dropped(build: Build, at: int, *_: int) -> Build:
    return build[:at] + build[at + 1 :]


def moved(build: Build, at: int, to: int, _: int) -> Build:
    rest = dropped(build, at)
    return [*rest[: to % (len(rest) + 1)], build[at], *rest[to % (len(rest) + 1) :]]


def swapped_account(build: Build, at: int, place: int, which: int) -> Build:
    metas = list(build[at].accounts)
    if metas:
        old = metas[place % len(metas)]
        metas[place % len(metas)] = AccountMeta(ACCOUNTS[which % len(ACCOUNTS)], False, old.is_writable)
    return put(build, at, Instruction(build[at].program_id, bytes(build[at].data), metas))


def another_byte(build: Build, at: int, place: int, value: int) -> Build:
    data = bytearray(build[at].data)
    if data:
        data[place % len(data)] = value % 256
    return put(build, at, Instruction(build[at].program_id, bytes(data), build[at].accounts))


def put(build: Build, at: int, instruction: Instruction) -> Build:
    return [*build[:at], instruction, *build[at + 1 :]]


Tampering = Callable[[Build, int, int, int], Build]
TAMPERING: list[Tampering] = [added, repeated, dropped, moved, swapped_account, another_byte]
numbers = some.integers(0, 255)
tampered = some.lists(some.tuples(some.sampled_from(TAMPERING), numbers, numbers, numbers), min_size=1, max_size=3)


def held(accounts: Iterable[Account | None], wallet: Account) -> Counter[Pubkey]:
    """Return what is ours: lamports (those of our token accounts too) under SOL's mint, and tokens."""
    found = Counter({SOL.mint: wallet.lamports})
    for account in accounts:
        if account is None or account.owner != TOKEN or len(account.data) != 165:
            continue
        tokens = TokenAccount.from_bytes(account.data)
        if tokens.owner == WALLET and tokens.close_authority is None and tokens.delegate is None:
            found[SOL.mint] += account.lamports
            found[tokens.mint] += 0 if tokens.mint == SOL.mint else tokens.amount
    return found


def check(node: PlayedNode, message: MessageV0, swap: WantedSwap, fee_lamports: int) -> None:
    """Run it, and count on our own what became of us."""
    before = {key: node.svm.get_account(key) for key in (WALLET, SEEDED, *map(own, TOKENS))}
    try:
        changes, _ = node.run(message)
    except Refused:
        return
    after = {**before, **changes}
    was, is_now = (
        held((account for key, account in state.items() if key != WALLET), state[WALLET] or Account(0, b"", SYSTEM))
        for state in (before, after)
    )
    least_changes = Counter({SOL.mint: -fee_lamports})
    least_changes[Pubkey.from_string(swap.input.address)] -= swap.amount_in
    least_changes[Pubkey.from_string(swap.output.address)] += swap.min_out
    for mint in {*was, *least_changes}:
        assert is_now[mint] - was[mint] >= least_changes[mint], mint
    wallet = after[WALLET]
    assert wallet is not None
    assert (wallet.owner, wallet.data) == (SYSTEM, b"")


@settings(max_examples=250, deadline=None)
@given(which=numbers, how=tampered)
def test_what_the_rules_let_pass_is_safe_even_unsimulated(
    node: PlayedNode, honest: list[Honest], which: int, how: list[tuple[Tampering, int, int, int]]
) -> None:
    one = honest[which % len(honest)]
    build = one.build
    for tamper, at, place, value in how:
        build = tamper(build, at % len(build), place, value) if build else build
    try:
        message, review = passed(unsigned(build), one.swap)
    except UnsafeTransaction:
        return
    check(node, message, one.swap, SIGNATURE_LAMPORTS + review.priority_lamports(review.units))


def passed(raw: bytes, swap: WantedSwap) -> tuple[MessageV0, Reviewed]:
    """Return what the rules alone let pass."""
    message = decoded(raw, WALLET)
    review = reviewed(resolved(message, {}), swap)
    return signed_with(message, BLOCKHASH.hash, {review.swap_at: review.swap.data}), review


@settings(max_examples=250, deadline=None)
@given(which=numbers, flips=some.lists(some.tuples(some.integers(65, 1_231), numbers), min_size=1, max_size=4))
async def test_a_build_with_other_bytes_is_refused_or_safe(
    node: PlayedNode, honest: list[Honest], which: int, flips: list[tuple[int, int]]
) -> None:
    one = honest[which % len(honest)]
    raw = bytearray(unsigned(one.build))
    for at, value in flips:
        raw[min(at, len(raw) - 1)] = value
    try:
        message = await judged(node, bytes(raw), one.swap)
    except (UnsafeTransaction, SimulationFailed):
        return
    check(node, message, one.swap, SIGNATURE_LAMPORTS + one.swap.max_priority_lamports)
