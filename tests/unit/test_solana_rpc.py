"""The chain's nodes: which is asked, what counts as an answer, and what of it is believed."""

import asyncio
import struct
from base64 import b64encode
from collections.abc import AsyncIterator, Sequence

import pytest
from solders.address_lookup_table_account import ID as LOOKUP_TABLES
from solders.pubkey import Pubkey

from adapters.solana.judge.node import Accounts, AccountState, Blockhash
from adapters.solana.rpc import SolanaRpc
from application.ports.errors import VenueUnavailable, VenueUnreachable
from tests.clock import ManualClock
from tests.hostile_venue import reply
from tests.scripted_node import GENESIS, SLOT, Refusal, ScriptedNode, in_context, scripted_nodes, status

Two = tuple[SolanaRpc, Sequence[ScriptedNode], ManualClock]
HASH = "9sHcv6xwn9YkB8nxTUGKDwPwNnmqVp5oAXxU8Fdkm4J6"
TOKEN_PROGRAM = "TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA"


@pytest.fixture
async def two() -> AsyncIterator[Two]:
    clock = ManualClock()
    async with scripted_nodes(2, clock, timeout_seconds=2.0) as (rpc, nodes):
        yield rpc, nodes, clock


def blockhash(last: int, slot: int = SLOT) -> object:
    return in_context({"blockhash": HASH, "lastValidBlockHeight": last}, slot)


async def test_the_first_node_is_asked(two: Two) -> None:
    rpc, (first, second), _ = two
    first.say("getLatestBlockhash", blockhash(1_650))

    assert await rpc.latest_blockhash() == Blockhash(HASH, 1_650, SLOT, GENESIS)
    assert first.asked == [("getLatestBlockhash", [{"commitment": "confirmed"}]), ("getGenesisHash", [])]
    assert second.asked == []


@pytest.mark.parametrize(
    "answer",
    [
        reply("", "503 Service Unavailable"),
        reply("", "429 Too Many Requests", "Retry-After: 10"),
        reply("<html>"),
        reply('{"jsonrpc":"2.0","id":1,"result":{"context":{"slot":-1},"value":null}}'),
        Refusal(-32005),
    ],
)
async def test_the_next_one_is_asked_when_it_does_not_answer(two: Two, answer: object) -> None:
    rpc, (first, second), _ = two
    first.say("getLatestBlockhash", answer)
    second.say("getLatestBlockhash", blockhash(1_650))

    assert (await rpc.latest_blockhash()).hash == HASH
    await rpc.latest_blockhash()

    assert first.count("getLatestBlockhash") == 1  # it rests for a while
    assert second.count("getLatestBlockhash") == 2


async def test_a_node_that_rested_is_the_first_again(two: Two) -> None:
    rpc, (first, second), clock = two
    first.say("getLatestBlockhash", reply("", "500 Oops"), blockhash(1_650))
    second.say("getLatestBlockhash", blockhash(1_650))
    await rpc.latest_blockhash()

    await clock.advance(3)
    await rpc.latest_blockhash()

    assert first.count("getLatestBlockhash") == 2


async def test_a_node_that_refuses_calls_is_left_alone_for_as_long_as_it_says(two: Two) -> None:
    rpc, (first, second), clock = two
    first.say("getEpochInfo", reply("", "429 Too Many Requests", "Retry-After: 10"))
    second.say("getEpochInfo", reply("", "500 Oops"))
    with pytest.raises(VenueUnavailable):
        await rpc.epoch_info()

    await clock.advance(5)
    with pytest.raises(VenueUnavailable):
        await rpc.epoch_info()

    assert first.count("getEpochInfo") == 1
    assert second.count("getEpochInfo") == 2


async def test_a_node_that_is_behind_is_not_believed(two: Two) -> None:
    rpc, (first, second), clock = two
    first.say("getLatestBlockhash", blockhash(1_650), blockhash(1_600, SLOT - 50), blockhash(1_700, SLOT + 50))
    second.say("getLatestBlockhash", blockhash(1_652, SLOT + 2))
    await rpc.latest_blockhash()

    assert (await rpc.latest_blockhash()).slot == SLOT + 2
    await clock.advance(3)
    assert (await rpc.latest_blockhash()).slot == SLOT + 50


