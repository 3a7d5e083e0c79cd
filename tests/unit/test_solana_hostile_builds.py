"""A venue that steals: whatever it adds to a swap, or hides in it, nothing is signed."""

import struct
from collections.abc import Callable, Sequence

import pytest
from solders.compute_budget import request_heap_frame, set_compute_unit_limit, set_compute_unit_price
from solders.hash import Hash
from solders.instruction import AccountMeta, Instruction
from solders.message import Message, MessageV0
from solders.pubkey import Pubkey
from solders.signature import Signature
from solders.system_program import (
    AdvanceNonceAccountParams,
    AssignParams,
    CreateAccountParams,
    TransferParams,
    advance_nonce_account,
    assign,
    create_account,
    transfer,
)
from solders.token.associated import get_associated_token_address
from solders.transaction import VersionedTransaction

from adapters.solana.judge.programs import (
    ASSOCIATED,
    COMPUTE_BUDGET,
    JUPITER,
    RAYDIUM_AMM,
    RAYDIUM_CLMM,
    RAYDIUM_CPMM,
    SYSTEM,
    TOKEN,
    TOKEN_2022,
)
from adapters.solana.judge.wanted import UnsafeTransaction
from simulators.solana.genesis import TOKEN_ACCOUNT_RENT
from simulators.solana.layouts import discriminator, least, readable, signer, writable
from simulators.solana.markets import RAYDIUM_CPMMS
from simulators.solana.tokens import SOL, TOKENS, USDC
from tests.judged import (
    JUP,
    PRICE,
    SOL_IN,
    THIEF,
    USDC_IN,
    USDT,
    WALLET,
    PlayedNode,
    bought_with_sol,
    close,
    cpmm,
    create,
    instruction,
    judged,
    jupiter,
    own,
    priced,
    seeded,
    unsigned,
    wanted,
    wrap,
)

THEIRS = Pubkey.from_bytes(bytes([66] * 32))
MEMO = Pubkey.from_string("MemoSq4gqABAXKb96qnH8TysNcWxMyWCqXgDLGmfcHr")
RENT = Pubkey.from_string("SysvarRent111111111111111111111111111111111")
LOADER = Pubkey.from_string("BPFLoaderUpgradeab1e11111111111111111111111")


def token(kind: int, *metas: AccountMeta, data: bytes = b"", program: Pubkey = TOKEN) -> Instruction:
    return instruction(program, bytes([kind]) + data, *metas)


def amount(units: int) -> bytes:
    return struct.pack("<Q", units)


def lamports_to(account: Pubkey, lamports: int = 10**9) -> Instruction:
    return transfer(TransferParams(from_pubkey=WALLET, to_pubkey=account, lamports=lamports))


APPROVE = token(4, writable(own(USDC)), readable(THIEF), signer(WALLET), data=amount(2**64 - 1))
CLOSER = token(6, writable(own(USDC)), signer(WALLET), data=b"\3\1" + bytes(THIEF))
OWNER = token(6, writable(own(USDC)), signer(WALLET), data=b"\2\1" + bytes(THIEF))
TAKEN = token(3, writable(own(USDC)), writable(own(USDC, THIEF)), signer(WALLET), data=amount(500 * 10**6))
ASSIGNED = assign(AssignParams(pubkey=WALLET, owner=LOADER))


