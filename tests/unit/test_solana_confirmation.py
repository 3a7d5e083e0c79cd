"""A signed swap is sent until the chain has it, and what the chain says of it is told: no more, and no sooner."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

import pytest
from attrs import frozen

from adapters.solana.confirmation import Confirmation
from application.ports.errors import VenueUnavailable
from application.ports.finality import Settlement
from domain.status import FailureReason
from domain.transaction import Fill, Finality, Landing, NetworkFee, TransactionReport, TransactionStatus
from tests.clock import ManualClock
from tests.hostile_venue import reply
from tests.scripted_node import SLOT, Refusal, ScriptedNode, epoch, scripted_nodes, status
from tests.signed import BLOCKHASH, USDC, WALLET, a_swap

SLIPPAGE = {"InstructionError": [3, {"Custom": 6001}]}
JUPITER = "JUP6LkbZbjS1jKKwapdHNy74zcZ3tLUZoi5QNyVTaV4"
LAST = BLOCKHASH.last_valid_height


class HurriedClock(ManualClock):
    """Whoever sleeps is woken at once, and that much later."""

    async def sleep(self, seconds: float) -> None:
        self._elapsed += max(0.0, seconds)
        await asyncio.sleep(0)


@frozen
class Played:
    """What swaps are sent by, and the nodes that say what a test wants."""

    confirmation: Confirmation
    nodes: Sequence[ScriptedNode]
    clock: HurriedClock

    @property
    def node(self) -> ScriptedNode:
        return self.nodes[0]


@pytest.fixture
async def played() -> AsyncIterator[Played]:
    clock = HurriedClock()
    async with scripted_nodes(1, clock) as (rpc, nodes):
        nodes[0].say("sendTransaction", a_swap().signature)
        nodes[0].say("getFirstAvailableBlock", 0)
        yield Played(Confirmation(rpc, clock, wait_seconds=10), nodes, clock)


def landed(err: object = None, got: int = 147_500_000, slot: int = SLOT) -> Mapping[str, Any]:
    """Return `getTransaction`'s answer for a swap of one SOL, through a wrapped account of ours, for USDC."""
    signed, pool = a_swap(), "Poo1111111111111111111111111111111111111111"
    keys = [WALLET, "OurUsdc", pool]

    def usdc(amount: int) -> Mapping[str, Any]:
        amounts = {"amount": str(amount), "decimals": 6, "uiAmount": amount / 10**6, "uiAmountString": "?"}
        return {"accountIndex": 1, "mint": USDC.address, "owner": WALLET, "programId": "?", "uiTokenAmount": amounts}

    return {
        "slot": slot,
        "blockTime": 1_790_000_000,
        "version": 0,
        "transaction": {"signatures": [signed.signature], "message": {"accountKeys": keys[:2], "instructions": []}},
        "meta": {
            "err": err,
            "fee": 5_700,
            "preBalances": [5 * 10**9, 2_039_280, 10**12],
            "postBalances": [4 * 10**9 - 5_700, 2_039_280, 10**12 + 10**9],
            "preTokenBalances": [usdc(1_000)],
            "postTokenBalances": [usdc(1_000 + got)],
            "logMessages": [f"Program {JUPITER} invoke [1]", f"Program {JUPITER} failed: custom program error: 0x1771"],
            "loadedAddresses": {"writable": [pool], "readonly": []},
            "computeUnitsConsumed": 90_000,
        },
    }


FILL = Fill(
    Decimal(1),
    Decimal("147.5"),
    Decimal(0),
    NetworkFee(Decimal("0.0000057"), "SOL"),
    Landing("solana", SLOT, Decimal("0.0000007")),
)


async def test_what_landed_is_told_with_its_fill(played: Played) -> None:
    played.node.say("getSignatureStatuses", status(None), status("processed"), status("confirmed"))
    played.node.say("getTransaction", landed())

    report = await played.confirmation.send(a_swap())

    assert report == TransactionReport(TransactionStatus.LANDED, fill=FILL)
    assert played.node.asked[-1] == (
        "getTransaction",
        [a_swap().signature, {"encoding": "json", "commitment": "confirmed", "maxSupportedTransactionVersion": 0}],
    )


async def test_the_same_bytes_are_sent_every_two_seconds_while_nobody_has_them(played: Played) -> None:
    played.node.say("getSignatureStatuses", status(None))

    report = await played.confirmation.send(a_swap())

    assert report.status is TransactionStatus.PENDING
    assert played.clock.monotonic() == 10
    sent = [params[0] for method, params in played.node.asked if method == "sendTransaction"]
    assert len(sent) == 5
    assert len(set(sent)) == 1


@pytest.mark.parametrize("code", [-32002, -32003, -32005, -32015, -32016, -32603])
async def test_an_error_that_sending_is_answered_with_is_no_outcome(played: Played, code: int) -> None:
    played.node.say("sendTransaction", Refusal(code))
    played.node.say("getSignatureStatuses", status(None), status("confirmed"))
    played.node.say("getTransaction", landed())

    assert (await played.confirmation.send(a_swap())).status is TransactionStatus.LANDED


async def test_that_it_was_processed_before_is_no_outcome_and_it_is_looked_up(played: Played) -> None:
    data = {"err": "AlreadyProcessed", "accounts": None, "unitsConsumed": 0}
    message = "Transaction simulation failed: This transaction has already been processed"
    error = {"code": -32002, "message": message, "data": data}
    played.node.say("sendTransaction", reply(json.dumps({"jsonrpc": "2.0", "id": 1, "error": error})))
    played.node.say("getSignatureStatuses", status(None), status("confirmed"))
    played.node.say("getTransaction", landed())

    assert (await played.confirmation.send(a_swap())).status is TransactionStatus.LANDED


