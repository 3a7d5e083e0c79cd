"""What the doctor says of nodes, each by itself and one beside the other."""

from collections.abc import Sequence
from email.utils import format_datetime

import pytest

from adapters.solana.doctor.finding import Finding, Health
from adapters.solana.doctor.nodes import GENESIS, node_findings
from tests.clock import ManualClock
from tests.hostile_venue import reply
from tests.scripted_node import HEIGHT, SLOT, Refusal, ScriptedNode, epoch, in_context, scripted_nodes

HASH = "9sHcv6xwn9YkB8nxTUGKDwPwNnmqVp5oAXxU8Fdkm4J6"
MAINNET, DEVNET = GENESIS["solana"], GENESIS["solana-devnet"]
OLD_SLOT = 1_000_000


def well(node: ScriptedNode, genesis: object = MAINNET, slot: int = OLD_SLOT, height: int = HEIGHT) -> ScriptedNode:
    """Have a node say what a good one says."""
    node.say("getGenesisHash", genesis)
    node.say("getLatestBlockhash", in_context({"blockhash": HASH, "lastValidBlockHeight": height + 150}, slot))
    node.say("getEpochInfo", epoch(height, slot))
    node.say("getFirstAvailableBlock", 0)
    return node


async def looked(nodes: Sequence[ScriptedNode], rpc: object, clock: ManualClock) -> list[Finding]:
    return await node_findings(rpc.nodes(), [node.url for node in nodes], "solana", clock, 1.0)  # type: ignore[attr-defined]


def bad(findings: Sequence[Finding]) -> dict[str, tuple[Health, str]]:
    return {finding.what: (finding.health, finding.text) for finding in findings if finding.health is not Health.OK}


async def test_two_good_nodes() -> None:
    clock = ManualClock()
    async with scripted_nodes(2, clock, timeout_seconds=1.0) as (rpc, nodes):
        found = await looked([well(node) for node in nodes], rpc, clock)
    assert bad(found) == {}
    assert [finding.what for finding in found] == [
        f"node {number}: {of}" for number in (1, 2) for of in ("chain", "clock", "height")
    ]
    assert found[2].text == f"finalized up to block {HEIGHT}, slot {OLD_SLOT}"
    assert "key" not in str(found)  # a node's URL may hold one


async def test_a_node_of_another_chain_is_wrong_and_one_of_none_that_is_known_may_be_a_simulator() -> None:
    clock = ManualClock()
    async with scripted_nodes(2, clock, timeout_seconds=1.0) as (rpc, (first, second)):
        found = bad(await looked([well(first, DEVNET), well(second, HASH)], rpc, clock))
    assert found == {
        "node 1: chain": (Health.WRONG, "it is of solana-devnet, not of solana"),
        "node 2: chain": (
            Health.WARNING,
            "its chain is none of the public ones: a simulator? It counts as solana",
        ),
    }


async def test_a_node_that_is_behind_or_takes_slots_for_heights_or_is_silent_is_wrong() -> None:
    clock = ManualClock()
    async with scripted_nodes(4, clock, timeout_seconds=0.2) as (rpc, (good, behind, slots, away)):
        well(good), well(behind, slot=OLD_SLOT - 40), well(slots, height=OLD_SLOT)
        away.say("getLatestBlockhash", Refusal(-32005))
        away.say("getGenesisHash", None)
        found = bad(await looked([good, behind, slots, away], rpc, clock))
    assert {health for health, _ in found.values()} == {Health.WRONG}
    assert found["node 3"][1] == "a node takes slots for heights"
    assert found["node 4"][1] == "a node answered with error -32005"
    assert any("40 slots behind" in text for name, (_, text) in found.items() if name.startswith("node 2"))


async def test_what_it_forgets_and_what_its_clock_says() -> None:
    clock = ManualClock()
    async with scripted_nodes(1, clock, timeout_seconds=1.0) as (rpc, [node]):
        well(node, slot=SLOT).say("getFirstAvailableBlock", SLOT - 500)
        body = f'{{"jsonrpc":"2.0","id":1,"result":"{MAINNET}"}}'
        node.say("getGenesisHash", reply(body, "200 OK", f"Date: {format_datetime(clock.now(), usegmt=True)}"))
        assert bad(await looked([node], rpc, clock)) == {
            "node 1: height": (Health.WARNING, "it remembers 500 slots only: of older swaps it knows nothing")
        }
        await clock.advance(90)
        found = bad(await looked([node], rpc, clock))
    health, text = found["node 1: clock"]
    assert (health, text[:16], "ahead of" in text) == (Health.WARNING, "this machine is ", True)


@pytest.mark.parametrize("answer", [reply("<html>"), reply("", "503 Service Unavailable"), reply('{"result":1}')])
async def test_a_node_that_does_not_say_its_chain_is_not_signed_with(answer: bytes) -> None:
    clock = ManualClock()
    async with scripted_nodes(1, clock, timeout_seconds=1.0) as (rpc, [node]):
        well(node, genesis=answer)
        found = await looked([node], rpc, clock)
    assert [(finding.what, finding.health) for finding in found] == [("node 1", Health.WRONG)]