# What stands beside an honest swap of SOL for USDC: an instruction, and why it is refused.
ADDED = {
    "a transfer of tokens": (TAKEN, "not known"),
    "a checked transfer": (
        token(12, writable(own(USDC)), readable(USDC.mint), writable(own(USDC, THIEF)), signer(WALLET), data=bytes(9)),
        "not known",
    ),
    "a delegate": (APPROVE, "not known"),
    "a checked delegate": (
        token(13, writable(own(USDC)), readable(USDC.mint), readable(THIEF), signer(WALLET), data=bytes(9)),
        "not known",
    ),
    "a delegate by the newer program": (
        token(4, writable(own(USDC)), readable(THIEF), signer(WALLET), data=amount(1), program=TOKEN_2022),
        "TokenzQdBNbLqP5VEhdkAS6EPFLC1PHnBqCXEpPxuEb, which is not known",
    ),
    "another close authority": (CLOSER, "not known"),
    "another owner": (OWNER, "not known"),
    "burning": (token(8, writable(own(USDC)), writable(USDC.mint), signer(WALLET), data=amount(1)), "not known"),
    "a closed account of another token": (close(own(USDC)), "it closes"),
    "wrapped SOL closed to a thief": (close(own(SOL), to=THIEF), "closes an account to another"),
    "wrapped SOL closed by a thief": (close(own(SOL), owner=THIEF), "another signature"),
    "a thief's account counted": (token(17, writable(own(SOL, THIEF))), "it counts"),
    "an account begun for a thief": (
        token(18, writable(own(SOL)), readable(SOL.mint), data=bytes(THIEF)),
        "begins an account for another",
    ),
    "lamports to a thief": (lamports_to(THIEF), "lamports go to"),
    "lamports to an account of ours for another token": (lamports_to(own(USDC)), "lamports go to"),
    "more wrapped than is given": (wrap(1)[0], "moves 1000000001 lamports"),
    "the wallet given to a program": (ASSIGNED, "not known"),
    "the wallet's space": (instruction(SYSTEM, struct.pack("<IQ", 8, 10), writable(WALLET)), "not known"),
    "an account for a thief": (create(JUP, owner=THIEF), "for another"),
    "an account in another's name": (
        instruction(
            ASSOCIATED,
            b"\1",
            *(signer(WALLET), writable(own(JUP, THIEF)), readable(WALLET), readable(JUP.mint)),
            *(readable(SYSTEM), readable(TOKEN)),
        ),
        "for another",
    ),
    "an account of a program that is none": (
        instruction(
            ASSOCIATED,
            b"\1",
            *(signer(WALLET), writable(get_associated_token_address(WALLET, JUP.mint, THIEF)), readable(WALLET)),
            *(readable(JUP.mint), readable(SYSTEM), readable(THIEF)),
        ),
        "token program is none",
    ),
    "a nested account recovered": (instruction(ASSOCIATED, b"\2", *([writable(own(SOL))] * 6)), "not known"),
    "a durable nonce": (
        advance_nonce_account(AdvanceNonceAccountParams(nonce_pubkey=THIEF, authorized_pubkey=WALLET)),
        "not known",
    ),
    "lamports for a thief's new account": (
        create_account(
            CreateAccountParams(from_pubkey=WALLET, to_pubkey=THIEF, lamports=10**9, space=0, owner=SYSTEM)
        ),
        "another signature",
    ),
    "a thief's program with our signature": (instruction(THIEF, b"", signer(WALLET)), "which is not known"),
    "a note": (instruction(MEMO, b"paid"), "which is not known"),
    "a larger heap": (request_heap_frame(64 * 1024), "not known"),
    "a limit of accounts that stops it": (instruction(COMPUTE_BUDGET, b"\4" + bytes(4)), "not known"),
    "a second price of compute units": (set_compute_unit_price(1), "prices its compute units twice"),
    "a second swap": (jupiter(SOL, USDC, SOL_IN, 1), "swaps twice"),
    "an old route, whose amounts hide behind it": (
        instruction(JUPITER, discriminator("route") + bytes(40), signer(WALLET)),
        "not known",
    ),
    "Jupiter told to send its own tokens": (instruction(JUPITER, discriminator("claim") + b"\0"), "not known"),
    "an exact output": (instruction(RAYDIUM_CPMM, discriminator("swap_base_output") + bytes(16)), "not known"),
    "an exact output of older pools": (instruction(RAYDIUM_AMM, bytes([11]) + bytes(16)), "not known"),
    "liquidity": (instruction(RAYDIUM_CLMM, discriminator("increase_liquidity_v2") + bytes(33)), "not known"),
}  # fmt: skip


@pytest.fixture
def node() -> PlayedNode:
    return PlayedNode()


async def refused(node: PlayedNode, build: bytes, why: str, *, min_out: int = 1) -> None:
    with pytest.raises(UnsafeTransaction, match=why):
        await judged(node, build, wanted(SOL, USDC, SOL_IN, min_out))