async def test_a_reply_that_is_lost_is_no_outcome(played: Played) -> None:
    played.node.say("sendTransaction", reply("", "502 Bad Gateway"))
    played.node.say("getSignatureStatuses", status("confirmed"))
    played.node.say("getTransaction", landed())

    assert (await played.confirmation.send(a_swap())).status is TransactionStatus.LANDED


async def test_nodes_that_neither_take_it_nor_know_of_it_are_away(played: Played) -> None:
    for method in ("sendTransaction", "getSignatureStatuses"):
        played.node.say(method, reply("", "502 Bad Gateway"))

    with pytest.raises(VenueUnavailable):
        await played.confirmation.send(a_swap())


async def test_nodes_that_do_not_answer_for_a_while_are_asked_again(played: Played) -> None:
    played.node.say("getSignatureStatuses", reply("", "502 Bad Gateway"), status("confirmed"))
    played.node.say("getTransaction", landed())

    assert (await played.confirmation.send(a_swap())).status is TransactionStatus.LANDED


async def test_a_swap_that_failed_is_rejected_once_that_is_final(played: Played) -> None:
    """Until then a fork may undo its failure, and land it: beside the next attempt it would be a second swap."""
    played.node.say("getSignatureStatuses", status("confirmed", SLIPPAGE), status("finalized", SLIPPAGE))
    played.node.say("getTransaction", landed(SLIPPAGE))

    first = await played.confirmation.lookup(a_swap())
    then = await played.confirmation.lookup(a_swap())

    assert first.status is TransactionStatus.PENDING
    assert then == TransactionReport(TransactionStatus.REJECTED, reason=FailureReason.SLIPPAGE_EXCEEDED)


async def test_a_failure_on_another_fork_than_the_status_says_is_not_final(played: Played) -> None:
    played.node.say("getSignatureStatuses", status("confirmed"))
    played.node.say("getTransaction", landed(SLIPPAGE))

    assert (await played.confirmation.lookup(a_swap())).status is TransactionStatus.PENDING


async def test_it_is_pending_while_no_node_shows_the_transaction(played: Played) -> None:
    played.node.say("getSignatureStatuses", status("confirmed"))
    played.node.say("getTransaction", reply('{"jsonrpc":"2.0","id":1,"result":null}'))

    assert (await played.confirmation.lookup(a_swap())).status is TransactionStatus.PENDING


async def test_another_transaction_than_was_asked_for_is_no_answer(played: Played) -> None:
    played.node.say("getSignatureStatuses", status("confirmed"))
    played.node.say("getTransaction", landed())

    with pytest.raises(VenueUnavailable):
        await played.confirmation.lookup(a_swap(number=2))


async def test_unseen_and_still_valid_it_is_unknown_and_looking_it_up_sends_nothing(played: Played) -> None:
    played.node.say("getSignatureStatuses", status(None))
    played.node.say("getEpochInfo", epoch(LAST))

    assert (await played.confirmation.lookup(a_swap())).status is TransactionStatus.UNKNOWN
    assert played.node.count("sendTransaction") == 0


async def test_unseen_behind_its_last_height_it_is_dead(played: Played) -> None:
    played.node.say("getSignatureStatuses", status(None))
    played.node.say("getEpochInfo", epoch(LAST + 1))

    assert (await played.confirmation.lookup(a_swap())).status is TransactionStatus.DEAD


async def test_a_fork_that_undid_it_leaves_it_unknown(played: Played) -> None:
    played.node.say("getSignatureStatuses", status("confirmed"), status(None))
    played.node.say("getTransaction", landed())
    played.node.say("getEpochInfo", epoch(LAST - 100))

    await played.confirmation.lookup(a_swap())

    assert (await played.confirmation.lookup(a_swap())).status is TransactionStatus.UNKNOWN


async def test_what_is_finalized_is_settled_with_its_last_fill(played: Played) -> None:
    played.node.say("getSignatureStatuses", status("finalized"))
    played.node.say("getTransaction", landed(got=147_200_000, slot=SLOT + 9))

    settled = await played.confirmation.settled(a_swap())

    assert settled is not None
    assert settled.finality is Finality.FINALIZED
    assert settled.fill is not None
    assert settled.fill.amount_out == Decimal("147.2")
    assert played.node.asked[-1][1][1]["commitment"] == "finalized"


@pytest.mark.parametrize(("commitment", "sent"), [(None, 1), ("processed", 1), ("confirmed", 0)])
async def test_what_is_not_in_yet_is_sent_again(played: Played, commitment: str | None, sent: int) -> None:
    played.node.say("getSignatureStatuses", status(commitment))
    played.node.say("getEpochInfo", epoch(LAST))

    assert await played.confirmation.settled(a_swap()) is None
    assert played.node.count("sendTransaction") == sent


async def test_what_landed_again_and_failed_or_can_never_land_again_is_undone(played: Played) -> None:
    played.node.say("getSignatureStatuses", status("finalized", SLIPPAGE), status(None))
    played.node.say("getTransaction", landed(SLIPPAGE))
    played.node.say("getEpochInfo", epoch(LAST + 1))

    assert await played.confirmation.settled(a_swap()) == Settlement(Finality.UNDONE)
    assert await played.confirmation.settled(a_swap()) == Settlement(Finality.UNDONE)


async def test_balances_of_no_account_are_no_fill(played: Played) -> None:
    told = dict(landed())
    told["meta"] = {**told["meta"], "loadedAddresses": {"writable": [], "readonly": []}}
    played.node.say("getSignatureStatuses", status("confirmed"))
    played.node.say("getTransaction", told)

    with pytest.raises(VenueUnavailable):
        await played.confirmation.lookup(a_swap())
