"""The Solana simulator's nodes over HTTP: answers in Agave's shapes, and each fault as it is told."""

import base64
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from solders.address_lookup_table_account import AddressLookupTableAccount
from solders.keypair import Keypair
from solders.message import MessageV0
from solders.pubkey import Pubkey
from solders.system_program import TransferParams, transfer
from solders.transaction import VersionedTransaction

from simulators.solana.decoding import Decoded
from simulators.solana.faults import Fault, Faults
from simulators.solana.simulator import SimulatedSolana
from simulators.solana.tokens import SOL, USDC
from tests.eventually import eventually
from tests.solana import ONE_SOL, Rpc, SlotClock, funded, payment, signed, solana, solana_in_loop, swap

B64 = {"encoding": "base64"}
PROCESSED = B64 | {"preflightCommitment": "processed"}
FEE = 5_000


class World:
    """A simulator whose clock a test moves, and a client of one of its nodes."""

    def __init__(self, running: SimulatedSolana, clock: SlotClock, client: httpx.AsyncClient) -> None:
        self.running, self.clock = running, clock
        self.chain = running.chain
        self.a, self.b = (Rpc(f"http://solana/rpc/{name}", client) for name in "ab")
        self.client = client

    async def landed(self, transaction: Decoded) -> Any:
        signature = await self.a("sendTransaction", text(transaction), PROCESSED)
        self.clock.move(4)
        return signature


def text(transaction: Decoded) -> str:
    return base64.b64encode(transaction.raw).decode()


def clients(running: SimulatedSolana) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(running.app)  # type: ignore[arg-type] # falcon's own types of ASGI
    return httpx.AsyncClient(transport=transport)


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    clock = SlotClock()
    with solana(tmp_path, clock) as running:
        clock.move(40)
        async with clients(running) as client:
            yield World(running, clock, client)


async def test_where_the_chain_is(world: World) -> None:
    info = await world.a("getEpochInfo", {"commitment": "finalized"})
    processed = await world.a("getSlot", {"commitment": "processed"})
    assert processed - info["absoluteSlot"] in (32, 33)
    assert info["blockHeight"] == world.chain.slots.height(info["absoluteSlot"]) < info["absoluteSlot"]
    assert await world.a("getBlockHeight") == info["blockHeight"]
    assert await world.a("getHealth") == "ok"
    assert await world.a("getFirstAvailableBlock") == world.chain.slots.first
    newest = (await world.a("getLatestBlockhash", {"commitment": "confirmed"}))["value"]
    valid = await world.a("isBlockhashValid", newest["blockhash"], {"commitment": "processed"})
    assert valid["value"] is True
    assert newest["lastValidBlockHeight"] - info["blockHeight"] in range(150 + 26, 150 + 31)


async def test_a_sent_swap_goes_from_unseen_to_finalized(world: World) -> None:
    own = funded(world.chain)
    sent = swap(world.running, own)
    signature = await world.a("sendTransaction", text(sent), PROCESSED | {"maxRetries": 0})
    assert signature == str(sent.signature)
    seen = []
    for _ in range(45):
        [status] = (await world.a("getSignatureStatuses", [signature]))["value"]
        seen.append(status and status["confirmationStatus"])
        world.clock.move(1)
    assert list(dict.fromkeys(seen)) == [None, "processed", "confirmed", "finalized"]


async def test_a_landed_swap_is_told_with_its_balances(world: World) -> None:
    own = funded(world.chain)
    sent = swap(world.running, own)
    signature = await world.landed(sent)
    asked = {"commitment": "confirmed", "maxSupportedTransactionVersion": 0, "encoding": "json"}
    found = await world.a("getTransaction", signature, asked)
    keys = found["transaction"]["message"]["accountKeys"] + found["meta"]["loadedAddresses"]["writable"]
    assert keys[0] == str(own.pubkey())
    assert found["meta"]["fee"] == FEE
    assert len(found["meta"]["preBalances"]) == len(sent.keys)
    [got] = [each for each in found["meta"]["postTokenBalances"] if each["owner"] == str(own.pubkey())]
    assert (got["mint"], got["uiTokenAmount"]["decimals"]) == (str(USDC.mint), 6)
    balance = (await world.a("getTokenAccountBalance", keys[got["accountIndex"]], {"commitment": "confirmed"}))["value"]
    assert balance == got["uiTokenAmount"]
    assert (await world.a("getTransaction", signature, {"commitment": "confirmed"}))["code"] == -32015
    assert await world.a("getTransaction", signature, asked | {"commitment": "finalized"}) is None