@pytest.mark.parametrize("place", ["first", "last"])
@pytest.mark.parametrize("added", ADDED)
async def test_nothing_else_may_stand_beside_a_swap(node: PlayedNode, added: str, place: str) -> None:
    theft, why = ADDED[added]
    honest = bought_with_sol(node.price(SOL, USDC, SOL_IN))
    await refused(node, unsigned([theft, *honest] if place == "first" else [*honest, theft]), why)
    assert "simulate" not in node.told, "it is read before it is run"


# How the swap itself differs from the one that is wanted: of SOL for USDC, at least 1.
SWAPS: dict[str, tuple[Callable[[], Sequence[Instruction]], str]] = {
    "its output goes to a thief": (
        lambda: [jupiter(SOL, USDC, SOL_IN, 10**8, destination=own(USDC, THIEF))],
        "output goes elsewhere",
    ),
    "its output goes to a thief by an optional account": (
        lambda: [changed(jupiter(SOL, USDC, SOL_IN, 10**8), 7, own(USDC, THIEF))],
        "output goes elsewhere",
    ),
    "the shared route's output goes to a thief": (
        lambda: [jupiter(SOL, USDC, SOL_IN, 10**8, shared=0, destination=own(USDC, THIEF))],
        "output goes elsewhere",
    ),
    "another token account of ours pays": (
        lambda: [changed(jupiter(SOL, USDC, SOL_IN, 10**8), 1, own(USDT))],
        "gives from elsewhere",
    ),
    "it buys another token": (lambda: [changed(jupiter(SOL, USDC, SOL_IN, 10**8), 4, USDT.mint)], "other tokens"),
    "it gives another token": (lambda: [jupiter(USDT, USDC, SOL_IN, 10**8)], "gives from elsewhere"),
    "it gives more": (lambda: [jupiter(SOL, USDC, SOL_IN + 1, 10**8)], "it gives 1000000001"),
    "it gives less": (lambda: [jupiter(SOL, USDC, SOL_IN - 1, 10**8)], "it gives 999999999"),
    "it takes less than was quoted": (lambda: [jupiter(SOL, USDC, SOL_IN, 10**8 - 2)], "it takes 99499999"),
    "it takes any price": (lambda: [jupiter(SOL, USDC, SOL_IN, 10**12, 10_000)], "any price"),
    "a slippage beyond all": (lambda: [jupiter(SOL, USDC, SOL_IN, 10**12, 20_000)], "any price"),
    "a fee for the venue": (lambda: [patched(jupiter(SOL, USDC, SOL_IN, 10**8), 26, b"\x32")], "keep a fee"),
    "what exceeds the quote is the venue's": (
        lambda: [patched(jupiter(SOL, USDC, SOL_IN, 10**8), 28, b"\x10")],
        "keep a fee",
    ),
    "another's events": (lambda: [changed(jupiter(SOL, USDC, SOL_IN, 10**8), 8, THIEF)], "own accounts"),
    "a token program of a thief": (lambda: [changed(jupiter(SOL, USDC, SOL_IN, 10**8), 5, THIEF)], "is none"),
    "cut short": (lambda: [instruction(JUPITER, discriminator("route_v2"), signer(WALLET))], "own accounts|cut short"),
    "another wallet's": (lambda: [changed(jupiter(SOL, USDC, SOL_IN, 10**8), 0, THIEF)], "another wallet's"),
    "Raydium's output goes to a thief": (
        lambda: [cpmm(SOL, USDC, SOL_IN, 10**8, destination=own(USDC, THIEF))],
        "output goes elsewhere",
    ),
    "Raydium takes less": (lambda: [cpmm(SOL, USDC, SOL_IN, 1)], "it takes 1, not"),
    "no swap at all": (lambda: [], "does not swap"),
}


def changed(swap: Instruction, at: int, account: Pubkey) -> Instruction:
    """Put another account into this place."""
    metas = list(swap.accounts)
    metas[at] = AccountMeta(account, is_signer=False, is_writable=metas[at].is_writable)
    return Instruction(swap.program_id, bytes(swap.data), metas)


def begun(account: Pubkey, owner: Pubkey) -> Instruction:
    return token(1, writable(account), readable(SOL.mint), readable(owner), readable(RENT))


