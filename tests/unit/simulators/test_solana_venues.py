"""The Solana simulator's venues over HTTP: shapes as the real APIs have them, builds that run on a real SVM, thefts."""

import json
from pathlib import Path
from typing import Any

import pytest
from solders.hash import Hash

from adapters.token_list.registry import SHIPPED
from simulators.solana.faults import Fault, Faults
from simulators.solana.layouts import decoded
from simulators.solana.simulator import simulated_solana
from simulators.solana.tokens import BY_MINT, SOL, USDC
from simulators.solana.venues.desk import STRANGER
from simulators.solana.venues.instructions import account_of
from simulators.solana.venues.thefts import THEFTS, THIEF
from tests.solana_svm import ONE_SOL, SWAPS, TAKER, Svm
from tests.solana_venues import (
    METEORA,
    SLOT,
    SLOTS,
    built,
    call,
    desk_of,
    instruction_of,
    instructions_in,
    instructions_of,
    message_of,
    quoted,
    transaction,
)

RENT = 2_039_280


async def test_jupiter_answers_a_quote_and_its_instructions() -> None:
    answer = (await built(desk_of(), slippageBps=100)).json
    assert answer["inAmount"] == str(ONE_SOL)
    assert int(answer["otherAmountThreshold"]) == -(-int(answer["outAmount"]) * 99 // 100)
    assert answer["routePlan"][0]["swapInfo"]["label"] in METEORA.split(",")
    assert (answer["swapMode"], answer["slippageBps"], answer["tipInstruction"]) == ("ExactIn", 100, None)
    assert len(answer["blockhashWithMetadata"]["blockhash"]) == 32
    [entries] = answer["addressesByLookupTableAddress"].values()
    assert str(SOL.mint) in entries


@pytest.mark.parametrize("seed", range(3), ids=lambda seed: f"seed {seed}")
async def test_jupiters_build_wraps_swaps_and_unwraps(seed: int) -> None:
    """Shared accounts or not: the seeds have both."""
    svm = Svm()
    answer = (await built(desk_of(seed=seed))).json
    assert svm.run(instructions_of(answer), SLOT) is None
    assert svm.held(USDC) == int(answer["outAmount"])
    assert svm.held(SOL) is None
    assert 0 <= ONE_SOL - RENT - svm.lamports < 100_000
    back = (await built(desk_of(seed=seed), inputMint=USDC.mint, outputMint=SOL.mint, amount=10**6)).json
    before = svm.lamports
    assert svm.run(instructions_of(back), SLOT) is None
    assert 0 <= int(back["outAmount"]) - (svm.lamports - before) < 100_000
    assert svm.held(SOL) is None


async def test_jupiter_leaves_wrapped_sol_alone_when_asked_to() -> None:
    answer = (await built(desk_of(), wrapAndUnwrapSol="false")).json
    assert (len(answer["setupInstructions"]), answer["cleanupInstruction"]) == (1, None)


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"inputMint": str(TAKER)}, "TOKEN_NOT_TRADABLE"),
        ({"dexes": "Whirlpool"}, "NO_ROUTES_FOUND"),
        ({"maxAccounts": 5}, "NO_ROUTES_FOUND"),
        ({"amount": 1}, "NO_ROUTES_FOUND"),
        ({"amount": "1.5"}, None),
        ({"taker": "me"}, None),
        ({"slippageBps": 10_001}, None),
        ({"excludeDexes": "Raydium"}, None),
    ],
    ids=str,
)
async def test_jupiter_refuses_what_it_cannot_route(changes: dict[str, Any], error: str | None) -> None:
    found = await built(desk_of(), **changes)
    assert found.status_code == 400
    assert found.json.get("errorCode") == error
    assert found.json["error"]


async def test_excluded_dexes_are_not_routed_through() -> None:
    asked = {"inputMint": SOL.mint, "outputMint": USDC.mint, "amount": ONE_SOL, "taker": TAKER}
    asked |= {"excludeDexes": "Meteora DLMM,Meteora DAMM v2,Raydium"}
    found = await call(desk_of(), "/jupiter/swap/v2/build", {k: str(v) for k, v in asked.items()})
    assert found.json["routePlan"][0]["swapInfo"]["label"] == "Raydium CP"