async def test_preflight_refuses_what_would_fail(world: World) -> None:
    own = funded(world.chain, ONE_SOL)
    too_much = signed(world.chain, own, [payment(own, Pubkey.new_unique(), 2 * ONE_SOL)])
    error = await world.a("sendTransaction", text(too_much), PROCESSED)
    assert error["code"] == -32002
    assert error["data"]["err"] == {"InstructionError": [0, {"Custom": 1}]}
    assert "custom program error: 0x1" in error["message"]
    assert any("insufficient lamports" in line for line in error["data"]["logs"])


async def test_a_repeat_a_stale_and_a_forged_one_are_refused(world: World) -> None:
    own = funded(world.chain)
    pay = payment(own, Pubkey.new_unique(), ONE_SOL)
    sent = signed(world.chain, own, [pay])
    await world.landed(sent)
    again = await world.a("sendTransaction", text(sent), PROCESSED)
    assert (again["code"], again["data"]["err"]) == (-32002, "AlreadyProcessed")
    assert await world.a("sendTransaction", text(sent), B64 | {"skipPreflight": True}) == str(sent.signature)
    world.clock.move(200)
    stale = await world.a("sendTransaction", text(sent), PROCESSED)
    assert (stale["code"], stale["data"]["err"]) == (-32002, "BlockhashNotFound")
    other = signed(world.chain, own, [pay])
    forged = bytearray(other.raw)
    forged[5] ^= 1
    error = await world.a("sendTransaction", base64.b64encode(forged).decode(), B64 | {"skipPreflight": True})
    assert error["code"] == -32003
    assert (await world.a("sendTransaction", "AAAA", B64))["code"] == -32602


async def test_a_simulation_returns_accounts_units_and_balances(world: World) -> None:
    own = funded(world.chain)
    world.clock.move(4)
    sent = swap(world.running, own)
    asked = B64 | {"commitment": "confirmed", "replaceRecentBlockhash": True, "sigVerify": False}
    asked["accounts"] = {"encoding": "base64", "addresses": [str(own.pubkey())]}
    found = await world.a("simulateTransaction", text(sent), asked)
    told = found["value"]
    assert told["err"] is None
    assert told["unitsConsumed"] > 10_000
    assert told["accounts"][0]["lamports"] == told["postBalances"][0] == 9 * ONE_SOL - FEE - 2_039_280
    assert told["replacementBlockhash"]["lastValidBlockHeight"] > 0
    [account] = (await world.a("getMultipleAccounts", [str(own.pubkey())], {"commitment": "confirmed"}))["value"]
    assert account["lamports"] == 10 * ONE_SOL == told["preBalances"][0]
    later = await world.a("simulateTransaction", text(sent), asked | {"minContextSlot": found["context"]["slot"] + 99})
    assert later["code"] == -32016


async def test_accounts_of_an_owner_and_money_from_nothing(world: World) -> None:
    own = str(Keypair().pubkey())
    for mint, amount in ((str(USDC.mint), 5_000_000), (None, ONE_SOL), (str(SOL.mint), 1)):
        told = await world.client.post("http://solana/fund", json={"owner": own, "mint": mint, "amount": amount})
        assert told.status_code == 204
    processed = {"commitment": "processed"}
    assert (await world.a("getBalance", own, processed))["value"] == ONE_SOL + 1
    [found] = (await world.a("getTokenAccountsByOwner", own, {"mint": str(USDC.mint)}, B64 | processed))["value"]
    amount = await world.a("getTokenAccountBalance", found["pubkey"], processed)
    assert amount["value"]["uiAmountString"] == "5"
    await world.a("requestAirdrop", own, ONE_SOL)
    world.clock.move(4)
    assert (await world.a("getBalance", own, processed))["value"] == 2 * ONE_SOL + 1
    ledger = (await world.client.get("http://solana/ledger")).json()
    assert ledger["conserved"] is True
    assert ledger["signatures"] == {"landed": 1}