def patched(swap: Instruction, at: int, piece: bytes) -> Instruction:
    data = bytes(swap.data)
    return Instruction(swap.program_id, data[:at] + piece + data[at + len(piece) :], swap.accounts)


@pytest.mark.parametrize("how", SWAPS)
async def test_the_swap_must_be_the_one_that_is_wanted(node: PlayedNode, how: str) -> None:
    make, why = SWAPS[how]
    build = priced(create(SOL), *wrap(SOL_IN), create(USDC), *make(), close(own(SOL)))
    await refused(node, unsigned(build), why, min_out=least(10**8, 50))
    assert "simulate" not in node.told


async def test_compute_units_are_limited_once(node: PlayedNode) -> None:
    limits = [set_compute_unit_limit(10**6), set_compute_unit_limit(1)]
    await refused(node, unsigned([*limits, *bought_with_sol(10**8)]), "limits its compute units twice")


async def test_another_may_not_pay(node: PlayedNode) -> None:
    await refused(node, unsigned(bought_with_sol(10**8), payer=THIEF), "fee payer")


async def test_a_build_for_another_wallet_is_not_ours_to_sign(node: PlayedNode) -> None:
    theft = [create(USDC, owner=THIEF, payer=THIEF)]
    await refused(node, unsigned(theft, payer=THIEF), "fee payer")


async def test_lamports_move_only_when_sol_is_given(node: PlayedNode) -> None:
    build = priced(create(SOL), *wrap(SOL_IN), jupiter(USDC, SOL, USDC_IN, 10**8), close(own(SOL)))
    with pytest.raises(UnsafeTransaction, match="moves 1000000000 lamports, of 0"):
        await judged(node, unsigned(build), wanted(USDC, SOL, USDC_IN, 1))


@pytest.mark.parametrize(
    ("theft", "why"),
    [
        (lambda made, new: [made[0], cpmm(SOL, USDC, SOL_IN, 1, source=new), close(new)], "stays open"),
        (lambda made, new: [*made, cpmm(SOL, USDC, SOL_IN, 1, source=new)], "stays open"),
        (
            lambda made, new: [
                made[0],
                token(18, writable(new), readable(SOL.mint), data=bytes(THIEF)),
                cpmm(SOL, USDC, SOL_IN, 1, source=new),
                close(new),
            ],
            "begins an account for another",
        ),
        (
            lambda made, new: [
                made[0],
                token(18, writable(new), readable(USDC.mint), data=bytes(WALLET)),
                cpmm(SOL, USDC, SOL_IN, 1, source=new),
                close(new),
            ],
            "begins an account for another",
        ),
        (
            lambda made, new: [made[0], begun(new, THIEF), cpmm(SOL, USDC, SOL_IN, 1, source=new), close(new)],
            "begins an account for another",
        ),
        (lambda made, new: [changed(made[0], 0, THIEF), *made[1:]], "another pays"),
        (lambda made, new: [patched(made[0], 4, bytes(THIEF)), *made[1:]], "for another"),
        (lambda made, new: [patched(made[0], 36, b"\xff" * 8), *made[1:]], "not known"),
        (lambda made, new: [patched(made[0], 44, b"\xff"), *made[1:]], "not known"),
        (lambda made, new: [patched(made[0], 44, b"W"), *made[1:]], "for another"),
        (lambda made, new: [patched(made[0], 59, struct.pack("<Q", 82)), *made[1:]], "no token account"),
        (lambda made, new: [patched(made[0], 67, bytes(TOKEN_2022)), *made[1:]], "no token account"),
    ],
    ids=["left unbegun", "left open", "a thief's", "of another token", "a thief's, as of old", "of a thief's lamports",
         "a thief's base", "a seed without end", "a seed that is no text", "another seed", "another size",
         "another program"],
)  # fmt: skip
async def test_an_account_of_a_word_is_ours_and_closed(
    node: PlayedNode, theft: Callable[[list[Instruction], Pubkey], list[Instruction]], why: str
) -> None:
    new, made = seeded(SOL_IN + TOKEN_ACCOUNT_RENT)
    await refused(node, unsigned(priced(create(USDC), *theft(made, new))), why)