async def test_a_height_that_is_a_slot_is_not_signed_with(two: Two) -> None:
    rpc, (first, second), _ = two
    first.say("getLatestBlockhash", blockhash(SLOT + 150))
    second.say("getLatestBlockhash", blockhash(1_650))

    assert (await rpc.latest_blockhash()).last_valid_height == 1_650


async def test_nodes_take_turns_at_sending(two: Two) -> None:
    rpc, (first, second), _ = two
    for node in (first, second):
        node.say("sendTransaction", "a signature")

    for _ in range(4):
        await rpc.send(b"raw")

    assert first.count("sendTransaction") == second.count("sendTransaction") == 2
    raw, config = first.asked[0][1]
    assert raw == b64encode(b"raw").decode()
    assert config == {"encoding": "base64", "skipPreflight": True, "maxRetries": 0}


async def test_without_any_node_it_is_out_of_reach() -> None:
    rpc = SolanaRpc(["http://127.0.0.1:9/", "http://127.0.0.1:9/"], ManualClock())
    await rpc.open()
    try:
        with pytest.raises(VenueUnavailable) as refused:
            await rpc.epoch_info()
    finally:
        await rpc.close()
    assert not isinstance(refused.value, VenueUnreachable)  # a port that is closed is an answer


async def test_no_url_is_in_what_it_says(two: Two) -> None:
    rpc, nodes, _ = two
    for node in nodes:
        node.say("getEpochInfo", Refusal(-32000))

    with pytest.raises(VenueUnavailable) as refused:
        await rpc.epoch_info()

    assert "key" not in repr(refused.value)


async def test_who_waits_for_statuses_asks_together(two: Two) -> None:
    rpc, (first, _), _ = two
    first.say("getSignatureStatuses", in_context([None, None]))

    one, other = rpc.status("one"), rpc.status("other")
    seen = await asyncio.gather(one, other)

    assert [each.status for each in seen] == [None, None]
    assert first.asked == [("getSignatureStatuses", [["one", "other"], {"searchTransactionHistory": True}])]


async def test_a_status_of_an_older_node(two: Two) -> None:
    rpc, (first, _), _ = two
    first.say("getSignatureStatuses", in_context([{"slot": 7, "confirmations": None, "err": None}]))

    assert (await rpc.status("one")).status == "finalized"


async def test_fewer_statuses_than_asked_for_are_none(two: Two) -> None:
    rpc, nodes, _ = two
    for node in nodes:
        node.say("getSignatureStatuses", in_context([]))

    with pytest.raises(VenueUnavailable):
        await rpc.status("one")


async def test_accounts_come_with_the_beginning_of_their_data(two: Two) -> None:
    rpc, (first, _), _ = two
    held = {"lamports": 5, "owner": TOKEN_PROGRAM, "data": [b64encode(b"abc").decode(), "base64"], "executable": False}
    first.say("getMultipleAccounts", in_context([held, None, held | {"lamports": 0}]))

    told = await rpc.accounts(["a", "b", "c"])

    assert told == Accounts(SLOT, (AccountState(5, TOKEN_PROGRAM, b"abc"), None, None))
    assert first.asked[0][1][1]["dataSlice"] == {"offset": 0, "length": 1024}


async def test_accounts_and_what_a_transaction_does_to_them_come_in_one_batch(two: Two) -> None:
    rpc, (first, _), _ = two
    held = {"lamports": 5, "owner": TOKEN_PROGRAM, "data": ["", "base64"]}
    first.say("getMultipleAccounts", in_context([held], SLOT))
    first.say("simulateTransaction", in_context({"err": None, "unitsConsumed": 9, "accounts": [None]}, SLOT + 1))

    before, after = await rpc.before_and_after(b"raw", ["a"])

    assert before == Accounts(SLOT, (AccountState(5, TOKEN_PROGRAM, b""),))
    assert (after.slot, after.units, after.accounts) == (SLOT + 1, 9, (None,))
    assert [method for method, _ in first.asked] == ["getMultipleAccounts", "simulateTransaction"]


