"""Proof that a swap can never land: what it takes, and from whom. On anything less it could be swapped twice."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest
from attrs import evolve

from adapters.solana.answers import Seen
from adapters.solana.death import Dead, require_failed, sought
from adapters.solana.rpc import SolanaRpc
from application.ports.errors import VenueUnavailable
from tests.clock import ManualClock
from tests.scripted_node import SLOT, Refusal, ScriptedNode, epoch, scripted_nodes, status
from tests.signed import BLOCKHASH, a_swap

Nodes = tuple[SolanaRpc, Sequence[ScriptedNode]]
LAST = BLOCKHASH.last_valid_height
SIGNED_AT = BLOCKHASH.slot
FAILED = {"InstructionError": [0, {"Custom": 1}]}


@asynccontextmanager
async def _dead_to_all(count: int) -> AsyncIterator[Nodes]:
    async with scripted_nodes(count, ManualClock()) as nodes:
        for node in nodes[1]:
            _say_dead(node)
        yield nodes


@pytest.fixture
async def one() -> AsyncIterator[Nodes]:
    async with _dead_to_all(1) as nodes:
        yield nodes


@pytest.fixture
async def two() -> AsyncIterator[Nodes]:
    async with _dead_to_all(2) as nodes:
        yield nodes


@pytest.fixture
async def three() -> AsyncIterator[Nodes]:
    async with _dead_to_all(3) as nodes:
        yield nodes


def _say_dead(node: ScriptedNode) -> None:
    node.say("getEpochInfo", epoch(LAST + 1))
    node.say("getSignatureStatuses", status(None))
    node.say("getFirstAvailableBlock", SIGNED_AT)


async def test_one_node_alone_proves_it_in_order(one: Nodes) -> None:
    rpc, (node,) = one

    assert isinstance(await sought(rpc.nodes(), a_swap()), Dead)

    assert [method for method, _ in node.asked] == [
        "getEpochInfo",
        "getSignatureStatuses",
        "getGenesisHash",
        "getFirstAvailableBlock",
    ]
    assert node.asked[0][1] == [{"commitment": "finalized"}]
    assert node.asked[1][1] == [[a_swap().signature], {"searchTransactionHistory": True}]


async def test_up_to_its_last_valid_height_it_lives(one: Nodes) -> None:
    rpc, (node,) = one
    node.say("getEpochInfo", epoch(LAST))

    assert await sought(rpc.nodes(), a_swap()) == Seen(None, None, SLOT)


async def test_a_node_whose_height_is_its_slot_proves_nothing(one: Nodes) -> None:
    rpc, (node,) = one
    node.say("getEpochInfo", epoch(SLOT, SLOT))

    with pytest.raises(VenueUnavailable, match="slots for heights"):
        await sought(rpc.nodes(), a_swap())


async def test_a_status_from_before_that_height_proves_nothing(one: Nodes) -> None:
    rpc, (node,) = one
    node.say("getSignatureStatuses", status(None, slot=SLOT - 1))

    with pytest.raises(VenueUnavailable):
        await sought(rpc.nodes(), a_swap())


async def test_a_history_that_begins_after_it_was_signed_proves_nothing(one: Nodes) -> None:
    rpc, (node,) = one
    node.say("getFirstAvailableBlock", SIGNED_AT + 1)

    with pytest.raises(VenueUnavailable, match="does not go back"):
        await sought(rpc.nodes(), a_swap())


async def test_a_node_of_another_chain_proves_nothing(one: Nodes) -> None:
    """Another network's node, by a change of settings or in an operator's shell, has never seen it, and is far on."""
    rpc, (node,) = one
    node.say("getGenesisHash", "EtWTRABZaYq6iMfeYKouRu166VU2xqa1wcaWoxPkrZBG")

    with pytest.raises(VenueUnavailable, match="another chain"):
        await sought(rpc.nodes(), a_swap())


async def test_what_was_signed_when_no_chain_was_kept_is_proven_without(one: Nodes) -> None:
    rpc, _ = one

    assert isinstance(await sought(rpc.nodes(), evolve(a_swap(), genesis="")), Dead)


async def test_a_last_valid_height_that_was_said_too_low_proves_nothing(one: Nodes) -> None:
    """A node that gave it with the blockhash was wrong: heights then had fewer slots without blocks than now."""
    rpc, (node,) = one
    low = evolve(a_swap(), last_valid_height=LAST - 600)
    node.say("getEpochInfo", epoch(LAST - 50, SLOT))

    with pytest.raises(VenueUnavailable, match="heights"):
        await sought(rpc.nodes(), low)


async def test_a_height_of_another_slot_than_its_own_proves_nothing(one: Nodes) -> None:
    """It is the slot of a little while ago, not of the block."""
    rpc, (node,) = one
    node.say("getEpochInfo", epoch(SLOT - 32, SLOT))

    with pytest.raises(VenueUnavailable, match="heights"):
        await sought(rpc.nodes(), a_swap())


@pytest.mark.parametrize("method", ["getEpochInfo", "getSignatureStatuses", "getGenesisHash", "getFirstAvailableBlock"])
async def test_an_error_proves_nothing(one: Nodes, method: str) -> None:
    rpc, (node,) = one
    node.say(method, Refusal(-32011))

    with pytest.raises(VenueUnavailable):
        await sought(rpc.nodes(), a_swap())


async def test_what_landed_after_all_is_seen(one: Nodes) -> None:
    rpc, (node,) = one
    node.say("getSignatureStatuses", status("finalized"))

    found = await sought(rpc.nodes(), a_swap())

    assert isinstance(found, Seen)
    assert found.status == "finalized"


async def test_two_nodes_have_to_say_so_when_two_are_named(two: Nodes) -> None:
    rpc, (first, second) = two

    assert isinstance(await sought(rpc.nodes(), a_swap()), Dead)
    assert first.count("getEpochInfo") == second.count("getEpochInfo") == 1


@pytest.mark.parametrize(
    ("method", "answer"),
    [
        ("getEpochInfo", Refusal(-32005)),
        ("getEpochInfo", epoch(LAST)),
        ("getEpochInfo", epoch(SLOT, SLOT)),
        ("getSignatureStatuses", status("processed")),
        ("getSignatureStatuses", status("confirmed")),
        ("getSignatureStatuses", status("confirmed", {"InstructionError": [0, {"Custom": 1}]})),
        ("getSignatureStatuses", status(None, slot=SLOT - 100)),
        ("getFirstAvailableBlock", SIGNED_AT + 1),
    ],
)
async def test_the_second_nodes_doubt_is_enough(two: Nodes, method: str, answer: object) -> None:
    rpc, (_, second) = two
    second.say(method, answer)

    with pytest.raises(VenueUnavailable):
        await sought(rpc.nodes(), a_swap())


async def test_what_the_second_node_has_finalized_counts_more_than_what_the_first_has_not(two: Nodes) -> None:
    rpc, (_, second) = two
    second.say("getSignatureStatuses", status("finalized"))

    found = await sought(rpc.nodes(), a_swap())

    assert isinstance(found, Seen)
    assert found.status == "finalized"


async def test_two_of_three_are_enough(three: Nodes) -> None:
    rpc, (first, _, _) = three
    first.say("getEpochInfo", Refusal(-32005))

    assert isinstance(await sought(rpc.nodes(), a_swap()), Dead)


async def test_one_of_three_is_not(three: Nodes) -> None:
    rpc, (first, second, _) = three
    for node in (first, second):
        node.say("getEpochInfo", Refusal(-32005))

    with pytest.raises(VenueUnavailable):
        await sought(rpc.nodes(), a_swap())


async def test_two_nodes_have_to_say_that_it_failed_for_good(three: Nodes) -> None:
    rpc, (first, second, third) = three
    first.say("getSignatureStatuses", status("finalized", FAILED))
    third.say("getSignatureStatuses", status("finalized", FAILED))

    await require_failed(rpc.nodes(), a_swap())

    assert second.count("getSignatureStatuses") == 1


@pytest.mark.parametrize(
    "answer", [Refusal(-32005), status(None), status("confirmed", FAILED), status("finalized"), status("processed")]
)
async def test_what_one_node_alone_calls_failed_may_still_land(two: Nodes, answer: object) -> None:
    rpc, (first, second) = two
    first.say("getSignatureStatuses", status("finalized", FAILED))
    second.say("getSignatureStatuses", answer)

    with pytest.raises(VenueUnavailable, match="too few"):
        await require_failed(rpc.nodes(), a_swap())