async def test_raydiums_older_way_to_begin_an_account_is_known(node: PlayedNode) -> None:
    new, made = seeded(SOL_IN + TOKEN_ACCOUNT_RENT)
    min_out = least(node.price(SOL, USDC, SOL_IN, RAYDIUM_CPMMS), 50)
    swap = cpmm(SOL, USDC, SOL_IN, min_out, source=new)
    build = priced(made[0], begun(new, WALLET), create(USDC), swap, close(new))
    await judged(node, unsigned(build), wanted(SOL, USDC, SOL_IN, min_out))


async def test_one_account_of_a_word_is_enough(node: PlayedNode) -> None:
    new, made = seeded(SOL_IN + TOKEN_ACCOUNT_RENT)
    more, again = seeded(TOKEN_ACCOUNT_RENT, "another")
    build = priced(*made, *again, cpmm(SOL, USDC, SOL_IN, 1, source=new), close(new), close(more))
    await refused(node, unsigned(build), "two accounts for wrapped SOL")


async def test_compute_units_are_limited(node: PlayedNode) -> None:
    message = MessageV0.try_compile(WALLET, bought_with_sol(10**8), [], Hash.default())
    raw = bytes(VersionedTransaction.populate(message, [Signature.default()]))
    await refused(node, raw, "does not limit its compute units")


@pytest.mark.parametrize(
    ("theft", "why"),
    [
        (changed(create(JUP), 0, THIEF), "another pays for an account"),
        (changed(create(JUP), 4, THIEF), "named as system"),
        (changed(wrap(1)[0], 0, THIEF), "lamports are not ours"),
    ],
    ids=["a thief's payment", "a thief's system", "a thief's lamports"],
)
async def test_what_another_pays_for_is_not_ours(node: PlayedNode, theft: Instruction, why: str) -> None:
    await refused(node, unsigned([theft, *bought_with_sol(10**8)]), why)


async def test_no_more_than_a_rent_goes_with_an_account_of_a_word(node: PlayedNode) -> None:
    new, made = seeded(SOL_IN + TOKEN_ACCOUNT_RENT + 1)
    await refused(node, unsigned(priced(*made, cpmm(SOL, USDC, SOL_IN, 1, source=new), close(new))), "lamports, of")


async def test_rent_is_not_tied_up_in_many_accounts(node: PlayedNode) -> None:
    build = [*map(create, TOKENS[2:7]), *bought_with_sol(10**8)]
    await refused(node, unsigned(build), "it makes 7 accounts")


async def test_a_price_of_compute_units_beyond_the_cap_is_refused(node: PlayedNode) -> None:
    build = [set_compute_unit_price(50 * 10**6), *bought_with_sol(node.price(SOL, USDC, SOL_IN))[1:]]
    await refused(node, unsigned(build), "priority fee")
    assert PRICE < 50 * 10**6


async def test_a_venues_own_idea_of_a_lookup_table_counts_for_nothing(node: PlayedNode) -> None:
    """It says that an entry is our account; our node says that it is a thief's."""
    table = str(Pubkey.new_unique())
    said = {table: [str(own(USDC)), str(USDC.mint)]}
    build = unsigned(bought_with_sol(10**8), tables=said)
    node.tables[table] = [str(own(USDC, THIEF)), str(USDC.mint)]
    await refused(node, build, "for another|goes elsewhere")


async def test_a_lookup_table_that_our_node_does_not_know_is_refused(node: PlayedNode) -> None:
    table = str(Pubkey.new_unique())
    build = unsigned(bought_with_sol(10**8), tables={table: [str(USDC.mint), str(own(USDC))]})
    await refused(node, build, "has no entry")
    node.tables[table] = [str(USDC.mint)]
    await refused(node, build, "has no entry 1")


async def test_a_lookup_table_may_not_bring_an_account_twice(node: PlayedNode) -> None:
    table = str(Pubkey.new_unique())
    build = unsigned(bought_with_sol(10**8), tables={table: [str(USDC.mint), str(own(USDC))]})
    node.tables[table] = [str(WALLET), str(own(USDC))]
    await refused(node, build, "stands in it twice")