@pytest.mark.parametrize("answer", [b'{"error":{"code":-32600}}', b'[{"id":0,"result":null}]', b"[{},{}]"])
async def test_a_batch_that_is_not_answered_whole_is_none(two: Two, answer: bytes) -> None:
    rpc, nodes, _ = two
    for node in nodes:
        node.say("getMultipleAccounts", reply(answer))
        node.say("simulateTransaction", None)
    with pytest.raises(VenueUnavailable):
        await rpc.before_and_after(b"raw", ["a"])


async def test_calls_are_paced() -> None:
    clock = ManualClock()
    async with scripted_nodes(1, clock, calls_per_second=2.0, timeout_seconds=2.0) as (rpc, (node,)):
        node.say("getEpochInfo", reply('{"result":{"absoluteSlot":9,"blockHeight":7}}'))
        for _ in range(3):
            await rpc.epoch_info()
        late = asyncio.create_task(rpc.epoch_info())
        await clock.settle()
        assert node.count("getEpochInfo") == 3
        await clock.advance(0.5)
        await late
        assert node.count("getEpochInfo") == 4


async def test_a_status_is_read(two: Two) -> None:
    rpc, (first, _), _ = two
    err = {"InstructionError": [2, {"Custom": 6001}]}
    first.say("getSignatureStatuses", status("confirmed", err))

    seen = await rpc.status("one")

    assert (seen.status, seen.err, seen.context_slot) == ("confirmed", err, SLOT)


def table(deactivation_slot: int, *entries: Pubkey) -> object:
    """Return a lookup table's account."""
    head = struct.pack("<IQQB", 1, deactivation_slot, 0, 0).ljust(56, b"\0")
    data = b64encode(head + b"".join(bytes(each) for each in entries)).decode()
    return {"lamports": 1, "owner": str(LOOKUP_TABLES), "data": [data, "base64"]}


async def test_lookup_tables_that_are_open_are_read(two: Two) -> None:
    rpc, (first, _), _ = two
    one, other = Pubkey.new_unique(), Pubkey.new_unique()
    opened, closing = table(2**64 - 1, one, other), table(7, one)
    foreign = {"lamports": 1, "owner": TOKEN_PROGRAM, "data": ["AAAA", "base64"]}
    spoiled = {"lamports": 1, "owner": str(LOOKUP_TABLES), "data": ["AAAA", "base64"]}
    first.say("getMultipleAccounts", in_context([opened, closing, foreign, spoiled, None]))

    tables = await rpc.lookup_tables(["a", "b", "c", "d", "e"])

    assert tables == {"a": [str(one), str(other)]}


async def test_a_simulation_shows_the_accounts_after_it(two: Two) -> None:
    rpc, (first, _), _ = two
    after = {"lamports": 5, "owner": TOKEN_PROGRAM, "data": ["AAAA", "base64"]}
    first.say(
        "simulateTransaction", in_context({"err": None, "logs": [], "unitsConsumed": 9, "accounts": [after, None]})
    )

    ran = await rpc.simulate(b"raw", ["a", "b"])

    assert (ran.err, ran.units, ran.slot) == (None, 9, SLOT)
    assert ran.accounts == (AccountState(5, TOKEN_PROGRAM, bytes(3)), None)
    config = first.asked[0][1][1]
    assert (config["sigVerify"], config["replaceRecentBlockhash"], config["commitment"]) == (False, True, "confirmed")
    assert config["accounts"] == {"encoding": "base64", "addresses": ["a", "b"]}


async def test_a_simulation_that_fails_is_an_answer_and_one_that_lacks_accounts_is_none(two: Two) -> None:
    rpc, nodes, _ = two
    failed = {"err": {"InstructionError": [3, {"Custom": 6001}]}, "logs": ["why"], "unitsConsumed": 9, "accounts": None}
    nodes[0].say("simulateTransaction", in_context(failed))
    assert (await rpc.simulate(b"raw", ["a"])).logs == ("why",)

    for node in nodes:
        node.say("simulateTransaction", in_context({"err": None, "unitsConsumed": 9, "accounts": []}))
    with pytest.raises(VenueUnavailable):
        await rpc.simulate(b"raw", ["a"])


async def test_once_it_is_closed_it_says_so() -> None:
    async with scripted_nodes(1, ManualClock()) as (rpc, _):
        await rpc.close()
        with pytest.raises(VenueUnavailable):
            await rpc.status("one")