async def test_a_lookup_table_that_is_none_is_named(world: World) -> None:
    own = funded(world.chain)
    for table, error in ((Pubkey.new_unique(), "NotFound"), (own.pubkey(), "InvalidAddressLookupTableOwner")):
        tables = [AddressLookupTableAccount(table, [SOL.mint])]
        pay = transfer(TransferParams(from_pubkey=own.pubkey(), to_pubkey=SOL.mint, lamports=1))
        message = MessageV0.try_compile(own.pubkey(), [pay], tables, world.chain.slots.hash(world.chain.tip))
        raw = base64.b64encode(bytes(VersionedTransaction(message, [own]))).decode()
        told = await world.a("simulateTransaction", raw, B64)
        assert told["value"]["err"].endswith(error)
        refused = await world.a("sendTransaction", raw, PROCESSED)
        assert refused["data"]["err"].endswith(error)


async def test_the_ledger_lists_what_was_sent(world: World) -> None:
    own = funded(world.chain)
    sent = signed(world.chain, own, [payment(own, Pubkey.new_unique(), ONE_SOL)])
    signature = await world.landed(sent)
    page = (await world.client.get("http://solana/ledger/signatures")).json()
    assert page["nextCursor"] is None
    assert [(each["signature"], each["transaction"], each["state"]) for each in page["data"]] == [
        (signature, text(sent), "landed")
    ]
    one = (await world.client.get(f"http://solana/ledger/signatures/{signature}")).json()
    assert one["meta"]["err"] is None


async def test_a_batch_and_a_method_that_is_not_there(world: World) -> None:
    calls = [{"jsonrpc": "2.0", "id": at, "method": method} for at, method in enumerate(("getSlot", "getEverything"))]
    told = (await world.client.post("http://solana/rpc/b", json=calls)).json()
    assert [each["id"] for each in told] == [0, 1]
    assert told[1]["error"]["code"] == -32601


def faulty(folder: Path, clock: SlotClock, *faults: Fault) -> Any:
    return solana(folder, clock, faults=Faults(1, 1.0, faults))


async def test_a_limited_call_says_when_to_come_back(tmp_path: Path) -> None:
    with faulty(tmp_path, SlotClock(), Fault.LIMITED) as running:
        async with clients(running) as client:
            call = {"jsonrpc": "2.0", "id": 1, "method": "getSlot"}
            told = await client.post("http://solana/rpc/a", json=call)
            assert (told.status_code, told.headers["retry-after"]) == (429, "1")


async def test_a_node_that_is_behind_says_so_and_knows_only_older_slots(tmp_path: Path) -> None:
    clock = SlotClock()
    with faulty(tmp_path, clock, Fault.BEHIND) as running:
        clock.move(100)
        async with clients(running) as client:
            node = Rpc("http://solana/rpc/a", client)
            error = await node("getHealth")
            assert error["code"] == -32005
            slot = await node("getSlot", {"commitment": "processed"})
            assert running.chain.tip - slot >= error["data"]["numSlotsBehind"]


async def test_a_node_may_take_its_slot_for_its_height(tmp_path: Path) -> None:
    clock = SlotClock()
    with faulty(tmp_path, clock, Fault.SLOT_AS_HEIGHT) as running:
        clock.move(100)
        async with clients(running) as client:
            node, everywhere = Rpc("http://solana/rpc/a", client), set()
            for _ in range(8):
                clock.move(64)
                info = await node("getEpochInfo")
                assert info["blockHeight"] == info["absoluteSlot"]
                newest = await node("getLatestBlockhash")
                everywhere.add(newest["value"]["lastValidBlockHeight"] > newest["context"]["slot"])
            assert everywhere == {True, False}


async def test_what_landed_with_its_reply_lost_is_found(tmp_path: Path) -> None:
    faults = Faults(1, 1.0, (Fault.LOST_REPLY,))
    async with solana_in_loop(tmp_path, faults=faults) as (url, running), httpx.AsyncClient(trust_env=False) as client:
        node, own = Rpc(f"{url}/rpc/a", client), funded(running.chain)
        sent = signed(running.chain, own, [payment(own, Pubkey.new_unique(), ONE_SOL)])
        with pytest.raises(httpx.HTTPError):
            await node("sendTransaction", text(sent), PROCESSED)

        async def confirmed() -> Any:
            [status] = (await node("getSignatureStatuses", [str(sent.signature)]))["value"]
            return status and status["confirmationStatus"] == "confirmed"

        await eventually(confirmed)