@pytest.mark.parametrize("raw", [b"", b"\0", b"\1" + bytes(64), b"\xff" * 200, bytes(1_232)])
async def test_bytes_that_are_no_transaction_are_refused(node: PlayedNode, raw: bytes) -> None:
    await refused(node, raw, "no transaction|wants another signature|fee payer|not a transaction")


async def test_what_fits_into_no_packet_is_refused(node: PlayedNode) -> None:
    await refused(node, unsigned(bought_with_sol(10**8)).ljust(1_233, b"\0"), "1233 bytes")


async def test_only_version_0_is_read(node: PlayedNode) -> None:
    legacy = VersionedTransaction.populate(Message(bought_with_sol(10**8), WALLET), [Signature.default()])
    await refused(node, bytes(legacy), "version 0")


# What a program that we know does with our signature all the same, and why the simulation is refused.
WITHIN = {
    "takes more of the input": ([TAKEN], "changes our EPjF"),
    "lets another spend": ([APPROVE], "lets"),
    "lets another close the account": ([CLOSER], "another may close"),
    "gives our account away": ([OWNER], "it takes"),
    "takes lamports": ([lamports_to(THIEF, 10**8)], "changes our So111"),
    "takes lamports of little worth": ([lamports_to(THIEF, 10**6)], "changes our So111"),
    "gives the wallet to a program": ([ASSIGNED], "belongs to a program"),
}


@pytest.mark.parametrize("what", WITHIN)
async def test_what_a_known_program_would_do_is_seen_in_a_simulation(node: PlayedNode, what: str) -> None:
    node.also, why = WITHIN[what]
    node.give(USDC, 0, owner=THIEF)
    build = priced(create(JUP), jupiter(USDC, JUP, USDC_IN, node.price(USDC, JUP, USDC_IN)))
    with pytest.raises(UnsafeTransaction, match=why):
        await judged(node, unsigned(build), wanted(USDC, JUP, USDC_IN, 1))


async def test_less_than_the_limit_in_a_simulation_is_refused(node: PlayedNode) -> None:
    quoted = node.price(USDC, JUP, USDC_IN)
    node.short = quoted - least(quoted, 50) + 1
    build = priced(create(JUP), jupiter(USDC, JUP, USDC_IN, quoted))
    with pytest.raises(UnsafeTransaction, match="changes our JUP"):
        await judged(node, unsigned(build), wanted(USDC, JUP, USDC_IN, least(quoted, 50)))


async def test_less_sol_than_the_limit_in_a_simulation_is_refused(node: PlayedNode) -> None:
    quoted = node.price(USDC, SOL, USDC_IN)
    node.short = quoted - least(quoted, 50) + 1
    build = priced(create(SOL), jupiter(USDC, SOL, USDC_IN, quoted), close(own(SOL)))
    with pytest.raises(UnsafeTransaction, match="changes our So111"):
        await judged(node, unsigned(build), wanted(USDC, SOL, USDC_IN, least(quoted, 50)))


async def test_an_account_of_ours_that_the_swap_does_not_need_may_not_be_there(node: PlayedNode) -> None:
    node.give(USDT, 10**9)
    swap = jupiter(USDC, JUP, USDC_IN, node.price(USDC, JUP, USDC_IN))
    reaching = Instruction(swap.program_id, bytes(swap.data), [*swap.accounts, writable(own(USDT))])
    with pytest.raises(UnsafeTransaction, match=f"reaches for our account {own(USDT)}"):
        await judged(node, unsigned(priced(create(JUP), reaching)), wanted(USDC, JUP, USDC_IN, 1))


async def test_an_account_that_is_made_again_loses_nothing(node: PlayedNode) -> None:
    """A venue names our account of another token as one that it makes: what it takes from there is seen."""
    node.give(USDT, 10**9)
    node.give(USDT, 0, owner=THIEF)
    node.also = [token(3, writable(own(USDT)), writable(own(USDT, THIEF)), signer(WALLET), data=amount(1))]
    build = priced(create(JUP), create(USDT), jupiter(USDC, JUP, USDC_IN, node.price(USDC, JUP, USDC_IN)))
    with pytest.raises(UnsafeTransaction, match="changes our Es9v"):
        await judged(node, unsigned(build), wanted(USDC, JUP, USDC_IN, 1))
