"""The venues' programs of the Solana simulator: a swap's transfers run on a real SVM, and what is refused."""

from solders.address_lookup_table_account import AddressLookupTable
from solders.instruction import AccountMeta, Instruction
from solders.pubkey import Pubkey
from solders.token.associated import get_associated_token_address

from simulators.solana import genesis
from simulators.solana.layouts import (
    amm_data,
    cpmm_data,
    discriminator,
    least,
    readable,
    route_data,
    route_step,
    signer,
    writable,
)
from simulators.solana.markets import DEXES, METEORA_DLMMS, RAYDIUM_CPMMS, Dex, Markets, Pool, pool_key
from simulators.solana.programs import CPMM_AUTHORITY, JUPITER, JUPITER_EVENTS, RAYDIUM_AMM, RAYDIUM_CPMM
from simulators.solana.swaps import Replaced
from simulators.solana.tokens import SOL, TOKENS, USDC
from tests.solana_svm import ONE_SOL, SWAPS, TAKER, Svm

SLOT = 7
ONE = ONE_SOL
GIVEN = get_associated_token_address(TAKER, SOL.mint)
GOT = get_associated_token_address(TAKER, USDC.mint)


def pool_of(dex: Dex = METEORA_DLMMS) -> Pool:
    return SWAPS.markets.pools[pool_key(dex, SOL.mint, USDC.mint)]


def quoted(dex: Dex = METEORA_DLMMS, slot: int = SLOT) -> int:
    offer = SWAPS.markets.offer(pool_of(dex), SOL.mint, ONE, slot)
    assert offer is not None
    return offer.amount_out


def route(quote: int, slippage_bps: int = 0, owner: AccountMeta | None = None) -> Instruction:
    accounts = [owner or signer(TAKER), writable(GIVEN), writable(GOT), readable(SOL.mint), readable(USDC.mint)]
    accounts += [readable(SOL.program), readable(USDC.program), readable(JUPITER), readable(JUPITER_EVENTS)]
    accounts += [readable(JUPITER), writable(pool_of().key)]
    return Instruction(JUPITER, route_data(ONE, quote, slippage_bps, [route_step(b"\x26", 10_000, 0, 1)]), accounts)


def cpmm(min_out: int) -> Instruction:
    accounts = [signer(TAKER), readable(CPMM_AUTHORITY), readable(Pubkey.default())]
    accounts += [writable(pool_of(RAYDIUM_CPMMS).key), writable(GIVEN), writable(GOT)]
    accounts += [writable(SWAPS.vault(SOL)), writable(SWAPS.vault(USDC)), readable(SOL.program), readable(SOL.program)]
    return Instruction(RAYDIUM_CPMM, cpmm_data(ONE, min_out), [*accounts, readable(SOL.mint), readable(USDC.mint)])


def replaced(instruction: Instruction, slot: int = SLOT) -> Replaced:
    found = SWAPS.replaced(instruction, slot)
    assert found is not None
    return found


def after(transfers: tuple[Instruction, ...]) -> tuple[int | None, int | None]:
    """Run the transfers; return what the taker has then of what it gave (one SOL to begin with), and of what it got."""
    svm = Svm([(SOL, ONE), (USDC, 0)])
    assert svm.run(transfers, SLOT) is None
    return svm.held(SOL), svm.held(USDC)


def test_discriminators_are_those_of_the_real_programs() -> None:
    names = {"route_v2": "bb64facc31c4af14", "shared_accounts_route_v2": "d19853937cfed8e9"}
    names["swap_base_input"] = "8fbe5adac41e33de"
    assert {name: discriminator(name).hex() for name in names} == names
    assert str(CPMM_AUTHORITY) == "GpMZbSM2GgvTKHJirzeGfMFoaZ8UR2X7F4v8vHTvxFbL"


def test_a_route_gives_the_input_and_gets_what_the_pool_offers() -> None:
    found = replaced(route(quoted(), 50))
    assert found.code is None
    assert after(found.transfers) == (0, quoted())


def test_a_cpmm_swap_gives_the_input_and_gets_what_the_pool_offers() -> None:
    assert after(replaced(cpmm(quoted(RAYDIUM_CPMMS))).transfers) == (0, quoted(RAYDIUM_CPMMS))


def test_an_amm_swap_tells_its_side_by_the_takers_account() -> None:
    pool = pool_of(DEXES[3])
    accounts = [readable(SOL.program), writable(pool.key), writable(GIVEN), writable(GOT), signer(TAKER)]
    found = replaced(Instruction(RAYDIUM_AMM, amm_data(ONE, 0), accounts))
    assert after(found.transfers) == (0, quoted(DEXES[3]))


def test_too_little_output_fails_with_each_programs_own_code() -> None:
    found = replaced(route(quoted() + 1))
    assert (found.transfers, found.code) == ((), 6001)
    assert "SlippageToleranceExceeded" in found.logs[1]
    assert found.logs[-1].endswith("custom program error: 0x1771")
    assert replaced(cpmm(quoted(RAYDIUM_CPMMS) + 1)).code == 6005


def test_a_least_output_is_rounded_up() -> None:
    assert least(16_198_753, 50) == 16_117_760


def test_whoever_has_not_signed_gives_nothing() -> None:
    assert replaced(route(quoted(), owner=readable(TAKER))).code == 3010


def test_what_the_programs_cannot_read_fails_there() -> None:
    assert replaced(Instruction(JUPITER, b"no route", [])).code == 101
    assert replaced(Instruction(RAYDIUM_CPMM, cpmm_data(1, 1)[:-1], [])).code == 101
    elsewhere = [*cpmm(0).accounts]
    elsewhere[3] = writable(TAKER)
    assert replaced(Instruction(RAYDIUM_CPMM, cpmm_data(1, 1), elsewhere)).code == 3012


def test_other_programs_run_as_they_are() -> None:
    assert SWAPS.replaced(Instruction(SOL.program, b"\x03", []), SLOT) is None


def test_prices_are_the_same_for_the_same_seed_and_slot_and_move() -> None:
    assert Markets(1).offers(SOL.mint, USDC.mint, ONE, SLOT) == SWAPS.markets.offers(SOL.mint, USDC.mint, ONE, SLOT)
    prices = [quoted(slot=slot) for slot in range(0, 4_000, 100)]
    assert len(set(prices)) == len(prices)
    assert 0.9 < min(prices) / max(prices) < 1


def test_a_shock_makes_prices_worse_by_three_percent() -> None:
    shocked, calm = Markets(1, shocks=1), Markets(1)
    worse, fair = (m.offers(SOL.mint, USDC.mint, ONE, SLOT)[0].amount_out for m in (shocked, calm))
    assert round(worse / fair, 3) == 0.97


def test_the_chain_begins_with_all_that_the_venues_name() -> None:
    accounts = genesis.accounts(SWAPS)
    for dex in DEXES:
        table = AddressLookupTable.deserialize(accounts[genesis.table_key(dex)].data)
        assert list(table.addresses) == list(genesis.table_entries(dex, SWAPS))
        assert len(table.addresses) < 256
    assert all(token.mint in accounts and SWAPS.vault(token) in accounts for token in TOKENS)