async def test_limits_are_told_and_kept() -> None:
    desk = desk_of(calls=1)
    first, second = await built(desk), await built(desk)
    assert (first.status_code, first.headers["x-ratelimit-remaining"]) == (200, "0")
    assert (second.status_code, second.headers["x-ratelimit-remaining"]) == (429, "-1")
    assert second.headers["x-ratelimit-reset"] == "120"


@pytest.mark.parametrize("seed", range(3), ids=lambda seed: f"seed {seed}")
async def test_raydium_quotes_and_builds_one_transaction(seed: int) -> None:
    """Through an account made for the one swap, or the wallet's own: the seeds have both."""
    desk, svm = desk_of(seed=seed), Svm()
    quote = await quoted(desk)
    assert quote["success"]
    assert int(quote["data"]["otherAmountThreshold"]) == -(-int(quote["data"]["outputAmount"]) * 995 // 1000)
    message = message_of(await transaction(desk, quote))
    assert message.account_keys[0] == TAKER
    assert message.recent_blockhash == SLOTS.hash(SLOTS.block(SLOT))
    assert svm.run(instructions_in(message, desk), SLOT) is None
    assert svm.held(USDC) == int(quote["data"]["outputAmount"])
    assert svm.held(SOL) is None


@pytest.mark.parametrize("seed", range(3), ids=lambda seed: f"seed {seed}")
async def test_raydium_sells_a_token_for_unwrapped_sol(seed: int) -> None:
    desk, svm = desk_of(seed=seed), Svm([(USDC, 10**8)])
    quote = await quoted(desk, inputMint=USDC.mint, outputMint=SOL.mint, amount=10**8)
    answer = await transaction(desk, quote, inputAccount=str(account_of(TAKER, USDC)))
    assert svm.run(instructions_in(message_of(answer), desk), SLOT) is None
    assert svm.held(USDC) == 0
    assert 0 <= 2 * ONE_SOL + int(quote["data"]["outputAmount"]) - svm.lamports < 100_000


async def test_raydium_answers_its_transaction_as_a_list_or_as_one() -> None:
    quote = await quoted(desk_of())
    kinds = {type((await transaction(desk_of(seed=seed), quote))["data"]) for seed in range(8)}
    assert kinds == {list, dict}


@pytest.mark.parametrize(
    ("changes", "msg"),
    [
        ({"inputMint": "x"}, "REQ_INPUT_MINT_ERROR"),
        ({"amount": "-1"}, "REQ_AMOUNT_ERROR"),
        ({"slippageBps": "a"}, "REQ_SLIPPAGE_BPS_ERROR"),
        ({"txVersion": "V1"}, "REQ_TX_VERSION_ERROR"),
        ({"outputMint": str(TAKER)}, "ROUTE_NOT_FOUND"),
    ],
    ids=str,
)
async def test_raydium_refuses_with_success_false(changes: dict[str, Any], msg: str) -> None:
    assert (await quoted(desk_of(), **changes)).items() >= {"success": False, "msg": msg}.items()


@pytest.mark.parametrize(
    ("changes", "msg"),
    [
        ({"swapResponse": {"success": False}}, "REQ_SWAP_RESPONSE_ERROR"),
        ({"computeUnitPriceMicroLamports": 1000}, "REQ_COMPUTE_UNIT_PRICE_MICRO_LAMPORTS_ERROR"),
        ({"wrapSol": False}, "REQ_INPUT_ACCOUNT_ERROR"),
        ({"wallet": None}, "REQ_WALLET_ERROR"),
    ],
    ids=str,
)
async def test_raydium_builds_nothing_that_it_cannot_read(changes: dict[str, Any], msg: str) -> None:
    desk = desk_of()
    assert (await transaction(desk, await quoted(desk), **changes))["msg"] == msg


async def test_raydium_tells_what_a_compute_unit_costs() -> None:
    answer = (await call(desk_of(), "/raydium/main/auto-fee")).json
    assert set(answer["data"]["default"]) == {"vh", "h", "m"}


@pytest.mark.parametrize(("fault", "status"), [(Fault.LIMITED, 429), (Fault.ERROR, 503)])
async def test_calls_fail(fault: Fault, status: int) -> None:
    assert (await built(desk_of(fault))).status_code == status
    assert (await call(desk_of(fault), "/raydium/compute/swap-base-in")).status_code == status


async def test_a_quote_may_be_worse_than_the_market() -> None:
    fair, worse = (await quoted(desk_of()))["data"], (await quoted(desk_of(Fault.WORSE_QUOTE)))["data"]
    assert int(worse["outputAmount"]) == int(fair["outputAmount"]) * 98 // 100


async def test_the_bytes_may_say_less_than_the_quote() -> None:
    answer = (await built(desk_of(Fault.LOW_MIN_OUT))).json
    swap = decoded(instruction_of(answer["swapInstruction"]))
    assert swap is not None
    assert swap.min_out < int(answer["otherAmountThreshold"]) * 51 // 100


async def test_a_build_may_be_two_swaps() -> None:
    twice = (await built(desk_of(Fault.TWO_TRANSACTIONS))).json
    assert twice["otherInstructions"] == [twice["swapInstruction"]]
    quote = await quoted(desk_of())
    assert len((await transaction(desk_of(Fault.TWO_TRANSACTIONS), quote))["data"]) == 2


async def test_another_may_be_the_fee_payer() -> None:
    quote = await quoted(desk_of())
    assert message_of(await transaction(desk_of(Fault.FOREIGN_FEE_PAYER), quote)).account_keys[0] == STRANGER
    answer = (await built(desk_of(Fault.FOREIGN_FEE_PAYER))).json
    assert instruction_of(answer["swapInstruction"]).accounts[-1].pubkey == STRANGER


async def test_a_blockhash_may_be_stale_and_a_height_low() -> None:
    quote = await quoted(desk_of())
    stale = message_of(await transaction(desk_of(Fault.STALE_BLOCKHASH), quote)).recent_blockhash
    assert not SLOTS.is_valid(stale, SLOT)
    low = (await built(desk_of(Fault.LOW_HEIGHT))).json["blockhashWithMetadata"]
    assert SLOTS.is_valid(Hash.from_bytes(bytes(low["blockhash"])), SLOT)
    assert low["lastValidBlockHeight"] < SLOTS.height(SLOT)


@pytest.mark.parametrize("name", THEFTS)
async def test_each_theft_works_for_whoever_signs_it(name: str) -> None:
    """Only what the chain itself has no account for fails there."""
    answer = (await built(desk_of())).json
    swap = instructions_of(answer)
    offer = SWAPS.markets.offers(SOL.mint, USDC.mint, ONE_SOL, SLOT)[0]
    other = next(token for token in BY_MINT.values() if token.symbol == "USDT")
    error = Svm([(other, 10)] if name == "another_token" else []).run([*swap, *THEFTS[name](offer, TAKER)], SLOT)
    assert (error is None) == (name not in ("nonce", "unknown_program"))


async def test_a_drained_build_has_a_theft() -> None:
    seen = [await built(desk_of(Fault.DRAINED, seed=seed)) for seed in range(12)]
    assert all(answer.json["otherInstructions"] for answer in seen)
    assert any(str(THIEF) in answer.text for answer in seen)


async def test_raydium_wraps_in_the_wallets_account_or_in_one_of_its_own() -> None:
    quote = await quoted(desk_of())
    desks = [desk_of(seed=seed) for seed in range(8)]
    swaps = [
        decoded(each) for desk in desks for each in instructions_in(message_of(await transaction(desk, quote)), desk)
    ]
    assert {swap.source == account_of(TAKER, SOL) for swap in swaps if swap} == {True, False}


def test_all_tokens_of_the_shipped_list_are_traded() -> None:
    listed = json.loads(SHIPPED.read_bytes())["tokens"]
    traded = {(str(token.mint), token.decimals, str(token.program)) for token in BY_MINT.values()}
    programs = [each.get("extensions", {}).get("tokenProgram", str(SOL.program)) for each in listed]
    assert {(each["address"], each["decimals"], of) for each, of in zip(listed, programs, strict=True)} == traded


def test_markets_jump_where_quotes_may_get_worse(tmp_path: Path) -> None:
    faults = Faults(1, 0.5, [Fault.WORSE_QUOTE])
    with simulated_solana(tmp_path / "chain.sqlite", seed=1, faults=faults, slot_ms=400) as running:
        assert running.swaps.markets.shocks == 0.5
    assert faults.share(Fault.DRAINED) == 0
